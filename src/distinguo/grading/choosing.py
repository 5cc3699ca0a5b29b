"""Selectors on the recorded programs of a problem: everything is run once for all of them, then graded.

The hidden tests grade; no selector sees them, for `selectors.driver.select` takes none.
"""

import random
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from distinguo.budget import Budget
from distinguo.config import USUAL_INPUTS
from distinguo.datasets.generated import WrittenTest
from distinguo.errors import CallError
from distinguo.events import Event
from distinguo.grading import verdicts
from distinguo.grading.asserted import Asserted
from distinguo.grading.evaluation import Ranking, ranking
from distinguo.grading.examiner import Examiner
from distinguo.grading.kept import KeptGrader
from distinguo.judge import Judge, verdict
from distinguo.problem import HiddenTests, Problem, Program
from distinguo.protocols import Ask, Enough, Executor, Run
from distinguo.records import Candidate, Cluster, Completion, Execution, Message, Outcome, Role, Verdict
from distinguo.selectors.driver import select
from distinguo.selectors.protocol import GeneratedTest, Selector
from distinguo.store import Store
from distinguo.tasks import all_of
from distinguo.testgen import PROMPT_TOKENS

_WALL_SHARE = 3  # wall seconds for each CPU second, as Limits has it
_LEAST_WALL = 2.0  # seconds: on a busy machine a run of a few milliseconds waits longer for a core than it takes
_REMEMBERED = 100_000  # runs of a problem that are at hand
_SHORT = 500  # characters of such a run's output and error


@dataclass(frozen=True, slots=True)
class Models:
    """What selectors may ask.

    ask: makes the `Ask` of the problem with an id, whose answers are kept in a file. prompt_tokens: the most that a
    prompt may have (selectors.driver.select).
    """

    ask: Callable[[str, Store], Ask]
    prompt_tokens: int = PROMPT_TOKENS


@dataclass(frozen=True, slots=True)
class Choice:
    """What a selector did on one problem.

    calls: requests to a model, those included that the run's file could answer. executions: the different pairs of
    program and input that it needed, public tests included where the public filter needed them.
    unasked: requests to a model where there was none. stopped: the budget that ended it early, or "".
    clusters: as the selector ranked them, best first.
    """

    chosen: int
    reason: str
    ranking: Ranking
    clusters: tuple[Cluster, ...]
    calls: int
    executions: int
    unasked: int
    stopped: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """One problem, or one draw of its programs.

    draw: its number, from 0. samples: how many programs there are to choose from. rights: the indices of those that are
    right, among all of the problem's programs in order. passing: how many pass every public test. pool, pool_right: how
    many a selector chooses among, and how many of them are right. unjudged: why programs have no verdict, and how many;
    they count as wrong. choices: by the selector's name.
    """

    task_id: str
    draw: int
    samples: int
    rights: frozenset[int]
    passing: int
    pool: int
    pool_right: int
    unjudged: Counter[str]
    choices: Mapping[str, Choice]

    @property
    def right(self) -> int:
        """How many programs are right."""
        return len(self.rights)

    @property
    def contested(self) -> bool:
        """Whether the choice matters: there are right and wrong programs to choose among."""
        return 0 < self.pool_right < self.pool


@dataclass(frozen=True, slots=True)
class Draws:
    """So many random draws, each of this many of a problem's programs, in the place of all of them."""

    size: int
    number: int

    def of(self, candidates: Sequence[Candidate], seed: str) -> Iterator[Sequence[Candidate]]:
        """The draws, each without replacement and in order; where there are no more candidates, all of them, once."""
        if len(candidates) <= self.size:
            yield candidates
            return
        for number in range(self.number):
            drawn = random.Random(f"{seed}/{number}").sample(range(len(candidates)), self.size)
            yield [candidates[place] for place in sorted(drawn)]


