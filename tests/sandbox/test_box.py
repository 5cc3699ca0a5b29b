"""One executor for all languages: which workers a program goes to, and what they share."""

import asyncio
import importlib.util
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from contracts.executor import ExecutorContract
from contracts.processes import living

import distinguo.sandbox
from distinguo.errors import InputError, JudgeFailed, SandboxUnavailable
from distinguo.problem import CallStyle, Limits, Program, Validator
from distinguo.records import Verdict
from distinguo.sandbox.box import _IMPORTS_NUMPY, Box
from distinguo.sandbox.hostile.traps import processes_below
from distinguo.sandbox.isolation import NAMESPACES
from distinguo.sandbox.languages import cpp

pytestmark = pytest.mark.asyncio(loop_scope="session")

PYENV = Path.home() / ".pyenv" / "versions"
OTHER = f"python:{sys.executable}"
HELLO = Program('#include <cstdio>\nint main() { puts("hello"); }', language="c++")
LIMITS = Limits(cpu_seconds=2, wall_seconds=20, memory_mb=256, output_bytes=1 << 16)
ACCEPTS = Validator((("v.py", "raise SystemExit(42)"),))


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compiled")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def box(compiled: Path) -> AsyncIterator[Box]:
    opened = Box(2, compiled=compiled)
    try:
        await opened.open()
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    yield opened
    await opened.aclose()


class TestBox(ExecutorContract):
    pass


