"""Solving one problem: builds the concrete parts (clients, sandbox, store), runs S*, grades afterwards."""

import asyncio
import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from distinguo import config, datasets, folders, llm, sandbox, selectors, store, telemetry
from distinguo.api.loops import require_no_loop
from distinguo.budget import Budget
from distinguo.config import Options, Settings
from distinguo.errors import InputError, ModelUnavailable
from distinguo.events import Event, RunFinished, RunStarted
from distinguo.llm.replay import ReplayClient
from distinguo.prices import cost
from distinguo.problem import HiddenTests, Problem
from distinguo.protocols import Client, Executor, Observer
from distinguo.records import Role

if TYPE_CHECKING:
    from distinguo.pipeline import Solved

REPLAY = "replay:"


@dataclass(frozen=True, slots=True)
class Result:
    """What a run arrived at; `as_dict()` is the object that `--json` prints.

    program: the chosen program's source, None when no answer held a program; when a budget ended before any program was
    tested, the first that was written.
    public: {"passed", "total"} on the public tests. hidden: the fields of grading.Grade, or None where there are none.
    selection: {"selector", "chosen", "clusters", "reason", "steps", "stopped", "decided_by"}, or None without a choice;
    decided_by names the sources of the inputs on which the choice differs from the runner-up.
    usage: {"calls", "prompt_tokens", "completion_tokens", "estimated", "usd", "unpriced"} of the whole run, earlier
    sessions included; of `estimated` calls the endpoint counted no tokens, usd is None where models are `unpriced`.
    seconds: wall time of the same. run: the run's file. stopped: the budget that ended the run early, or "";
    left_out: what it kept from happening ("samples" never drafted, "debugging" ended, "questions" unanswered).
    failed_calls: calls of this session without an answer; with them, or when it was stopped, the run is not finished:
    the same call goes on. cut_answers: answers that the limit of tokens cut.
    sandbox: how programs were isolated, `namespaces` or `no namespaces` (see sandbox/isolation.py).
    """

    program: str | None
    public: dict[str, int]
    hidden: dict[str, Any] | None
    selection: dict[str, Any] | None
    usage: dict[str, Any]
    seconds: float
    run: str
    stopped: str = ""
    failed_calls: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    cut_answers: int = 0
    sandbox: str = ""

    @property
    def passes_public(self) -> bool:
        """Whether a program was chosen that passes every public test there is."""
        return self.program is not None and self.public["passed"] == self.public["total"]

    def as_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return asdict(self)


def runs_folder() -> Path:
    """Where runs are kept unless told otherwise: the user's data directory. Raises InputError where there is none."""
    return folders.data() / "runs"


def ignore(event: Event) -> None:
    """The observer that does not look."""


class SolveOptions(Options, total=False):
    """The keywords of `solve`: its own, and the fields of Settings."""

    hidden: HiddenTests | None
    data: Path | str | None
    out: Path | str | None
    fresh: bool
    observe: Observer
    settings: Settings | None
    environment: Mapping[str, str]


async def solve(problem: Problem | str | Path, **options: Unpack[SolveOptions]) -> Result:
    """Solve one problem with S* and return the chosen program and why it was chosen.

    problem: a Problem, or what the command line takes (a folder, a Markdown file, `humaneval:HumanEval/7`).
    hidden: tests that are run on the choice once it is stored, and only reported; a loaded problem brings its own.
    data: where data sets lie. out: the folder for the run's file. fresh: forget an earlier run of the same problem
    and settings. settings, or as keywords its fields: `model="openai/gpt-4o-mini", n=8`.
    environment: where keys and addresses are looked up; os.environ unless given.

    The same call resumes an interrupted run and returns a finished one without asking a model.
    Raises InputError, ModelUnavailable, ReplayMiss, SandboxUnavailable, JudgeFailed.
    """
    environment = options.get("environment", os.environ)
    settings, hidden = _settings(options), options.get("hidden")
    if not isinstance(problem, Problem):
        data = options.get("data")
        problem, loaded = datasets.load(str(problem), data=None if data is None else Path(data))
        hidden = loaded if hidden is None else hidden
    if not isinstance(hidden, HiddenTests | None):
        raise InputError("hidden must be a HiddenTests")
    selectors.get(settings.selector)  # an unknown name is said before anything is paid for
    observe, fresh, out = options.get("observe", ignore), options.get("fresh", False), options.get("out")
    path = run_file(problem, settings, None if out is None else Path(out))
    with store.Store(path) as kept:
        finished = None if fresh else _finished(kept, hidden, settings)
        if finished is not None:
            observe(RunFinished(finished.as_dict()))
            return finished
        return await _run(problem, hidden, settings, kept, telemetry.traced(observe), environment, fresh)


def _settings(options: SolveOptions) -> Settings:
    """Those that are given, whole or field by field. Raises InputError."""
    fields = {name: value for name, value in options.items() if name not in _OWN}
    settings = options.get("settings")
    if settings is None:
        return config.load(fields, {}, None)
    if fields:
        raise InputError("give settings or its fields as keywords, not both")
    return settings


_OWN = SolveOptions.__annotations__.keys() - Options.__annotations__.keys()


def solve_sync(problem: Problem | str | Path, **options: Unpack[SolveOptions]) -> Result:
    """`solve` for code without an event loop; the same arguments, result and errors.

    Raises InputError inside a running event loop, too.
    """
    require_no_loop("solve")
    return asyncio.run(solve(problem, **options))


