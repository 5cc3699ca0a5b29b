"""What is sent: parameters by the model's family, and what is learnt from a refusal."""

import json

import pytest
from contracts.client import SCHEMA, request

from distinguo.llm.chat import Dialect, as_prompt, refused_parameter
from distinguo.records import Message


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
        ({"message": "Streaming is not supported"}, "stream"),
        ({"message": "unknown field stream_options"}, "stream_options"),
        ({"message": "this doesn't support n > 1"}, "n"),
        ({"message": "must be verified", "code": "unsupported_value", "param": "stream"}, "stream"),
        ({"message": "the model does not support images"}, ""),
        (None, ""),
    ],
)
def test_refusals_name_a_parameter_only_when_it_is_unsupported(error: object, parameter: str) -> None:
    assert refused_parameter(error, "bad request") == parameter


def test_seeds_fit_a_signed_32_bit_number() -> None:
    assert 0 <= Dialect().arguments("m", request(seed=2**63 + 5), stream=False)["seed"] < 2**31


@pytest.mark.parametrize("name", ["o1", "o3-mini", "openai/o4-mini", "gpt-5", "gpt-5.1-codex", "codex-mini-latest"])
def test_reasoning_models_are_told_by_their_names(name: str) -> None:
    arguments = Dialect.of(name).arguments(name, request(stop=("x",), reasoning_effort="high"), stream=False)
    assert arguments.keys() == {"model", "messages", "max_completion_tokens", "seed", "reasoning_effort"}
    assert arguments["reasoning_effort"] == "high"


@pytest.mark.parametrize("name", ["gpt-4o", "gpt-5-chat-latest", "meta/llama-3", "deepseek-reasoner", "turbo1-x"])
def test_other_models_get_all_parameters(name: str) -> None:
    arguments = Dialect.of(name).arguments(name, request(stop=("x",)), stream=False)
    assert arguments.keys() == {"model", "messages", "max_tokens", "temperature", "seed", "stop"}


def test_a_stream_asks_for_its_usage() -> None:
    arguments = Dialect().arguments("m", request(), stream=True)
    assert (arguments["stream"], arguments["stream_options"]) == (True, {"include_usage": True})


def test_a_refused_stream_is_not_asked_for_again() -> None:
    dialect = Dialect()
    assert dialect.leave_out("stream")
    assert not {"stream", "stream_options"} & dialect.arguments("m", request(), stream=True).keys()


def test_a_plain_prompt_keeps_schema_and_stops() -> None:
    dialect = Dialect(chat=False)
    arguments = dialect.arguments("m", request("Hi", stop=("x",), schema=json.dumps(SCHEMA)), stream=False)
    assert arguments["prompt"] == "### User:\nHi\n\n### Assistant:\n"
    assert arguments["stop"] == ["x", "### User:"]
    assert "messages" not in arguments
    assert arguments["response_format"]["json_schema"]["schema"] == SCHEMA


def test_a_conversation_becomes_one_text() -> None:
    messages = [Message("system", "a"), Message("user", "b"), Message("assistant", "c"), Message("user", "d")]
    text = "### Instructions:\na\n\n### User:\nb\n\n### Assistant:\nc\n\n### User:\nd\n\n### Assistant:\n"
    assert as_prompt(messages) == text
