"""S* (Li et al. 2025, arXiv 2502.14382) on one problem, top to bottom."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from distinguo import room, selectors
from distinguo.ask import Asker
from distinguo.budget import Budget
from distinguo.config import Settings
from distinguo.events import Note
from distinguo.generate import Generator, KeepRound
from distinguo.judge import Judge
from distinguo.problem import Problem
from distinguo.protocols import Client, Executor, Observer
from distinguo.records import Candidate, Completion, Role, Round, Selection
from distinguo.selectors.driver import select
from distinguo.store import Store


@dataclass(frozen=True, slots=True)
class Solved:
    """What S* arrived at. Without any program in N answers, candidate and selection are None.

    stopped: the budget that ended the run early, or "". errors: what the calls that failed said.
    """

    candidate: Candidate | None
    selection: Selection | None
    stopped: str = ""
    errors: tuple[str, ...] = ()


async def solve(
    problem: Problem,
    settings: Settings,
    clients: Mapping[Role, Client],
    executor: Executor,
    store: Store,
    budget: Budget,
    observe: Observer,
) -> Solved:
    """Draw N samples and debug each on the public tests (stage 1), then choose one by running them (stage 2).

    Raises ModelUnavailable, ReplayMiss, JudgeFailed. What arrived before that is in the store: the same call goes on.
    """
    if not problem.public_tests:
        observe(Note("The problem has no public tests, so programs are not debugged."))
    store.forget("round")
    store.forget("question")
    contexts = {role: client.context_tokens for role, client in clients.items()}
    ask = Asker(problem.id, settings, clients, store, budget, observe)
    async with Judge(problem, executor, store, budget) as judge:
        candidates = await Generator(
            problem, settings, ask, judge.test, _keeper(store), observe, room.field(contexts[Role.DEBUGGER])
        ).candidates()
        if not candidates:
            return Solved(None, None, budget.ended, tuple(ask.errors))
        selection = await select(
            selectors.get(settings.selector),
            candidates,
            problem,
            ask=ask,
            run=judge,
            seed=settings.seed,
            observe=observe,
            record=lambda key, body: store.record("question", key, body),
            prompt_tokens=room.selection_prompt(settings, (contexts[Role.TEST_GENERATOR], contexts[Role.JUDGE])),
        )
    chosen = next(candidate for candidate in candidates if candidate.sample == selection.chosen)
    store.record("selection", "", asdict(selection))
    return Solved(chosen, selection, budget.ended, tuple(ask.errors))


def _keeper(store: Store) -> KeepRound:
    def keep(round: Round, completion: Completion | None) -> None:
        body = asdict(round) | {"passed": round.passed, "finish_reason": completion and completion.finish_reason}
        store.record("round", f"{round.sample}.{round.index}", body)

    return keep