def run_file(problem: Problem, settings: Settings, out: Path | None) -> Path:
    """The file that keeps this problem's run with these settings."""
    name = "".join(letter if letter.isalnum() else "-" for letter in problem.id).strip("-")[:40] or "problem"
    return (runs_folder() if out is None else out) / f"{name}-{settings.identity(problem)}.sqlite"


def _finished(kept: store.Store, hidden: HiddenTests | None, settings: Settings) -> Result | None:
    """The result of a run that is finished and was graded on these hidden tests."""
    found = kept.fact("result")
    if found is None or found.keys() != Result.__dataclass_fields__.keys() or kept.fact("graded_on") != _name(hidden):
        return None
    return Result(**found | {"run": str(kept.path), "usage": _usage(kept, settings)})


def _name(hidden: HiddenTests | None) -> str:
    """What tells hidden tests from others."""
    return "" if hidden is None else hashlib.sha256(json.dumps(asdict(hidden)).encode()).hexdigest()


async def _run(
    problem: Problem,
    hidden: HiddenTests | None,
    settings: Settings,
    kept: store.Store,
    observe: Observer,
    environment: Mapping[str, str],
    fresh: bool,
) -> Result:
    from distinguo import pipeline

    async with AsyncExitStack() as stack:
        executor = await stack.enter_async_context(sandbox.open())
        clients = await open_clients(settings, environment, stack, observe)
        if fresh:  # only now: what was paid for is not forgotten for a run that cannot start
            kept.clear()
        budget = Budget(settings, kept.usage_by_model(), seconds=kept.seconds())
        kept.begin()
        kept.set_facts(
            {
                "problem": asdict(problem),
                "settings": settings.model_dump(mode="json"),
                "context_tokens": {role: client.context_tokens for role, client in clients.items()},
            }
        )
        models = {role.value: settings.model_of(role) for role in Role}
        observe(RunStarted(problem.id, str(kept.path), models, settings.model_dump(mode="json")))
        try:
            solved = await pipeline.solve(problem, settings, clients, executor, kept, budget, observe)
            if solved.candidate is None and not solved.stopped and solved.errors:
                raise ModelUnavailable(f"no sample holds a program, and calls failed: {solved.errors[-1]}")
            grade = await _grade(problem, hidden, solved, executor, kept)
        except BaseException as error:
            observe(RunFinished({}, str(error) or type(error).__name__))
            raise
    result = _result(problem, settings, solved, grade, kept, executor.isolation.path)
    if not solved.stopped and not solved.errors:
        kept.set_facts({"result": result.as_dict(), "graded_on": _name(hidden)})
    observe(RunFinished(result.as_dict()))
    return result


async def _grade(
    problem: Problem, hidden: HiddenTests | None, solved: "Solved", executor: Executor, kept: store.Store
) -> dict[str, Any] | None:
    from distinguo import grading

    if hidden is None or solved.candidate is None:
        return None
    graded = await grading.grade(solved.candidate.program, problem, hidden, executor)
    grade: dict[str, Any] = json.loads(json.dumps(asdict(graded)))  # as the run's file will give it back
    kept.record("grade", "", grade)
    return grade


def _result(
    problem: Problem,
    settings: Settings,
    solved: "Solved",
    grade: dict[str, Any] | None,
    kept: store.Store,
    isolation: str,
) -> Result:
    candidate, selection = solved.candidate, solved.selection
    total = len(problem.public_tests)
    plain: dict[str, Any] | None = None if selection is None else json.loads(json.dumps(asdict(selection)))
    return Result(
        program=None if candidate is None else candidate.program.source,
        public={"passed": 0 if candidate is None else candidate.passed, "total": total},
        hidden=grade,
        selection=plain,
        usage=_usage(kept, settings),
        seconds=round(kept.seconds(), 3),
        run=str(kept.path),
        stopped=solved.stopped,
        failed_calls=len(solved.errors),
        left_out=solved.left_out,
        cut_answers=kept.cut_answers(),
        sandbox=isolation,
    )


def _usage(kept: store.Store, settings: Settings) -> dict[str, Any]:
    costs = {
        model: cost(model, used.prompt_tokens, used.completion_tokens, settings.prices)
        for model, used in kept.usage_by_model().items()
    }
    unpriced = [model for model, usd in costs.items() if usd is None]
    known = sum(usd for usd in costs.values() if usd is not None)
    return asdict(kept.usage()) | {"usd": None if unpriced else round(known, 6), "unpriced": unpriced}


async def open_clients(
    settings: Settings,
    environment: Mapping[str, str],
    stack: AsyncExitStack,
    observe: Observer,
    opened: dict[str, Client] | None = None,
) -> dict[Role, Client]:
    """One client for each role; roles with the same model share it. `stack` closes them.

    opened: clients by model that are there already, to which new ones are added.
    """
    opened = {} if opened is None else opened
    clients: dict[Role, Client] = {}
    for role in Role:
        model = settings.model_of(role)
        if model.startswith(REPLAY):
            clients[role] = _replay(model, role, stack)
            continue
        if model not in opened:
            client = await asyncio.to_thread(
                llm.open_client,
                model,
                environment=environment,
                observe=observe,
                slots=settings.slots,
                drafts_per_call=settings.drafts_per_call,
            )
            stack.push_async_callback(client.aclose)
            opened[model] = client
        clients[role] = opened[model]
    return clients


def _replay(model: str, role: Role, stack: AsyncExitStack) -> Client:
    recording = stack.enter_context(store.recording(Path(model.removeprefix(REPLAY))))
    return ReplayClient(model, recording.answer, recording.context_tokens(role))
