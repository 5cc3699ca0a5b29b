"""Stage 2 of a small problem: the absolute value of an integer, with programs for it and a scripted model."""

import json
from collections.abc import Callable
from typing import Any

from distinguo import selectors
from distinguo.events import Event
from distinguo.problem import Problem, Test
from distinguo.records import Role, Selection
from distinguo.selectors.driver import select
from distinguo.selectors.protocol import Selector
from fakes.stage2 import Call, InProcessRun, ScriptedAsk, candidates, vote, written

PROBLEM = Problem("absolute", "Print the absolute value of an integer.", public_tests=(Test("1", "3\n", "3"),))
RIGHT = "print(abs(int(input())))"
ALSO_RIGHT = "n = int(input())\nprint(n if n > 0 else -n)"
WRONG = "print(int(input()))"
ALSO_WRONG = "x = int(input())\nprint(x)"
OTHER = "print(max(0, int(input())))"
FAILING = "print(7)"
Answer = Callable[[Call], str | Exception]


def model(judge: Callable[[Call], str | Exception], inputs: str = written("-5", "4")) -> Answer:
    return lambda call: judge(call) if call.role is Role.JUDGE else inputs


def prefers(text: str) -> Answer:
    """A judge for the program that holds a text, who holds no output for right without seeing a program."""

    def judge(call: Call) -> str:
        if "First program:" not in call.prompt:
            return json.dumps({"reason": "because", "right": "none"})
        first, second = call.prompt.split("First program:")[1].split("Both programs")[0].split("Second program:")
        found = text in first, text in second
        return vote("tie" if found[0] == found[1] else "first" if found[0] else "second")

    return judge


class Stage2:
    """Stage 2 of the problem above."""

    def __init__(self, ask: ScriptedAsk, *sources: str, problem: Problem = PROBLEM) -> None:
        self.ask, self.sources, self.problem = ask, sources, problem
        self.run = InProcessRun()
        self.events: list[Event] = []
        self.records: list[tuple[str, dict[str, Any]]] = []

    async def select(self, selector: str | Selector = "sstar", seed: int = 0, **options: Any) -> Selection:
        return await select(
            selectors.get(selector) if isinstance(selector, str) else selector,
            await candidates(self.problem, *self.sources),
            self.problem,
            ask=self.ask,
            run=self.run,
            seed=seed,
            observe=self.events.append,
            record=lambda key, body: self.records.append((key, body)),
            **options,
        )
