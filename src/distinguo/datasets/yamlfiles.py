"""YAML files of problem packages."""

from pathlib import Path
from typing import Any

from distinguo.datasets.files import read_text
from distinguo.errors import InputError


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping that a file holds; empty for an empty file. Raises InputError for anything else."""
    import yaml  # late: only packages need it

    try:
        content = yaml.safe_load(read_text(path))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        told = getattr(error, "problem", None) or " ".join(str(error).split())
        raise InputError(f"{path}{where} is not YAML: {told}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise InputError(f"{path} must hold keys with values")
    return content
