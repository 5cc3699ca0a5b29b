"""Clusters of candidates by what their programs did, and choices that cost nothing."""

from collections.abc import Iterable, Mapping, Sequence

from distinguo.records import Cluster
from distinguo.selectors.protocol import Decision, Observed, State


def by_outputs(
    samples: Iterable[int], rows: Mapping[int, Mapping[str, Observed]], inputs: Sequence[str]
) -> tuple[tuple[int, ...], ...]:
    """Samples with equal outputs on every input, ordered by lowest index. All must have been run on all inputs."""
    return _grouped((sample, tuple(rows[sample][text].key for text in inputs)) for sample in samples)


def by_public_outputs(state: State) -> tuple[tuple[int, ...], ...]:
    """The same by what the programs did on the public tests' inputs."""
    return _grouped((sample, tuple(seen.key for seen in state.public[sample])) for sample in state.samples)


def _grouped(keyed: Iterable[tuple[int, tuple[str, ...]]]) -> tuple[tuple[int, ...], ...]:
    groups: dict[tuple[str, ...], list[int]] = {}
    for sample, key in keyed:
        groups.setdefault(key, []).append(sample)
    return tuple(tuple(group) for group in groups.values())


def best_by_public(state: State) -> Decision:
    """Most public tests passed, then the largest cluster of equal outputs on them, then the lowest index."""
    passed = {candidate.sample: candidate.passed for candidate in state.candidates}
    ranked = sorted(by_public_outputs(state), key=lambda group: (-passed[group[0]], -len(group), group[0]))
    best = min(ranked[0], key=lambda sample: (-passed[sample], sample))
    clusters = tuple(Cluster(group, float(passed[group[0]])) for group in ranked)
    return Decision(best, clusters, _public_reason(state, passed[best], len(ranked[0])))


def _public_reason(state: State, passed: int, size: int) -> str:
    if len(state.candidates) == 1:
        return "It is the only candidate."
    if state.public_tests == 0:
        return "There are no public tests to compare the candidates by: it is the first."
    alike = "no other behaves like it on them" if size == 1 else f"{size} candidates behave alike on them"
    return f"It passes {passed} of {state.public_tests} public tests, which no candidate exceeds; {alike}."


def same_program(state: State) -> Decision | None:
    """The decision that needs no question: there is one candidate, or all have the same program."""
    if state.distinct_programs > 1:
        return None
    samples = state.samples
    reason = (
        "It is the only candidate." if len(samples) == 1 else f"All {len(samples)} candidates are the same program."
    )
    return Decision(samples[0], (Cluster(samples),), reason)
