"""Where the interpreter may be installed, and who may run it."""

import os
from pathlib import Path

import pytest
from contracts.installations import use

from distinguo.errors import SandboxUnavailable
from distinguo.problem import Limits, Program
from distinguo.sandbox.pool import Pool

NOBODY = 65534

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can play another user")


async def test_interpreter_below_a_private_folder_works(
    python_copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    python = python_copy.rename(private / "python")  # noqa: ASYNC240
    try:
        use(python, monkeypatch)
        pool = Pool(1)
        await pool.open()
        execution = await pool.run(Program("import decimal, ssl, sys\nprint(sys.executable)"), "", Limits())
        await pool.aclose()
    finally:
        python.rename(python_copy)
    assert execution.output == "/usr/bin/python3\n", execution.error


async def test_unreadable_interpreter_is_refused_with_advice(
    python_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(python_copy, monkeypatch)
    executable = python_copy / "bin" / "python3"
    executable.chmod(0o700)
    try:
        with pytest.raises(SandboxUnavailable, match="readable to all"):
            await Pool(1).open()
    finally:
        executable.chmod(0o755)


async def test_root_may_keep_to_an_ordinary_users_means(python_copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(python_copy, monkeypatch)
    pool = Pool(1, as_root=False)
    await pool.open()
    (worker,) = pool._workers
    execution = await pool.run(Program("import os\nprint(os.getuid(), os.getpid() > 1)"), "", Limits())
    await pool.aclose()
    assert worker.ready.user_namespace
    assert execution.output == f"{NOBODY} True\n", execution.error
