"""Where the interpreter may be installed, and who may run it."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from distinguo.errors import SandboxUnavailable
from distinguo.problem import Limits, Program
from distinguo.sandbox.pool import Pool

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 65534

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can play another user")


@pytest.fixture(scope="session")
def python_copy() -> Iterator[Path]:
    """A copy of the base interpreter without third-party packages, in a folder that everybody may read."""
    home = Path(tempfile.mkdtemp(prefix="python-"))  # pytest's own folders are private
    stdlib = Path(os.__file__).resolve().parent
    excluded = shutil.ignore_patterns("site-packages", "dist-packages", "test", "idlelib", "config-*", "ensurepip")
    shutil.copytree(stdlib, home / stdlib.relative_to(Path(sys.base_prefix).resolve()), ignore=excluded)
    (home / "bin").mkdir()
    shutil.copy(Path(sys._base_executable).resolve(), home / "bin" / "python3")  # type: ignore[attr-defined]
    if sysconfig.get_config_var("Py_ENABLE_SHARED"):
        library = sysconfig.get_config_var("INSTSONAME")
        shutil.copy(Path(sysconfig.get_config_var("LIBDIR")) / library, home / "lib" / library)
    home.chmod(0o755)
    yield home
    shutil.rmtree(home)


def use(python: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_base_executable", str(python / "bin" / "python3"))
    monkeypatch.setenv("LD_LIBRARY_PATH", str(python / "lib"))


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


def test_ordinary_user_gets_the_same_protection(python_copy: Path, tmp_path: Path) -> None:
    """Run the contract and the hostile suite as nobody."""
    packages = Path(pytest.__file__).resolve().parents[1]
    for folder in (ROOT, *ROOT.parents, packages, *packages.parents):
        if folder.stat().st_mode & 5 != 5:
            pytest.skip(f"an ordinary user cannot read {folder}")
    tests = ROOT / "tests" / "sandbox"
    run = subprocess.run(
        [
            str(python_copy / "bin" / "python3"),
            *(
                "-m",
                "pytest",
                "-q",
                "-p",
                "no:cacheprovider",
                "--rootdir",
                str(ROOT),
                "-c",
                str(ROOT / "pyproject.toml"),
            ),
            *(str(tests / name) for name in ("test_executor_contract.py", "test_hostile.py")),
            f"{tests / 'test_pool.py'}::test_ordinary_user_gets_a_user_namespace_and_root_another_uid",
        ],
        env={
            "LD_LIBRARY_PATH": str(python_copy / "lib"),
            "PYTHONPATH": f"{ROOT / 'src'}:{packages}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": "/nonexistent",
            "PATH": os.environ["PATH"],
        },
        cwd="/",
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-1000:]
    assert " passed" in run.stdout
    assert " skipped" not in run.stdout
