"""Methods as data: a file of settings for each, and the arms that are made of them.

A preset fixes what makes the method (N, R, temperature, context, what is kept, the selector, its inputs); models and
everything else come from what is given, which also overrides any field of the preset. The name of a selector is a
method too: ours with that selector. A method may bring settings of its own: `first:public_filter=false:seed=3`.
"""

import hashlib
import json
import re
import tomllib
from collections.abc import Collection, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from distinguo import config, selectors
from distinguo.bench.records import Arm
from distinguo.config import Settings
from distinguo.errors import InputError

OURS = "distinguo"
NOBODY = "none"
"""The model of roles in which nobody is asked."""

_SETTING = re.compile(r":(?=\w+=)")  # a colon that begins no setting belongs to the value before it (gguf:PATH)
_ORDER = ("zero-shot", "majority", "self-debug", "sstar", "sstar-authors", OURS)


def names() -> tuple[str, ...]:
    """The presets."""
    return _ORDER


@cache
def _preset(name: str) -> Mapping[str, Any]:
    text = files("distinguo.bench").joinpath("methods", f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def about(name: str) -> str:
    """What a preset is, in a few words."""
    return str(_preset(name)["about"])


def parse(text: str) -> tuple[str, dict[str, str]]:
    """A method's name and the settings that it brings. Raises InputError where the text has another form."""
    name, *pairs = _SETTING.split(text.strip())
    if ":" in name or "=" in name:
        raise InputError(
            f"{text!r}: settings of one method are written NAME:SETTING=VALUE:SETTING=VALUE, such as"
            " first:public_filter=false"
        )
    return name, dict(pair.split("=", 1) for pair in pairs)


def common(method: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that several methods are told together, as far as they concern this one.

    A method that draws one sample is not told how many to draw, and one that does not debug not how often.
    """
    preset: Mapping[str, Any] = _preset(method)["settings"] if method in _ORDER else {}
    fixed = {name for name, value in (("n", 1), ("rounds", 0)) if preset.get(name) == value}
    return {name: value for name, value in told.items() if value is not None and name not in fixed}


def settings(method: str, given: Mapping[str, Any], usual: Mapping[str, Any] = MappingProxyType({})) -> Settings:
    """A method's settings. What is given comes before what the preset says, and that before what is usual.

    A value of None was not given. Raises InputError for a method that is neither a preset nor a selector, and for a
    wrong setting.
    """
    if method in _ORDER:
        fixed = dict(_preset(method)["settings"])
    elif method in selectors.names():
        fixed = _preset(OURS)["settings"] | {"selector": method}
    else:
        known = ", ".join((*_ORDER, *(name for name in selectors.names() if name not in _ORDER)))
        raise InputError(f"there is no method {method!r}; the methods are {known}")
    values = {**usual, **fixed, **{name: value for name, value in given.items() if value is not None}}
    made = config.load(values, {}, None)
    selectors.get(made.selector)  # an unknown name is said before anything is paid for
    return made


def arm(
    method: str,
    given: Mapping[str, Any],
    usual: Mapping[str, Any] = MappingProxyType({}),
    *,
    unsaid: Collection[str] = (),
) -> Arm:
    """The arm of a method, see `settings`.

    Its name says what differs from the preset, models, transport and the settings in `unsaid` apart.
    """
    made = settings(method, given, usual)
    shaping, preset = made.shaping(), settings(method, {"model": made.model}).shaping()
    differs = [
        f"{name}={_short(value)}"
        for name, value in shaping.items()
        if name not in _MODELS and name not in unsaid and value != preset.get(name)
    ]
    key = hashlib.sha256(json.dumps(shaping, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return Arm(key, " ".join([method, *differs]), method, made.model_dump(mode="json"))


_MODELS = {"model", "generator", "debugger", "test_generator", "judge"}


def _short(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
