"""Stage 1 (Li et al. 2025, section 3.1): N samples at once, each debugged on its own against the public tests."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from distinguo import extract, room
from distinguo.config import Settings
from distinguo.errors import BudgetExhausted, CallError
from distinguo.events import Note, RoundFinished, SampleFinished
from distinguo.generate import examples
from distinguo.generate.conversation import Conversation, Exchange
from distinguo.problem import Problem, Program, Test
from distinguo.protocols import Ask, Observer
from distinguo.records import Candidate, Completion, FinishReason, Message, Outcome, Role, Round, Verdict
from distinguo.tasks import all_of
from distinguo.testgen import PROMPT_TOKENS, Author

GENERATED_TESTS = 8  # asked for in one request: a small model's answer must not run out of tokens
_PLACE = 0  # of that request; stage 2's have places of 48 bits, so its tests are others

TestProgram = Callable[[Program, Sequence[Test]], Awaitable[tuple[Outcome, ...]]]
KeepRound = Callable[[Round, Completion | None], None]


@dataclass(frozen=True, slots=True)
class Generator:
    """Stage 1 for one problem.

    field_tokens: the length to which inputs, outputs and errors are cut. example_tokens: of all solved examples in a
    prompt. prompt_tokens: of the request for tests to debug on.
    drafts: programs that stand in for the first drafts, the first for sample 0; there are no more samples than drafts
    then. Those in another language than Python are not debugged.
    """

    problem: Problem
    settings: Settings
    ask: Ask
    test: TestProgram
    keep: KeepRound
    observe: Observer
    field_tokens: int = room.FIELD
    example_tokens: int = room.EXAMPLES
    prompt_tokens: int = PROMPT_TOKENS
    drafts: Sequence[Program] = ()

    async def candidates(self) -> tuple[Candidate, ...]:
        """Draw and debug N samples. Samples without any program that was tested are left out.

        Raises InputError where solved examples are wanted that cannot be had, ModelUnavailable, ReplayMiss and
        JudgeFailed; then the other samples are cancelled.
        """
        conversation = Conversation(self.problem, self.settings, self.field_tokens)
        draft = conversation.draft(await self._examples())
        generated = _GeneratedTests(self) if self.settings.debug_tests == "generated" and self.settings.rounds else None
        count = min(self.settings.n, len(self.drafts) or self.settings.n)
        samples = [_Sample(self, index, conversation, draft, generated) for index in range(count)]
        candidates = await all_of(sample.candidate() for sample in samples)
        return tuple(candidate for candidate in candidates if candidate is not None)

    async def _examples(self) -> tuple[examples.Shown, ...]:
        settings = self.settings
        if settings.examples is None:
            return ()
        pool = await asyncio.to_thread(examples.load, settings.examples)
        if pool.warning:
            self.observe(Note(f"{pool.warning}."))
        shown = await asyncio.to_thread(
            pool.examples, self.problem, settings.shots, settings.examples_by, self.example_tokens
        )
        if not shown:
            unknown = settings.examples_by == "technique" and not pool.techniques(self.problem)
            why = f"{settings.examples} does not name its techniques" if unknown else "none is like it"
            self.observe(Note(f"{self.problem.id} is asked without solved examples: {why}."))
        return shown


class _GeneratedTests:
    """The tests that a model writes for debugging, asked for when a program first needs them."""

    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self._author = Author(generator.problem, generator.ask, generator.prompt_tokens)
        self._tests: tuple[Test, ...] | None = None
        self._writing = asyncio.Lock()

    async def outcomes(self, program: Program) -> tuple[Outcome, ...]:
        """A program on each of them; none where none was written, or a budget ended before all were run."""
        async with self._writing:
            if self._tests is None:
                self._tests = await self._written()
        try:
            return await self._generator.test(program, self._tests)
        except BudgetExhausted:
            return ()

    async def _written(self) -> tuple[Test, ...]:
        why = "no usable one was written"
        try:
            written = await self._author.write_tests((), GENERATED_TESTS, _any, _PLACE)
            if written.usable:
                tests = enumerate(written.usable, 1)
                return tuple(Test(f"generated {number}", test.input, test.expected) for number, test in tests)
        except (CallError, BudgetExhausted) as error:
            why = str(error)
        self._generator.observe(Note(f"Programs are debugged without generated tests: {why.rstrip('.')}."))
        return ()


async def _any(inputs: Sequence[str]) -> list[str]:
    """Every input is of use: there is no program yet that could be run on it."""
    return [""] * len(inputs)


@dataclass(frozen=True, slots=True)
class _Sample:
    """One sample from its draft to its last round."""

    generator: Generator
    index: int
    conversation: Conversation
    draft: tuple[Message, ...]
    generated: _GeneratedTests | None

    async def candidate(self) -> Candidate | None:
        """Draft and debug it."""
        settings = self.generator.settings
        rounds: list[Round] = []
        exchanges: list[Exchange] = []
        for index in range(1 + settings.rounds):
            try:
                round, completion = await self._round(index, rounds, exchanges)
            except CallError as error:
                rounds.append(self._finish(Round(self.index, index, None, error=str(error)), None))
                continue
            except BudgetExhausted as error:
                rounds.append(self._finish(Round(self.index, index, None, error=str(error), stopped=True), None))
                break
            rounds.append(self._finish(round, completion))
            if round.stopped or (round.program and (_passes(round) or not _is_python(round.program))):
                break
            exchanges.append(self.conversation.exchange(round, completion))
        candidate = choose(self.index, rounds, settings.keep)
        self.generator.observe(SampleFinished(self.index, candidate is not None and candidate.passes_all))
        return candidate

    async def _round(
        self, index: int, rounds: Sequence[Round], exchanges: Sequence[Exchange]
    ) -> tuple[Round, Completion | None]:
        """Draft or correct a program, and test it."""
        given = self.generator.drafts
        if index == 0 and given:
            return await self._tested(Round(self.index, index, given[self.index])), None
        known = [round.program for round in rounds if round.program]
        completion = await self.generator.ask(
            Role.DEBUGGER if exchanges else Role.GENERATOR,
            (*self.draft, *self.conversation.shown(exchanges)),
            sample=self.index,
            round=index,
            enough=extract.completion_watch(self.generator.problem, known),
        )
        return await self._tested(self._extracted(index, completion, known)), completion

    def _extracted(self, index: int, completion: Completion, known: Sequence[Program]) -> Round:
        problem = self.generator.problem
        if completion.finish_reason is FinishReason.LENGTH:
            program = extract.extract_cut(completion.text, problem, known)
            missing = f"the answer was cut at {completion.completion_tokens} tokens, before its program was complete"
        else:
            program = extract.extract(completion.text, problem)
            missing = "the answer holds no code"
        return Round(self.index, index, program, error="" if program else missing)

    async def _tested(self, round: Round) -> Round:
        """A round with its program's outcomes: on the public tests, and where it passes these on generated ones."""
        program = round.program
        if program is None:
            return round
        try:
            outcomes = await self.generator.test(program, self.generator.problem.public_tests)
        except BudgetExhausted as error:
            return replace(round, error=str(error), stopped=True)
        round = replace(round, outcomes=outcomes)
        goes_on = round.index < self.generator.settings.rounds and _is_python(program)
        if self.generated is None or not goes_on or not _passes(round):
            return round
        return replace(round, generated=await self.generated.outcomes(program))

    def _finish(self, round: Round, completion: Completion | None) -> Round:
        self.generator.keep(round, completion)
        total = len(self.generator.problem.public_tests)
        self.generator.observe(RoundFinished(round.sample, round.index, round.passed, total, round.error))
        return round


def _passes(round: Round) -> bool:
    """Whether a program passes all tests that it was run on."""
    return all(outcome.verdict is Verdict.AC for outcome in (*round.outcomes, *round.generated))


def _is_python(program: Program) -> bool:
    return program.language.partition(":")[0] == "python"


def choose(sample: int, rounds: Sequence[Round], keep: str) -> Candidate | None:
    """The program that stands for a sample: its last one, or its best by public tests (ties: the later)."""
    written = [round for round in rounds if round.program is not None and not round.stopped]
    if not written:
        return None
    kept = written[-1] if keep == "last" else max(written, key=lambda round: (round.passed, round.index))
    assert kept.program is not None
    return Candidate(sample, kept.program, kept.outcomes, tuple(rounds))
