"""Stage 1 of a small problem: twice a number, with programs for it and a scripted model."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from distinguo.ask import Asker
from distinguo.budget import Budget
from distinguo.config import Settings
from distinguo.events import Event
from distinguo.generate import Generator
from distinguo.judge import Judge
from distinguo.problem import Problem, Program, Test
from distinguo.records import Candidate, Completion, Request, Role, Round
from distinguo.store import Store
from fakes.clients import Answer, ScriptedClient
from fakes.executors import InProcessExecutor

PROBLEM = Problem(
    "double",
    "Print twice the number.",
    public_tests=(Test("1", "2\n", "4"), Test("2", "5\n", "10")),
)
RIGHT, WRONG = "print(2 * int(input()))", "print(int(input()) + 2)"


def fenced(code: str) -> str:
    return f"Here it is:\n```python\n{code}\n```\nIt works."


class Stage:
    """Stage 1 on a problem with a scripted client."""

    def __init__(
        self,
        tmp_path: Path,
        answer: Answer,
        problem: Problem = PROBLEM,
        streams: bool = False,
        cut: int | None = None,
        drafts: Sequence[Program] = (),
        **settings: Any,
    ) -> None:
        self.path = tmp_path / "run.sqlite"
        self.client = ScriptedClient(answer, streams=streams, cut=cut)
        self.executor = InProcessExecutor()
        self.settings = Settings.model_validate({"n": 4, "rounds": 2} | settings)
        self.problem = problem
        self.drafts = drafts
        self.events: list[Event] = []
        self.rounds: list[tuple[Round, Completion | None]] = []

    async def run(self) -> tuple[Candidate, ...]:
        with Store(self.path) as store:
            budget = Budget(self.settings, store.usage_by_model())
            clients = dict.fromkeys(Role, self.client)
            ask = Asker(self.problem.id, self.settings, clients, store, budget, self.events.append)
            async with Judge(self.problem, self.executor, store, budget) as judge:
                return await Generator(
                    self.problem,
                    self.settings,
                    ask,
                    judge.test,
                    lambda round, completion: self.rounds.append((round, completion)),
                    self.events.append,
                    drafts=self.drafts,
                ).candidates()

    def prompts(self, sample: int) -> list[Request]:
        return [request for request in self.client.requests if request.sample == sample]
