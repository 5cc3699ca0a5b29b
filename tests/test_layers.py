"""Rules about the repository itself: the direction of imports, who reads the environment, what is tracked."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "distinguo"
# these read the environment and build concrete objects
OUTER = {"api", "bench", "cli", "cli_bench", "cli_report", "terminal", "watching", "server", "remote", "__main__"}
ENVIRONMENT_OF_OTHERS = {  # these see to what a library or a child process finds there, not to settings
    "llm/engine.py",  # OpenMP's wait policy
    "sandbox/inside/namespaces.py",  # keeps a library from starting threads there
    "sandbox/inside/start.py",  # hands the library path on
    "sandbox/worker.py",  # the library path that the sandbox's interpreter may need to start
    "sandbox/inside/zygote.py",  # removes it again
}


def tracked_files() -> list[str]:
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode != 0:
        pytest.skip("not a git clone, so nothing is tracked")
    return listing.stdout.splitlines()


def environment_reads(source: str) -> list[int]:
    """The lines that read the process's environment."""
    names = {"environ", "environb", "getenv", "getenvb"}
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(value=ast.Name(id="os"), attr=attr) if attr in names:
                found.append(node.lineno)
            case ast.ImportFrom(module="os", names=aliases) if any(alias.name in names for alias in aliases):
                found.append(node.lineno)
    return found


def test_imports_go_downwards_only() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    result = subprocess.run(
        [*command, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    "source", ["import os\nos.environ['A']", "import os\nos.getenv('A')", "from os import environ"]
)
def test_a_read_of_the_environment_is_seen(source: str) -> None:
    assert environment_reads(source)


def test_only_the_outermost_modules_read_the_environment() -> None:
    modules = {path.relative_to(PACKAGE).as_posix(): path for path in PACKAGE.rglob("*.py")}
    assert modules.keys() >= ENVIRONMENT_OF_OTHERS
    inner = {name for name in modules if name.split("/")[0].removesuffix(".py") not in OUTER} - ENVIRONMENT_OF_OTHERS
    assert inner
    reads = {name: environment_reads(modules[name].read_text()) for name in inner}
    assert {name: lines for name, lines in reads.items() if lines} == {}


def test_pinned_requirements_have_hashes_and_name_no_host() -> None:
    files = sorted((ROOT / "requirements").glob("*.txt"))
    assert [path.name for path in files] == ["build.txt", "runtime.txt", "test.txt"]
    for path in files:
        text = re.sub(r"\s*#.*", "", path.read_text())
        assert "://" not in text, path.name
        for requirement in text.replace("\\\n", " ").split("\n"):
            if requirement:
                assert re.match(r"[\w.-]+==\S+ [^@]*--hash=sha256:[0-9a-f]{64}", requirement), requirement[:80]


def test_every_dependency_is_explained() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"].values()
    groups = [project["project"]["dependencies"], *extras, *project["dependency-groups"].values()]
    names = {re.split(r"[<>=!~\[; ]", requirement)[0] for group in groups for requirement in group}
    explained = set(re.findall(r"^\| `([\w.-]+)`", (ROOT / "docs" / "dependencies.md").read_text(), re.MULTILINE))
    assert explained == names


def test_no_lock_file_with_registry_addresses_is_tracked() -> None:
    locks = {"uv.lock", "poetry.lock", "Pipfile.lock", "pdm.lock"}
    assert not [name for name in tracked_files() if Path(name).name in locks]