class Choosing:
    """Puts the same programs before several selectors. For any number of problems, one after another or at once."""

    def __init__(
        self,
        executor: Executor,
        selectors: Sequence[Selector],
        *,
        kept: verdicts.Verdicts,
        version: str,
        budget: Budget,
        seed: int = 0,
        public_filter: bool = True,
        cpu_seconds: float | None = None,
        grading_seconds: float | None = None,
        sources: Collection[str] = USUAL_INPUTS,
        models: Models | None = None,
        draws: Draws | None = None,
    ) -> None:
        """kept: grades known already, and those found now. version: distinguo's, for what is kept.

        cpu_seconds: of a selector's runs, grading_seconds: of those that grade; in the place of the problems' limits.
        sources: where inputs may come from, of config.INPUTS. models: without them every request to one fails.
        draws: of each problem's programs; unless given, selectors choose among all of them.
        """
        self._executor, self._selectors = executor, selectors
        self._budget, self._seed, self._public_filter = budget, seed, public_filter
        self._grading_seconds = grading_seconds
        self._cpu_seconds, self._sources, self._models = cpu_seconds, sources, models
        self._draws = draws
        self._grader, self._examiner = KeptGrader(executor, kept, version), Examiner(executor)

    async def choose(
        self,
        problem: Problem,
        hidden: HiddenTests,
        programs: Sequence[Program],
        written: Sequence[WrittenTest],
        store: Store,
    ) -> tuple[Chosen, ...]:
        """Have every selector choose, once for each draw; programs are the samples in order, at least one.

        Whatever the draws, no program is graded twice or run twice on an input.
        Raises InputError where no program can be run, JudgeFailed, ModelUnavailable, ReplayMiss, BudgetExhausted.
        """
        right, unjudged = await self._right(limited(problem, self._grading_seconds), hidden, dict.fromkeys(programs))
        problem = limited(problem, self._cpu_seconds)
        found = list[Chosen]()
        async with Judge(problem, self._executor, store, self._budget) as judge:
            candidates = await self._candidates(problem, programs, judge)
            run = _Remembered(judge)
            tests = Asserted(problem, written, run, self._executor, self._examiner) if written else None
            drawn = self._draws.of(candidates, f"{self._seed}/{problem.id}") if self._draws else [candidates]
            for number, some in enumerate(drawn):
                choices = {
                    selector.name: await self._choice(selector, problem, some, number, right, run, tests, store)
                    for selector in self._selectors
                }
                found.append(self._chosen(problem, some, number, right, unjudged if not number else Counter(), choices))
        return tuple(found)

    def _chosen(
        self,
        problem: Problem,
        candidates: Sequence[Candidate],
        draw: int,
        right: Mapping[Program, bool],
        unjudged: Counter[str],
        choices: Mapping[str, Choice],
    ) -> Chosen:
        passing = [candidate for candidate in candidates if candidate.passes_all]
        pool = passing if self._public_filter and passing else candidates
        return Chosen(
            task_id=problem.id,
            draw=draw,
            samples=len(candidates),
            rights=frozenset(candidate.sample for candidate in candidates if right[candidate.program]),
            passing=len(passing),
            pool=len(pool),
            pool_right=sum(right[candidate.program] for candidate in pool),
            unjudged=unjudged,
            choices=choices,
        )

    async def _right(
        self, problem: Problem, hidden: HiddenTests, programs: Mapping[Program, None]
    ) -> tuple[dict[Program, bool], Counter[str]]:
        """Which programs pass the hidden tests, and why some have no verdict."""
        unjudged, graded_by = Counter[str](), self._grader.of(problem, hidden)

        async def one(program: Program) -> bool:
            grade = await graded_by(program)
            if grade.verdict is None:
                unjudged[grade.detail] += 1
            return grade.verdict is Verdict.AC

        graded = await all_of(one(program) for program in programs)
        return dict(zip(programs, graded, strict=True)), unjudged

    async def _candidates(self, problem: Problem, programs: Sequence[Program], run: Run) -> list[Candidate]:
        async def outcomes(program: Program) -> tuple[Outcome, ...]:
            executions = await run.many(program, [test.input for test in problem.public_tests])
            found = list[Outcome]()
            for test, execution in zip(problem.public_tests, executions, strict=True):
                judged, _ = await verdict(problem, test, execution, self._executor)
                found.append(Outcome(test, judged, execution))
            return tuple(found)

        distinct = dict.fromkeys(programs)
        tested = dict(zip(distinct, await all_of(outcomes(program) for program in distinct), strict=True))
        return [Candidate(index, program, tested[program]) for index, program in enumerate(programs)]

    async def _choice(
        self,
        selector: Selector,
        problem: Problem,
        candidates: Sequence[Candidate],
        draw: int,
        right: Mapping[Program, bool],
        run: Run,
        tests: Asserted | None,
        store: Store,
    ) -> Choice:
        needs = _Needs(run)
        if self._public_filter:
            needs.add_public(problem, candidates)
        ask = _CountedAsk(self._models.ask(problem.id, store) if self._models else None)

        def record(key: str, body: dict[str, Any]) -> None:
            if self._models:  # else the file vanishes
                store.record("question", f"{selector.name}.{f'{draw}.' if self._draws else ''}{key}", body)

        selection = await select(
            selector,
            candidates,
            problem,
            ask=ask,
            run=needs,
            seed=self._seed,
            observe=_ignore,
            record=record,
            public_filter=self._public_filter,
            prompt_tokens=self._models.prompt_tokens if self._models else PROMPT_TOKENS,
            sources=self._sources,
            tests=None if tests is None else _NeededTests(tests, needs),
        )
        of_samples = {candidate.sample: right[candidate.program] for candidate in candidates}
        return Choice(
            chosen=selection.chosen,
            reason=selection.reason,
            ranking=ranking(selection.clusters, selection.chosen, of_samples),
            calls=ask.calls,
            executions=len(needs.pairs),
            unasked=ask.unasked,
            stopped=selection.stopped,
            clusters=selection.clusters,
        )


