"""Selecting among recorded programs: opens the files, the kept grades, the sandbox and, where it is needed, a model."""

import asyncio
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack, get_args

from distinguo import datasets, folders, sandbox, selectors
from distinguo.api.loops import require_no_loop
from distinguo.api.solving import ignore, open_clients
from distinguo.config import Settings
from distinguo.errors import InputError, JudgeFailed
from distinguo.selectors.protocol import Question, Selector
from distinguo.store import Store

if TYPE_CHECKING:
    from distinguo.api.recorded import Recorded
    from distinguo.budget import Budget
    from distinguo.datasets import DataSet
    from distinguo.grading.choices import Progress, SelectionReport
    from distinguo.grading.choosing import Choosing, Chosen, Models
    from distinguo.problem import HiddenTests, Problem, Program

_DAY = 86_400.0  # seconds
_AT_ONCE = 3  # problems under way, so that the end of one does not leave cores idle
_FAILURES = 3  # problems on which the judge failed, one after another, after which it is given up
_MANY = 1_000  # candidates, to learn what a selector may ask
_MOST_DRAWN = 100_000
DRAWS = 20  # of each problem, where only their size is given
_RECORDED = frozenset(("inputs", "tests"))  # kinds of questions that recorded tests answer


class SelectOptions(TypedDict, total=False):
    """The keywords of `select`."""

    generated_tests: Path | str | Sequence[Path | str] | None
    public_filter: bool
    data: Path | str | None
    settings: Settings | None
    environment: Mapping[str, str] | None
    out: Path | str | None
    language: str | None
    workers: int | None
    time_limit: float | None
    timeout: float | None
    draw: int | None
    draws: int | None
    cache: Path | str | None
    observe: "Callable[[Progress], None]"


async def select(
    dataset: "str | Path | DataSet",
    candidates: Path | str | Sequence[Path | str],
    names: Sequence[str | Selector],
    **options: Unpack[SelectOptions],
) -> "SelectionReport":
    """Have selectors choose among recorded programs of a data set's problems, and compare what they choose.

    dataset: a name, a folder or a file, as datasets.open has it; data: where data sets lie.
    candidates: files in the forms of datasets/samples.py, whose programs are put together. names: of the selectors, or
    selectors themselves.
    generated_tests: files in the forms of datasets/generated.py; they answer a selector's first request for tests or
    inputs in a model's place.
    public_filter: a selector sees only the programs that pass every public test, where one does.
    settings: seed, and models for selectors that ask; without a model in them no selector gets an answer from one, and
    no model is opened where none of the selectors asks. environment: where keys are looked up; os.environ unless given.
    out: the folder for the files that keep runs and answers; unless given nothing is kept but, where a model is asked,
    its answers, in the user's data folder.
    language: of programs that do not name theirs. workers: programs run at once; one per usable core unless given.
    time_limit: CPU seconds of a selector's run, timeout: of one that grades; in the place of each problem's own limit.
    draw: selectors choose among so many of a problem's programs, drawn at random `draws` times (DRAWS unless given)
    under the settings' seed; a problem's figures are the means over its draws. Unless given they choose among all.
    cache: the file that keeps grades, the user's own unless given. observe: told of progress; must return at once.

    Raises InputError also where not one problem can be evaluated, ModelUnavailable, ReplayMiss, SandboxUnavailable,
    JudgeFailed when the sandbox fails again and again.
    """
    from distinguo.api.recorded import recorded

    chosen = _selectors(names)
    _check(options)
    data = options.get("data")
    if isinstance(dataset, (str, Path)):
        dataset = datasets.open(str(dataset), None if data is None else Path(data))
    with recorded(dataset, _paths(candidates), _paths(options.get("generated_tests"))) as records:
        return await _select(dataset, chosen, records, options)


def select_sync(
    dataset: "str | Path | DataSet",
    candidates: Path | str | Sequence[Path | str],
    names: Sequence[str | Selector],
    **options: Unpack[SelectOptions],
) -> "SelectionReport":
    """`select` for code without an event loop; the same arguments, report and errors.

    Raises InputError inside a running event loop, too.
    """
    require_no_loop("select")
    return asyncio.run(select(dataset, candidates, names, **options))


def _selectors(names: Sequence[str | Selector]) -> list[Selector]:
    if not names:
        raise InputError(f"name at least one selector: {', '.join(selectors.names())}")
    return [selectors.get(name) if isinstance(name, str) else name for name in dict.fromkeys(names)]


