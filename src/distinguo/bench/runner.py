"""Runs: arms on the problems of a data set, many at once, kept in one file that the same call goes on with."""

import math
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from distinguo import prices, sandbox
from distinguo.api.recorded import Recorded
from distinguo.api.solving import open_clients
from distinguo.bench.methods import NOBODY
from distinguo.bench.nobody import NoModel
from distinguo.bench.preparing import Preparing
from distinguo.bench.problems import SAID_CHARACTERS, Arms, Task
from distinguo.bench.records import Arm, Facts, Result, State, result
from distinguo.bench.runfile import ARM, LEFT_OUT, PROBLEM, RESULT
from distinguo.budget import Budget
from distinguo.config import Settings
from distinguo.datasets import DataSet
from distinguo.errors import InputError, JudgeFailed
from distinguo.events import CallFinished, Event
from distinguo.grading import verdicts
from distinguo.grading.kept import KeptGrader
from distinguo.protocols import Client, Executor, Observer
from distinguo.records import Role
from distinguo.store import Store
from distinguo.tasks import all_of

_FAILURES = 3  # problems on which the judge failed, one after another, after which it is given up
_MOST_AT_ONCE = 256  # problems under way
_IN_WORK = 8  # samples begun for each slot: a problem's last samples keep it in work long after most have ended


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    done, total: arms on problems. known: of those done, how many had been before. problems: of the problems that an arm
    has been done on, how many have a right candidate (covered), of how many. calls, tokens, failed: sent by this
    session; usd: None where a price is unknown.
    """

    done: int
    total: int
    known: int
    covered: int
    problems: int
    calls: int
    tokens: int
    failed: int
    usd: float | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be run.

    tasks: ids of problems, in order. chosen: how they were chosen, in a sentence or "". arms: at least one.
    limits: budgets of the whole run (and its prices, slots), the other settings do not matter. recorded: programs and
    tests that somebody else's model wrote, or None; with them nobody is asked in roles whose model is methods.NOBODY.
    recorded_name: what tells them from others. recorded_verdicts: whether programs are graded by what their records
    say. command: the command line, for reports. time_limit, timeout: CPU seconds of a program's run, and of one that
    grades, in the place of each problem's own.
    """

    dataset: DataSet
    tasks: Sequence[str]
    arms: Sequence[Arm]
    chosen: str = ""
    limits: Settings = field(default_factory=Settings)
    recorded: Recorded | None = None
    recorded_name: str = ""
    recorded_verdicts: bool = False
    command: str = ""
    workers: int | None = None
    time_limit: float | None = None
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """How a run ended. stopped: the budget that ended it, or "". left_out: why problems could not be run at all, by id.

    states: how many results are in each state, those of earlier sessions included. notes: what a reader should know.
    """

    stopped: str
    states: Mapping[State, int]
    left_out: Mapping[str, str]
    notes: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every arm is done on every problem that can be run."""
        return not self.stopped and not any(count for state, count in self.states.items() if state is not State.DONE)


async def run(
    plan: Plan,
    out: Path,
    *,
    environment: Mapping[str, str],
    observe: Observer,
    progress: Callable[[Progress], None],
    cache: Path | None = None,
    clients: Mapping[str, Mapping[Role, Client]] | None = None,
    executor: Executor | None = None,
) -> Finished:
    """Run every arm on every problem; what the file holds already is not done again.

    out: the run's file. environment: where keys are looked up. observe: told of every call. progress: told of how far
    it is; both must return at once. cache: the file that keeps grades, the user's own unless given. clients: by the
    arm's key, and executor: in the place of those that settings name.

    A budget that ends leaves problems unfinished; so do calls that fail. The same call goes on with both.
    Raises InputError, ModelUnavailable, ReplayMiss, SandboxUnavailable, JudgeFailed when the sandbox fails repeatedly.
    """
    async with AsyncExitStack() as stack:
        store = stack.enter_context(Store(out))
        if executor is None:
            executor = await stack.enter_async_context(sandbox.open(plan.workers))
        facts = _facts(plan, executor)
        _check(store, facts)
        settings = {arm.key: Settings.model_validate(arm.settings) for arm in plan.arms}
        if clients is None:
            clients = await _clients(plan, settings, environment, stack, observe)
        budget = _budget(plan, settings, store)
        kept = stack.enter_context(verdicts.Verdicts(cache or verdicts.usual_place()))
        grader = KeptGrader(executor, kept, version("distinguo"))
        store.begin()
        store.set_facts(facts | {"context_tokens": _contexts(clients)})
        _announce(plan, store)
        counted = _Counted(plan, store, observe, progress)
        arms = Arms(executor, grader, clients, store, budget, counted.observe)
        work = _Work(plan, settings, arms, executor, store, budget, counted)
        await work.all()
    return Finished(budget.ended, counted.states(), work.left_out, tuple(work.notes()))


def _facts(plan: Plan, executor: Executor) -> dict[str, Any]:
    isolation = getattr(getattr(executor, "isolation", None), "path", "")
    bench = {
        "dataset": plan.dataset.name,
        "chosen": plan.chosen,
        "sandbox": isolation,
        "version": version("distinguo"),
        "command": plan.command,
    }
    return {"bench": bench, "recorded": plan.recorded_name, "limits": [plan.time_limit, plan.timeout]}


def _check(store: Store, facts: Mapping[str, Any]) -> None:
    """That the file is a run of the same data set and recorded programs, under the same limits. Raises InputError."""
    earlier = store.fact("bench")
    if earlier is None:
        if store.fact("settings") is not None:
            raise InputError(f"{store.path} is the run of one problem; choose another file with --out")
        return
    if earlier["dataset"] != facts["bench"]["dataset"]:
        raise InputError(
            f"{store.path} is a run of {earlier['dataset']}, not of {facts['bench']['dataset']}; choose another --out"
        )
    if store.fact("recorded") != facts["recorded"]:
        others = "candidates, generated tests or verdicts"
        raise InputError(f"{store.path} was begun with other {others}; choose another --out")
    if store.fact("limits") not in (None, facts["limits"]):
        raise InputError(f"{store.path} was begun with another --time-limit or --timeout; choose another --out")


def _budget(plan: Plan, settings: Mapping[str, Settings], store: Store) -> Budget:
    """The whole run's, which every model's price must be known for where dollars are limited."""
    limits = {name: getattr(plan.limits, name) for name in _LIMITS}
    for one in settings.values():
        Budget(one.model_copy(update=limits), {})
    return Budget(plan.limits, store.usage_by_model(), seconds=store.seconds(), scope="for all problems")


_LIMITS = (
    *("budget_calls", "budget_tokens", "budget_prompt_tokens", "budget_completion_tokens", "budget_usd"),
    *("max_seconds", "prices"),
)


async def _clients(
    plan: Plan,
    settings: Mapping[str, Settings],
    environment: Mapping[str, str],
    stack: AsyncExitStack,
    observe: Observer,
) -> dict[str, Mapping[Role, Client]]:
    opened: dict[str, Client] = {} if plan.recorded is None else {NOBODY: NoModel()}
    return {key: await open_clients(one, environment, stack, observe, opened) for key, one in settings.items()}


def _contexts(clients: Mapping[str, Mapping[Role, Client]]) -> dict[Role, int | None]:
    """The context of each role's model, for a replay; that of the first arm."""
    first = next(iter(clients.values()))
    return {role: client.context_tokens for role, client in first.items()}


