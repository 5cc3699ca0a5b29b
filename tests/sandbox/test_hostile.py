"""Every hostile program is held, by root and by ordinary users, with and without namespaces; each is a real attack."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from contracts.installations import ROOT, start_as_nobody, start_as_ourselves, use

from distinguo.errors import SandboxUnavailable
from distinguo.records import Verdict
from distinguo.sandbox import hostile
from distinguo.sandbox.hostile.attacks import Attack, attacks, table
from distinguo.sandbox.hostile.traps import Traps
from distinguo.sandbox.pool import Pool

pytestmark = pytest.mark.timeout(300)  # the first test of each way waits for the whole suite

NAMES = [attack.name for attack in attacks()]
WAYS = ["namespaces", "no namespaces"]
SHARDS = 3
UNSHOWN = {  # those that an attack would have to be root of the host for, or that ask for something harmless
    "bpf": "most kernels refuse it to every ordinary user",
    "odd_names": "it harms a judge only where that prints",
}
Reasons = dict[str, tuple[str, ...]]


def told(way: str, python: Path) -> Reasons:
    """Run the suite in this process. The reasons why an attack was not held, by its name."""

    async def run() -> Reasons:
        pool = Pool(1, namespaces=way == "namespaces")
        await pool.open()
        try:
            results = await hostile.suite(pool)
        finally:
            await pool.aclose()
        return {result.attack.name: result.reasons if result.through else () for result in results}

    with pytest.MonkeyPatch.context() as patch:
        if os.geteuid() == 0:
            use(python, patch)
        return asyncio.run(run())


@pytest.fixture(scope="session")
def as_nobody(python_copy: Path) -> Iterator[Callable[[str], Reasons]]:
    """Runs `distinguo doctor` as an ordinary user on both ways at once."""
    running: dict[str, subprocess.Popen[str]] = {}
    found: dict[str, Reasons] = {}

    def outcome(way: str) -> Reasons:
        if not running:
            for each, flag in zip(WAYS, ("--namespaces", "--no-namespaces"), strict=True):
                running[each] = start_as_nobody(python_copy, "-m", "distinguo", "doctor", "--json", flag)
        if way not in found:
            out, err = running[way].communicate()
            report = json.loads(out or "{}")
            assert report.get("suite"), err + out
            assert report["suite"]["attacks"] == len(NAMES)
            found[way] = dict.fromkeys(NAMES, ()) | {
                row["name"]: tuple(row["reasons"]) for row in report["suite"]["through"]
            }
        return found[way]

    yield outcome
    for process in running.values():
        process.kill()
        process.wait()


@pytest.fixture(scope="session", params=WAYS)
def ours(request: pytest.FixtureRequest, python_copy: Path) -> Reasons:
    try:
        return told(request.param, python_copy)
    except SandboxUnavailable as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", NAMES)
def test_attack_is_held(ours: Reasons, name: str) -> None:
    assert ours[name] == ()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("way", WAYS)
def test_attack_is_held_for_an_ordinary_user(as_nobody: Callable[[str], Reasons], way: str, name: str) -> None:
    assert as_nobody(way)[name] == ()


@pytest.fixture(scope="session")
def without_sandbox(python_copy: Path) -> dict[str, list[str]]:
    """What each attack came to where nothing contains it, run in a few processes at once."""
    script = str(ROOT / "tests" / "fakes" / "unconfined.py")
    python = str(python_copy / "bin" / "python3")
    shown = [attack.name for attack in attacks() if attack.control != "none"]
    running = []
    for shard in range(SHARDS):
        names = "\n".join(shown[shard::SHARDS])
        running.append(start_as_ourselves(python_copy, script, python, stdin=names))
    found: dict[str, list[str]] = {}
    for process in running:
        out, err = process.communicate()
        if "no namespaces" in err:
            pytest.skip(f"attacks can be let loose only in namespaces of their own: {err}")
        assert process.returncode == 0, err
        found |= json.loads(out)
    return found


@pytest.mark.parametrize("attack", attacks(), ids=NAMES)
def test_attack_succeeds_without_the_sandbox(without_sandbox: dict[str, list[str]], attack: Attack) -> None:
    if attack.control == "none":
        pytest.skip(UNSHOWN[attack.name])
    if attack.group == "files" and "packages" in attack.name and not without_sandbox[attack.name]:
        pytest.skip("this copy of Python has no packages beside its library")
    if attack.name == "import_distinguo" and any(folder.stat().st_mode & 5 != 5 for folder in (ROOT, *ROOT.parents)):
        pytest.skip("an unprivileged program cannot read distinguo here in any case")
    assert without_sandbox[attack.name]


@pytest.mark.parametrize("attack", attacks(), ids=NAMES)
def test_success_would_be_noticed(attack: Attack) -> None:
    with Traps() as traps:
        right = hostile.Seen(
            status=(attack.ends or (Verdict.AC,))[0],
            output=attack.prints,
            results=("None",) * len(attack.calls) if attack.results is None else attack.results,
        )
        assert list(hostile.reasons(attack, right, traps)) == []
        for wrong in (
            hostile.Seen(right.status, f"{attack.prints}\nTHROUGH", results=right.results),
            hostile.Seen(right.status, attack.prints, traps.secret, right.results),
            hostile.Seen(right.status, attack.prints, "", ("42",) * (len(attack.calls) + 1)),
        ):
            assert list(hostile.reasons(attack, wrong, traps))


def test_programs_that_leave_something_are_noticed() -> None:
    with Traps() as traps:
        assert list(traps.touched()) == []
        (traps.folder / "left").touch()
        traps.file.write_text("changed")
        os.kill(int(traps.fill("@PID@")), 19)
        import socket

        socket.create_connection(("127.0.0.1", int(traps.fill("@PORT@")))).close()
        while traps._state() != "T":
            pass
        assert len(list(traps.touched())) == 4


async def test_surviving_processes_and_lost_workers_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool(1)
    try:
        await pool.open()
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    strangers: list[subprocess.Popen[bytes]] = []
    run = pool.run

    async def leaky(*arguments: object, **named: object) -> object:
        if not strangers:
            strangers.append(subprocess.Popen(["/bin/sleep", "100"]))  # noqa: ASYNC220
        return await run(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(pool, "run", leaky)
    try:
        (result,) = await hostile.suite(pool, chosen=attacks()[:1])
        assert "1 processes are left" in result.reasons
        strangers[0].kill()
    finally:
        await pool.aclose()
        strangers[0].wait()


def test_traps_of_a_killed_process_leave_no_process() -> None:
    source = (
        "import os, signal\n"
        "from distinguo.sandbox.hostile.traps import Traps\n"
        "traps = Traps()\n"
        "print(traps.fill('@PID@ @FOLDER@'), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    pid, folder = done.stdout.split()
    shutil.rmtree(folder)
    until = time.monotonic() + 10
    while Path(f"/proc/{pid}/comm").exists() and time.monotonic() < until:
        time.sleep(0.01)
    assert not Path(f"/proc/{pid}/comm").exists()


def test_document_lists_every_program() -> None:
    text = (ROOT / "docs" / "hostile.md").read_text()
    assert text.endswith(f"\n\n{table()}\n"), "write hostile.attacks.table() to docs/hostile.md again"
    for attack in attacks(""):
        assert not attack.gap or f"`{attack.name}`" in text.partition("| about")[0]


def test_there_are_as_many_as_promised() -> None:
    assert len(NAMES) == len(set(NAMES)) >= 58
    assert {attack.name for attack in attacks() if attack.control == "none"} == set(UNSHOWN)
