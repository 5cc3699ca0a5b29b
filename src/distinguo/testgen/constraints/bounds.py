"""Bounds in a statement's words: `1 <= nums.length <= 10^5`, `$1 \\le T_i, D_i < 2 \\cdot 10^5$`.

Read are chains of inequalities between numbers and names in one sentence. What a chain says of a name is the nearest
number on either side; what is not understood says nothing. Where a statement has several bounds of one thing
(subtasks, examples), the loosest holds.
"""

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

LONGEST = 100_000  # characters of a statement that are read
SENTENCE = 400  # of a sentence
EXPONENT = 400  # the greatest that is computed

_PLAIN = (  # TeX, HTML and typography to plain signs, in order
    (re.compile(r"\\(?:mathrm|mathit|text|texttt|mathbf|operatorname)\{([^{}]*)\}"), r"\1"),
    (re.compile(r"\\(?:leqslant|leqq|leq|le)(?![a-z])|≤|≦|⩽"), " <= "),
    (re.compile(r"\\(?:geqslant|geqq|geq|ge)(?![a-z])|≥|≧|⩾"), " >= "),
    (re.compile(r"\\lt(?![a-z])"), " < "),
    (re.compile(r"\\gt(?![a-z])"), " > "),
    (re.compile(r"\\(?:times|cdot)(?![a-z])|×|·|⋅|\*\*(?=\s*$)"), "*"),
    (re.compile(r"\*\*"), "^"),
    (re.compile(r"\\(?:left|right|quad|qquad)(?![a-z])|\\[,;:! ]|\{,\}|[`$]"), ""),
    (re.compile(r"<sup>\s*(-?\d+)\s*</sup>"), r"^\1"),
    (re.compile(r"\^\{\s*(-?\d+)\s*\}"), r"^\1"),
    (re.compile(r"[−–]"), "-"),
    (re.compile(r"(?<![\w.])(\d{1,3}(?:,\d{3})+)(?![\d,])"), lambda found: found[0].replace(",", "")),
)
_FACTOR = r"\d+(?:\.\d+|\^\d+)?"
_NUMBER = rf"-?{_FACTOR}(?:[ \t]*\*[ \t]*{_FACTOR})*(?:[ \t]*[-+][ \t]*\d+)?"
_COMPLETE = r"(?![\w({|\\^/]|\.\d|[ \t]*[*^/]|[ \t]*[-+][ \t]*[\w(])"  # nothing follows that changes the number
_WORD = r"[A-Za-z](?:_?[A-Za-z0-9])*(?:_\{[^{}]*\})?"
_NAME = rf"(?:\|{_WORD}\||len\({_WORD}\)|{_WORD}(?:\[[^][]*\])*(?:\.(?:length|size\(\)))?)"
_NAMES = rf"{_NAME}(?:[ \t]*,[ \t]*{_NAME})*"
_TERM = rf"(?:{_NUMBER}{_COMPLETE}|{_NAMES}(?![\w(|\\{{]|[ \t]*[-+*/^]))"
_SIGN = r"(?:<=|>=|==|=|<|>)"
_CHAIN = re.compile(rf"(?<![\w.^*/+|\\-])(?<![*/+] ){_TERM}(?:[ \t]*{_SIGN}[ \t]*{_TERM})+")
_SPLIT = re.compile(rf"[ \t]*({_SIGN})[ \t]*")
_CONDITION = re.compile(r"\b(?:if|when|otherwise|or)\b|==[^,;]*:", re.IGNORECASE)
_HEADING = re.compile(r"^[ \t#*-]*Constraints[ \t:*]*$", re.IGNORECASE | re.MULTILINE)
_END = re.compile(r"(?<=[.;])[ \t]|\n")  # of a sentence
_LOST_POWER = re.compile(r"10[3-9]|101[0-8]")  # 10^5 in many a copy whose superscripts were lost


@dataclass(frozen=True, slots=True)
class Bound:
    """What holds for the things of a name: low <= x <= high, either perhaps None for unknown.

    path: the indices behind the name, None for any, `queries[i][0]` has (None, 0). of_length: it bounds lengths.
    above, below: x is never low, never high itself.
    """

    name: str
    path: tuple[int | None, ...] = ()
    of_length: bool = False
    low: int | float | None = None
    high: int | float | None = None
    above: bool = False
    below: bool = False

    @property
    def subject(self) -> tuple[str, tuple[int | None, ...], bool]:
        """What it is about."""
        return self.name, self.path, self.of_length

    def objection(self, value: int | float) -> str:
        """What is wrong with a value, or ""."""
        if self.low is not None and (value <= self.low if self.above else value < self.low):
            return f"must be {'greater than' if self.above else 'at least'} {self.low}"
        if self.high is not None and (value >= self.high if self.below else value > self.high):
            return f"must be {'less than' if self.below else 'at most'} {self.high}"
        return ""


