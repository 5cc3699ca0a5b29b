"""Sweeps as data: a file that names a data set, which of its problems, and the arms to compare; one an experiment.

A file of a sweep is TOML:

    note = "what it shows"
    dataset = "livecodebench@release_v4"
    [filter]                    # fields of datasets.choosing.Filter
    since = "2024-08-01"
    [settings]                  # of all arms; those that an arm names itself come before them
    judge = "openai/gpt-4o-mini"
    [[models]]                  # what models bring with them, whatever the method; it is not in the arms' names
    names = ["openai/o1-mini"]
    max_tokens = 16384
    [[arms]]                    # every method with every model
    methods = ["zero-shot", "sstar"]
    models = ["openai/gpt-4o-mini"]
    temperature = [0.2, 0.7]    # a list: an arm for each value

`like = "table1"` takes all that a file does not say from another sweep. `examples = true` stands for the pool that the
caller names. An `n` for all arms is not for methods that draw one sample, nor `rounds` for those that do not debug.
What a model brings with it holds under every name that it is given but for models on this machine, whose contexts are
small.
"""

import itertools
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

from distinguo.bench import methods
from distinguo.bench.records import Arm
from distinguo.config import Settings
from distinguo.datasets.choosing import Filter
from distinguo.errors import InputError
from distinguo.prices import free

ALL = "*"  # in a mapping: every model that it does not name
_NAMES = (
    *("table1", "table2", "table3", "figure1", "figure3"),
    *("figure4-temperature", "figure4-samples", "figure5", "figure6"),
)
_FIELDS = ("note", "like", "dataset", "filter", "settings", "models", "arms")
_ROLES = ("model", "debugger", "test_generator", "judge")
_SEVERAL = {"ids", "difficulty", "platform"}  # fields of a filter that hold several words
_NUMBERS = {"sample", "seed", "limit"}


@dataclass(frozen=True, slots=True)
class Sweep:
    """An experiment. note: what it shows, in a few sentences. arms: each once, in the file's order."""

    name: str
    dataset: str
    arms: tuple[Arm, ...]
    filter: Filter = field(default_factory=Filter)
    note: str = ""

    @property
    def models(self) -> tuple[str, ...]:
        """Every model that an arm asks, or could ask, each once."""
        return tuple(dict.fromkeys(one.settings[role] for one in self.arms for role in _ROLES if one.settings[role]))


def names() -> tuple[str, ...]:
    """The sweeps that ship with the package: the paper's experiments (Li et al. 2025)."""
    return _NAMES


def note(name: str) -> str:
    """What one of them shows."""
    return str(_shipped(name)["note"])


def load(
    name: str | Path,
    mapping: Mapping[str, str] = MappingProxyType({}),
    *,
    pool: Path | None = None,
    given: Mapping[str, Any] = MappingProxyType({}),
) -> Sweep:
    """The sweep of this name, or in this file.

    mapping: other names for models, `*` for all that it does not name; arms that become equal are one. pool: the file
    of solved examples for arms that show such. given: settings that come before the sweep's own.

    Raises InputError, in one sentence, for what is unknown or missing: a sweep, field, method, setting, model or pool.
    """
    content, where = _content(name)
    own = str(name) if str(name) in _NAMES else Path(name).stem
    return of(content, own, where, mapping, pool=pool, given=given)


def of(
    content: Mapping[str, Any],
    name: str,
    where: str,
    mapping: Mapping[str, str] = MappingProxyType({}),
    *,
    pool: Path | None = None,
    given: Mapping[str, Any] = MappingProxyType({}),
) -> Sweep:
    """The sweep that a file of this content has. where: how messages call it. The rest as for `load`."""
    unknown = next((one for one in content if one not in _FIELDS), None)
    if unknown is not None:
        raise InputError(f"{where} has a field {unknown!r}; the fields of a sweep are {', '.join(_FIELDS)}")
    if not isinstance(content.get("dataset"), str) or not content["dataset"]:
        raise InputError(f"{where} names no dataset")
    arms = _arms(content, where, mapping, pool, given)
    if not arms:
        raise InputError(f"{where} has no arms; write [[arms]] with methods and models")
    return Sweep(
        name=name,
        dataset=content["dataset"],
        arms=tuple({one.key: one for one in arms}.values()),
        filter=_filter(_table(content, "filter", where), where),
        note=str(content.get("note", "")),
    )


def _content(name: str | Path) -> tuple[dict[str, Any], str]:
    """What a sweep's file says, with what it takes from another one; and how messages call it."""
    if str(name) in _NAMES:
        content, where = _shipped(str(name)), f"the sweep {name}"
    else:
        path = Path(name)
        if not path.suffix and not path.exists():
            raise InputError(f"there is no sweep {str(name)!r}; the sweeps are {', '.join(_NAMES)}, or a TOML file")
        try:
            content, where = tomllib.loads(path.read_text(encoding="utf-8")), str(path)
        except OSError as error:
            raise InputError(f"cannot read the sweep {path}: {error.strerror}") from error
        except (ValueError, RecursionError) as error:
            raise InputError(f"the sweep {path} is not valid TOML: {error}") from error
    like = content.get("like")
    if like is None:
        return content, where
    if like not in _NAMES or "like" in _shipped(like):
        raise InputError(f"{where} is like {like!r}, which is no sweep of its own")
    return {**_shipped(like), **{name: value for name, value in content.items() if name != "like"}}, where


