"""The documents say what the code has: modules, settings, selectors, exit statuses."""

import re
from pathlib import Path

from distinguo import errors, selectors
from distinguo.config import Settings

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "distinguo"


def test_every_module_has_its_place_in_the_architecture() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    modules = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    for module in modules - {"__init__", "__main__", "__pycache__"}:
        assert f"`{module}`" in text, module


def test_the_readme_names_every_selector_and_status() -> None:
    text = (ROOT / "README.md").read_text()
    for name in selectors.names(lambda: []):
        assert f"`{name}`" in text, name
    statuses = {
        kind.exit_status for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "exit_status")
    }
    said = re.search(r"Exit status: (.*?)\n\n", text, re.DOTALL)
    assert said is not None
    for status in statuses | {0, 1, 130}:
        assert re.search(rf"\b{status}\b", said.group(1)), status


def test_no_placeholder_is_left() -> None:
    for path in [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")]:
        assert not re.search(r"\b(TRANSCRIPT|SEEDS|OVERLAP|SANDBOX|EMBEDDED|TBD|FIXME)\b", path.read_text()), path.name


def test_the_help_names_every_setting_that_a_flag_has() -> None:
    text = (PACKAGE / "cli.py").read_text()
    only_in_files = {"show_reasoning", "keep", "slots", "drafts_per_call", "public_filter"}
    only_in_files |= {"debug_tests", "examples", "shots", "examples_by"}  # of experiments
    for name in Settings.model_fields.keys() - only_in_files:
        assert f'"{name}": {name}' in text, name
