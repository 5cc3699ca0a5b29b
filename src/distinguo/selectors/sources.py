"""Where inputs come from beside a model that writes them out: mutation, generators, brute force; which of them are on.

Answers Mutate, Generate and Stress, and says which sources brought the inputs that decided.
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from distinguo.checkers import Checker
from distinguo.config import INPUTS, Source
from distinguo.extract import extract
from distinguo.problem import Problem, Program
from distinguo.protocols import Ask, Run
from distinguo.records import Cluster
from distinguo.selectors.protocol import (
    Answer,
    Distinguish,
    Failed,
    Generate,
    Inputs,
    Mutate,
    Question,
    State,
    Stress,
    Tests,
    WriteInputs,
    WriteTests,
)
from distinguo.testgen import TryOut, Written
from distinguo.testgen.constraints import Constraints
from distinguo.testgen.generators import Programmer
from distinguo.testgen.mutation import Size, mutants
from distinguo.testgen.parse import WrittenTest
from distinguo.testgen.signatures import signature

SPARE = 2  # inputs are made for each that is wanted, since some are of no use
AT_ONCE = 50_000  # characters of inputs that are looked at without a thread: some hundredths of a second
UNSIZED = 10  # items or characters of large inputs where the statement bounds numbers only

_SOURCE: Mapping[str, Source] = {
    WriteInputs.kind: "written",
    WriteTests.kind: "written",
    Distinguish.kind: "written",
    Mutate.kind: "mutated",
    Generate.kind: "generated",
    Stress.kind: "stress",
}


def source_of(question: Question) -> Source | None:
    """The setting's name for the source that a question draws on, if it draws on one."""
    return "large" if isinstance(question, Mutate) and question.large else _SOURCE.get(question.kind)


def off(question: Question, on: Collection[str]) -> Answer | None:
    """The empty answer to a question whose source is not among those that are on; None where it is to be asked."""
    source = source_of(question)
    if source is None or source in on:
        return None
    return Tests(()) if isinstance(question, WriteTests | Stress) else Inputs(())


def is_asked(kind: str, on: Collection[str]) -> bool:
    """Whether questions of a kind are put to a model, or answered at once because their source is off."""
    return _SOURCE.get(kind, "") in ("", *on)


def decided_by(state: State, chosen: int, clusters: Sequence[Cluster]) -> tuple[str, ...]:
    """The sources of the inputs on which the chosen program differs from the best cluster that it is not in.

    `public` is among them where they differ on a public test's input. Empty where there is no such cluster, or the two
    were never run on the same input, or behaved alike.
    """
    rivals = [cluster.samples[0] for cluster in clusters if cluster.samples and chosen not in cluster.samples]
    if not rivals:
        return ()
    rival = rivals[0]
    found: set[str] = {"public"} if state.public[chosen] != state.public[rival] else set()
    mine, others = state.rows[chosen], state.rows[rival]
    for each in state.inputs():
        if each.text in mine and each.text in others and mine[each.text] != others[each.text]:
            found |= {source for question in each.sources if (source := source_of(question)) is not None}
    return tuple(source for source in ("public", *INPUTS) if source in found)


class Sources:
    """Makes inputs and tests about one problem, and counts in `steps` how many of them are usable, by source.

    programs: the candidates, which show the function's signature where the problem does not. seed: of the mutations.
    An input that the statement or a model's validators do not allow is of no use, whatever brought it.
    """

    def __init__(
        self,
        problem: Problem,
        ask: Ask,
        run: Run,
        checker: Checker,
        programs: Sequence[Program],
        *,
        seed: int,
        prompt_tokens: int,
        steps: Counter[str],
    ) -> None:
        self._problem = problem
        self._checker = checker
        self._programs = programs
        self._constraints = Constraints(problem, programs)
        self._seed = seed
        self._steps = steps
        self._programmer = Programmer(problem, ask, run, extract, prompt_tokens)

    async def objections(self, inputs: Sequence[str]) -> dict[str, str]:
        """For each input why it is none of the problem's, or "" where nothing says so."""
        if sum(map(len, inputs)) > AT_ONCE:
            stated = await asyncio.to_thread(self._stated, inputs)
        else:
            stated = self._stated(inputs)
        said = await self._programmer.objections([text for text, why in stated.items() if not why])
        return {text: f"the statement does not allow it: {why}" if why else said[text] for text, why in stated.items()}

    def _stated(self, inputs: Sequence[str]) -> dict[str, str]:
        return {text: self._constraints.fault(text) for text in inputs}

    async def mutate(self, question: Mutate, try_out: TryOut) -> Inputs:
        """Mutants of the public tests' inputs that `try_out` finds of use."""
        size = Size.LARGE if question.large else Size.USUAL
        found = await self._of_use(question.count, size, question.batch, try_out)
        self._steps["inputs_large" if question.large else "inputs_mutated"] += len(found)
        return Inputs(found)

    async def _of_use(self, count: int, size: Size, batch: int, try_out: TryOut) -> tuple[str, ...]:
        made = await self._mutants(count, size, batch)
        usable = list[str]()
        while made and len(usable) < count:
            tried = made[: count - len(usable)]
            made = made[len(tried) :]
            usable += [text for text, fault in zip(tried, await try_out(tried), strict=True) if not fault]
        return tuple(usable)

    async def _mutants(self, count: int, size: Size, batch: int) -> tuple[str, ...]:
        """In a thread, since large ones take a second. Large ones only within what the statement lets grow.

        Without such a bound a right program may be too slow for them.
        """
        known = self._constraints
        if size is Size.LARGE and not known.grows:
            return ()
        return await asyncio.to_thread(
            mutants,
            self._problem,
            count if size is Size.LARGE else SPARE * count,
            seed=self._seed,
            size=size,
            batch=batch,
            allowed=lambda text: not known.fault(text),
            longest=known.longest or UNSIZED,
        )

    async def generate(self, question: Generate, try_out: TryOut, place: int) -> Written[str]:
        """Inputs that a model's generator prints, its validators accept and `try_out` finds of use."""
        called = signature(self._problem, self._programs)
        written = await self._programmer.generated(question.count, called, try_out, place)
        self._steps["inputs_generated"] += len(written.usable)
        return written

    async def stress(
        self, question: Stress, try_out: TryOut, place: int, details: dict[str, Any]
    ) -> Sequence[WrittenTest] | Failed:
        """Tests on small inputs that expect what a model's brute force gives, or why there are none.

        details: told the brute force and the requests that it took.
        """
        if self._problem.validator is not None:
            return Failed("a validator judges this problem's outputs, so no one output can be expected")
        inputs = await self._mutants(question.count, Size.SMALL, question.batch)
        if not inputs:
            return Failed("no small input can be made from the public tests")
        program, details["requests"] = await self._programmer.brute_force(self._checker, place)
        if program is None:
            return Failed("no brute force was written that gives the public tests' outputs")
        details["brute_force"] = program.source
        tests = await self._programmer.answers(program, inputs)
        faults = await try_out([test.input for test in tests])
        usable = [test for test, fault in zip(tests, faults, strict=True) if not fault][: question.count]
        self._steps["tests_by_stress"] += len(usable)
        return usable