def read(statement: str) -> tuple[Bound, ...]:
    """The bounds that a statement states, those under its heading `Constraints` where it has one."""
    text = html.unescape(statement[:LONGEST]).replace("\xa0", " ")
    heading = _HEADING.search(text)
    sentences = _END.split(text[heading.end() :] if heading else text)
    return merged(bound for sentence in sentences for bound in _of_sentence(sentence[:SENTENCE]))


def merged(stated: Iterable[Bound]) -> tuple[Bound, ...]:
    """One bound of each thing, the loosest."""
    found: dict[Any, Bound] = {}
    for bound in stated:
        known = found.get(bound.subject)
        found[bound.subject] = bound if known is None else _loosest(known, bound)
    return tuple(bound for bound in found.values() if (bound.low, bound.high) != (None, None))


def _of_sentence(text: str) -> Iterator[Bound]:
    for pattern, plain in _PLAIN:
        text = pattern.sub(plain, text)
    if _CONDITION.search(text):
        return
    for chain in _CHAIN.finditer(text):
        parts = _SPLIT.split(chain[0])
        terms, signs = parts[::2], parts[1::2]
        if all(sign in (">=", ">", "=", "==") for sign in signs):
            terms, signs = terms[::-1], [sign.replace(">", "<") for sign in signs[::-1]]
        if all(sign in ("<=", "<", "=", "==") for sign in signs):
            yield from _of_chain(terms, signs)


def _of_chain(terms: list[str], signs: list[str]) -> Iterator[Bound]:
    """The bounds of a chain that goes upwards."""
    numbers = [_number(term) if re.fullmatch(_NUMBER, term) else None for term in terms]
    for place, term in enumerate(terms):
        if term[0] in "-0123456789":
            continue
        below = next((other for other in range(place - 1, -1, -1) if numbers[other] is not None), None)
        above = next((other for other in range(place + 1, len(terms)) if numbers[other] is not None), None)
        left = signs[below:place] if below is not None else []
        right = signs[place:above] if above is not None else []
        low = numbers[below] if below is not None and any("<" in sign for sign in left) else None
        high = numbers[above] if above is not None and any("<" in sign for sign in right) else None
        for name in re.findall(_NAME, term):
            yield replace(_named(name), low=low, high=high, above="<" in left, below="<" in right)


def _named(text: str) -> Bound:
    """The subject of a name as it is written."""
    length = re.fullmatch(r"\|(.*)\||len\((.*)\)|(.*)\.(?:length|size\(\))", text)
    if length:
        text = next(group for group in length.groups() if group is not None)
    name, *indices = re.findall(r"[^][]+", text)
    path = tuple(int(index) if re.fullmatch(r"\d{1,3}", index.strip()) else None for index in indices)
    return Bound(name, path, bool(length))


def _number(text: str) -> int | float | None:
    """A number such as `2*10^5`, `2^31-1`, `-0.5`; None for one that is out of reach or looks like a lost power."""
    text = re.sub(r"\s", "", text)
    if _LOST_POWER.fullmatch(text):
        return None
    found = re.fullmatch(rf"(-?)({_FACTOR}(?:\*{_FACTOR})*)([-+]\d+)?", text)
    if found is None:
        return None
    value: int | float = -1 if found[1] else 1
    for factor in found[2].split("*"):
        base, power, exponent = factor.partition("^")
        if power and (int(exponent) > EXPONENT or len(base) > 3):
            return None
        value *= int(base) ** int(exponent) if power else float(base) if "." in base else int(base)
    return value + int(found[3] or 0)


def _loosest(one: Bound, other: Bound) -> Bound:
    """Of two bounds of one thing, on either side the one that lets more through; what only one has holds."""
    lows = [(bound.low, bound.above) for bound in (one, other) if bound.low is not None]
    highs = [(bound.high, not bound.below) for bound in (one, other) if bound.high is not None]
    low, above = min(lows) if lows else (None, False)
    high, reached = max(highs) if highs else (None, True)
    return replace(one, low=low, above=above, high=high, below=not reached)
