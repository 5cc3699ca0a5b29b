"""The two ways of isolation: which is taken, what each hides, and what the lesser does not."""

import asyncio
import json
import os
import platform
import signal
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from contracts.executor import ExecutorContract
from contracts.installations import ROOT, start_as_nobody, start_as_ourselves, use
from contracts.processes import living

from distinguo.errors import InputError, SandboxUnavailable
from distinguo.problem import Limits, Program
from distinguo.records import Execution, Verdict
from distinguo.sandbox import hostile, interpreters, isolation
from distinguo.sandbox.hostile.attacks import attacks
from distinguo.sandbox.hostile.traps import processes_below
from distinguo.sandbox.inside import copies, zygote
from distinguo.sandbox.inside.wire import Ready
from distinguo.sandbox.pool import Pool
from distinguo.sandbox.worker import Worker

HERE = Path(__file__).resolve()
pytestmark = pytest.mark.asyncio(loop_scope="session")


async def output(pool: Pool, source: str) -> str:
    execution = await pool.run(Program(source))
    assert execution.status is Verdict.AC, execution.error
    return execution.output


@pytest.fixture(scope="module")
def readable(python_copy: Path) -> Iterator[None]:
    """distinguo runs by a Python that every user may read."""
    with pytest.MonkeyPatch.context() as patch:
        if os.geteuid() == 0:
            use(python_copy, patch)
        yield


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def bare(readable: None) -> AsyncIterator[Pool]:
    pool = Pool(1, namespaces=False)
    try:
        await pool.open()
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    yield pool
    await pool.aclose()


class TestWithoutNamespaces(ExecutorContract):
    @pytest_asyncio.fixture(loop_scope="session")
    async def box(self, bare: Pool) -> Pool:
        return bare


async def test_namespaces_come_first(box: Pool) -> None:
    assert box.isolation is not None
    assert (box.isolation.path, box.isolation.gaps) == ("namespaces", ())


async def test_isolation_is_visible(bare: Pool) -> None:
    assert bare.isolation is not None
    assert bare.isolation.path == "no namespaces"
    assert any("Landlock" in layer for layer in bare.isolation.layers)
    assert set(bare.isolation.as_dict()) == {"isolation", "layers", "gaps"}


async def test_an_ordinary_user_is_told_more_gaps() -> None:
    root, user = (isolation.of(Ready(0, 7, False, own_uid)) for own_uid in (True, False))
    assert set(root.gaps) < set(user.gaps)
    assert all(not gap.endswith(".") and gap[0].islower() for gap in user.gaps)


@pytest.mark.parametrize("attack", [a for a in attacks() if a.gap], ids=lambda attack: attack.name)
async def test_gap_is_real_without_namespaces_and_closed_with_them(
    box: Pool, bare: Pool, attack: hostile.Attack
) -> None:
    (without,) = await hostile.suite(bare, chosen=[attack])
    (within,) = await hostile.suite(box, chosen=[attack])
    assert within.reasons == ()
    if attack.name == "names_of_packages" and not without.reasons:
        pytest.skip("this copy of Python has no packages beside its library")
    assert without.reasons
    assert not without.through


async def test_program_without_namespaces_runs_as_nobody_else(bare: Pool) -> None:
    seen = await output(bare, "import os\nprint(os.getuid(), os.getppid() > 1)")
    uid, parent_is_of_the_host = seen.split()
    assert parent_is_of_the_host == "True"
    assert int(uid) > 2_000_000_000 or os.geteuid() != 0


async def test_paths_of_the_installation_are_the_hosts_without_namespaces(bare: Pool) -> None:
    home = str(Path(interpreters.own()).resolve().parents[1])  # noqa: ASYNC240
    assert home in await output(bare, "import sys\nprint(sys.path)")


async def test_ordinary_users_programs_have_that_user_and_more_threads_without_namespaces(readable: None) -> None:
    pool = Pool(1, as_root=False, namespaces=False)
    await pool.open()
    try:
        seen = await output(
            pool,
            "import os, threading\ngate = threading.Event()\n"
            "threads = [threading.Thread(target=gate.wait) for _ in range(65)]\n"
            "for t in threads: t.start()\ngate.set()\nprint(os.getuid())",
        )
        assert pool.isolation is not None
        assert any("threads" in gap for gap in pool.isolation.gaps)
    finally:
        await pool.aclose()
    assert int(seen) == (os.getuid() or 65534)


async def test_workers_without_namespaces_have_users_of_their_own(readable: None) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a worker a user of its own")
    workers = [await Worker.start(namespaces=False) for _ in range(2)]
    users = set()
    for worker in workers:
        (supervisor,) = processes_below(worker._process.pid)
        status = Path(f"/proc/{supervisor}/status").read_text()  # noqa: ASYNC240
        users.add(status.partition("Uid:")[2].split("\n")[0])
        await worker.aclose()
    assert len(users) == 2
    for user in users:
        assert len(set(user.split())) == 1
        assert int(user.split()[0]) > 2_000_000_000


