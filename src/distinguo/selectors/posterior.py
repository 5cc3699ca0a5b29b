"""`posterior`: the cluster that is most probably right, asking a judge only what is worth its price. Ours.

1. Inputs and tests are gathered from every source at once; candidates with equal outputs on all inputs are a cluster.
2. `belief` gives each cluster, and that none is right, a probability: by size, tests, failures and agreement.
3. A judge is asked one question at a time, always the one that is expected to say most about the right cluster for its
   calls: which of the outputs on a known input is right (one call); which of two programs, by known inputs; or the
   same with new inputs that tell the two apart (one call more). What it brings is run on everyone and may split
   clusters. The first pairs are shown in both orders (two calls, at once). Where these agree often enough, later pairs
   are shown in one order, drawn at random: a second verdict on the same says less than one on other inputs.
4. It ends when the best cluster has SURE of the probability that any is right, when a call is expected to bring less
   than its price, or after so many calls. Then a model is asked once or twice for inputs that split the winner.

Without a judge's verdict, tests rank the clusters as `b4-clusters` does, since that is better at finding the best one
(measured on the CodeT authors' samples); the probabilities are the model's all the same.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from distinguo.records import Cluster
from distinguo.selectors.agreement import agreement, outputs
from distinguo.selectors.b4 import B4Clusters
from distinguo.selectors.belief import Parameters, Pool, prior
from distinguo.selectors.belief_judge import Belief, entropy
from distinguo.selectors.clustering import same_program
from distinguo.selectors.interview import PROBES, Interview, Option
from distinguo.selectors.matrix import Group, Matrix, matrix
from distinguo.selectors.protocol import (
    Choose,
    Compare,
    Decision,
    Distinguish,
    Generate,
    Mutate,
    Question,
    RunOn,
    State,
    Stress,
    WriteInputs,
    WriteTests,
)
from distinguo.selectors.ranking import unranked
from distinguo.selectors.written import LARGE

SOURCES: tuple[Question, ...] = (WriteTests(8), WriteInputs(8), Mutate(24), Mutate(LARGE, large=True))
MADE: Mapping[str, Question] = {"generated": Generate(8), "stress": Stress(8)}  # asked, too, where their source is on
QUESTIONS = 90  # calls to models about the clusters, at most
PRICE = 0.0003  # of a call, as a probability: 3,000 calls are worth one more right choice
SURE = 0.95
SHARE = 0.35  # of the calls that a match between every two samples of different clusters takes, three each: at most
FEW = 6  # calls about the clusters that a small pool may cost, too
PROBING = 0.1  # of these calls may be second orders, to see whether the judge prefers a place
QUICK = 0.2  # CPU seconds
SPLITS = 2  # requests for inputs that split the winner


class Posterior:
    """The most probable cluster; of its members the best by public tests, then the fastest on them."""

    name: ClassVar[str] = "posterior"

    def __init__(
        self,
        parameters: Parameters | None = None,
        *,
        sources: Sequence[Question] = SOURCES,
        questions: int = QUESTIONS,
        price: float = PRICE,
        by_tests: B4Clusters | None = None,
    ) -> None:
        """sources: what brings inputs and tests, all asked at once. price: of a call, see PRICE. by_tests: ranks
        clusters where there are tests and no verdict, B4Clusters unless given.

        questions: calls to models about the clusters, at most; SHARE may allow fewer. 0 for a choice without a judge.
        """
        self._parameters = parameters or Parameters()
        self._sources = tuple(sources)
        self._questions = questions
        self._price = price
        self._by_tests = by_tests or B4Clusters()

    def next(self, state: State) -> Decision | Sequence[Question]:
        """Gather, ask, decide."""
        decision = same_program(state)
        if decision is not None:
            return decision
        sources = (*self._sources, *(question for source, question in MADE.items() if source in state.sources))
        waiting = tuple(source for source in sources if source not in state.answers)
        if waiting:
            return waiting
        known = gathered(state)
        if not known.inputs and not known.tests:
            return unranked(state, "No usable test or input could be made.")
        groups = known.by_outputs()
        clusters = [group.samples for group in groups]
        most = self._most(_pairs([len(cluster) for cluster in clusters]))
        interview = Interview(state, clusters, known.inputs, self._parameters, min(PROBES, int(PROBING * most)))
        unfinished = interview.unfinished()
        if unfinished:
            return unfinished
        answered = interview.answered()
        levels = [1 / len(self._parameters.levels)] * len(self._parameters.levels)
        belief = Belief(prior(pool(known, groups), self._parameters), self._parameters.fooled, answered, levels)
        return self._question(interview, belief, most) or self._decide(state, known, groups, belief, len(answered))

    def most_questions(self, candidates: int) -> Mapping[str, int]:
        """Each source once; about the clusters so many calls in all (see `questions`), of which any kind may be most.

        A pair in both orders is two questions; each request for inputs that tell a pair apart leaves room for it.
        """
        asked: dict[str, int] = {}
        if candidates < 2:
            return asked
        for source in (*self._sources, *MADE.values()):
            asked[source.kind] = asked.get(source.kind, 0) + 1
        most = self._most(candidates * (candidates - 1) // 2)
        requests = most // 3 + SPLITS
        if most:
            asked |= {Choose.kind: most, Compare.kind: most, Distinguish.kind: requests, RunOn.kind: requests}
        return asked

    def _most(self, pairs: int) -> int:
        """How many calls about the clusters there may be where so many pairs of samples are in different ones."""
        gathering = sum(source.calls_model for source in self._sources)
        return min(self._questions, max(FEW, int(SHARE * (1 + 3 * pairs)) - gathering))

    def _question(self, interview: Interview, belief: Belief, most: int) -> tuple[Question, ...]:
        """The questions to ask now; none where it is time to decide. most: calls about the clusters, in all."""
        *clusters, none = belief.probabilities
        left = most - interview.calls
        if len(clusters) == 1 or left <= 0 or interview.speechless:
            return ()
        best = max(range(len(clusters)), key=lambda place: (clusters[place], -place))
        if clusters[best] < SURE * (1 - none) and none < SURE:
            option = self._best(interview, belief, left, most // 3)
            if option is not None:
                return option.questions
        split = interview.equivalence(best) if interview.splits < SPLITS else None
        return () if split is None else (split,)

    def _best(self, interview: Interview, belief: Belief, left: int, requests: int) -> Option | None:
        """The option that says most for its calls, unless that is not worth them.

        left: the calls that it may take. requests: for inputs that tell a pair apart, as many as there may be in all.

        An answer that brings the share s of the information that is missing is taken to bring the share s of what
        deciding now is expected to lose to the right cluster.
        """
        *clusters, none = belief.probabilities
        missing = entropy([*clusters, none])
        lost = 1 - none - max(clusters)
        best, most = None, self._price
        for option in interview.options(clusters):
            if option.calls > left or (option.requests and interview.requests >= requests):
                continue
            worth = lost * belief.information(option.asked) / missing / option.calls
            if worth > most:
                best, most = option, worth
        return best

    def _decide(self, state: State, known: Matrix, groups: Sequence[Group], belief: Belief, verdicts: int) -> Decision:
        *clusters, none = belief.probabilities
        by_tests = [0.0] * len(groups)
        if known.tests and not verdicts:
            scores = {group.samples: score for group, score in self._by_tests.scored(known)}
            by_tests = [scores[group.samples] for group in groups]
        ranked = sorted(
            range(len(groups)),
            key=lambda place: (
                clusters[place] == 0.0,
                -by_tests[place],
                -clusters[place],
                -len(groups[place].samples),
                groups[place].samples[0],
            ),
        )
        best = groups[ranked[0]]
        return Decision(
            _fastest(state, best.samples),
            tuple(Cluster(groups[place].samples, clusters[place]) for place in ranked),
            _reason(state, known, len(groups), best, clusters[ranked[0]], none, verdicts),
        )


def _pairs(sizes: Sequence[int]) -> int:
    """How many pairs of samples are in different clusters, which have so many each."""
    return (sum(sizes) ** 2 - sum(size * size for size in sizes)) // 2


def gathered(state: State) -> Matrix:
    """The tests, and every input that all candidates were run on, whoever brought it."""
    known = matrix(state)
    first, *others = (known.row(program) for program in known.programs)
    everywhere = set(first).intersection(*others)
    return replace(known, inputs=tuple(each.text for each in state.inputs() if each.text in everywhere))


def pool(known: Matrix, groups: Sequence[Group]) -> Pool:
    """What the model sees of clusters, as `known.by_outputs()` has them: to decide, or to fit it (belief_fit)."""
    printed = [outputs(known.row(group), known.inputs) for group in groups]
    works = tuple(tuple(output is not None for output in row) for row in printed)
    agreed = agreement(printed, [1] * len(groups))
    return Pool(
        sizes=tuple(len(group.samples) for group in groups),
        programs=tuple(group.programs for group in groups),
        passed=tuple(group.passed for group in groups),
        tests=known.tests,
        works=works,
        agreed=tuple(total - sum(runs) for total, runs in zip(agreed, works, strict=True)),
    )


def _fastest(state: State, cluster: Sequence[int]) -> int:
    """Of a cluster the member that passes most public tests, then one that needs least time for them.

    Only a clear difference counts, or the choice would be another in the next run: times are alike up to QUICK and
    within a factor of about two.
    """
    candidates = {candidate.sample: candidate for candidate in state.candidates}

    def key(sample: int) -> tuple[int, int, int]:
        candidate = candidates[sample]
        seconds = sum(outcome.execution.cpu_seconds for outcome in candidate.outcomes)
        return -candidate.passed, round(math.log2(max(1.0, seconds / QUICK))), sample

    return min(cluster, key=key)


def _reason(
    state: State, known: Matrix, clusters: int, best: Group, probability: float, none: float, verdicts: int
) -> str:
    total = len(state.samples)
    sentences = [
        f"All {total} candidates give the same outputs on {len(known.inputs)} inputs."
        if clusters == 1
        else f"Its cluster has {len(best.samples)} of {total} candidates; {len(known.inputs)} inputs tell {clusters} "
        "clusters apart."
    ]
    if known.tests:
        sentences.append(f"It passes {best.passes} of {known.tests} generated tests.")
    if verdicts:
        sentences.append(f"A judge gave {verdicts} verdict{'s' * (verdicts > 1)}.")
    sentences.append(
        f"The cluster is right with probability {probability:.2f}, and no candidate is with probability {none:.2f}."
    )
    return " ".join(sentences)
