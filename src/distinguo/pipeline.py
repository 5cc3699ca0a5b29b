"""S* (Li et al. 2025, arXiv 2502.14382) on one problem, top to bottom."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from distinguo import room, selectors
from distinguo.ask import Asker
from distinguo.budget import Budget
from distinguo.config import Settings
from distinguo.events import Decided, Note
from distinguo.generate import Generator
from distinguo.judge import Judge
from distinguo.problem import Problem, Program
from distinguo.protocols import Client, Executor, Observer, Run
from distinguo.records import Candidate, Completion, Role, Round, Selection
from distinguo.selectors.driver import select
from distinguo.selectors.protocol import RecordedTests
from distinguo.store import Keeper


@dataclass(frozen=True, slots=True)
class Solved:
    """What S* arrived at. Without any program in N answers, candidate and selection are None.

    When a budget ended before any program was tested, the candidate is the first that was written, without outcomes,
    and selection is None.
    stopped: the budget that ended the run early, or "". left_out: how many samples were never drafted for it, of how
    many the debugging ended, how many questions of stage 2 got no answer. errors: what the calls that failed said.
    candidates: all that were to choose from. rounds: every round of every sample, in the order in which they ended.
    """

    candidate: Candidate | None
    selection: Selection | None
    stopped: str = ""
    errors: tuple[str, ...] = ()
    left_out: dict[str, int] = field(default_factory=dict)
    candidates: tuple[Candidate, ...] = ()
    rounds: tuple[Round, ...] = ()


async def solve(
    problem: Problem,
    settings: Settings,
    clients: Mapping[Role, Client],
    executor: Executor,
    store: Keeper,
    budget: Budget,
    observe: Observer,
    *,
    drafts: Sequence[Program] = (),
    recorded: Callable[[Run], RecordedTests] | None = None,
    rank: int | None = None,
) -> Solved:
    """Draw N samples and debug each on the public tests (stage 1), then choose one by running them (stage 2).

    drafts: programs that somebody else drew, in the place of first drafts (see generate.Generator).
    recorded: makes the tests that stand in for a model's from what runs programs. rank: see ask.Asker.
    Raises InputError for solved examples that cannot be had, ModelUnavailable, ReplayMiss, JudgeFailed. What arrived
    before that is in the store: the same call goes on.
    """
    if settings.rounds and settings.debug_tests == "public" and not problem.public_tests:
        observe(Note(f"{problem.id} has no public tests, so its programs are not debugged."))
    store.forget("round")
    store.forget("question")
    contexts = {role: client.context_tokens for role, client in clients.items()}
    ask = Asker(problem.id, settings, clients, store, budget, observe, rank)
    rounds = _Rounds(store)
    async with Judge(problem, executor, store, budget) as judge:
        generate = _generator(problem, settings, contexts, ask, judge, rounds, observe, drafts)
        candidates = await generate.candidates()
        if not candidates:
            left_out = _counted(rounds.left_out)
            return Solved(rounds.untested, None, budget.ended, tuple(ask.errors), left_out, rounds=tuple(rounds.all))
        selection = await select(
            selectors.get(settings.selector),
            candidates,
            problem,
            ask=ask,
            run=judge,
            seed=settings.seed,
            observe=observe,
            record=lambda key, body: store.record("question", key, body),
            public_filter=settings.public_filter,
            sources=settings.inputs,
            tests=None if recorded is None else recorded(judge),
            prompt_tokens=room.selection_prompt(settings, (contexts[Role.TEST_GENERATOR], contexts[Role.JUDGE])),
        )
    chosen = next(candidate for candidate in candidates if candidate.sample == selection.chosen)
    store.record("selection", "", asdict(selection))
    observe(Decided(selection))
    left_out = rounds.left_out | {"questions": selection.steps.get("left_out", 0)}
    return Solved(chosen, selection, budget.ended, tuple(ask.errors), _counted(left_out), candidates, tuple(rounds.all))


def _generator(
    problem: Problem,
    settings: Settings,
    contexts: Mapping[Role, int | None],
    ask: Asker,
    judge: Judge,
    rounds: "_Rounds",
    observe: Observer,
    drafts: Sequence[Program],
) -> Generator:
    """Stage 1, with prompts that fit into the contexts of the models."""
    return Generator(
        problem,
        settings,
        ask,
        judge.test,
        rounds.keep,
        observe,
        field_tokens=room.field(contexts[Role.DEBUGGER]),
        example_tokens=min(room.examples(contexts[role]) for role in (Role.GENERATOR, Role.DEBUGGER)),
        prompt_tokens=room.selection_prompt(settings, (contexts[Role.TEST_GENERATOR],)),
        drafts=drafts,
    )


class _Rounds:
    """Keeps every round, and counts the samples that a budget kept from being drafted or debugged further."""

    def __init__(self, store: Keeper) -> None:
        self.left_out = {"samples": 0, "debugging": 0}
        self.untested: Candidate | None = None
        self.all: list[Round] = []
        self._store = store
        self._written: set[int] = set()  # samples with a program

    def keep(self, round: Round, completion: Completion | None) -> None:
        """See generate.KeepRound."""
        self.all.append(round)
        if round.program is not None:
            self._written.add(round.sample)
        if round.stopped and round.program is not None and self.untested is None:
            self.untested = Candidate(round.sample, round.program, ())
        if round.stopped:
            self.left_out["debugging" if round.sample in self._written else "samples"] += 1
        body = asdict(round) | {"passed": round.passed, "finish_reason": completion and completion.finish_reason}
        self._store.record("round", f"{round.sample}.{round.index}", body)


def _counted(left_out: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in left_out.items() if count}