async def test_killed_host_leaves_nothing_without_namespaces(python_copy: Path) -> None:
    script = textwrap.dedent("""
        import asyncio, sys
        from distinguo.problem import Limits, Program
        from distinguo.sandbox.pool import Pool
        async def main():
            pool = Pool(1, namespaces=False)
            await pool.open()
            run = asyncio.ensure_future(pool.run(Program("import time\\ntime.sleep(60)"), "", Limits(wall_seconds=60)))
            await asyncio.sleep(0.5)
            print("running", flush=True)
            await run
        asyncio.run(main())
    """)
    host = start_as_ourselves(python_copy, "-c", script)
    assert host.stdout is not None
    assert host.stdout.readline() == "running\n"
    below = processes_below(host.pid)
    assert len(below) == 3, "the first process, the supervisor and the program"
    host.send_signal(signal.SIGKILL)
    host.wait()
    deadline = time.monotonic() + 20
    while living(below) and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    assert living(below) == []


async def test_killed_supervisor_takes_its_program_along(readable: None) -> None:
    worker = await Worker.start(namespaces=False)
    (supervisor,) = processes_below(worker._process.pid)
    os.kill(supervisor, signal.SIGKILL)
    await worker.aclose()
    assert living([supervisor]) == []


@pytest.mark.parametrize("user", ["us", "nobody"])
@pytest.mark.parametrize("landlock", [True, False], ids=["Landlock", "nothing"])
async def test_refused_namespaces_are_done_without_or_there_is_no_sandbox(
    python_copy: Path, user: str, landlock: bool
) -> None:
    refusing = str(ROOT / "tests" / "fakes" / "refusing.py")
    python = str(python_copy / "bin" / "python3")
    process = (start_as_nobody if user == "nobody" else start_as_ourselves)(
        python_copy,
        *(refusing, "unshare" if landlock else "unshare,landlock"),
        *(python, "-m", "distinguo", "doctor", "--quick", "--json"),
    )
    out, err = process.communicate()
    report = json.loads(out)
    assert "new namespaces" in report["refused"]["namespaces"]
    if landlock:
        assert (process.returncode, report["isolation"]) == (0, "no namespaces"), err
        assert report["gaps"]
    else:
        assert (process.returncode, report["isolation"]) == (5, None)
        assert "Landlock" in report["refused"]["no namespaces"]


