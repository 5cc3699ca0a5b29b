"""benchmarks/rejudge.py: which official verdicts are looked at again, and what comes of them."""

import gzip
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from fakes.published import published

from distinguo import datasets
from distinguo.datasets import samples
from distinguo.protocols import Executor

FILE = Path(__file__).parents[2] / "benchmarks" / "rejudge.py"
if not FILE.exists():
    pytest.skip(f"{FILE} is absent", allow_module_level=True)
_spec = importlib.util.spec_from_file_location("rejudge", FILE)
assert _spec is not None
assert _spec.loader is not None
rejudge = importlib.util.module_from_spec(_spec)
sys.modules["rejudge"] = rejudge
_spec.loader.exec_module(rejudge)

SUM = "print(sum(map(int, input().split())))"
THREAD = "import threading\ndef main():\n    {}\nthreading.Thread(target=main).start()\n"
STATED = "Add the numbers.\n\nSample Input 1\n\n1 2\n\nSample Output 1\n\n3"


def record(code: str, right: bool, **told: Any) -> dict[str, Any]:
    return {
        "question_title": "add",
        "question_content": STATED,
        "platform": "atcoder",
        "question_id": "abc900_a",
        "starter_code": "",
        "difficulty": "easy",
        "contest_date": "2024-01-01T00:00:00",
        "code_list": [code],
        "graded_list": [right],
        "pass@1": float(right),
        "metadata": [json.dumps({"inputs": "4 5\n", "expected": "9\n", "output": "", "error_code": -2, **told})],
    }


@pytest.mark.parametrize(
    "code,leaves",
    [
        (THREAD.format("print(1)"), True),
        (THREAD.format("print(' '.join('abc'))"), True),
        ("from threading import Thread\nt = Thread(target=print)\nt.start()\n", True),
        ("import threading\nt = threading.Thread(target=print)\nt.start()\nt.join()\n", False),
        (SUM, False),
        ("def (", False),
    ],
)
def test_a_thread_is_left_alone_where_nobody_joins_it(code: str, leaves: bool) -> None:
    assert rejudge.leaves_thread(code) is leaves


def test_output_is_lost_only_where_a_thread_was_left_alone_and_output_is_missing() -> None:
    code = THREAD.format(SUM)
    kinds = [
        rejudge.failed(source, record(source, False, **told)["metadata"]).kind
        for source, told in (
            (code, {}),
            (code, {"output": "8"}),
            (code, {"output": "8", "error_message": "Wrong answer: mismatched output length"}),
            (SUM, {}),
            (code, {"error_code": -3}),
            (code, {"error_code": -4}),
        )
    ]
    assert kinds == ["lost output", "wrong answer", "lost output", "wrong answer", "time limit", "crash"]


@pytest.mark.parametrize("metadata", [[], ["{"], [None], ['{"inputs": 3}']])
def test_metadata_that_says_nothing_shows_no_test(metadata: list[Any]) -> None:
    found = rejudge.failed(SUM, metadata)
    assert (found.given, found.expected, found.lost) == (None, None, False)


@pytest.mark.asyncio(loop_scope="session")
async def test_verdicts_that_a_program_disproves_are_changed_and_the_copy_is_read_back(
    tmp_path: Path, box: Executor
) -> None:
    cut = f"1 2{rejudge.CUT}3 4"
    programs = {
        "disproved": (record(THREAD.format(SUM), False), True),
        "wrong on the same test": (record("input(); print(9 + 1)", False), False),
        "wrong on the statement's": (record("input(); print(9)", False), False),
        "lost and cut": (record(THREAD.format(SUM), False, inputs=cut), None),
        "cut": (record("print(0)", False, expected=cut), False),
        "right before": (record(SUM, True), True),
    }
    given = [body | {"question_id": f"abc900_{n}"} for n, (body, _) in enumerate(programs.values())]
    file = tmp_path / "in" / "model" / "x_eval_all.json.gz"
    file.parent.mkdir(parents=True)
    file.write_bytes(gzip.compress(json.dumps(given).encode()))
    copy = tmp_path / "out" / "model" / file.name
    await rejudge._file(file, copy, box)
    new = json.loads(gzip.decompress(copy.read_bytes()))
    assert [one["graded_list"] for one in new] == [[verdict] for _, verdict in programs.values()]
    assert [one["pass@1"] for one in new[:4]] == [1.0, 0.0, 0.0, None]
    read = samples.read(copy, datasets.open(str(copy)), on_warning=lambda line, told: pytest.fail(told))
    assert [sample.right for sample in read] == [verdict for _, verdict in programs.values()]


def test_most_of_a_models_wrong_verdicts_are_lost_output() -> None:
    """As the data's README counts them."""
    name = "livecodebench/o1-preview-2024-09-12/Scenario.codegeneration_1_0.2_eval_all.json.gz"
    wrong = [
        one
        for one in json.loads(gzip.decompress(published(name).read_bytes()))
        if not one["starter_code"] and one["graded_list"] == [False]
    ]
    lost = [one for one in wrong if rejudge.failed(one["code_list"][0], one["metadata"]).lost]
    assert len(wrong) == 167
    assert len(lost) == 109 + 5  # all of the output, or some lines of it