def _check(options: SelectOptions) -> None:
    workers = options.get("workers")
    if not all(limit is None or 0 < limit <= _DAY for limit in (options.get("time_limit"), options.get("timeout"))):
        raise InputError("the time limit of a run must be above 0 and at most a day, in seconds")
    if workers is not None and not 1 <= workers <= 1_024:
        raise InputError("from 1 to 1,024 workers can run programs; one per core is fastest")
    size, draws = options.get("draw"), options.get("draws")
    if size is None and draws is not None:
        raise InputError("say how many programs each draw has: --draw 16 with --draws 20")
    if not all(number is None or 1 <= number <= _MOST_DRAWN for number in (size, draws)):
        raise InputError(f"there is at least one draw, of at least one program, and at most {_MOST_DRAWN:,} of either")


def _paths(given: Path | str | Sequence[Path | str] | None) -> list[Path]:
    if given is None:
        return []
    return [Path(one) for one in ((given,) if isinstance(given, (Path, str)) else given)]


# Selecting


@dataclass(slots=True)
class _Tally:
    """What came of the problems. left_out: why some are not evaluated, with their ids."""

    chosen: "dict[str, tuple[Chosen, ...]]" = field(default_factory=dict)
    left_out: dict[str, list[str]] = field(default_factory=dict)
    unknown: Counter[str] = field(default_factory=Counter)  # why programs cannot be run
    on_public: list[str] = field(default_factory=list)
    failures: int = 0

    def leave_out(self, task_id: str, why: str) -> None:
        self.left_out.setdefault(why.rstrip("."), []).append(task_id)


async def _select(
    dataset: "DataSet",
    chosen: Sequence[Selector],
    records: "Recorded",
    options: SelectOptions,
) -> "SelectionReport":
    from importlib.metadata import version

    from distinguo.budget import Budget
    from distinguo.grading import verdicts
    from distinguo.grading.choices import report, some
    from distinguo.grading.choosing import Choosing, Draws

    started = time.monotonic()
    settings = options.get("settings") or Settings()
    tasks = [task_id for task_id in dataset.ids if records.count(task_id)]
    tally, notes, size = _Tally(), [*dataset.warnings, *records.notes], options.get("draw")
    async with AsyncExitStack() as stack:
        cache = Path(options.get("cache") or verdicts.usual_place())
        kept = stack.enter_context(verdicts.Verdicts(cache))
        executor = await stack.enter_async_context(sandbox.open(options.get("workers")))
        budget = Budget(settings, {})
        models = await _models(chosen, settings, budget, records.has_tests, options, stack)
        choosing = Choosing(
            executor,
            chosen,
            kept=kept,
            version=version("distinguo"),
            budget=budget,
            seed=settings.seed,
            public_filter=options.get("public_filter", True),
            cpu_seconds=options.get("time_limit"),
            grading_seconds=options.get("timeout"),
            sources=settings.inputs,
            models=models,
            draws=None if size is None else Draws(size, options.get("draws") or DRAWS),
        )
        work = _Work(dataset, records, choosing, executor.identity, tally, options, models, settings)
        await work.all(tasks)
    small = [task_id for task_id, found in tally.chosen.items() if size is not None and found[0].samples < size]
    if small:
        notes.append(f"{some(small)} with fewer programs than a draw has: all of them are taken")
    missing = len(dataset.ids) - len(tasks)
    if missing:
        notes.append(f"{missing} of {len(dataset.ids)} problems have no candidates and are not counted")
    return report(
        [chosen for task_id in tasks for chosen in tally.chosen.get(task_id, ())],
        public_filter=options.get("public_filter", True),
        warnings=[*notes, *_sentences(tally)],
        seconds=time.monotonic() - started,
        sandbox=executor.isolation.path,
    )


def _sentences(tally: _Tally) -> list[str]:
    from distinguo.grading.choices import some

    told = [f"{some(tasks)} left out: {why}" for why, tasks in tally.left_out.items()]
    told += [f"{number} programs left out: {why.rstrip('.')}" for why, number in tally.unknown.items()]
    if tally.on_public:
        told.append(f"{some(tally.on_public)} without hidden tests: programs are graded on the public ones")
    return told