async def test_insisting_on_namespaces_never_does_without(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    async def refuse(python: object, module: str, arguments: tuple[str, ...]) -> Worker:
        from distinguo.sandbox import worker

        tried.append(arguments[1] == "1")
        raise worker.Refused("the kernel refuses")

    monkeypatch.setattr(Worker, "_start", refuse)
    for asked, expected in ((True, [True]), (False, [False]), (None, [True, False])):
        tried.clear()
        with pytest.raises(SandboxUnavailable, match="the kernel refuses"):
            await Worker.start(namespaces=asked)
        assert tried == expected


async def test_workers_of_a_pool_are_isolated_alike(monkeypatch: pytest.MonkeyPatch, readable: None) -> None:
    pool = Pool(2, namespaces=False)
    await pool.open()
    try:
        runs = [asyncio.create_task(output(pool, "import time\ntime.sleep(20)")) for _ in range(2)]
        while len(pool._workers) < 2:  # noqa: ASYNC110  nothing tells when a worker is there
            await asyncio.sleep(0.01)
        assert [worker.ready.namespaces for worker in pool._workers] == [False, False]
        for run in runs:
            run.cancel()
        await asyncio.gather(*runs, return_exceptions=True)
    finally:
        await pool.aclose()


async def test_only_the_interpreter_is_visible(box: Pool) -> None:
    seen = await output(
        box,
        "import os\nfor top, folders, files in os.walk('/'):\n"
        "  if 'python3.' in top: folders.clear()\n  else: print(*(os.path.join(top, f) for f in files), sep='\\n')",
    )
    shown = set(seen.split())
    assert {"/usr/bin/python3", "/dev/null", "/dev/zero", "/dev/urandom"} <= shown
    assert [path for path in shown if not path.startswith("/dev/") and ".so" not in path] == ["/usr/bin/python3"]


async def test_paths_of_the_host_are_not_visible(box: Pool) -> None:
    seen = await output(
        box, "import os, sys\nprint(sys.executable, sys.prefix, sys.path, sys.orig_argv, os.getcwd(), os.__file__)"
    )
    for path in (str(HERE.parents[1]), sys.base_prefix, str(Path.home())):
        assert path in ("/", "/usr") or path not in seen


async def test_a_runs_files_are_not_the_next_ones(box: Pool, bare: Pool) -> None:
    for pool in (box, bare):
        await output(pool, "import os\nfor n in range(3): os.write(n, b'left behind') if n else None")
        assert await output(pool, "import os\nprint(os.read(0, 99))") == "b''\n"


PRIVILEGED_CALLS = {  # x86-64, aarch64
    "finit_module": (313, 273),
    "init_module": (175, 105),
    "kexec_load": (246, 104),
    "request_key": (249, 218),
    "swapon": (167, 224),
}


@pytest.mark.parametrize("name", PRIVILEGED_CALLS)
async def test_calls_for_root_alone_are_refused_too(box: Pool, bare: Pool, name: str) -> None:
    if platform.machine() not in ("x86_64", "aarch64"):
        pytest.skip("system call numbers are known for x86-64 and aarch64")
    number = PRIVILEGED_CALLS[name][platform.machine() == "aarch64"]
    source = (
        "import ctypes, errno\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        f"result = libc.syscall({number}, 0, 0, 0, 0, 0, 0)\n"
        "print(result, errno.errorcode[ctypes.get_errno()])"
    )
    for pool in (box, bare):
        assert await output(pool, source) == "-1 EPERM\n"


async def test_a_copy_serves_where_only_root_can_read_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private = tmp_path / "private"
    (private / "python3.11").mkdir(parents=True)
    (private / "python3.11" / "os.py").write_text("x")
    (private / "python3.11" / "site-packages").mkdir()
    (private / "python").write_text("binary")
    private.chmod(0o700)
    monkeypatch.setattr(copies, "_CACHE", str(tmp_path / "cache"))
    shown = [
        (str(private / "python"), "/usr/bin/python3"),
        (str(private / "python3.11"), "/usr/lib/python3.11"),
        ("/dev/null", "/dev/null"),
    ]
    assert not copies.readable([path for path, _ in shown])
    if os.geteuid() != 0:
        with pytest.raises(PermissionError):  # only what root alone can write is to be trusted
            copies.copy(shown)
        return
    copied = copies.copy(shown)
    assert [inside for _, inside in copied] == [inside for _, inside in shown]
    with open(copied[0][0]) as file:  # noqa: ASYNC230, PTH123
        assert file.read() == "binary"
    assert os.listdir(copied[1][0]) == ["os.py"]  # noqa: PTH208
    assert copied[2][0] == "/dev/null"
    assert copies.copy(shown) == copied
    assert len(list((tmp_path / "cache").iterdir())) == 1
    (tmp_path / "cache").chmod(0o777)
    with pytest.raises(PermissionError, match="others than root"):
        copies.copy(shown)


async def test_readable_means_every_folder_above(tmp_path: Path) -> None:
    assert copies.readable(["/dev/null", "/usr"])
    file = tmp_path / "file"
    file.touch(mode=0o600)
    assert not copies.readable([str(file)])


async def run_with(interpreter: str) -> Execution:
    pool = Pool(1, interpreter=interpreter)
    await pool.open()
    try:
        return await pool.run(Program("import sys, json, decimal\nprint(sys.version_info[:2])"), "", Limits())
    finally:
        await pool.aclose()


def other_pythons() -> list[Path]:
    folders = [*(Path.home() / ".pyenv" / "versions").glob("*"), Path("/usr"), Path("/usr/local")]
    found = [path for folder in folders for path in folder.glob("bin/python3.1[0-9]") if path.is_file()]
    return sorted({path.resolve(): path for path in found}.values())


@pytest.mark.parametrize("python", other_pythons(), ids=lambda path: "-".join(path.parts[-3:]))
async def test_other_interpreters_serve(python: Path) -> None:
    execution = await run_with(str(python))
    major, minor = python.name.removeprefix("python").split(".")[:2]
    assert (execution.status, execution.output) == (Verdict.AC, f"({major}, {minor})\n"), execution.error


async def test_launcher_script_and_virtual_environment_are_seen_through(tmp_path: Path) -> None:
    launcher = tmp_path / "python"
    launcher.write_text(f'#!/bin/sh\nexec {interpreters.own()} "$@"\n')
    launcher.chmod(0o755)
    assert await interpreters.find(str(launcher)) == os.path.realpath(interpreters.own())  # noqa: ASYNC240
    assert await interpreters.find(sys.executable) == os.path.realpath(sys.executable)  # noqa: ASYNC240


@pytest.mark.parametrize(
    "script,complaint",
    [
        ("exit 1", "is no Python that can be used"),
        ("echo cpython; echo 3; echo 9; echo /x", "CPython 3.10 or later"),
        ("echo pypy; echo 3; echo 11; echo /x", "pypy 3.11"),
        (
            "echo cpython; echo 3; echo 12; echo /x; echo No module named _ctypes >&2; exit 1",
            "lacks what the sandbox needs",
        ),
        ("echo hello", "is no Python that can be used"),
    ],
)
async def test_unusable_interpreter_is_refused_in_one_sentence(tmp_path: Path, script: str, complaint: str) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    with pytest.raises(InputError, match=complaint):
        await Worker.start(interpreter=str(python))


async def test_missing_interpreter_is_refused_in_one_sentence() -> None:
    with pytest.raises(InputError, match="cannot be started"):
        await Worker.start(interpreter="/nonexistent/python3")


async def test_interpreter_that_never_answers_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexec sleep 100\n")
    python.chmod(0o755)
    monkeypatch.setattr(interpreters, "_START_SECONDS", 0.1)
    with pytest.raises(InputError, match="does not start"):
        await Worker.start(interpreter=str(python))


async def test_supervisor_refuses_to_be_anything_but_pid_1() -> None:
    with pytest.raises(SystemExit, match="must be pid 1"):
        zygote.main("0", "0", "1", "1", "0", "")
