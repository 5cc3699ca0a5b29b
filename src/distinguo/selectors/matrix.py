"""Programs against generated tests in plain integers: who passes what, and which programs are not told apart.

A set of tests is an int whose bit i stands for test i, so that counting and comparing whole rows costs next to nothing.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass

from distinguo.problem import Program
from distinguo.selectors.protocol import Observed, State, Tests


@dataclass(frozen=True, slots=True)
class Group:
    """Programs that are not told apart.

    samples: all candidates with one of them, ascending. programs: how many different programs they are.
    passed: the tests that each of them passes.
    """

    samples: tuple[int, ...]
    programs: int
    passed: int

    @property
    def passes(self) -> int:
        """How many tests they pass."""
        return self.passed.bit_count()


@dataclass(frozen=True, slots=True)
class Matrix:
    """The pool against the generated tests.

    tests: how many there are, equal ones as often as they were written; `distinct` has the first one of each text.
    inputs: the different inputs inside the tests or, where they hold none, all on which every candidate was run.
    programs: one group for each different program, ordered by lowest index.
    """

    tests: int
    distinct: int
    inputs: tuple[str, ...]
    programs: tuple[Group, ...]
    rows: Mapping[int, Mapping[str, Observed]]

    def by_passes(self) -> tuple[Group, ...]:
        """Consensus sets: programs that pass the same tests (Chen et al. 2022, arXiv 2207.10397)."""
        return _merged(self.programs, lambda group: group.passed)

    def by_outputs(self) -> tuple[Group, ...]:
        """Output clusters: programs that do the same on every input, a failure counting as an output.

        Such programs pass the same tests, except for a test whose inputs are unknown or that is stricter than the
        problem's checker; where one tells programs apart, it splits the cluster.
        """

        def behaviour(group: Group) -> Hashable:
            return group.passed, tuple([seen.key for seen in map(self.row(group).__getitem__, self.inputs)])

        return _merged(self.programs, behaviour)

    def row(self, group: Group) -> Mapping[str, Observed]:
        """What the first of a group's programs did on each input."""
        return self.rows[group.samples[0]]


def matrix(state: State) -> Matrix:
    """What the answered questions for tests brought, in an order that does not depend on when they were answered."""
    answered = [(repr(question), answer) for question, answer in state.answers.items() if isinstance(answer, Tests)]
    tests = [test for _, answer in sorted(answered, key=lambda pair: pair[0]) for test in answer.tests]
    texts = [test.text for test in tests]
    programs: dict[Program, list[int]] = {}
    for candidate in state.candidates:
        programs.setdefault(candidate.program, []).append(candidate.sample)
    return Matrix(
        tests=len(tests),
        distinct=_firsts(texts),
        inputs=tuple(dict.fromkeys(text for test in tests for text in test.inputs)) or _run_on_all(state),
        programs=tuple(
            Group(tuple(samples), 1, _bits(map(state.passes[samples[0]].__getitem__, reversed(texts))))
            for samples in programs.values()
        ),
        rows=state.rows,
    )


class Columns:
    """How many rows hold each bit, as binary numbers whose digits are stored crosswise: digit d of all in one int."""

    def __init__(self, rows: Iterable[int]) -> None:
        self._digits: list[int] = []
        for row in rows:
            carry = row
            for place, digits in enumerate(self._digits):
                self._digits[place], carry = digits ^ carry, digits & carry
            if carry:
                self._digits.append(carry)

    def total(self, bits: int) -> int:
        """The sum over these bits of how many rows hold them."""
        return sum((digits & bits).bit_count() << place for place, digits in enumerate(self._digits))


def _merged(groups: Iterable[Group], key: Callable[[Group], Hashable]) -> tuple[Group, ...]:
    alike: dict[Hashable, list[Group]] = {}
    for group in groups:
        alike.setdefault(key(group), []).append(group)
    return tuple(
        Group(
            tuple(sorted(sample for member in members for sample in member.samples)),
            sum(member.programs for member in members),
            members[0].passed,
        )
        for members in alike.values()
    )


def _bits(highest_first: Iterable[bool]) -> int:
    return int("0" + "".join(["1" if bit else "0" for bit in highest_first]), 2)


def _firsts(texts: list[str]) -> int:
    first = {text: place for place, text in reversed(list(enumerate(texts)))}
    return sum(1 << place for place in first.values())


def _run_on_all(state: State) -> tuple[str, ...]:
    rows = [state.rows[sample] for sample in state.samples]
    return tuple(known.text for known in state.inputs() if all(known.text in row for row in rows))
