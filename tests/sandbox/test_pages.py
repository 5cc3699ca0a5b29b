"""The interpreter's memory in large pages: what is moved, and that Python goes on. Each try in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from distinguo.sandbox.inside import pages

THP = Path("/sys/kernel/mm/transparent_hugepage/enabled")
MOVE = """
import gc, json, os, sys
from distinguo.sandbox.inside import pages, syscalls

def mappings():
    with open("/proc/self/maps") as file:
        return [line.split() for line in file]

refused = sys.argv[1:]
if "call" in refused:
    def call(*arguments):
        raise OSError("refused")
    syscalls.call = call
elif refused:
    setattr(syscalls.libc, refused[0], lambda *arguments: -1)
kept = {number: [str(number)] for number in range(20_000)}
before = mappings()
code = pages.move_code()
data = pages.move_data()
after = mappings()
assert kept == {number: [str(number)] for number in range(20_000)}
import decimal, zlib
assert zlib.decompress(zlib.compress(bytes(100_000))) == bytes(100_000)
assert str(decimal.Decimal(2).sqrt())[:6] == "1.4142"
del kept
gc.collect()
more = [bytearray(size) for size in range(0, 300_000, 1_000)]
for _ in range(3):
    if os.fork() == 0:
        more = [[number] for number in range(50_000)]
        os._exit(len(more) // 10_000)
    assert os.waitstatus_to_exitcode(os.wait()[1]) == 5
print(json.dumps([code, data, before, after]))
"""


def move(*refused: str) -> Any:
    """[whether code was moved, whether data was, the mappings before, and after]."""
    command = [sys.executable, "-c", MOVE, *refused]
    environment = {"PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def skip_without_large_pages() -> None:
    if os.uname().machine != "x86_64" or not THP.exists() or "[never]" in THP.read_text():
        pytest.skip("this machine gives no large pages")


def files_of_code(mappings: list[list[str]]) -> set[str]:
    return {fields[5] for fields in mappings if "x" in fields[1] and fields[5:] and fields[5].startswith("/")}


def test_code_ranges_are_readable_and_nowhere_writable() -> None:
    mapped = [line.split()[:2] for line in Path("/proc/self/maps").read_text().splitlines()]
    readable = [tuple(int(part, 16) for part in place.split("-")) for place, rights in mapped if rights[:2] == "r-"]
    ranges = list(pages.code_ranges())
    assert ranges
    for begin, end in ranges:
        place = begin
        for first, behind in readable:
            if first <= place < behind:
                place = behind
        assert place >= end > begin


DATA = """
import gc, json
from distinguo.sandbox.inside import pages

kept = [[number] for number in range(50_000)]
found = pages.data_ranges()
with open("/proc/self/maps") as file:
    print(json.dumps([found, [line.split()[:2] for line in file], id(None), [id(one) for one in gc.get_objects()]]))
"""


def test_data_ranges_are_writable_and_hold_pythons_objects() -> None:
    """In a process of its own: a large one has more data in one piece than is moved. Small pieces are left alone, so a
    few objects stay where they are."""
    skip_without_large_pages()
    environment = {"PYTHONPATH": ":".join(sys.path)}
    told = subprocess.run([sys.executable, "-c", DATA], capture_output=True, check=True, env=environment).stdout
    found, mapped, none, objects = json.loads(told)
    others = [tuple(int(part, 16) for part in place.split("-")) for place, rights in mapped if rights[1] != "w"]
    assert all(behind <= begin or end <= first for begin, end in found for first, behind in others)
    assert any(begin <= none < end for begin, end in found)
    inside = [one for one in objects if any(begin <= one < end for begin, end in found)]
    assert len(inside) > 0.9 * len(objects), f"{len(inside)} of {len(objects)}"


def test_code_and_data_move_and_python_goes_on() -> None:
    skip_without_large_pages()
    code, data, before, after = move()
    assert code
    assert data
    assert files_of_code(before)
    assert not files_of_code(after)
    assert not [fields for fields in after if fields[1].startswith("rwx")]


@pytest.mark.parametrize("function", ["mprotect", "madvise", "call"])
def test_a_kernel_that_refuses_leaves_all_as_it_was(function: str) -> None:
    code, data, before, after = move(function)
    if function != "madvise":  # where the kernel gives large pages to all, nobody has to ask
        assert not code
        assert files_of_code(after) == files_of_code(before)
    assert not data or function == "call"
    assert not [fields for fields in after if fields[1].startswith("rwx")]
