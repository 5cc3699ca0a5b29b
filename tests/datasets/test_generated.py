"""Generated tests in the forms of those who published some."""

import io
import json
import warnings
from pathlib import Path

import pytest
from fakes.grading import CODET_TASKS, lines
from fakes.published import published
from hypothesis import given
from hypothesis import strategies as st

from distinguo import datasets, values
from distinguo.datasets import DataSet, generated
from distinguo.datasets.generated import Recorded, WrittenTest
from distinguo.problem import CallStyle, Problem

PROMPT = 'def twice(x, y=1):\n    """ Twice. """\n'
TASK = {"task_id": "T/1", "prompt": PROMPT, "entry_point": "twice", "test": "def check(candidate):\n    pass\n"}
CODET_TESTS = "codet/generated_data/HumanEval_codegen16B_temp0.8_topp0.95_num100_max300_test_case.jsonl.gz"


@pytest.fixture
def functions(tmp_path: Path) -> DataSet:
    path = tmp_path / "tasks.jsonl"
    path.write_text(json.dumps(TASK) + "\n")
    return datasets.open(str(path))


@pytest.fixture
def programs(tmp_path: Path) -> DataSet:
    folder = tmp_path / "double"
    folder.mkdir()
    (folder / "problem.md").write_text("Double it.\n")
    return datasets.open(str(folder))


def read(dataset: DataSet, *records: object) -> tuple[list[Recorded], list[tuple[int, str]]]:
    told = list[tuple[int, str]]()
    file = io.BytesIO("".join(f"{json.dumps(record)}\n" for record in records).encode())
    return [*generated.read(file, dataset, on_warning=lambda *one: told.append(one))], told


def own(dataset: DataSet, *tests: object) -> Recorded:
    found, told = read(dataset, {"task_id": dataset.ids[0], "tests": tests})
    assert told == []
    return found[0]


def codet(dataset: DataSet, *samples: str) -> Recorded:
    prompt = f"{PROMPT}    pass\n\n# check the correctness of twice\nassert "
    found, told = read(dataset, {"prompt": prompt, "samples": samples})
    assert told == []
    return found[0]


def test_a_comparison_with_a_value_is_told_by_its_call_and_the_value(functions: DataSet) -> None:
    texts = ["assert twice(2) == 4", "assert [4,4] == twice([2])", "assert twice(2) == 4, 'four'"]
    assert own(functions, *texts).tests == (
        WrittenTest(texts[0], ("(2,)",), "4", texts[0]),
        WrittenTest(texts[1], ("([2],)",), "[4, 4]", texts[1]),
        WrittenTest(texts[2], ("(2,)",), "4", texts[2]),
    )


def test_arguments_by_name_are_put_in_their_places(functions: DataSet) -> None:
    simple, other = own(functions, "assert twice(y=3, x=2) == 4", "assert twice(x=2) and twice(3, y=z)").tests
    assert simple.inputs == ("(2, 3)",)
    assert (other.inputs, other.code) == (("(2,)",), "assert twice(2) and twice(3, y=z)")
    assert other.text == "assert twice(x=2) and twice(3, y=z)"


@pytest.mark.parametrize(
    "text",
    [
        "assert twice(2) is True",
        "assert twice(2)",
        "assert not twice(2)",
        "assert twice(2) == 1 + 3",
        "assert twice(2) == 4 == 4",
        "assert abs(twice(2) - 4) < 1e-6",
        "assert twice(2) == 4\nassert twice(2) == 4",
        "assert twice(2) == float('nan')",
    ],
)
def test_what_says_more_is_left_to_its_code(functions: DataSet, text: str) -> None:
    assert own(functions, text).tests == (WrittenTest(text, ("(2,)",), None, text),)


def test_what_is_no_test_is_counted(functions: DataSet) -> None:
    texts = ["assert twice(2) == ", "twice(2) == 4", 3, {"input": "(2,)"}, {"input": "2 +", "expected": "4"}, ""]
    assert own(functions, *texts, "assert twice(" + "(" * 500, "assert " + "1 + " * 20_000 + "1") == Recorded(
        "T/1", (), 8
    )


def test_inputs_with_expected_outputs_are_literals_for_a_function(functions: DataSet) -> None:
    found = own(functions, {"input": "twice([1])", "expected": "[2,]"}, {"input": "(1, 2)", "expected": "{1, 1}"})
    assert [(test.inputs, test.expected, test.code) for test in found.tests] == [
        (("([1],)",), "[2]", ""),
        (("(1, 2)",), "{1}", ""),
    ]