class TestLanguages:
    async def test_cpp_and_python_side_by_side(self, box: Box) -> None:
        runs = [box.run(HELLO, limits=LIMITS), box.run(Program("print('hello')"), limits=LIMITS)]
        assert [execution.output for execution in await asyncio.gather(*runs)] == ["hello\n", "hello\n"]

    async def test_another_interpreter_runs_its_programs(self, box: Box) -> None:
        execution = await box.run(Program("import sys\nprint(sys.version_info[:2])", language=OTHER), limits=LIMITS)
        assert execution.output == f"{sys.version_info[:2]}\n", execution.error

    @pytest.mark.parametrize("version", ["3.10", "3.12", "3.13"])
    async def test_other_versions_run_as_themselves(self, box: Box, version: str) -> None:
        path = next(iter(sorted(PYENV.glob(f"{version}.*/bin/python3"))), None)
        if path is None:
            pytest.skip(f"there is no Python {version} under {PYENV}")
        program = Program(
            "import sys\ndef f(x):\n    return [x, sys.version_info[:2]]", CallStyle.FUNCTION, "f", f"python:{path}"
        )
        execution = await box.run(program, "(1,)", LIMITS)
        major, minor = version.split(".")
        assert execution.output == f"[1, ({major}, {minor})]", execution.error

    async def test_calls_go_to_the_other_interpreter_too(self, box: Box) -> None:
        program = Program("def f(x):\n    return x + 1", CallStyle.FUNCTION, "f", OTHER)
        called = (await box.run_calls(program, ["(1,)", "(2,)"], LIMITS)).called
        assert [one.value for one in called] == ["2", "3"]

    @pytest.mark.skipif(importlib.util.find_spec("numpy") is None, reason="numpy is not installed here")
    async def test_program_that_imports_numpy_finds_it(self, box: Box) -> None:
        execution = await box.run(Program("import numpy as np\nprint(np.arange(3).sum())"), limits=LIMITS)
        assert (execution.status, execution.output) == (Verdict.AC, "3\n"), execution.error

    async def test_program_that_does_not_import_numpy_runs_without_it(self, box: Box) -> None:
        execution = await box.run(Program("import sys\nprint('num' + 'py' in sys.modules)"), limits=LIMITS)
        assert execution.output == "False\n"

    @pytest.mark.parametrize(
        "line", ["import numpy", "import numpy as np", "import sys, numpy as np", "  from numpy.linalg import *"]
    )
    async def test_imports_of_numpy_are_seen(self, line: str) -> None:
        assert _IMPORTS_NUMPY.search(f"x = 1\n{line}\n")

    @pytest.mark.parametrize("line", ["print('import numpy')", "# import numpy", "import numpyro", "import x  # numpy"])
    async def test_other_mentions_of_numpy_are_none(self, line: str) -> None:
        assert not _IMPORTS_NUMPY.search(line)

    @pytest.mark.parametrize(
        "language, why",
        [
            ("cobol", "the languages are"),
            ("python:/nowhere/python", "cannot be started"),
            ("python:/bin/ls", "no Python that can be used"),
        ],
    )
    async def test_language_that_cannot_run_is_one_sentence(self, box: Box, language: str, why: str) -> None:
        with pytest.raises(InputError, match=why) as refusal:
            await box.run(Program("", language=language), limits=LIMITS)
        assert "\n" not in str(refusal.value)

    async def test_calls_of_a_cpp_program_are_refused(self, box: Box) -> None:
        with pytest.raises(InputError, match="only Python's functions"):
            await box.run_calls(HELLO, ["()"], LIMITS)

    async def test_missing_compiler_says_what_to_install(self, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
        cpp.find.cache_clear()
        monkeypatch.setenv("PATH", "/nowhere")
        with pytest.raises(InputError, match=r"need g\+\+ on the PATH.*install"):
            await box.run(HELLO, limits=LIMITS)
        with pytest.raises(InputError, match=r"need g\+\+"):
            box.identity("c++")


class TestIdentity:
    async def test_every_language_has_its_own(self, box: Box) -> None:
        identities = {box.identity(language) for language in ("python", OTHER, "c++")}
        assert len(identities) == 3

    async def test_it_names_versions(self, box: Box) -> None:
        assert "g++ " in box.identity("c++")
        assert sys.version.split()[0] in box.identity("python")
        assert sys.version.split()[0] in box.identity(OTHER)

    @pytest.mark.parametrize("language", ["cobol", "python:/nowhere/python"])
    async def test_unknown_language_has_none(self, box: Box, language: str) -> None:
        with pytest.raises(InputError):
            box.identity(language)


class TestSharing:
    async def test_no_more_runs_than_workers_go_on_whatever_their_kind(self, compiled: Path) -> None:
        """With one worker, a run of each kind takes its turn: their processes are never there at the same time."""
        async with distinguo.sandbox.open(1, compiled=compiled) as box:
            nap = Program("#include <unistd.h>\nint main() { usleep(150000); }", language="c++")
            await box.run(nap, limits=LIMITS)  # compiled
            busy = [box.run(nap, limits=LIMITS), box.run(Program("import time\ntime.sleep(0.15)"), limits=LIMITS)]
            most, tasks = 0, [asyncio.create_task(run) for run in busy]
            while not all(task.done() for task in tasks):
                most = max(most, box._turnstile._running)
                await asyncio.sleep(0.01)
            assert most == 1
            assert [task.result().status for task in tasks] == [Verdict.AC, Verdict.AC]

    async def test_leaving_ends_every_process(self, compiled: Path) -> None:
        before = set(processes_below(os.getpid()))
        async with distinguo.sandbox.open(1, compiled=compiled) as box:
            await box.run(HELLO, limits=LIMITS)
            await box.run(Program("", language=OTHER), limits=LIMITS)
            await box.validate(ACCEPTS, "", "", "")
            started = set(processes_below(os.getpid())) - before
        assert len(started) >= 6
        assert living(sorted(started)) == []

    async def test_runs_going_on_while_it_closes_fail(self, compiled: Path) -> None:
        async with distinguo.sandbox.open(1, compiled=compiled) as box:
            run = asyncio.create_task(box.run(Program("while True: pass"), limits=LIMITS))
            await asyncio.sleep(0.1)
        with pytest.raises(JudgeFailed):
            await run
        with pytest.raises(JudgeFailed, match="closed"):
            await box.run(HELLO, limits=LIMITS)

    async def test_it_says_how_programs_are_isolated_and_how_many_run(self, box: Box) -> None:
        assert box.workers == 2
        assert box.isolation.path == NAMESPACES

    async def test_without_namespaces_only_python_runs(self, compiled: Path) -> None:
        bare = Box(1, namespaces=False, compiled=compiled)
        try:
            await bare.open()
        except SandboxUnavailable as error:
            pytest.skip(str(error))
        try:
            assert (await bare.run(Program("print(1)"), limits=LIMITS)).output == "1\n"
            with pytest.raises(SandboxUnavailable, match="with namespaces only"):
                await bare.run(HELLO, limits=LIMITS)
            with pytest.raises(SandboxUnavailable, match="with namespaces only"):
                await bare.validate(ACCEPTS, "", "", "")
        finally:
            await bare.aclose()

    async def test_later_workers_are_isolated_as_the_first(self, compiled: Path) -> None:
        bare = Box(1, namespaces=False, compiled=compiled)
        try:
            await bare.open()
            assert (await bare.run(Program("print(1)", language=OTHER), limits=LIMITS)).output == "1\n"
            assert {pool.isolation for pool in bare._pools.values()} == {bare.isolation}
        except SandboxUnavailable as error:
            pytest.skip(str(error))
        finally:
            await bare.aclose()

    async def test_no_workers_are_refused(self) -> None:
        with pytest.raises(InputError, match="at least one worker"):
            async with distinguo.sandbox.open(0):
                pass
