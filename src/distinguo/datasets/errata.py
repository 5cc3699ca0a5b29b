"""What is known to be wrong with problems of data sets, so that reports can show figures with and without them.

HumanEval: four tasks whose published examples contradict the hidden tests. MBPP: two tasks of which one form or another
cannot be solved as it stands. LiveCodeBench: its authors' own list, by id or, for LeetCode, by title.
`DataSet.errata` says it of the problems of one data set, by their ids there.
"""

from collections.abc import Mapping
from types import MappingProxyType

from distinguo.datasets import humaneval, livecodebench, mbpp

_LIVE = {
    name: livecodebench.erratum({name})
    for name in sorted(livecodebench.SEVERAL_ANSWERS | livecodebench.WRONG_HIDDEN_TESTS)
}
_ERRATA: dict[str, Mapping[str, str]] = {
    "humaneval": dict.fromkeys(humaneval.ERRATA, humaneval.CONTRADICTED),
    "mbpp": {**humaneval.MBPP_ERRATA, **mbpp.ERRATA},
    "livecodebench": _LIVE,
}


def errata(name: str) -> Mapping[str, str]:
    """The ids (for LeetCode's problems the titles) that are known to be wrong, with the reason.

    name: of a data set (`humaneval+`, `livecodebench@release_v2`) or of a format (`HumanEval`); empty for any other.
    """
    return MappingProxyType(dict(_ERRATA.get(name.casefold().partition("@")[0].removesuffix("+"), {})))
