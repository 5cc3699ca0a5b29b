"""The pool: how many workers it has, where it cannot be opened, and what its workers are given."""

import asyncio
import os
import subprocess
import sys
import textwrap

import pytest
from fakes.pools import HELLO, count_runs, until

import distinguo.sandbox
from distinguo.errors import SandboxUnavailable
from distinguo.problem import Limits, Program
from distinguo.records import Verdict
from distinguo.sandbox.pool import Pool
from distinguo.sandbox.turnstile import Turnstile


async def test_open_starts_one_worker_and_more_when_needed(pool: Pool) -> None:
    assert len(pool._workers) == 1
    await asyncio.gather(*(pool.run(HELLO, "", Limits()) for _ in range(8)))
    await until(lambda: len(pool._workers) == 2)
    await asyncio.gather(*(pool.run(HELLO, "", Limits()) for _ in range(8)))
    assert len(pool._workers) == 2


async def test_no_more_runs_at_once_than_workers(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = count_runs(monkeypatch)
    await asyncio.gather(*(pool.run(HELLO, "", Limits()) for _ in range(30)))
    assert len(seen) == 30
    assert max(seen) <= 2


async def test_pools_with_one_turnstile_keep_its_limit_together(monkeypatch: pytest.MonkeyPatch) -> None:
    turnstile = Turnstile(2)
    pools = [Pool(2, turnstile=turnstile) for _ in range(2)]
    seen = count_runs(monkeypatch)
    await asyncio.gather(*(pool.run(HELLO) for pool in pools for _ in range(15)))
    assert len(seen) == 30
    assert max(seen) <= 2
    for pool in pools:
        await pool.aclose()


def test_any_descriptor_numbers_serve() -> None:
    script = """
        import asyncio, os
        from distinguo.problem import Program
        from distinguo.sandbox.pool import Pool

        async def main():
            next_free = os.dup(0)
            os.close(next_free)
            for number in range(max(next_free, 6), 14):
                pool = Pool(1)
                await pool.open()
                print((await pool.run(Program("print(input())"), "hello")).output, end="")
                await pool.aclose()
                os.dup2(0, number)

        asyncio.run(main())
    """
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True)
    assert run.stdout.startswith("hello\n"), run.stderr
    assert set(run.stdout.split()) == {"hello"}


async def test_machine_that_cannot_start_a_worker_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_base_executable", "/bin/false")
    with pytest.raises(SandboxUnavailable, match="cannot be isolated"):
        async with distinguo.sandbox.open():
            pass


async def test_other_systems_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(SandboxUnavailable, match="Linux"):
        async with distinguo.sandbox.open():
            pass


async def test_ordinary_user_gets_a_user_namespace_and_root_another_uid(pool: Pool) -> None:
    (worker,) = pool._workers
    execution = await pool.run(Program("import os\nprint(os.getuid())"), "", Limits())
    uid = int(execution.output)
    assert worker.ready.user_namespace == (uid == 65534)
    if os.geteuid() == 0 and not worker.ready.user_namespace:
        assert uid > 2_000_000_000


async def test_preloaded_numpy_computes_the_same_in_every_run() -> None:
    pytest.importorskip("numpy", reason="numpy is not installed here")
    pool = Pool(1, preload=("numpy",))
    await pool.open()
    source = (
        "import os, sys, threading\nassert 'numpy' in sys.modules\nimport numpy as np\n"
        "a = np.arange(10000.).reshape(100, 100)\n"
        "print((a @ a).shape, round(np.linalg.det(np.eye(3))), np.random.randint(1 << 30))\n"
        "print(threading.active_count(), list(os.environ))"
    )
    first, second = [await pool.run(Program(source)) for _ in range(2)]
    await pool.aclose()
    assert first.status is Verdict.AC, first.error
    assert first.output.splitlines()[0].startswith("(100, 100) 1 ")
    assert first.output == second.output


async def test_package_that_is_not_installed_cannot_be_preloaded() -> None:
    with pytest.raises(SandboxUnavailable, match="nosuchpackage is not installed"):
        await Pool(1, preload=("nosuchpackage",)).open()
