"""A data set of as many small problems as one likes, and a model that solves some of them; both deterministic."""

import hashlib
import json
from collections.abc import Mapping, Sequence

from distinguo.datasets import DataSet
from distinguo.datasets.about import About
from distinguo.errors import InputError
from distinguo.problem import HiddenTests, Problem, Test
from distinguo.records import Request, Role
from fakes.clients import ScriptedClient
from fakes.coder import LARGEST, PROGRAMS


class Largest:
    """A data set's source. Half of its problems have no right sample. broken: ids whose data are wrong."""

    def __init__(self, problems: int, broken: Sequence[str] = ()) -> None:
        self.ids: Sequence[str] = tuple(f"largest-{number}" for number in range(problems))
        self.errata: Mapping[str, str] = {"largest-3": "its example is wrong"} if problems > 3 else {}
        self.warnings: Sequence[str] = ()
        self._broken = broken

    def about(self, task_id: str) -> About:
        return About(difficulty=("easy", "medium", "hard")[int(task_id.rpartition("-")[2]) % 3], platform="here")

    def problem(self, task_id: str) -> Problem:
        if task_id in self._broken:
            raise InputError(f"{task_id} has no statement")
        return Problem(
            task_id,
            f"Task {task_id}: print the largest of the numbers on the line.",
            public_tests=(Test("1", "1 2 3\n", "3\n"),),
        )

    def hidden(self, task_id: str) -> HiddenTests | None:
        return HiddenTests(task_id, (Test("1", "9 2 1\n", "9\n"), Test("2", "-3 -2 -5\n", "-2\n")))

    def by_prompt(self, prompt: str) -> str | None:
        return None

    def program(self, task_id: str, source: str) -> str:
        return source


def dataset(problems: int, broken: Sequence[str] = ()) -> DataSet:
    return DataSet("largest", Largest(problems, broken))


def answer(request: Request) -> str:
    """A program by the prompt and seed; inputs that tell programs apart; a judge that likes the right one."""
    prompt = request.messages[-1].content
    if request.role in (Role.GENERATOR, Role.DEBUGGER):
        drawn = int(hashlib.sha256(f"{prompt}/{request.seed}".encode()).hexdigest(), 16)
        return f"```python\n{PROGRAMS[drawn % len(PROGRAMS)]}\n```"
    if request.role is Role.TEST_GENERATOR:
        return json.dumps({"inputs": ["3 2 1", f"{request.seed % 100} 7 1"]})
    first = prompt.find(LARGEST)
    others = [place for program in PROGRAMS if program != LARGEST and (place := prompt.find(program)) >= 0]
    better = "first" if 0 <= first < min(others, default=0) else "second"
    return json.dumps({"reason": "It prints the largest.", "better": better})


def client() -> ScriptedClient:
    return ScriptedClient(answer)
