"""What stage 1 says to a model: the request for a first draft, then each answer with what running it gave."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from distinguo import extract, prompts, room
from distinguo.config import Settings
from distinguo.fit import cut
from distinguo.generate.examples import Shown
from distinguo.problem import Problem, Program, Test
from distinguo.records import Completion, FinishReason, Message, Outcome, Round, Verdict

FAILURES_SHOWN = 3  # failing tests in one feedback
EXAMPLES_SHOWN = 3  # public tests that the statement does not show itself
REASONING_CHARACTERS = 8000  # of an earlier round's thinking: its end, where the conclusion stands


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a debugging prompt shows of an earlier round."""

    answer: Message
    feedback: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Conversation:
    """Makes the prompts for one problem. field_tokens: the length to which inputs, outputs and errors are cut."""

    problem: Problem
    settings: Settings
    field_tokens: int = room.FIELD

    def draft(self, examples: Sequence[Shown] = ()) -> tuple[Message, ...]:
        """The request for a first draft, the same for all samples."""
        problem = self.problem
        statement, starter = problem.texts
        shown = _letters(statement + starter)
        unseen = [
            test
            for test in problem.public_tests
            if test.expected is not None
            and not (_letters(problem.shown_input(test.input)) in shown and _letters(test.expected) in shown)
        ]
        return prompts.render(
            "generate",
            style=problem.style.value,
            entry=problem.entry or "",
            starter=starter,
            statement=statement,
            examples=[
                {"input": self._input(test), "expected": self._cut(test.expected or "")}
                for test in unseen[:EXAMPLES_SHOWN]
            ],
            solved=examples,
        )

    def shown(self, exchanges: Sequence[Exchange]) -> list[Message]:
        """What a prompt shows of earlier rounds: all of them, or the last one."""
        chosen = exchanges if self.settings.context == "all" else exchanges[-1:]
        return [message for exchange in chosen for message in (exchange.answer, *exchange.feedback)]

    def exchange(self, round: Round, completion: Completion | None) -> Exchange:
        """A round's answer, or its program where there was none, and what running it gave."""
        cut_at = 0
        if completion is None:
            text = "" if round.program is None else _fenced(round.program)
        else:
            reasoning, text = extract.split_reasoning(completion.text)
            reasoning = (completion.reasoning or reasoning)[-REASONING_CHARACTERS:]
            if reasoning and self.settings.show_reasoning:
                text = f"{reasoning}\n\n{text}"
            if completion.finish_reason is FinishReason.LENGTH:
                cut_at = completion.completion_tokens
        return Exchange(Message("assistant", text.strip() or "(nothing)"), self._feedback(round, cut_at))

    def _feedback(self, round: Round, cut_at: int) -> tuple[Message, ...]:
        outcomes = round.generated or round.outcomes
        failed = [outcome for outcome in outcomes if outcome.verdict is not Verdict.AC]
        return prompts.render(
            "feedback",
            no_program=round.program is None,
            cut_at=cut_at,
            generated=bool(round.generated),
            public=len(round.outcomes),
            passed=len(outcomes) - len(failed),
            total=len(outcomes),
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

    def _input(self, test: Test) -> str:
        return self._cut(self.problem.shown_input(test.input))

    def _cut(self, text: str) -> str:
        return cut(text.rstrip("\n"), self.field_tokens)


def tail(text: str, characters: int) -> str:
    """The last whole lines of a text, at most this many characters (at least the end of its last line)."""
    text = text.strip("\n")
    if len(text) <= characters:
        return text
    end = text[-characters:]
    return end.split("\n", 1)[1] if "\n" in end else end


def _fenced(program: Program) -> str:
    return f"```python\n{program.source.strip(chr(10))}\n```"


def _letters(text: str) -> str:
    """A text without white space and quotation marks, which differ between a statement's examples and its tests."""
    return re.sub(r"[\s'\"]", "", text)
