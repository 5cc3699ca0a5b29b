"""Stage 2: choosing one candidate. Selectors by name; driver.select answers their questions.

Other packages add selectors under the entry point group `distinguo.selectors`: the entry's name is the selector's, and
its object, called without arguments, returns the selector (see protocol.Selector).
"""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from distinguo.errors import InputError
from distinguo.selectors.agreement import SoftMBR
from distinguo.selectors.b4 import B4, B4Clusters, B4ClustersMBR
from distinguo.selectors.baselines import First, Public, Random
from distinguo.selectors.codet import CodeT
from distinguo.selectors.generated import GeneratedTests
from distinguo.selectors.judged import LLMJudge
from distinguo.selectors.majority import Majority
from distinguo.selectors.posterior import Posterior
from distinguo.selectors.protocol import Selector
from distinguo.selectors.srank import SRank
from distinguo.selectors.sstar import SStar
from distinguo.selectors.sstar_authors import SStarAuthors
from distinguo.selectors.tournament import Tournament

GROUP = "distinguo.selectors"

_BUILT_IN: dict[str, Callable[[], Selector]] = {
    selector.name: selector
    for selector in (
        First,
        Random,
        Public,
        Majority,
        SoftMBR,
        GeneratedTests,
        CodeT,
        B4,
        B4Clusters,
        B4ClustersMBR,
        SRank,
        LLMJudge,
        Tournament,
        SStar,
        SStarAuthors,
        Posterior,
    )
}


class Plugin(Protocol):
    """An installed entry point."""

    @property
    def name(self) -> str:
        """The selector's name."""

    def load(self) -> Any:
        """Import and return what makes the selector."""


def _installed() -> Iterable[Plugin]:
    from importlib.metadata import entry_points

    return entry_points(group=GROUP)


def names(plugins: Callable[[], Iterable[Plugin]] = _installed) -> tuple[str, ...]:
    """Every selector's name, the built-in ones first."""
    return tuple(dict.fromkeys([*_BUILT_IN, *sorted(plugin.name for plugin in plugins())]))


def get(name: str, plugins: Callable[[], Iterable[Plugin]] = _installed) -> Selector:
    """The selector of this name; a built-in one cannot be replaced.

    Raises InputError for an unknown name, and where another package's selector cannot be loaded.
    """
    if name in _BUILT_IN:
        return _BUILT_IN[name]()
    for plugin in plugins():
        if plugin.name == name:
            try:
                selector: Selector = plugin.load()()
            except Exception as error:
                raise InputError(f"the selector {name!r} of another package cannot be loaded: {error}") from error
            return selector
    raise InputError(f"there is no selector {name!r}; the selectors are {', '.join(names(plugins))}")
