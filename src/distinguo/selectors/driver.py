"""The driver: shows a selector what is known, answers its questions side by side, until it decides."""

import asyncio
import random
from collections.abc import Collection, Sequence

from distinguo import checkers
from distinguo.config import USUAL_INPUTS
from distinguo.errors import InputError
from distinguo.events import SelectionStarted
from distinguo.problem import Problem
from distinguo.protocols import Ask, Observer, Run
from distinguo.records import Candidate, Selection
from distinguo.selectors.answering import Answerer, Record, observed
from distinguo.selectors.clustering import best_by_public
from distinguo.selectors.evidence import Evidence
from distinguo.selectors.protocol import Decision, Question, RecordedTests, Selector
from distinguo.selectors.sources import decided_by
from distinguo.testgen import PROMPT_TOKENS, Author


async def select(
    selector: Selector,
    candidates: Sequence[Candidate],
    problem: Problem,
    *,
    ask: Ask,
    run: Run,
    seed: int,
    observe: Observer,
    record: Record,
    public_filter: bool = True,
    prompt_tokens: int = PROMPT_TOKENS,
    tests: RecordedTests | None = None,
    sources: Collection[str] = USUAL_INPUTS,
) -> Selection:
    """Stage 2 (Li et al. 2025, section 3.2): choose one candidate.

    public_filter: the selector sees only the candidates that pass every public test; when none does, the best by
    public tests is taken without any question (ties: the largest cluster of equal outputs, then the lowest index).
    When inputs arrive, candidates that do something else when they are run again leave the pool, unless all would.
    prompt_tokens: the most that a prompt may have, by a cautious estimate; texts are cut to fit.
    sources: where inputs may come from, of config.INPUTS. seed: with the problem's id, of every random choice.
    tests: answer the first request for tests, and their inputs the first one for inputs, in a model's place.
    record: told of every question with its answer, what was run and what was dropped.

    A failed call or an ended budget leaves a question without an answer, never the problem without a choice;
    Selection.stopped and the reason then say so. Raises InputError without a candidate or with a selector that neither
    asks nor decides, and ModelUnavailable, ReplayMiss, JudgeFailed, after the other questions have been cancelled.
    """
    if not candidates:
        raise InputError("there is no candidate to select from; draw at least one sample that holds a program")
    passing = [candidate for candidate in candidates if candidate.passes_all]
    pool = passing if public_filter and passing else candidates
    checker = checkers.get(problem.checker)
    public = {
        candidate.sample: [observed(outcome.execution, checker) for outcome in candidate.outcomes] for candidate in pool
    }
    own = random.Random(f"{seed}/{problem.id}").getrandbits(
        32
    )  # else an order drawn once would be that of all problems
    evidence = Evidence(pool, public, len(problem.public_tests), own, sources)
    author = Author(problem, ask, prompt_tokens)
    answerer = Answerer(pool, evidence, author, run, checker, observe, record, tests, sources, seed=seed)
    observe(SelectionStarted(selector.name, len(pool)))
    if public_filter and not passing:
        decision = best_by_public(evidence.state())
    else:
        decision = await _decide(selector, evidence, answerer)
    return Selection(
        selector=selector.name,
        chosen=decision.chosen,
        clusters=decision.clusters,
        reason=_reason(decision, len(candidates), len(passing), public_filter, answerer),
        steps=dict(answerer.steps),
        stopped=answerer.stopped,
        decided_by=decided_by(evidence.state(), decision.chosen, decision.clusters),
    )


async def _decide(selector: Selector, evidence: Evidence, answerer: Answerer) -> Decision:
    asked: set[Question] = set()
    under_way: set[asyncio.Task[None]] = set()
    try:
        while True:
            step = selector.next(evidence.state())
            if isinstance(step, Decision):
                return step
            for question in step:
                if question not in asked:
                    asked.add(question)
                    under_way.add(asyncio.create_task(answerer.answer(question)))
            if not under_way:
                raise InputError(f"the selector {selector.name!r} neither asks nor decides; choose another one")
            done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            failures = [error for task in done if (error := task.exception()) is not None]
            if failures:
                raise failures[0]
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


def _reason(decision: Decision, total: int, passing: int, public_filter: bool, answerer: Answerer) -> str:
    """The selector's reason, after what left the pool and before what ended the selection early."""
    sentences = list[str]()
    if public_filter and not passing:
        sentences.append("No candidate passes every public test.")
    elif public_filter and passing < total:
        sentences.append(f"{passing} of {total} candidates pass every public test.")
    if answerer.unstable:
        sentences.append(_unstable(len(answerer.unstable), decision.chosen in answerer.unstable))
    sentences.append(decision.reason)
    if answerer.stopped:
        sentences.append(f"The budget ended the selection early: {answerer.stopped.rstrip('.')}.")
    return " ".join(sentences)


def _unstable(number: int, chosen: bool) -> str:
    if chosen:
        return "Every candidate does something else when it is run again."
    return f"{number} candidate{'s do' if number > 1 else ' does'} something else when run again and left the pool."
