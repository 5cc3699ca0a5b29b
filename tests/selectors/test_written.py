import pytest

from distinguo.problem import Program
from distinguo.records import Candidate, Verdict
from distinguo.selectors.evidence import Evidence
from distinguo.selectors.protocol import Failed, GeneratedTest, Inputs, Mutate, Observed, Question, Tests
from distinguo.selectors.written import Clustered, clustered


def evidence(*sources: str) -> Evidence:
    """Two programs that differ on the input `2`."""
    pool = [Candidate(sample, Program(f"print({sample})"), ()) for sample in (0, 1)]
    found = Evidence(pool, {0: (), 1: ()}, 0, 0, sources)
    for sample in (0, 1):
        found.observe(sample, "1", Observed(Verdict.AC, "same"))
        found.observe(sample, "2", Observed(Verdict.AC, str(sample)))
    return found


def asked(found: Evidence) -> dict[str, Question]:
    step = clustered(found.state())
    assert isinstance(step, tuple)
    return {question.kind: question for question in step}


@pytest.mark.parametrize(
    "sources, kinds",
    [
        (("written", "mutated"), {"inputs"}),
        (("written", "generated"), {"inputs", "generate"}),
        (("generated", "stress"), {"inputs", "generate", "stress"}),
    ],
)
def test_every_source_that_is_on_is_asked_at_once(sources: tuple[str, ...], kinds: set[str]) -> None:
    assert asked(evidence(*sources)).keys() == kinds


def test_the_inputs_of_all_sources_are_put_together() -> None:
    found = evidence("written", "generated", "stress")
    questions = asked(found)
    found.answer(questions["inputs"], Inputs(("1",)))
    assert asked(found).keys() == {"generate", "stress"}
    found.answer(questions["generate"], Failed("no generator works"))
    found.answer(questions["stress"], Tests((GeneratedTest("2 -> 0", ("2",)),)))
    assert clustered(found.state()) == Clustered(("1", "2"), ((0,), (1,)))


def test_mutants_stand_in_where_models_bring_nothing() -> None:
    found = evidence("written", "generated")
    for question in asked(found).values():
        found.answer(question, Inputs(()))
    step = clustered(found.state())
    assert step == (Mutate(24), Mutate(2, large=True))
    found.answer(step[0], Inputs(("2",)))
    found.answer(step[1], Inputs(()))
    assert clustered(found.state()) == Clustered(("2",), ((0,), (1,)))