def _announce(plan: Plan, store: Store) -> None:
    """Keep what a report needs to know of arms and problems before there are results."""
    for arm in plan.arms:
        store.record(ARM, arm.key, asdict(arm))
    begun = store.records(PROBLEM)
    errata = plan.dataset.errata
    for task_id in plan.tasks:
        if task_id not in begun:
            about = plan.dataset.about(task_id)
            facts = Facts(about.difficulty, about.platform, about.date, about.size, errata.get(task_id, ""))
            store.record(PROBLEM, task_id, asdict(facts))
    store.commit()


class _Counted:
    """Counts results and calls, and tells how far it is."""

    def __init__(self, plan: Plan, store: Store, observe: Observer, progress: Callable[[Progress], None]) -> None:
        self._observe, self._progress, self._prices = observe, progress, plan.limits.prices
        self._states: dict[tuple[str, str], State] = {}
        self._covered: dict[str, bool] = {}
        self._now = Progress(0, len(plan.tasks) * len(plan.arms), 0, 0, 0, 0, 0, 0, 0.0)
        self._tasks, self._arms = set(plan.tasks), len(plan.arms)
        arms = {arm.key for arm in plan.arms}
        for body in store.each_record(RESULT):
            if body["problem"] in self._tasks and body["arm"] in arms:
                self._take(result(body))
        self._now = replace(self._now, known=self._now.done)
        progress(self._now)

    def is_done(self, arm: Arm, problem: str) -> bool:
        """Whether nothing is left to do."""
        return self._states.get((arm.key, problem)) is State.DONE

    def finished(self, found: Result) -> None:
        """Take note of a result."""
        self._take(found)
        self._progress(self._now)

    def _take(self, found: Result) -> None:
        self._states[found.arm, found.problem] = found.state
        if found.done:
            before = self._covered.get(found.problem, False)
            self._covered[found.problem] = before or found.covered
            covered = self._now.covered + (found.covered and not before)
            self._now = replace(self._now, done=self._now.done + 1, covered=covered, problems=len(self._covered))

    def observe(self, event: Event) -> None:
        """Take note of a call, and pass every event on."""
        if isinstance(event, CallFinished) and not event.cached:
            now, used = self._now, event.usage
            usd = prices.cost(event.model, used.prompt_tokens, used.completion_tokens, self._prices)
            self._now = replace(
                now,
                calls=now.calls + used.calls,
                tokens=now.tokens + used.prompt_tokens + used.completion_tokens,
                failed=now.failed + (bool(event.error) and not event.repeated),
                usd=None if usd is None or now.usd is None else now.usd + usd,
            )
            self._progress(self._now)
        self._observe(event)

    def leave_out(self, problem: str) -> None:
        """Count no longer on a problem that cannot be run."""
        self._tasks.discard(problem)
        self._now = replace(self._now, total=len(self._tasks) * self._arms)
        self._progress(self._now)

    def states(self) -> dict[State, int]:
        """How many arms on problems are in each state, those aside that cannot be run."""
        counts = Counter(state for (_, problem), state in self._states.items() if problem in self._tasks)
        counts[State.UNFINISHED] += self._now.total - counts.total()
        return {state: counts[state] for state in State}


