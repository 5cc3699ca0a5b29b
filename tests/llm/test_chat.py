"""The wire format: any body is either a completion or an error of the call."""

import json

import pytest
from contracts.client import request
from hypothesis import given
from hypothesis import strategies as st

from distinguo.errors import CallError
from distinguo.llm.chat import Dialect, completion, refused_parameter
from distinguo.records import Completion, FinishReason

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
CHATTY = st.fixed_dictionaries(
    {
        "choices": JSON
        | st.lists(
            st.fixed_dictionaries(
                {"message": JSON | st.fixed_dictionaries({"content": JSON, "reasoning": JSON}), "finish_reason": JSON}
            )
            | JSON,
            max_size=2,
        )
    },
    optional={"usage": JSON | st.dictionaries(st.sampled_from(["prompt_tokens", "completion_tokens"]), JSON)},
)


@given(st.text() | JSON.map(json.dumps) | CHATTY.map(json.dumps))
def test_any_body_is_a_completion_or_an_error_of_the_call(body: str) -> None:
    try:
        answer = completion(body, "openai/fake", 1.0)
    except CallError:
        return
    assert isinstance(answer.text, str)
    assert isinstance(answer.reasoning, str)
    assert answer.prompt_tokens >= 0
    assert answer.completion_tokens >= 0


def test_a_whole_answer_is_read() -> None:
    body = {
        "choices": [{"message": {"content": "4", "reasoning": "2+2"}, "finish_reason": "length"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1},
    }
    assert completion(json.dumps(body), "m", 0.5) == Completion("4", "2+2", FinishReason.LENGTH, 3, 1, 0.5)


@pytest.mark.parametrize("reason", ["content_filter", "tool_calls", None, 3])
def test_other_finish_reasons_are_other(reason: object) -> None:
    body = {"choices": [{"message": {"content": "x"}, "finish_reason": reason}]}
    assert completion(json.dumps(body), "m", 0.5).finish_reason is FinishReason.OTHER


@pytest.mark.parametrize(
    "error, parameter",
    [
        ({"message": "Unsupported value: 'temperature' does not support 0.7", "param": "temperature"}, "temperature"),
        ({"message": "no", "code": "unsupported_parameter", "param": "max_tokens"}, "max_tokens"),
        ({"message": "unknown field: seed"}, "seed"),
        ({"message": "response_format json_schema isn't supported"}, "response_format"),
        ({"message": "Invalid schema", "param": "response_format.json_schema"}, "response_format"),
        ({"message": "max_tokens is too large: maximum context length is 4096", "param": "max_tokens"}, ""),
        ({"message": "context length exceeded"}, ""),
        ({"message": "the model does not support images"}, ""),
        (None, ""),
    ],
)
def test_refusals_name_a_parameter_only_when_it_is_unsupported(error: object, parameter: str) -> None:
    assert refused_parameter(error, "bad request") == parameter


def test_seeds_fit_a_signed_32_bit_number() -> None:
    assert 0 <= Dialect().arguments("m", request(seed=2**63 + 5))["seed"] < 2**31
