"""Stage 1 (Li et al. 2025, section 3.1): N samples at once, each debugged on its own against the public tests."""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from distinguo import extract, prompts, room
from distinguo.config import Settings
from distinguo.errors import BudgetExhausted, CallError
from distinguo.events import RoundFinished, SampleFinished
from distinguo.fit import cut
from distinguo.problem import Problem, Program, Test
from distinguo.protocols import Ask, Observer
from distinguo.records import Candidate, Completion, FinishReason, Message, Outcome, Role, Round, Verdict
from distinguo.tasks import all_of

FAILURES_SHOWN = 3  # failing tests in one feedback
EXAMPLES_SHOWN = 3  # public tests that the statement does not show itself
REASONING_CHARACTERS = 8000  # of an earlier round's thinking: its end, where the conclusion stands

TestProgram = Callable[[Program, Sequence[Test]], Awaitable[tuple[Outcome, ...]]]
KeepRound = Callable[[Round, Completion | None], None]


@dataclass(frozen=True, slots=True)
class _Exchange:
    """What a debugging prompt shows of an earlier round."""

    answer: Message
    feedback: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Generator:
    """Stage 1 for one problem. `field_tokens` is the length to which inputs, outputs and errors are cut."""

    problem: Problem
    settings: Settings
    ask: Ask
    test: TestProgram
    keep: KeepRound
    observe: Observer
    field_tokens: int = room.FIELD

    async def candidates(self) -> tuple[Candidate, ...]:
        """Draw and debug N samples. Samples without any program that was tested are left out.

        Raises ModelUnavailable, ReplayMiss, JudgeFailed; then the other samples are cancelled.
        """
        candidates = await all_of(self._sample(index) for index in range(self.settings.n))
        return tuple(candidate for candidate in candidates if candidate is not None)

    async def _sample(self, sample: int) -> Candidate | None:
        draft = prompts.render("generate", **self._draft_values())
        rounds: list[Round] = []
        exchanges: list[_Exchange] = []
        for index in range(1 + self.settings.rounds):
            role = Role.DEBUGGER if exchanges else Role.GENERATOR
            try:
                known = [round.program for round in rounds if round.program]
                completion = await self.ask(
                    role,
                    (*draft, *self._shown(exchanges)),
                    sample=sample,
                    round=index,
                    enough=extract.completion_watch(self.problem, known),
                )
                judged = await self._judged(sample, index, completion, known)
            except CallError as error:
                rounds.append(self._finish(Round(sample, index, None, error=str(error)), None))
                continue
            except BudgetExhausted as error:
                rounds.append(self._finish(Round(sample, index, None, error=str(error), stopped=True), None))
                break
            round = self._finish(judged, completion)
            rounds.append(round)
            if round.stopped or (round.program is not None and round.passed == len(round.outcomes)):
                break
            exchanges.append(self._exchange(completion, round))
        candidate = choose(sample, rounds, self.settings.keep)
        self.observe(SampleFinished(sample, candidate is not None and candidate.passes_all))
        return candidate

    async def _judged(self, sample: int, index: int, completion: Completion, known: Sequence[Program]) -> Round:
        if completion.finish_reason is FinishReason.LENGTH:
            program = extract.extract_cut(completion.text, self.problem, known)
            missing = f"the answer was cut at {completion.completion_tokens} tokens, before its program was complete"
        else:
            program = extract.extract(completion.text, self.problem)
            missing = "the answer holds no code"
        if program is None:
            return Round(sample, index, None, error=missing)
        try:
            return Round(sample, index, program, await self.test(program, self.problem.public_tests))
        except BudgetExhausted as error:
            return Round(sample, index, program, error=str(error), stopped=True)

    def _finish(self, round: Round, completion: Completion | None) -> Round:
        self.keep(round, completion)
        total = len(self.problem.public_tests)
        self.observe(RoundFinished(round.sample, round.index, round.passed, total, round.error))
        return round

    def _shown(self, exchanges: Sequence[_Exchange]) -> list[Message]:
        chosen = exchanges if self.settings.context == "all" else exchanges[-1:]
        return [message for exchange in chosen for message in (exchange.answer, *exchange.feedback)]

    def _exchange(self, completion: Completion, round: Round) -> _Exchange:
        reasoning, answer = extract.split_reasoning(completion.text)
        reasoning = (completion.reasoning or reasoning)[-REASONING_CHARACTERS:]
        text = f"{reasoning}\n\n{answer}" if reasoning and self.settings.show_reasoning else answer
        cut_at = completion.completion_tokens if completion.finish_reason is FinishReason.LENGTH else 0
        return _Exchange(Message("assistant", text.strip() or "(nothing)"), self._feedback(round, cut_at))

    def _feedback(self, round: Round, cut_at: int) -> tuple[Message, ...]:
        failed = [outcome for outcome in round.outcomes if outcome.verdict is not Verdict.AC]
        return prompts.render(
            "feedback",
            no_program=round.program is None,
            cut_at=cut_at,
            passed=round.passed,
            total=len(round.outcomes),
            failures=[self._failure(outcome) for outcome in failed[:FAILURES_SHOWN]],
            more=max(0, len(failed) - FAILURES_SHOWN),
        )

    def _failure(self, outcome: Outcome) -> dict[str, str | None]:
        run, limits = outcome.execution, self.problem.limits
        explained = {
            Verdict.WA: "wrong answer",
            Verdict.TLE: f"stopped at the time limit ({limits.cpu_seconds:g} s of CPU time)",
            Verdict.MLE: f"stopped at the memory limit ({limits.memory_mb} MB)",
            Verdict.OLE: f"stopped at the output limit ({limits.output_bytes} bytes)",
            Verdict.RTE: "runtime error",
            Verdict.CE: "does not compile",
        }
        return {
            "name": outcome.test.name,
            "verdict": explained[outcome.verdict],
            "input": self._input(outcome.test),
            "expected": None if outcome.test.expected is None else self._cut(outcome.test.expected),
            "actual": self._cut(run.output) or "(nothing)",
            "printed": self._cut(run.printed),
            "error": tail(run.error, 3 * self.field_tokens),
        }

    def _draft_values(self) -> dict[str, object]:
        problem = self.problem
        statement, starter = problem.texts
        shown = _letters(statement + starter)
        unseen = [
            test
            for test in problem.public_tests
            if test.expected is not None
            and not (_letters(problem.shown_input(test.input)) in shown and _letters(test.expected) in shown)
        ]
        return {
            "style": problem.style.value,
            "entry": problem.entry or "",
            "starter": starter,
            "statement": statement,
            "examples": [
                {"input": self._input(test), "expected": self._cut(test.expected or "")}
                for test in unseen[:EXAMPLES_SHOWN]
            ],
        }

    def _input(self, test: Test) -> str:
        return self._cut(self.problem.shown_input(test.input))

    def _cut(self, text: str) -> str:
        return cut(text.rstrip("\n"), self.field_tokens)


def choose(sample: int, rounds: Sequence[Round], keep: str) -> Candidate | None:
    """The program that stands for a sample: its last one, or its best by public tests (ties: the later)."""
    written = [round for round in rounds if round.program is not None and not round.stopped]
    if not written:
        return None
    kept = written[-1] if keep == "last" else max(written, key=lambda round: (round.passed, round.index))
    assert kept.program is not None
    return Candidate(sample, kept.program, kept.outcomes, tuple(rounds))


def tail(text: str, characters: int) -> str:
    """The last whole lines of a text, at most this many characters (at least the end of its last line)."""
    text = text.strip("\n")
    if len(text) <= characters:
        return text
    end = text[-characters:]
    return end.split("\n", 1)[1] if "\n" in end else end


def _letters(text: str) -> str:
    """A text without white space and quotation marks, which differ between a statement's examples and its tests."""
    return re.sub(r"[\s'\"]", "", text)