def test_inputs_with_expected_outputs_are_texts_for_a_program(programs: DataSet) -> None:
    found = own(programs, {"input": "2\n", "expected": "4\n"}, "assert solution('3') == '6'", "assert solution(3) == 6")
    assert [(test.inputs, test.expected, test.code) for test in found.tests] == [
        (("2\n",), "4\n", ""),
        (("3",), "6", ""),
    ]
    assert found.dropped == 1
    named = own(programs, "assert '6\\n' == solution(stdin='''3\n''')")
    assert [(test.inputs, test.expected) for test in named.tests] == [(("3\n",), "6\n")]


def test_codet_samples_are_split_and_cut_where_the_function_is_left(functions: DataSet) -> None:
    found = codet(
        functions,
        "twice(1) == 2\nassert twice(2) == 4\n\nassert other(3) == 6\ndef f():\n    pass\nassert twice(4) == 8",
        "twice(1) == 2\nprint(twice(1))",
        "\n\n",
        "twice(5) ==",
    )
    assert [test.text for test in found.tests] == [
        "assert twice(1) == 2",
        "assert twice(2) == 4",
        "assert twice(4) == 8",
        "assert twice(1) == 2",
    ]
    assert found.dropped == 1


def test_five_asserts_of_a_codet_sample_count(functions: DataSet) -> None:
    sample = "\nassert ".join(["twice(0) ==", *(f"twice({number}) == 0" for number in range(8))])
    found = codet(functions, sample, "twice(9) == 9")
    assert [test.inputs for test in found.tests] == [*((f"({number},)",) for number in range(5)), ("(9,)",)]
    assert found.dropped == 1


def test_records_that_are_none_are_named_by_their_line(functions: DataSet, tmp_path: Path) -> None:
    path = tmp_path / "tests.jsonl"
    good = json.dumps({"task_id": "T/1", "tests": ["assert twice(1) == 2"]})
    bad = ["{", "[]", '{"task_id": "T/9", "tests": []}', '{"tests": []}', '{"prompt": "def g():", "samples": []}']
    path.write_text("\n".join([*bad, '{"task_id": true, "tests": []}', '{"task_id": "T/1", "tests": 1}', good]) + "\n")
    told = dict[int, str]()
    found = list(generated.read(path, functions, on_warning=told.__setitem__))
    assert [record.task_id for record in found] == ["T/1"]
    assert list(told) == [1, 2, 3, 4, 5, 6, 7]
    assert told[3] == "tasks.jsonl has no task 'T/9'"
    assert told[5] == "no task of tasks.jsonl has this prompt"


PIECES = [
    "twice(",
    ")",
    "assert ",
    " == ",
    "1",
    "'a'",
    ", ",
    "\n",
    "x=",
    "[",
    "]",
    "(",
    "not ",
    "#",
    "\\",
    "{",
    "=",
    "\ndef ",
]


@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
def test_whatever_a_model_writes_is_a_test_or_counted(text: str) -> None:
    reader = generated._Reader(Problem("t", "", CallStyle.FUNCTION, "twice", PROMPT))
    for test in [*reader.sample(text), reader.own(text)]:
        if test is not None:
            assert "assert" in test.text
            compile(test.code, "test", "exec")
            assert all(isinstance(values.loads(given), tuple) for given in test.inputs)


def test_the_published_tests_are_those_that_codets_code_keeps() -> None:
    dataset = datasets.open(str(published(CODET_TASKS)))
    found = list(generated.read(published(CODET_TESTS), dataset, on_warning=lambda line, message: pytest.fail(message)))
    kept = {record.task_id: [test.text for test in record.tests] for record in found}
    assert len(kept) == 82
    for record in lines(CODET_TESTS):
        task_id = dataset.by_prompt(record["prompt"].partition("    pass\n\n# check")[0])
        assert task_id is not None
        entry = dataset.problem(task_id).entry
        assert entry is not None
        expected = [text for sample in record["samples"] for text in _as_codet_does(sample, entry)[:5]]
        assert [text for text in kept[task_id] if "__future__" not in text] == expected


def _as_codet_does(content: str, entry: str) -> list[str]:
    """CodeT's recipe, in a few lines."""
    parts = [f"assert {part}".strip() for part in f"assert {content}".split("assert ") if entry in part]
    for stop in ("\nclass", "\ndef", "\n#", "\nif", "\nprint"):
        parts = [part.split(stop)[0].strip() for part in parts]
    return [part for part in parts if _compiles(part.replace("\n", "\n    "))]


def _compiles(test: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(f"try:\n    {test}\nexcept:\n    pass\n", "", "exec")
    except (SyntaxError, ValueError):
        return False
    return True
