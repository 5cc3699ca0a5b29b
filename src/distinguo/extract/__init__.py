"""From a completion to a program, or to the explicit answer that it holds none.

The rules, in this order:

1. A completion that is Python as it stands is taken whole. Else reasoning (`<think>...</think>`, also where it was cut
   off) is left out.
2. Function style: the last fenced block that defines the entry; then the last one that can be brought to define it
   (rule 4). Standard input style: the last fenced block that is a program. Blocks in other languages are passed over.
3. Without such a block, the code that stands among the prose.
4. Function style: a bare body, indented or not, is put under the starter's signature. A lone function of another
   name, or the right method in a class (or function) of another name, is given the entry's name.
5. What a length limit cut off, or prose that follows the code, is dropped by whole top-level statements, as long as
   the entry is left; a function that was cut itself makes no program.
6. Function style: imports and helpers of the starter that the program lacks are put in front of it. Top-level
   statements that only demonstrate are dropped: asserts, `if __name__ == "__main__":`, what prints, reads input or
   calls the entry, by itself or through a function of the program. Others stay (sys.setrecursionlimit, tables).
"""

import re
from collections.abc import Callable, Collection, Iterator

from distinguo.extract.syntax import dedent, is_code, longest_prefix, parse, speaks
from distinguo.extract.target import Target
from distinguo.problem import CallStyle, Problem, Program

LONGEST = 1 << 18  # characters; a longer completion is not searched for code

_TAGS = "think|thinking|thought|reasoning"
_REASONING = re.compile(rf"<({_TAGS})>(.*?)</\1>", re.DOTALL)
_REASONING_END = re.compile(rf"</(?:{_TAGS})>")
_REASONING_START = re.compile(rf"^[ \t]*<(?:{_TAGS})>", re.MULTILINE)
_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*([^`\n]*)$")
_LANGUAGE = re.compile(r"[\w+#]*")
_PYTHON = {"", "python", "python3", "py", "py3"}
_CODE_START = re.compile(r"^(?:import |from \w[\w.]* import |def |async def |class |@\w)", re.MULTILINE)
_STARTS_TRIED = 10


def extract(text: str, problem: Problem) -> Program | None:
    """The program that a completion holds, by the rules at the top of this file; None when it holds none."""
    text = _unix(text)
    if len(text) > LONGEST:
        return None
    target = _target(problem)
    source = _whole_program(text) if target is None else _function(text, target)
    return None if source is None else _program(source, problem)


def is_complete(text: str, problem: Problem, known: Collection[Program] = ()) -> bool:
    """Whether an answer may end where this text does: a Python block has been closed that is a whole program by itself.

    The block defines the entry with a body of its own (standard input style: it parses and prints). Snippets, blocks
    that are not marked as Python and the programs that are `known`, which a debugger may quote before it corrects
    them, do not count.
    """
    lines = text.rpartition("\n")[0]
    return any(program not in known for program in _closed(lines, problem, _PYTHON - {""}))


def extract_cut(text: str, problem: Problem, known: Collection[Program] = ()) -> Program | None:
    """The program of an answer that a limit of tokens cut; None when it may be unfinished.

    It is whole when its block has been closed (see is_complete); the last such block counts.
    """
    whole = [program for program in _closed(text, problem, _PYTHON) if program not in known]
    return whole[-1] if whole else None


def _closed(text: str, problem: Problem, marks: Collection[str]) -> Iterator[Program]:
    """The programs in blocks that have been closed, each whole by itself."""
    text = _unix(text)
    if len(text) > LONGEST:
        return
    target = _target(problem)
    for block in _blocks(split_reasoning(text)[1], marks=marks, closed=True):
        source = _printing(block) if target is None else target.implemented_in(block)
        if source is not None:
            yield _program(source, problem)


def completion_watch(problem: Problem, known: Collection[Program] = ()) -> Callable[[str], bool]:
    """A predicate for one answer, asked with ever more of its text: is_complete, looked at when a fence has come."""
    seen = 0

    def is_complete_now(text: str) -> bool:
        nonlocal seen
        start, seen = seen, text.rfind("\n") + 1
        fenced = any(fence in text[start:seen] for fence in ("```", "~~~"))
        return fenced and is_complete(text, problem, known)

    return is_complete_now


def split_reasoning(text: str) -> tuple[str, str]:
    """A completion's thinking and its answer. Thinking that never ends leaves an empty answer."""
    thoughts = [match.group(2) for match in _REASONING.finditer(text)]
    answer = _REASONING.sub("", text)
    ends = list(_REASONING_END.finditer(answer))
    if ends:  # the prompt opened the tag
        thoughts.append(answer[: ends[-1].start()])
        answer = answer[ends[-1].end() :]
    start = _REASONING_START.search(answer)
    if start:
        thoughts.append(answer[start.end() :])
        answer = answer[: start.start()]
    return "\n\n".join(thought.strip() for thought in thoughts), answer


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _target(problem: Problem) -> Target | None:
    if problem.style is not CallStyle.FUNCTION or problem.entry is None:
        return None
    return Target(problem.entry, problem.starter)


def _program(source: str, problem: Problem) -> Program:
    return Program(source.strip("\n") + "\n", problem.style, problem.entry)


def _printing(block: str) -> str | None:
    source = dedent(block)
    tree = parse(source)
    return source if tree is not None and speaks(tree) else None


def _whole_program(text: str) -> str | None:
    answer = split_reasoning(text)[1]
    blocks = list(_blocks(answer))[::-1]
    for source in (text, answer, *blocks):
        source = dedent(source)
        tree = parse(source)
        if tree is not None and is_code(tree):
            return source
    for source in _inside_prose(answer):
        prefix = longest_prefix(source, speaks)
        if prefix is not None:
            return prefix
    return None


def _function(text: str, target: Target) -> str | None:
    answer = split_reasoning(text)[1]
    blocks = list(_blocks(answer))[::-1]
    sources = list(dict.fromkeys([text, answer, *blocks]))
    return (
        _first(target.defined_in, sources)
        or _first(target.made_from, sources)
        or _first(target.left_in, [*blocks, *_inside_prose(answer), answer])
    )


def _first(make: Callable[[str], str | None], sources: list[str]) -> str | None:
    return next((made for source in sources if (made := make(source)) is not None), None)


def _blocks(text: str, marks: Collection[str] = _PYTHON, closed: bool = False) -> Iterator[str]:
    """The fenced blocks that are marked as one of these languages.

    The last may lack its closing fence, unless they are to be closed. Weak models write prose behind a closing fence,
    or open a block before they close the one before it; both end a block here.
    """
    fence, marked, lines = "", "", list[str]()
    for line in text.split("\n"):
        match = _FENCE.match(line)
        if match is None or not match.group(1).startswith(fence):
            lines.append(line)
            continue
        if fence and marked in marks:
            yield "\n".join(lines)
        opens = len(match.group(2).split()) == 1 if fence else True
        fence, marked, lines = match.group(1) if opens else "", _language(match.group(2)), []
    if fence and marked in marks and not closed:
        yield "\n".join(lines)


def _language(mark: str) -> str:
    """The first word behind an opening fence (`python`, `{.python}`, `python title="a.py"`)."""
    return _LANGUAGE.match(mark.lstrip("{. ").lower())[0]  # type: ignore[index]  # it matches any text


def _inside_prose(text: str) -> list[str]:
    """The text from each line on that looks like the beginning of code."""
    starts = [match.start() for match in _CODE_START.finditer(text)]
    return [text[start:] for start in starts[:_STARTS_TRIED]]
