"""Compiling in the cold profile: what the compiler sees and may use, and that it runs once for each program."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from contracts.processes import living
from fakes.cold import ANSWER, LIMITS, cpp, started

from distinguo.errors import InputError
from distinguo.problem import Limits, Program
from distinguo.records import Verdict
from distinguo.sandbox import cold as cold_profile
from distinguo.sandbox import languages
from distinguo.sandbox.cold import Cold
from distinguo.sandbox.compiled import CompiledPrograms
from distinguo.sandbox.turnstile import Turnstile

pytestmark = pytest.mark.asyncio(loop_scope="session")


def damage(folder: Path) -> None:
    for entry in folder.iterdir():
        entry.write_bytes(entry.read_bytes()[:-7])


def count_compilations(cold: Cold, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    made: list[object] = []
    make = cold._make

    async def counted(*arguments: object) -> object:
        made.append(arguments)
        return await make(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(cold, "_make", counted)
    return made


@pytest.mark.parametrize("line", ['#include "/etc/passwd"', 'asm(".incbin \\"/etc/passwd\\"");'])
async def test_compiler_sees_no_host_file(cold: Cold, line: str) -> None:
    execution = await cold.run(Program(f"{line}\nint main() {{}}", language="c++"), "", LIMITS)
    assert execution.status is Verdict.CE
    assert "root:" not in execution.error


@pytest.mark.parametrize(
    "source",
    [
        "template <int n, int m> struct A { static const int v = A<n - 1, m>::v + A<n - 1, m + (1 << n)>::v; };\n"
        "template <int m> struct A<0, m> { static const int v = 1; };\nint main() { return A<25, 0>::v; }",
        '#include "/dev/zero"\n',
        "#include __FILE__\n#include __FILE__\n",
        "int data[1 << 27] = {1};\nint main() {}",
    ],
    ids=["many templates", "endless input", "includes itself", "large result"],
)
async def test_greedy_compilation_is_ce(cold: Cold, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = Limits(cpu_seconds=1, wall_seconds=20, memory_mb=256, output_bytes=16 << 20)
    monkeypatch.setattr(cold_profile, "COMPILER_LIMITS", limits)
    assert (await cold.run(Program(source, language="c++"), "", LIMITS)).status is Verdict.CE


async def test_program_is_compiled_once_for_runs_at_the_same_time_and_later(
    cold: Cold, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = count_compilations(cold, monkeypatch)
    program = cpp('int x; scanf("%d", &x); printf("%d", x + 1);')
    runs = [cold.run(program, str(number), LIMITS) for number in range(6)]
    assert [run.output for run in await asyncio.gather(*runs)] == [str(number + 1) for number in range(6)]
    assert (await cold.run(program, "9", LIMITS)).output == "10"
    assert len(made) <= 1  # the other way to run may have compiled it


async def test_damaged_entry_is_compiled_again(compiled: Path, cold: Cold) -> None:
    program = cpp('puts("here");')
    await cold.run(program, "", LIMITS)
    damage(compiled)
    fresh = Cold(1, turnstile=Turnstile(1), compiled=CompiledPrograms(compiled))
    try:
        assert (await fresh.run(program, "", LIMITS)).output == "here\n"
    finally:
        await fresh.aclose()


async def test_cancelling_the_last_who_waits_ends_the_compiler(cold: Cold) -> None:
    source = "".join(f"#include <{name}>\n" for name in ("bits/stdc++.h", "regex")) + "int main() { std::regex r; }"
    way = "root" if cold._as_root else "user"
    program = Program(f"// {way}\n{source}", language="c++")
    run = asyncio.create_task(cold.run(program, "", LIMITS))
    running = await started(cold)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert living(running) == []


async def test_broken_compiler_is_no_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    language = replace(languages.find("c++"), version="broken", compiler=("/usr/bin/false",))
    monkeypatch.setattr(languages, "find", lambda name: language)
    broken = Cold(1, turnstile=Turnstile(1), compiled=CompiledPrograms(tmp_path))
    try:
        with pytest.raises(InputError, match="cannot compile even the simplest program"):
            await broken.run(ANSWER, "1", LIMITS)
    finally:
        await broken.aclose()
