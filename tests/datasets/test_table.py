import gzip
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distinguo.datasets.columnar import Columnar
from distinguo.datasets.table import Table, first_record
from distinguo.errors import InputError


def key(record: Any, number: int) -> str:
    if not isinstance(record, dict) or "id" not in record:
        raise InputError("a record has an id")
    return str(record["id"])


@pytest.mark.parametrize("form", ["lines", "lines.gz", "array", "array.gz"])
def test_a_table_finds_its_records(tmp_path: Path, form: str) -> None:
    values = [{"id": number, "text": "é\n" * number} for number in range(20)]
    text = json.dumps(values) if "array" in form else "".join(f"{json.dumps(value)}\n\n" for value in values)
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(text.encode()) if form.endswith("gz") else text.encode())
    seen: list[str] = []
    table = Table([path], key, lambda name, record: seen.append(name))
    assert table.warnings == ()
    assert list(table.keys) == seen == [str(value["id"]) for value in values]
    assert [table[str(number)] for number in (19, 0, 7)] == [values[19], values[0], values[7]]
    assert first_record(path) == values[0]


def test_of_two_records_with_one_key_the_first_counts(tmp_path: Path) -> None:
    for name, rows_of in (("a", [{"id": 1, "n": 1}, {"id": 1, "n": 2}]), ("b", [{"id": 1, "n": 3}, {"id": 2, "n": 4}])):
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows_of))
    table = Table([tmp_path / "a", tmp_path / "b"], key, lambda name, record: None)
    assert table.keys == ("1", "2")
    assert [table[name]["n"] for name in table.keys] == [1, 4]
    assert table.warnings == ("2 records repeat the id of one before them, such as 1, and are passed over",)


@pytest.mark.parametrize(
    "content,told",
    [
        (b'\n{"x": 1}\n{', "line 2: a record has an id"),
        (b'{\n\n{"x": 1}', "line 1: not JSON"),
        (b'[{"id": 1}, 7', "element 2: not JSON"),
        (gzip.compress(b'{"id": 1}\n' * 999, mtime=0)[:-12], "is damaged"),
    ],
)
def test_what_is_wrong_in_a_table_is_placed(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        Table([path], key, lambda name, record: None)
    assert told in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        first_record(tmp_path / "nothing")


def test_a_wrong_record_is_passed_over_and_told(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b'{"id": 1}\n{oops\n[]\n{"id": 2}\n')
    table = Table([path], lambda record, number: f"{number}/{key(record, number)}", lambda name, record: None)
    assert table.keys == ("0/1", "3/2")  # the number counts what is wrong, so that ids do not depend on it
    (warning,) = table.warnings
    assert warning.startswith(f"{path}, line 2: not JSON")
    assert warning.endswith("; the record is passed over (2 records in all)")


@pytest.mark.parametrize(
    "content,told",
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "fetch it with git lfs pull"),
        (b"\n<!DOCTYPE html><html>", "it is a web page"),
    ],
)
def test_what_comes_where_a_download_went_wrong_is_named(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(InputError, match=told):
        first_record(path)


# --- columnar files

Writer = Callable[[Path, list[dict[str, Any]]], Path]


def parquet(path: Path, records: list[dict[str, Any]]) -> Path:
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(records), path, row_group_size=4)
    return path


def arrow_stream(path: Path, records: list[dict[str, Any]]) -> Path:
    table = pyarrow.Table.from_pylist(records)
    with pyarrow.ipc.new_stream(str(path), table.schema) as writer:
        writer.write_table(table, 4)
    return path


def arrow_file(path: Path, records: list[dict[str, Any]]) -> Path:
    table = pyarrow.Table.from_pylist(records)
    with pyarrow.ipc.new_file(str(path), table.schema) as writer:
        writer.write_table(table, 4)
    return path


WRITERS = pytest.mark.parametrize("write", [parquet, arrow_stream, arrow_file])


def records(count: int) -> list[dict[str, Any]]:
    return [
        {"id": number, "text": "é\n" * number, "tests": {"input": ["x"] * number, "output": [None]}, "big": b"\xff"}
        for number in range(count)
    ]


@WRITERS
def test_a_columnar_file_is_read_in_order_and_by_place(tmp_path: Path, write: Writer) -> None:
    values = records(10)
    path = write(tmp_path / "file", values)
    seen: list[dict[str, Any]] = []
    table = Table(
        [path], key, lambda name, record: seen.append(record), unread=("big", "nothing"), late=("text", "tests")
    )
    assert seen == [{"id": number} for number in range(10)]
    wanted = [{name: value for name, value in record.items() if name != "big"} for record in values]
    for number in (0, 0, 1, 9, 4, 5, 3, 9):
        assert table[str(number)] == wanted[number]
    assert first_record(path) == dict.fromkeys(values[0])


@WRITERS
@given(order=st.lists(st.integers(0, 8), max_size=12))
def test_any_order_of_reading_gives_the_same(
    tmp_path_factory: pytest.TempPathFactory, write: Writer, order: list[int]
) -> None:
    path = tmp_path_factory.mktemp("columnar") / "file"
    file = Columnar(write(path, records(9)))
    places = {record["id"]: (group, row) for group, row, record in file.rows()}
    assert [file.read(*places[number])["id"] for number in order] == order
    file.close()


@WRITERS
def test_an_empty_columnar_file_is_said(tmp_path: Path, write: Writer) -> None:
    path = write(tmp_path / "file", [])
    with pytest.raises(InputError, match="it is empty"):
        first_record(path)


@WRITERS
@pytest.mark.parametrize("cut", [10, 300, -1, -9])
def test_a_columnar_file_that_was_cut_off_is_named(tmp_path: Path, write: Writer, cut: int) -> None:
    path = write(tmp_path / "file", records(40))
    path.write_bytes(path.read_bytes()[:cut])
    try:
        Table([path], key, lambda name, record: None)
    except InputError as error:
        assert f"{path} is damaged, fetch it again" in str(error)  # noqa: PT017  a stream without its end mark is whole
    else:
        assert write is arrow_stream
        assert cut in (-1, -9)


def test_damage_in_the_middle_is_an_input_error_when_it_is_read(tmp_path: Path) -> None:
    path = parquet(tmp_path / "file", records(40))
    content = bytearray(path.read_bytes())
    content[40 : len(content) // 2] = b"\xa5" * (len(content) // 2 - 40)
    path.write_bytes(content)
    with pytest.raises(InputError, match="is damaged"):
        Table([path], key, lambda name, record: None)


def test_texts_that_are_not_utf8_spoil_their_record_alone(tmp_path: Path) -> None:
    ids = pyarrow.array([1, 2, 3])
    texts = pyarrow.array([b"a", b"\xff", b"c"]).view(pyarrow.string())
    path = tmp_path / "file"
    pyarrow.parquet.write_table(pyarrow.table({"id": ids, "text": texts}), path)
    table = Table([path], key, lambda name, record: None)
    assert table.keys == ("1", "3")
    assert table["3"] == {"id": 3, "text": "c"}
    assert table.warnings == (f"{path}, row 2: its texts are not UTF-8; the record is passed over",)


def test_without_pyarrow_the_sentence_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = parquet(tmp_path / "file", records(1))
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(InputError, match=r"pip install 'distinguo\[data\]'"):
        first_record(path)


def test_values_that_json_does_not_have_come_as_they_are(tmp_path: Path) -> None:
    path = parquet(tmp_path / "file", [{"id": 1, "date": date(2024, 1, 31)}])
    assert Table([path], key, lambda name, record: None)["1"]["date"] == date(2024, 1, 31)