async def _models(
    chosen: Sequence[Selector],
    settings: Settings,
    budget: "Budget",
    recorded: bool,
    options: SelectOptions,
    stack: AsyncExitStack,
) -> "Models | None":
    """The models, opened; None where none is named or no selector would ask one."""
    from distinguo import room
    from distinguo.ask import Asker
    from distinguo.grading.choosing import Models
    from distinguo.records import Role

    named = {"model", "test_generator", "judge"} & settings.model_fields_set
    if not named or not any(_asks(selector, recorded) for selector in chosen):
        return None
    environment = options.get("environment")
    clients = await open_clients(settings, os.environ if environment is None else environment, stack, ignore)
    contexts = [clients[role].context_tokens for role in (Role.TEST_GENERATOR, Role.JUDGE)]

    def ask(problem: str, store: Store) -> Asker:
        return Asker(problem, settings, clients, store, budget, ignore)

    return Models(ask, room.selection_prompt(settings, contexts))


def _asks(selector: Selector, recorded: bool) -> bool:
    """Whether a selector may put a question to a model. recorded: there are tests that somebody wrote before."""
    asking = {question.kind for question in get_args(Question) if question.calls_model}
    kinds = {kind for kind, number in selector.most_questions(_MANY).items() if number}
    return bool(kinds & asking - (_RECORDED if recorded else frozenset()))


def _ignore_progress(progress: "Progress") -> None:
    pass


class _Work:
    """Goes through the problems, a few at once."""

    def __init__(
        self,
        dataset: "DataSet",
        records: "Recorded",
        choosing: "Choosing",
        identity: Callable[[str], str],
        tally: _Tally,
        options: SelectOptions,
        models: "Models | None",
        settings: Settings,
    ) -> None:
        self._dataset, self._records, self._choosing = dataset, records, choosing
        self._identity, self._tally, self._options, self._settings = identity, tally, options, settings
        self._observe = options.get("observe", _ignore_progress)
        out = options.get("out")
        self._folder = Path(out) if out else folders.data() / "selections" if models else None
        self._failures = 0

    async def all(self, tasks: Sequence[str]) -> None:
        """See every problem through. Raises JudgeFailed where the sandbox fails again and again."""
        from distinguo.grading.choices import Progress
        from distinguo.tasks import all_of

        waiting, done = iter(tasks), 0
        self._observe(Progress(0, len(tasks)))

        async def some() -> None:
            nonlocal done
            for task_id in waiting:
                await self._one(task_id)
                done += 1
                self._observe(Progress(done, len(tasks)))

        await all_of(some() for _ in range(_AT_ONCE))

    async def _one(self, task_id: str) -> None:
        try:
            problem, hidden = self._load(task_id)
            programs = self._runnable(task_id, problem)
            if not programs:
                raise InputError("not one of its programs can be run")
            with self._store(problem) as store:
                written = self._records.tests(task_id)
                self._tally.chosen[task_id] = await self._choosing.choose(problem, hidden, programs, written, store)
        except InputError as error:
            self._tally.leave_out(task_id, str(error))
        except JudgeFailed as error:
            self._failures += 1
            if self._failures >= _FAILURES:
                raise
            self._tally.leave_out(task_id, f"the judge failed: {error}")
        else:
            self._failures = 0

    def _load(self, task_id: str) -> "tuple[Problem, HiddenTests]":
        from distinguo.problem import HiddenTests

        problem, hidden = self._dataset.get(task_id)
        if hidden is None:
            hidden = HiddenTests(problem.id, problem.public_tests)
            if not hidden.tests:
                raise InputError("no tests to grade programs by")
            self._tally.on_public.append(task_id)
        return problem, hidden

    def _runnable(self, task_id: str, problem: "Problem") -> "list[Program]":
        from distinguo.problem import Program

        found = list[Program]()
        for source, language in self._records.sources(task_id):
            language = language or self._options.get("language") or "python"
            try:
                self._identity(language)
            except InputError as error:
                self._tally.unknown[str(error)] += 1
            else:
                found.append(Program(source, problem.style, problem.entry, language))
        return found

    @contextmanager
    def _store(self, problem: "Problem") -> Iterator[Store]:
        """Where a problem's runs and answers are kept."""
        if self._folder is not None:
            name = "".join(letter if letter.isalnum() else "-" for letter in problem.id).strip("-")[:40] or "problem"
            with Store(self._folder / f"{name}-{self._settings.identity(problem)}.sqlite") as store:
                yield store
            return
        with tempfile.TemporaryDirectory(prefix="distinguo-") as folder, Store(Path(folder) / "runs.sqlite") as store:
            yield store