class _Work:
    """Goes through the problems, many at once; on each the arms follow one another, and share what they can."""

    def __init__(
        self,
        plan: Plan,
        settings: Mapping[str, Settings],
        arms: Arms,
        executor: Executor,
        store: Store,
        budget: Budget,
        counted: _Counted,
    ) -> None:
        self.left_out: dict[str, str] = {}
        self._plan, self._settings, self._arms = plan, settings, arms
        self._store, self._budget, self._counted = store, budget, counted
        self._preparing = Preparing(
            plan.dataset,
            executor,
            plan.recorded,
            verdicts=plan.recorded_verdicts,
            time_limit=plan.time_limit,
            timeout=plan.timeout,
        )
        self._failures = 0

    async def all(self) -> None:
        """See every problem through, as far as budgets allow."""
        waiting = iter(enumerate(self._plan.tasks))

        async def some() -> None:
            for rank, task_id in waiting:
                if self._budget.ended:
                    return
                await self._one(rank, task_id)

        await all_of(some() for _ in range(self._at_once()))

    def notes(self) -> Iterator[str]:
        """What a reader should know."""
        yield from self._plan.dataset.warnings
        yield from self._preparing.notes()

    def _at_once(self) -> int:
        """Enough problems that every slot of the models is busy also while some problems are in stage 2.

        With recorded programs, enough for every slot and worker though on each problem one step waits for the other.
        """
        slots = max(settings.slots for settings in self._settings.values())
        if self._plan.recorded is not None:
            asks = any(one.model_of(role) != NOBODY for one in self._settings.values() for role in Role)
            return 1 + max(slots if asks else 1, self._plan.workers or len(os.sched_getaffinity(0)))
        smallest = min(settings.n for settings in self._settings.values())
        return min(_MOST_AT_ONCE, 1 + math.ceil(_IN_WORK * slots / smallest))

    async def _one(self, rank: int, task_id: str) -> None:
        waiting = [arm for arm in self._plan.arms if not self._counted.is_done(arm, task_id)]
        if not waiting:
            return
        try:
            task = self._task(rank, task_id)
        except InputError as error:
            self._leave_out(task_id, str(error))
            return
        for arm in waiting:
            if self._budget.ended:
                return
            self._keep(await self._result(arm, task))

    def _task(self, rank: int, task_id: str) -> Task:
        """Raises InputError where it cannot be run or graded."""
        task = self._preparing.task(rank, task_id)
        tests = {
            "public_tests": len(task.problem.public_tests),
            "hidden_tests": len(task.hidden.tests) + bool(task.hidden.assertions),
        }
        self._store.record(PROBLEM, task_id, self._store.one_record(PROBLEM, task_id) | tests)
        return task

    async def _result(self, arm: Arm, task: Task) -> Result:
        """Also of what fails: a problem's failure is not the run's, unless it comes again and again."""
        try:
            found = await self._arms.run(arm, self._settings[arm.key], task)
        except (JudgeFailed, InputError) as error:
            self._failures += isinstance(error, JudgeFailed)
            if self._failures >= _FAILURES or (isinstance(error, InputError) and not self._store.has_room()):
                raise
            return Result(arm.key, task.problem.id, State.JUDGE_ERROR, errors=(str(error)[:SAID_CHARACTERS],))
        self._failures = 0
        return found

    def _keep(self, found: Result) -> None:
        self._store.record(RESULT, f"{found.arm}/{found.problem}", found.as_dict())
        self._store.commit()
        self._counted.finished(found)

    def _leave_out(self, task_id: str, why: str) -> None:
        self.left_out[task_id] = why
        self._store.record(LEFT_OUT, task_id, {"why": why})
        self._store.drop_record(PROBLEM, task_id)
        self._store.commit()
        self._counted.leave_out(task_id)
