"""YAML files of problem packages."""

from pathlib import Path
from typing import Any

from distinguo.datasets.files import read_text
from distinguo.errors import InputError

_MOST_VALUES = 100_000  # aliases included as often as they stand: a few lines of them can mean billions


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
    if _is_larger(content, _MOST_VALUES):
        raise InputError(f"{path} stands for more than {_MOST_VALUES:,} values; write them out without aliases")
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise InputError(f"{path} must hold keys with values")
    return content


def _is_larger(content: Any, most: int) -> bool:
    """Whether there are more values, those counted that an alias repeats; one that holds itself has no end."""
    waiting, count = [content], 0
    while waiting and count <= most:
        value = waiting.pop()
        count += 1
        if isinstance(value, dict):
            waiting += [*value, *value.values()]
        elif isinstance(value, (list, tuple, set)):
            waiting += value
    return count > most
