"""Examples of a function in running text, as docstrings and statements have them.

    >>> f([1, 2])        f([1, 2]) == 3      f([1, 2]) returns 3          Input: xs = [1, 2], k = 1
    3                    f([1, 2]) -> 3      f([1, 2]) should return 3    Output: 3
                         f([1, 2]) => 3      For xs = [1, 2], k = 1 the output should be 3

also with ==>, -->, ➞ and = as arrows, with `>>> f(1) == 2`, with values over several lines, with bullets in front and
with a comment, a remark in parentheses or a full stop behind. Whatever is no literal, and prose, is passed over.
"""

import re
from collections.abc import Iterable, Iterator

from distinguo import values
from distinguo.datasets.calls import arguments
from distinguo.problem import Test

_ARROW = re.compile(r"[ \t]*(?:#[ \t]*)?(?:==>|==|=>|-{1,3}>|➞|→|=|returns?\b|should\s+return\b)[ \t]*")
_INPUT = re.compile(r"^[ \t]*Input[ \t]*:(.{1,5000}?)^[ \t]*Output[ \t]*:", re.MULTILINE | re.DOTALL | re.IGNORECASE)
_FOR = re.compile(r"^[ \t]*For (.+?),?[ \t]+the .*?(?:output|result) should be", re.MULTILINE)
_INSIDE = tuple("([{,=+-*/%<>.&|")  # before a call: it is part of a larger expression
_CONTINUED = re.compile(r"^[ \t]*\.\.\. ?", re.MULTILINE)
_WORDS = {"true": "True", "false": "False", "null": "None", "none": "None"}
_LONGEST_CALL = 10_000
_LONGEST_VALUE = 10_000
_LONGEST_VALUE_LINES = 12

Example = tuple[str, str]  # the literals of the argument tuple and of the value


def examples(text: str, entry: str, parameters: tuple[str, ...]) -> list[Example]:
    """The examples in the order of the text. They may repeat or contradict one another."""
    name = entry.rpartition(".")[2]
    found = sorted([*_calls(text, name, parameters), *_sentences(text, name, parameters)])
    return [(given, expected) for _, given, expected in found]


def as_tests(found: Iterable[Example]) -> tuple[Test, ...]:
    """Examples as tests named 1, 2, ...; of several with the same arguments the first."""
    unique: dict[str, str] = {}
    for given, expected in found:
        unique.setdefault(given, expected)
    return tuple(Test(str(number), *example) for number, example in enumerate(unique.items(), 1))


Found = tuple[int, str, str]  # the place in the text before the example


def _calls(text: str, name: str, parameters: tuple[str, ...]) -> Iterator[Found]:
    for match in re.finditer(rf"(?<![\w.]){re.escape(name)}[ \t]*\(", text):
        end = _closing(text, match.end() - 1)
        before = text[text.rfind("\n", 0, match.start()) + 1 : match.start()].strip()
        given = end and _read_arguments(_CONTINUED.sub("", text[match.start() : end]), name, parameters)
        if not given or not end:
            continue
        after = text[end : end + _LONGEST_VALUE]
        if before.startswith(">>>"):
            expected = _doctest_value(after) if before == ">>>" else None
        elif before in ("*", "-") or not before.endswith(_INSIDE):
            arrow = _ARROW.match(after)
            expected = arrow and _value(after[arrow.end() :])
        else:
            continue
        if expected is not None:
            yield match.start(), given, expected


def _sentences(text: str, name: str, parameters: tuple[str, ...]) -> Iterator[Found]:
    """`Input: xs = [1], k = 2` with `Output: ...`, and `For xs = [1] the output should be ...`."""
    for match in [*_INPUT.finditer(text), *_FOR.finditer(text)]:
        given = _read_named(match.group(1).strip(), name, parameters)
        expected = given and _value(text[match.end() : match.end() + _LONGEST_VALUE].lstrip(" \t"))
        if given and expected is not None:
            yield match.start(), given, expected


def _read_named(text: str, name: str, parameters: tuple[str, ...]) -> str | None:
    """The arguments that stand as values, as `a = 1, b = 2` or as lines `a: 1`; by their places if the names differ."""
    lines = re.sub(r"^[ \t]*(\w+)[ \t]*:", r"\1 =", text, flags=re.MULTILINE)
    listed = re.sub(r"\n[ \t]*(?=\w+ =)", ", ", lines)
    for attempt, names in ((text, parameters), (listed, parameters), (listed, tuple(re.findall(r"(\w+) =", listed)))):
        given = _read_arguments(f"{name}({attempt})", name, names)
        if given and len(values.loads(given)) == len(parameters):
            return given
    return None


def _closing(text: str, start: int) -> int | None:
    """The place behind the bracket that closes the one at `start`; brackets in quotes do not count."""
    depth, quote, escaped = 0, "", False
    for place in range(start, min(len(text), start + _LONGEST_CALL)):
        letter = text[place]
        if quote:
            if escaped:
                escaped = False
            elif letter == "\\":
                escaped = True
            elif letter == quote:
                quote = ""
        elif letter in "'\"":
            quote = letter
        elif letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
            if depth == 0:
                return place + 1
    return None


def _read_arguments(call: str, name: str, parameters: tuple[str, ...]) -> str | None:
    try:
        return arguments(call, name, parameters)
    except values.ValueTextError:
        return None


def _doctest_value(after: str) -> str | None:
    """What stands on the lines below `>>> f(x)`; None (the value) where nothing does; or the right side of `==`."""
    rest, _, below = after.partition("\n")
    if rest.split("#")[0].strip():
        arrow = _ARROW.match(rest)
        return _value(rest[arrow.end() :]) if arrow else None
    if not below.strip() or not below.split("\n")[0].strip():
        return "None"
    return _value(below)


def _value(text: str) -> str | None:
    """The literal at the beginning of the text: on its first line, or on as many as it takes up to a blank one."""
    lines = text.split("\n\n")[0].split("\n")[:_LONGEST_VALUE_LINES]
    for count in range(1, len(lines) + 1):
        if count > 1 and ">>>" in lines[count - 1]:
            return None
        value = _one_value(" ".join(line.strip() for line in lines[:count]))
        if value is not None:
            return value
    return None


def _one_value(text: str) -> str | None:
    text = text.strip().rstrip(".,;")  # a full stop, not the point of a float
    attempts = (
        text,
        re.sub(r"\s*#.*$", "", text),
        re.sub(r"\s*\([^()]*\)$", "", text),
        text.rpartition(" = ")[2],
        re.split(r";|,? (?:and|but|while)\b", text)[0],
    )
    for attempt in attempts:
        try:
            read = values.loads(f"[{_WORDS.get(attempt, attempt)}]")
        except values.ValueTextError:
            continue
        if len(read) == 1:  # two are no tuple, which has brackets, but two things
            return values.dumps(read[0])
    return None
