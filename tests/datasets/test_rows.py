import gzip
import io
import json
import os
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distinguo.datasets.rows import Row, rows

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
records = st.lists(st.dictionaries(st.text(), json_values, max_size=3), max_size=6)


def read(content: bytes) -> list[Row]:
    return list(rows(io.BytesIO(content)))


class Trickle(io.RawIOBase):
    """A stream that gives a few bytes at a time, as a pipe may."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._content.read(min(3, len(buffer)))
        buffer[: len(part)] = part
        return len(part)


@given(records, st.sampled_from(["lines", "array", "indented array"]), st.booleans())
def test_all_forms_give_the_same_records(values: list[Any], form: str, packed: bool) -> None:
    if form == "lines":
        content = "\n\n".join(json.dumps(value) for value in values).encode()
    else:
        content = json.dumps(values, indent=2 if form == "indented array" else None, ensure_ascii=False).encode(
            "utf-8", "surrogatepass"
        )
    found = read(gzip.compress(content) if packed else content)
    assert [row.error for row in found] == [""] * len(values)
    if "\\ud" not in json.dumps(values):  # lone surrogates have no UTF-8
        assert [row.value for row in found] == values


@given(records)
def test_a_stream_that_trickles_is_read_alike(values: list[Any]) -> None:
    content = json.dumps(values).encode()
    assert list(rows(io.BufferedReader(Trickle(content)))) == read(content)


@given(st.binary(max_size=40))
def test_no_file_makes_reading_fail(content: bytes) -> None:
    for row in [*read(content), *read(b"[" + content), *read(b"\x1f\x8b" + content)]:
        assert row.place >= 1


def test_a_wrong_line_is_numbered_and_the_rest_is_read() -> None:
    found = read(b'{"a": 1}\n\n{oops\n\xff\n{"a": 2}\n')
    assert [(row.place, row.value) for row in found] == [(1, {"a": 1}), (3, None), (4, None), (5, {"a": 2})]
    assert all("not JSON" in row.error for row in found[1:3])


def test_an_array_is_read_up_to_where_it_breaks() -> None:
    found = read(b'[{"a": 1}, {"a": 2}, {oops}, {"a": 3}]')
    assert [row.value for row in found] == [{"a": 1}, {"a": 2}, None]
    assert found[-1].place == 3
    assert "not JSON" in found[-1].error


def test_a_file_that_was_cut_off_gives_what_is_whole() -> None:
    content = gzip.compress(b"".join(b'{"a": %d, "b": "%s"}\n' % (i, str(i).encode() * 50) for i in range(5000)))
    found = read(content[: len(content) // 2])
    assert len(found) > 100
    assert [row.value["a"] for row in found[:-1]] == list(range(len(found) - 1))
    assert found[-1].error


def test_elements_arrive_before_the_array_ends() -> None:
    content = b"[" + b'{"a": "' + b"x" * 100_000 + b'"},' * 1
    stream = io.BufferedReader(Trickle(content + b'{"a": "y"}, '))
    assert next(rows(stream)).value == {"a": "x" * 100_000}


@pytest.mark.parametrize("as_array", [False, True])
@pytest.mark.parametrize("cut", [slice(None, -40), slice(None, -8)])
def test_what_stands_before_damage_is_read(cut: slice, as_array: bool) -> None:
    records = [json.dumps({"id": number, "text": random.Random(number).random()}) for number in range(50)]
    content = "[" + ",".join(records) + "]" if as_array else "\n".join(records)
    found = list(rows(io.BytesIO(gzip.compress(content.encode())[cut])))
    assert len(found) >= 40
    assert found[0].value["id"] == 0
    assert "damaged" in found[-1].error or as_array


def test_a_record_is_there_before_the_next_is_written() -> None:
    reading, writing = os.pipe()
    with open(reading, "rb") as file:  # noqa: PTH123  a descriptor
        os.write(writing, b'{"id": 1}\n{"id": 2}\n')
        found = rows(file)
        assert next(found).value == {"id": 1}
        os.close(writing)
        assert next(found).value == {"id": 2}
