"""Whatever a record holds, a format either makes its problem or says in an InputError what is wrong."""

import contextlib
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from distinguo.datasets.about import About
from distinguo.datasets.formats import NUMBERED, Format
from distinguo.datasets.named import FORMATS
from distinguo.errors import InputError

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
texts = st.sampled_from([
    "", "x", "7", "MBPP/2", "HumanEval/1", "def f(x):\n    ",
    "class Solution:\n    def f(self, x: List[int]) -> int:\n",
    "assert f(1) == 2", "2024-01-31T00:00:00", "[]", "{}", '{"inputs": [[1]], "outputs": [[2]], "fn_name": "f"}',
    '{"inputs": ["1"], "outputs": ["2"]}', '{"fn_name": "f", "inputs": 3, "outputs": [null]}', "[1", "2.5 seconds",
    "Input: x = 1\nOutput: 2\n", "Examples\n\nInput\n\n1\n\nOutput\n\n2\n", "HARD", "https://atcoder.jp/x",
])  # fmt: skip
tests = st.fixed_dictionaries({"input": st.just(["1"]), "output": st.just(["2"]) | json_values})
NEEDED = ("id", "task_id", "text", "code", "name")
FIELDS = (
    "task_id", "prompt", "entry_point", "test", "canonical_solution", "given_tests", "base_input", "plus_input", "atol",
    "code", "test_list", "text", "question_title", "question_content", "platform", "question_id", "starter_code",
    "public_test_cases", "private_test_cases", "metadata", "difficulty", "contest_date", "name", "description",
    "public_tests", "private_tests", "generated_tests", "source", "cf_rating", "time_limit", "memory_limit_bytes",
    "input_file", "question", "input_output", "url", "id", "tags", "date", "memory_limit",
)  # fmt: skip
values = texts | tests | st.lists(texts, max_size=3) | json_values
mostly_texts = st.integers(0, 9).flatmap(lambda number: texts if number else values)
lists = st.lists(texts, min_size=1, max_size=3)


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
@settings(max_examples=50)
@given(drawn=st.data())
def test_a_record_is_a_problem_or_a_sentence(form: Format, drawn: st.DataObject) -> None:
    known = {field: lists if field.endswith("_list") else mostly_texts for field in (*form.fields, *NEEDED)}
    others = {field: values for field in FIELDS if field not in known}
    record: Any = drawn.draw(st.fixed_dictionaries(known, optional=others) | json_values)
    try:
        key = form.key(record)
    except InputError:
        return
    event("accepted")
    assert isinstance(form.about(record), About)
    assert isinstance(form.erratum(record), str)
    assert form.length(record) >= 0
    given_id = {**record, NUMBERED: f"{key}/0"} if form.numbered else record
    with contextlib.suppress(InputError):
        assert form.problem(given_id).id == given_id.get(NUMBERED, key)
        event("a problem")
    with contextlib.suppress(InputError):
        form.hidden(given_id)
        event("hidden tests")
