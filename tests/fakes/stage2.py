"""Stage 2 behind its seams: a model that answers by a script, and runs of harmless programs in this process."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from distinguo import checkers
from distinguo.problem import Limits, Problem, Program
from distinguo.protocols import Enough
from distinguo.records import Candidate, Completion, Execution, FinishReason, Message, Outcome, Role, Verdict
from fakes.executors import InProcessExecutor


@dataclass(frozen=True)
class Call:
    """One call to a model."""

    role: Role
    messages: tuple[Message, ...]
    sample: int
    round: int
    temperature: float | None
    schema: dict[str, Any] | None

    @property
    def prompt(self) -> str:
        return "\n".join(message.content for message in self.messages)

    @property
    def distinguishes(self) -> bool:
        return "tell two programs apart" in self.prompt


class ScriptedAsk:
    """An `Ask` that answers with what `answer` gives (an exception is raised) after `seconds`; remembers its calls."""

    def __init__(
        self, answer: Callable[[Call], str | Exception], *, seconds: Callable[[Call], float] = lambda call: 0.0
    ) -> None:
        self.calls: list[Call] = []
        self.most_in_flight = 0
        self.cancelled = 0
        self._in_flight = 0
        self._answer = answer
        self._seconds = seconds

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
        call = Call(role, tuple(messages), sample, round, temperature, schema)
        self.calls.append(call)
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            await asyncio.sleep(self._seconds(call))
            answer = self._answer(call)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self._in_flight -= 1
        if isinstance(answer, Exception):
            raise answer
        return Completion(answer, "", FinishReason.STOP, 0, 0, 0.0)

    def asked(self) -> Counter[str]:
        """How many calls had each purpose."""
        return Counter(
            "judge" if call.role is Role.JUDGE else "distinguish" if call.distinguishes else "inputs"
            for call in self.calls
        )


class InProcessRun:
    """A `Run` that keeps what it ran, as the real one does.

    together: what was asked for with several inputs; twice: what was asked for again.
    """

    def __init__(self) -> None:
        self.executor = InProcessExecutor()
        self.together: list[tuple[Program, tuple[str, ...]]] = []
        self.twice: list[tuple[Program, str]] = []
        self._kept: dict[tuple[Program, str], Execution] = {}

    async def __call__(self, program: Program, stdin: str) -> Execution:
        if (program, stdin) not in self._kept:
            self._kept[program, stdin] = await self.executor.run(program, stdin, Limits())
        return self._kept[program, stdin]

    async def many(self, program: Program, inputs: Sequence[str]) -> list[Execution]:
        self.together.append((program, tuple(inputs)))
        return [await self(program, text) for text in inputs]

    async def again(self, program: Program, stdin: str) -> Execution:
        self.twice.append((program, stdin))
        return await self.executor.run(program, stdin, Limits())


def written(*inputs: str) -> str:
    """A model's answer with these inputs."""
    return json.dumps({"inputs": inputs})


def vote(better: str) -> str:
    """A judge's answer."""
    return json.dumps({"reason": "because", "better": better})


async def candidates(problem: Problem, *sources: str) -> list[Candidate]:
    """A candidate for each source, run on the public tests."""
    run, checker, made = InProcessRun(), checkers.get(problem.checker), []
    for sample, source in enumerate(sources):
        program = Program(source, problem.style, problem.entry)
        outcomes = []
        for test in problem.public_tests:
            execution = await run(program, test.input)
            right = execution.status is Verdict.AC and checker.accepts(execution.output, test.expected or "")
            verdict = Verdict.WA if execution.status is Verdict.AC and not right else execution.status
            outcomes.append(Outcome(test, verdict, execution))
        made.append(Candidate(sample, program, tuple(outcomes)))
    return made
