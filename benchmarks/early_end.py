"""What ending an answer when its program is complete saves, and whether it changes a verdict.

    python benchmarks/early_end.py --data FOLDER [--model local] [--tasks 40] [--tokens 400] [--seed 0]

FOLDER holds HumanEval (as for `distinguo solve --data`). An embedded model drafts one program for each task and
writes every answer to its end; the predicate by which stage 1 ends answers is asked all the while, and the point
where it would have ended the answer is noted. Both sides are thus the same answer, whole and ended there: compared
are their tokens, the time from the first token to the last, and their programs' verdicts on the hidden tests.
"""

import argparse
import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distinguo import datasets, extract, llm, sandbox
from distinguo.config import Settings
from distinguo.generate import Generator
from distinguo.grading import grade
from distinguo.problem import HiddenTests, Problem, Program, Test
from distinguo.protocols import Client, Enough, Executor
from distinguo.records import Completion, Message, Outcome, Request, Role, Verdict


@dataclass(slots=True)
class Answer:
    """One draft: the whole answer, and where it could have ended (all of it, where the predicate never held)."""

    problem: Problem
    hidden: HiddenTests
    whole: Completion
    whole_seconds: float
    text: str
    tokens: int
    seconds: float


@dataclass(slots=True)
class _Drafting:
    """An `Ask` that lets an answer go on after its caller has enough, and notes where that was."""

    client: Client
    seed: int
    tokens: int
    ended: tuple[str, int, float] | None = None
    whole: Completion | None = None
    seconds: float = 0.0  # from the first token to the last

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
        """Answer as the model does."""
        times: list[float] = []

        def listen(text: str) -> bool:
            times.append(time.perf_counter())
            if self.ended is None and enough is not None and enough(text):
                self.ended = (text, len(times), times[-1] - times[0])
            return False

        request = Request(role, sample, round, tuple(messages), temperature or 0.7, self.seed, self.tokens)
        self.whole = await self.client.complete(request, enough=listen)
        self.seconds = times[-1] - times[0]
        return self.whole


async def draft(problem: Problem, hidden: HiddenTests, client: Client, seed: int, tokens: int) -> Answer:
    """Draw one draft as stage 1 does."""

    async def untested(program: Program, tests: Sequence[Test]) -> tuple[Outcome, ...]:
        return ()

    ask = _Drafting(client, seed, tokens)
    settings = Settings(n=1, rounds=0)
    await Generator(problem, settings, ask, untested, lambda round, answer: None, lambda event: None).candidates()
    assert ask.whole is not None
    text, count, seconds = ask.ended or (ask.whole.text, ask.whole.completion_tokens, ask.seconds)
    return Answer(problem, hidden, ask.whole, ask.seconds, text, count, seconds)


async def verdict(text: str, answer: Answer, executor: Executor) -> Verdict | None:
    """The verdict on the program that a text holds; None where it holds none, or cannot be graded."""
    program = extract.extract(text, answer.problem)
    return None if program is None else (await grade(program, answer.problem, answer.hidden, executor)).verdict


async def measure(model: str, tasks: Sequence[str], data: Path, seed: int, tokens: int) -> None:
    """Draw, grade and print."""
    client = llm.open_client(model, environment={}, observe=print)
    loaded = [datasets.load(task, data=data) for task in tasks]
    answers = await asyncio.gather(
        *(draft(problem, hidden, client, seed, tokens) for problem, hidden in loaded if hidden is not None)
    )
    await client.aclose()
    async with sandbox.open() as executor:
        verdicts = [
            (await verdict(answer.whole.text, answer, executor), await verdict(answer.text, answer, executor))
            for answer in answers
        ]
    whole, ended = sum(answer.whole.completion_tokens for answer in answers), sum(answer.tokens for answer in answers)
    slow, fast = sum(answer.whole_seconds for answer in answers), sum(answer.seconds for answer in answers)
    early = sum(answer.tokens < answer.whole.completion_tokens for answer in answers)
    right = [sum(pair[side] is Verdict.AC for pair in verdicts) for side in (0, 1)]
    differ = sum(one != other for one, other in verdicts)
    print(
        f"{len(answers)} drafts of at most {tokens} tokens, {early} ended early: {whole} tokens whole, {ended} ended"
        f" ({1 - ended / whole:.1%} fewer); {slow:.0f} s of writing whole, {fast:.0f} s ended"
        f" ({1 - fast / slow:.1%} less); right {right[0]} and {right[1]}; verdicts that differ: {differ}"
    )


def main() -> None:
    """Measure as many of HumanEval's first tasks as asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="local", help="local or gguf:PATH")
    parser.add_argument("--tasks", type=int, default=40)
    parser.add_argument("--tokens", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    tasks = [f"humaneval:HumanEval/{number}" for number in range(options.tasks)]
    asyncio.run(measure(options.model, tasks, options.data, options.seed, options.tokens))


if __name__ == "__main__":
    main()