def _shipped(name: str) -> dict[str, Any]:
    text = files("distinguo.bench").joinpath("sweeps", f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


class _Renamed:
    """Models under their new names."""

    def __init__(self, mapping: Mapping[str, str]) -> None:
        self._mapping = mapping
        self._seen = dict[str, None]()

    def __call__(self, model: str) -> str:
        self._seen[model] = None
        return self._mapping.get(model, self._mapping.get(ALL, model))

    def check(self) -> None:
        """That every model which is renamed is there. Raises InputError."""
        for old in self._mapping:
            if old != ALL and old not in self._seen:
                raise InputError(
                    f"no arm has the model {old!r}, so it cannot be renamed; they have {', '.join(self._seen)}"
                )


@dataclass(frozen=True, slots=True)
class _Making:
    """What arms are made of beside their own tables. of_models: the settings that each model brings with it."""

    where: str
    common: Mapping[str, Any]
    of_models: Mapping[str, Mapping[str, Any]]
    renamed: _Renamed
    pool: Path | None
    given: Mapping[str, Any]

    def arms(self, table: Mapping[str, Any]) -> Iterator[Arm]:
        """Every method with every model and every combination of the settings that have several values."""
        several = {name: _listed(value) for name, value in table.items()}
        if not several.get("methods"):
            known = ", ".join(methods.names())
            raise InputError(f"[[arms]] of {self.where} names no methods; the methods are {known}")
        chosen, models = several.pop("methods"), several.pop("models", None) or ["local"]
        _check(several, self.where)
        for model, method in itertools.product(models, chosen):
            for values in itertools.product(*several.values()):
                own = {**methods.common(method, self.common), **dict(zip(several, values, strict=True))}
                yield self._arm(str(method), str(model), own)

    def _arm(self, method: str, model: str, own: Mapping[str, Any]) -> Arm:
        """Its name is that of the method with its own settings, the same for all models."""
        name = self.renamed(model)
        brings = {} if free(name) else self.of_models.get(model, {})
        given = methods.common(method, self.given)
        made, named = (
            methods.arm(method, self._settings({**of_model, **own, "model": model, **given}))
            for of_model in (brings, {})
        )
        return replace(made, name=named.name)

    def _settings(self, settings: dict[str, Any]) -> dict[str, Any]:
        renamed = {role: self.renamed(settings[role]) for role in _ROLES if isinstance(settings.get(role), str)}
        if settings.get("examples") is True:
            if self.pool is None:
                raise InputError(
                    f"{self.where} shows solved examples; name the file that they are taken from with --pool"
                )
            settings["examples"] = self.pool
        return {**settings, **renamed}


def _arms(
    content: Mapping[str, Any], where: str, mapping: Mapping[str, str], pool: Path | None, given: Mapping[str, Any]
) -> list[Arm]:
    common = _table(content, "settings", where)
    of_models = dict[str, Mapping[str, Any]]()
    for table in _tables(content, "models", where):
        brings = {name: value for name, value in table.items() if name != "names"}
        of_models |= dict.fromkeys(map(str, _listed(table.get("names", []))), brings)
        _check(brings, where)
    _check(common, where)
    making = _Making(where, common, of_models, _Renamed(mapping), pool, given)
    arms = [arm for table in _tables(content, "arms", where) for arm in making.arms(table)]
    making.renamed.check()
    return arms


def _check(settings: Iterable[str], where: str) -> None:
    """That they are settings of an arm; its model is named otherwise."""
    known = [name for name in Settings.model_fields if name != "model"]
    for name in settings:
        if name not in known:
            raise InputError(
                f"{where} has no setting {name!r} for an arm; there are methods, models, {', '.join(known)}"
            )


def _filter(table: Mapping[str, Any], where: str) -> Filter:
    known, values = [one.name for one in fields(Filter)], dict[str, Any]()
    for name, value in table.items():
        if name not in known:
            raise InputError(f"{where} has a filter {name!r}; the filters are {', '.join(known)}")
        if isinstance(value, date):
            value = value.isoformat()
        wanted = int if name in _NUMBERS else str
        several = _listed(value) if name in _SEVERAL else [value]
        if not all(isinstance(one, wanted) and not isinstance(one, bool) for one in several):
            raise InputError(f"the filter {name} of {where} cannot be {value!r}")
        values[name] = tuple(several) if name in _SEVERAL else value
    return Filter(**values)


def _table(content: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    table = content.get(name, {})
    if not isinstance(table, dict):
        raise InputError(f"{name} of {where} is no table; write [{name}]")
    return table


def _tables(content: Mapping[str, Any], name: str, where: str) -> list[Mapping[str, Any]]:
    tables = content.get(name, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise InputError(f"the {name} of {where} are not written as [[{name}]]")
    return tables


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]