def limited(problem: Problem, cpu_seconds: float | None) -> Problem:
    """The problem with this limit on the CPU seconds of a run in the place of its own, and a wall limit to match."""
    if cpu_seconds is None:
        return problem
    wall = max(_LEAST_WALL, cpu_seconds * _WALL_SHARE)
    return replace(problem, limits=replace(problem.limits, cpu_seconds=cpu_seconds, wall_seconds=wall))


def _ignore(event: Event) -> None:
    pass


class _Remembered:
    """A `Run` that has short outputs at hand: every selector asks for the same ones."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._known: dict[Program, dict[str, Execution]] = {}
        self._room = _REMEMBERED

    async def again(self, program: Program, stdin: str) -> Execution:
        """See protocols.Run."""
        return await self._run.again(program, stdin)

    async def __call__(self, program: Program, stdin: str) -> Execution:
        (execution,) = await self.many(program, (stdin,))
        return execution

    async def many(self, program: Program, inputs: Sequence[str]) -> Sequence[Execution]:
        """See protocols.Run."""
        known = self._known.setdefault(program, {})
        missing = [text for text in dict.fromkeys(inputs) if text not in known]
        found = dict(zip(missing, await self._run.many(program, missing), strict=True)) if missing else {}
        for text, execution in found.items():
            if self._room and len(execution.output) + len(execution.error) <= _SHORT:
                known[text] = execution
                self._room -= 1
        return [found.get(text) or known[text] for text in inputs]


class _Needs:
    """A `Run` that takes note of what it is asked for."""

    def __init__(self, run: Run) -> None:
        self.pairs = set[tuple[Program, str]]()
        self._run = run

    def add_public(self, problem: Problem, candidates: Sequence[Candidate]) -> None:
        """Count what the public filter rests on."""
        for candidate in candidates:
            self.pairs.update((candidate.program, test.input) for test in problem.public_tests)

    async def __call__(self, program: Program, stdin: str) -> Execution:
        self.pairs.add((program, stdin))
        return await self._run(program, stdin)

    async def again(self, program: Program, stdin: str) -> Execution:
        """See protocols.Run; of a pair that was asked for before."""
        return await self._run.again(program, stdin)

    async def many(self, program: Program, inputs: Sequence[str]) -> Sequence[Execution]:
        """See protocols.Run."""
        self.pairs.update((program, text) for text in inputs)
        return await self._run.many(program, inputs)


class _NeededTests:
    """Recorded tests whose runs are counted with those of the selector that asks for them."""

    def __init__(self, tests: Asserted, needs: _Needs) -> None:
        self._tests, self._needs = tests, needs

    @property
    def tests(self) -> tuple[GeneratedTest, ...]:
        """See selectors.protocol.RecordedTests."""
        return self._tests.tests

    async def passes(self, program: Program) -> Mapping[str, bool]:
        """See selectors.protocol.RecordedTests."""
        passed = await self._tests.passes(program)
        self._needs.pairs.update((program, text) for text in self._tests.needed(program))
        return passed


class _CountedAsk:
    """An `Ask` that counts; without one to pass calls on to, every call fails."""

    def __init__(self, ask: Ask | None) -> None:
        self.calls = self.unasked = 0
        self._ask = ask

    async def __call__(
        self,
        role: Role,
        messages: Sequence[Message],
        *,
        sample: int,
        round: int,
        temperature: float | None = None,
        schema: dict[str, Any] | None = None,
        enough: Enough | None = None,
    ) -> Completion:
        """See protocols.Ask."""
        if self._ask is None:
            self.unasked += 1
            raise CallError("no model was given to ask", refused=True)
        self.calls += 1
        return await self._ask(
            role, messages, sample=sample, round=round, temperature=temperature, schema=schema, enough=enough
        )
