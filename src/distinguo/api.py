"""The Python API: builds the concrete parts (clients, sandbox, store), runs S*, grades afterwards."""

import asyncio
import json
import os
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distinguo import config, datasets, llm, sandbox, store
from distinguo.budget import Budget
from distinguo.config import Settings
from distinguo.errors import ModelUnavailable
from distinguo.events import Event
from distinguo.llm.replay import ReplayClient
from distinguo.problem import HiddenTests, Problem
from distinguo.protocols import Client, Executor, Observer
from distinguo.records import Role

if TYPE_CHECKING:
    from distinguo.pipeline import Solved

REPLAY = "replay:"


@dataclass(frozen=True, slots=True)
class Result:
    """What a run arrived at; `as_dict()` is the object that `--json` prints.

    program: the chosen program's source, None when no answer held a program.
    public: {"passed", "total"} on the public tests. hidden: the same and "verdict", or None where there are none.
    selection: {"selector", "chosen", "clusters", "reason", "steps"}, or None without a program.
    usage: calls and tokens of the whole run, earlier sessions included; seconds: wall time of the same.
    run: the run's file. stopped: the budget that ended the run early, or "".
    """

    program: str | None
    public: dict[str, int]
    hidden: dict[str, Any] | None
    selection: dict[str, Any] | None
    usage: dict[str, int]
    seconds: float
    run: str
    stopped: str = ""

    @property
    def passes_public(self) -> bool:
        """Whether a program was chosen that passes every public test there is."""
        return self.program is not None and self.public["passed"] == self.public["total"]

    def as_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return asdict(self)


def runs_folder() -> Path:
    """Where runs are kept unless told otherwise: the user's data directory."""
    import platformdirs

    return Path(platformdirs.user_data_dir("distinguo")) / "runs"


def ignore(event: Event) -> None:
    """The observer that does not look."""


async def solve(
    problem: Problem | str | Path,
    *,
    hidden: HiddenTests | None = None,
    data: Path | None = None,
    out: Path | None = None,
    fresh: bool = False,
    observe: Observer = ignore,
    settings: Settings | None = None,
    environment: Mapping[str, str] | None = None,
    **options: Any,
) -> Result:
    """Solve one problem with S* and return the chosen program and why it was chosen.

    problem: a Problem, or what the command line takes (a folder, a Markdown file, `humaneval:HumanEval/7`).
    hidden: tests that are run on the choice once it is stored, and only reported; a loaded problem brings its own.
    data: where data sets lie. out: the folder for the run's file. fresh: forget an earlier run of the same problem
    and settings. settings, or as keywords its fields: `model="openai/gpt-4o-mini", n=8`.
    environment: where keys and addresses are looked up; os.environ unless given.

    The same call resumes an interrupted run and returns a finished one without asking a model.
    Raises InputError, ModelUnavailable, ReplayMiss, SandboxUnavailable, JudgeFailed.
    """
    environment = os.environ if environment is None else environment
    settings = config.load(options, {}, None) if settings is None else settings
    if not isinstance(problem, Problem):
        problem, loaded = datasets.load(str(problem), data=data)
        hidden = loaded if hidden is None else hidden
    path = run_file(problem, settings, out)
    with store.Store(path) as kept:
        if fresh:
            kept.clear()
        finished = kept.fact("result")
        if finished is not None:
            return Result(**finished | {"run": str(path)})
        return await _run(problem, hidden, settings, kept, observe, environment)


def solve_sync(problem: Problem | str | Path, **options: Any) -> Result:
    """`solve` for code without an event loop; the same arguments, result and errors."""
    return asyncio.run(solve(problem, **options))


def run_file(problem: Problem, settings: Settings, out: Path | None) -> Path:
    """The file that keeps this problem's run with these settings."""
    name = "".join(letter if letter.isalnum() else "-" for letter in problem.id).strip("-")[:40] or "problem"
    return (runs_folder() if out is None else out) / f"{name}-{settings.identity(problem)}.sqlite"


async def _run(
    problem: Problem,
    hidden: HiddenTests | None,
    settings: Settings,
    kept: store.Store,
    observe: Observer,
    environment: Mapping[str, str],
) -> Result:
    from distinguo import pipeline

    kept.set_facts({"problem": asdict(problem), "settings": settings.model_dump(mode="json")})
    started, before = time.monotonic(), kept.fact("seconds") or 0.0
    budget = Budget(settings, kept.usage_by_model())
    try:
        async with AsyncExitStack() as stack:
            executor = await stack.enter_async_context(sandbox.open())
            clients = await open_clients(settings, environment, stack, observe)
            kept.set_facts({"context_tokens": {role: client.context_tokens for role, client in clients.items()}})
            solved = await pipeline.solve(problem, settings, clients, executor, kept, budget, observe)
            if solved.candidate is None and not solved.stopped and (error := kept.last_error()):
                raise ModelUnavailable(f"no sample holds a program, and calls failed: {error}")
            grade = await _grade(problem, hidden, solved, executor, kept)
    finally:
        kept.set_facts({"seconds": round(before + time.monotonic() - started, 3)})
    result = _result(problem, solved, grade, kept)
    if not solved.stopped:
        kept.set_facts({"result": result.as_dict()})
    return result


async def _grade(
    problem: Problem, hidden: HiddenTests | None, solved: Any, executor: Executor, kept: store.Store
) -> Any:
    from distinguo import grading

    if hidden is None or solved.candidate is None:
        return None
    grade = asdict(await grading.grade(solved.candidate.program, problem, hidden, executor))
    kept.record("grade", "", grade)
    return grade


def _result(problem: Problem, solved: "Solved", grade: dict[str, Any] | None, kept: store.Store) -> Result:
    candidate, selection = solved.candidate, solved.selection
    total = len(problem.public_tests)
    plain: dict[str, Any] | None = None if selection is None else json.loads(json.dumps(asdict(selection)))
    return Result(
        program=None if candidate is None else candidate.program.source,
        public={"passed": 0 if candidate is None else candidate.passed, "total": total},
        hidden=grade,
        selection=plain,
        usage=asdict(kept.usage()),
        seconds=kept.fact("seconds"),
        run=str(kept.path),
        stopped=solved.stopped,
    )


async def open_clients(
    settings: Settings, environment: Mapping[str, str], stack: AsyncExitStack, observe: Observer
) -> dict[Role, Client]:
    """One client for each role; roles with the same model share it. `stack` closes them."""
    opened: dict[str, Client] = {}
    clients: dict[Role, Client] = {}
    for role in Role:
        model = settings.model_of(role)
        if model.startswith(REPLAY):
            clients[role] = _replay(model, role, stack)
            continue
        if model not in opened:
            client = await asyncio.to_thread(
                llm.open_client, model, environment=environment, slots=settings.slots, observe=observe
            )
            stack.push_async_callback(client.aclose)
            opened[model] = client
        clients[role] = opened[model]
    return clients


def _replay(model: str, role: Role, stack: AsyncExitStack) -> Client:
    recording = stack.enter_context(store.recording(Path(model.removeprefix(REPLAY))))
    return ReplayClient(model, recording.answer, recording.context_tokens(role))
