"""Solved problems that are shown before the problem under test (Li et al. 2025, figure 5).

A pool is a file of JSON lines, {"id", "statement", "solution", "techniques"}; techniques may be left out. A line
without a solution is no example: it tells the techniques of a problem that is to be solved. The problem under test is
never among the examples: neither under its own id nor under another one with nearly its own text; nor is a solution
that defines a function of the name that is asked for.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any, Literal

from distinguo.errors import InputError
from distinguo.fit import cut, tokens
from distinguo.problem import Problem

SHINGLE = 4  # words that follow one another, of which a text's likeness is made
SAME = 0.6  # the share of the shorter text's shingles from which on the other one tells the same problem
SOLUTION_SHARE = 0.75  # of an example's room: the rest is left for the statement

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Solved:
    """A line of a pool. techniques: in lower case."""

    id: str
    statement: str
    solution: str = ""
    techniques: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Shown:
    """An example as a prompt shows it."""

    statement: str
    solution: str


class Pool:
    """The lines of a pool in their order, and the indices by which examples are found. Safe to use from threads.

    warning: one sentence about the lines that could not be used, or "".
    """

    def __init__(self, lines: Sequence[Solved], warning: str = "") -> None:
        self.warning = warning
        self._lines = [line for line in lines if line.solution]
        self._labels = [line for line in lines if line.techniques]
        self._shingles: dict[Solved, frozenset[int]] = {}
        self._bm25: Any = None
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._lines)

    def examples(self, problem: Problem, count: int, by: Literal["bm25", "technique"], room: int) -> tuple[Shown, ...]:
        """At most `count` examples for a problem in at most `room` tokens; the likest one stands last.

        An example whose solution does not fit its share of the room is passed over, a long statement is cut. There may
        be none: no statement has a word in common with the problem's, or no example shares a technique with it.
        Raises InputError where the package that finds examples by BM25 is not installed.
        """
        text, share = _text(problem), room // count
        shingles, answers = _shingles(text), _defines(problem.entry)
        with self._lock:
            ranked = self._by_words(text) if by == "bm25" else self._by_technique(problem, shingles)
            found = list[Shown]()
            for line in ranked:
                solution = tokens(line.solution)
                if solution > SOLUTION_SHARE * share or answers(line.solution) or self._is(line, problem, shingles):
                    continue
                found.append(Shown(cut(line.statement, share - solution), line.solution))
                if len(found) == count:
                    break
        return tuple(found[::-1])

    def techniques(self, problem: Problem) -> frozenset[str]:
        """The techniques that the pool's lines about the problem itself name."""
        with self._lock:
            return self._techniques(problem, _shingles(_text(problem)))

    def _by_words(self, text: str) -> Iterator[Solved]:
        """Examples by BM25 (Robertson et al.; the variant of Lucene) over statements, the likest first."""
        if self._bm25 is None:
            words = [_words(line.statement) for line in self._lines]
            if not any(words):
                return
            self._bm25 = _index(words)
        known = [word for word in dict.fromkeys(_words(text)) if word in self._bm25.vocab_dict]
        if not known:
            return
        scores = self._bm25.get_scores(known).tolist()
        for place in sorted(range(len(scores)), key=lambda place: (-scores[place], place)):
            if scores[place] > 0:
                yield self._lines[place]

    def _by_technique(self, problem: Problem, shingles: frozenset[int]) -> Iterator[Solved]:
        """Examples that share most techniques with the problem, of these the ones with the fewest others.

        What remains equal is in an order of the problem's own, so that not all problems get the same examples.
        """
        wanted = self._techniques(problem, shingles)

        def rank(line: Solved) -> tuple[int, int, str]:
            own = hashlib.sha256(f"{problem.id}\0{line.id}".encode("utf-8", "surrogatepass")).hexdigest()
            return -len(wanted & line.techniques), len(line.techniques - wanted), own

        yield from sorted((line for line in self._lines if wanted & line.techniques), key=rank)

    def _techniques(self, problem: Problem, shingles: frozenset[int]) -> frozenset[str]:
        own = (line.techniques for line in self._labels if self._is(line, problem, shingles))
        return frozenset[str]().union(*own)

    def _is(self, line: Solved, problem: Problem, shingles: frozenset[int]) -> bool:
        """Whether a line is about the problem itself."""
        if line.id.casefold() == problem.id.casefold():
            return True
        if line not in self._shingles:
            self._shingles[line] = _shingles(line.statement)
        one = self._shingles[line]
        return len(one & shingles) >= SAME * min(len(one), len(shingles))


def _text(problem: Problem) -> str:
    return "\n".join(problem.texts)


def load(path: Path) -> Pool:
    """The pool in a file. A file that was read before is not read again while it stays unchanged.

    Single lines that are no examples are left out, and counted in the pool's warning. Raises InputError where the file
    cannot be read, or holds no example.
    """
    try:
        found = path.stat()
        with _reading:
            return _load(path, found.st_mtime_ns, found.st_size)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read the examples {path}: {error}") from error


_reading = Lock()


@lru_cache(maxsize=4)
def _load(path: Path, changed: int, size: int) -> Pool:
    """changed, size: of the file, so that one that is replaced is read again."""
    lines, faults = list[Solved](), list[str]()
    for number, text in enumerate(path.read_bytes().splitlines(), 1):
        if text.strip():
            try:
                lines.append(_solved(text))
            except ValueError as fault:
                faults.append(f"line {number}: {fault}")
    if not any(line.solution for line in lines):
        why = f" ({faults[0]})" if faults else ""
        raise InputError(f'{path} holds no examples; a line of it is {{"id", "statement", "solution"}}{why}')
    total = len(lines) + len(faults)
    warning = f"{len(faults)} of {total} lines of {path} cannot be used ({faults[0]})" if faults else ""
    return Pool(lines, warning)


def _solved(text: bytes) -> Solved:
    """A line. Raises ValueError that says what is wrong."""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("it is not valid JSON") from None
    if not isinstance(record, dict):
        raise ValueError("it is not a JSON object")
    techniques = record.get("techniques") or []
    if not isinstance(techniques, list) or not all(isinstance(name, str) for name in techniques):
        raise ValueError("its techniques are not a list of names")
    problem, solution = record.get("id"), record.get("solution") or ""
    statement = record.get("statement") or ""
    if not isinstance(problem, str | int) or not isinstance(statement, str) or not isinstance(solution, str):
        raise ValueError("it has no id, or its statement or solution is no text")
    if solution.strip() and not statement.strip():
        raise ValueError("it has a solution without a statement")
    if not solution.strip() and not techniques:
        raise ValueError("it has neither a solution nor techniques")
    names = frozenset(name.strip().casefold() for name in techniques if name.strip())
    return Solved(str(problem), statement.strip(), solution.strip("\n").rstrip(), names)


def _defines(entry: str | None) -> Callable[[str], bool]:
    """Whether a solution defines a function of the entry's name."""
    if not entry:
        return lambda solution: False
    name = entry.rpartition(".")[2]
    found = re.compile(rf"\bdef\s+{re.escape(name)}\s*\(").search
    return lambda solution: found(solution) is not None


def _shingles(text: str) -> frozenset[int]:
    words = _words(text)
    starts = range(max(1, len(words) - SHINGLE + 1))
    return frozenset(hash(tuple(words[start : start + SHINGLE])) for start in starts)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _index(statements: list[list[str]]) -> Any:
    try:
        import bm25s
    except ImportError:
        raise InputError("examples by BM25 need a package more: pip install 'distinguo[bench]'") from None
    index = bm25s.BM25()
    index.index(statements, show_progress=False)
    return index
