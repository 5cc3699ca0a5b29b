"""What counts as an answer: any body, and any stream in any pieces, is one or an error of the call."""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distinguo.errors import CallError
from distinguo.llm.answers import LONGEST, Answer, ErrorInside, Interrupted, Stream, whole
from distinguo.llm.counting import Counter
from distinguo.llm.repeats import Repeats
from distinguo.llm.streaming import Events, read_body, read_events
from distinguo.records import FinishReason, Message

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_MESSAGE = st.fixed_dictionaries({}, optional=dict.fromkeys(("content", "reasoning", "refusal"), JSON))
_CHOICE = st.fixed_dictionaries(
    {},
    optional={"message": JSON | _MESSAGE, "delta": JSON | _MESSAGE, "text": JSON, "finish_reason": JSON, "index": JSON},
)
CHATTY = st.fixed_dictionaries(
    {"choices": JSON | st.lists(_CHOICE | JSON, max_size=2)},
    optional={
        "usage": JSON | st.dictionaries(st.sampled_from(["prompt_tokens", "completion_tokens"]), JSON),
        "error": JSON,
        "id": JSON,
    },
)


@given(st.binary() | (JSON | CHATTY).map(json.dumps).map(str.encode))
def test_any_body_is_an_answer_or_an_error_of_the_call(body: bytes) -> None:
    try:
        answer = whole(body, "openai/fake")
    except (CallError, ErrorInside, Interrupted):
        return
    check(answer)


@given(st.lists(st.binary(max_size=9) | (JSON | CHATTY).map(json.dumps).map(str.encode), max_size=4), st.booleans())
async def test_any_stream_is_an_answer_or_an_error_of_the_call(events: list[bytes], watched: bool) -> None:
    stream = Stream("openai/fake", [(lambda text: len(text) > 3) if watched else None])
    try:
        await read_events(pieces([b"data: " + event + b"\n\n" for event in events]), stream)
        answer = stream.whole()
    except (CallError, ErrorInside, Interrupted):
        return
    check(answer)


def check(answer: Answer) -> None:
    (completion,) = Counter().completions([Message("user", "x")], answer, 1.0)[:1]
    assert isinstance(completion.text, str)
    assert isinstance(completion.reasoning, str)
    assert completion.prompt_tokens > 0
    assert completion.completion_tokens >= 0


async def pieces(parts: Sequence[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


@given(
    st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\r\n")), max_size=5),
    st.data(),
)
def test_events_are_the_same_however_the_bytes_are_cut(texts: list[str], data: st.DataObject) -> None:
    end = data.draw(st.sampled_from([b"\n", b"\r\n"]))
    raw = b"".join(b": ping" + end + b"event: x" + end + b"data: " + text.encode() + end + end for text in texts)
    events, found = Events(), []
    while raw:
        size = data.draw(st.integers(1, len(raw)))
        found += events.feed(raw[:size])
        raw = raw[size:]
    assert found == [text.encode() for text in texts]


def test_data_of_several_lines_is_one_event_and_an_unfinished_one_is_none() -> None:
    assert Events().feed(b"data:a\ndata: b\n\ndata: c\n") == [b"a\nb"]


def body(**changes: Any) -> bytes:
    choice = {"message": {"content": "4", "reasoning": "2+2"}, "finish_reason": "length"}
    usage = {"prompt_tokens": 3, "completion_tokens": 1}
    return json.dumps({"id": "a", "choices": [choice], "usage": usage} | changes).encode()


def test_a_whole_answer_is_read() -> None:
    answer = whole(body(), "m")
    assert (answer.id, answer.prompt_tokens, answer.completion_tokens) == ("a", 3, 1)
    (choice,) = answer.choices
    assert (choice.text, choice.reasoning, choice.finish_reason) == ("4", "2+2", FinishReason.LENGTH)


@pytest.mark.parametrize("reason", ["content_filter", "tool_calls", None, 3])
def test_other_finish_reasons_are_other(reason: object) -> None:
    answer = whole(body(choices=[{"message": {"content": "x"}, "finish_reason": reason}]), "m")
    assert answer.choices[0].finish_reason is FinishReason.OTHER


def test_a_refusal_is_an_error_with_the_models_words() -> None:
    with pytest.raises(CallError, match="declined to answer: I cannot"):
        whole(body(choices=[{"message": {"content": None, "refusal": "I cannot"}}]), "m")


async def test_an_answer_that_never_ends_is_an_error_of_the_call() -> None:
    async def flood() -> AsyncIterator[bytes]:
        while True:
            yield b": ping\n" * (1 << 17)

    for reading in (read_body(flood(), "m"), read_events(flood(), Stream("m", [None]))):
        with pytest.raises(CallError, match="does not end"):
            await reading
    assert LONGEST < 1 << 30


def part(**choice: Any) -> bytes:
    return json.dumps({"choices": [{"index": 0, **choice}]}).encode()


def test_a_choice_that_was_ended_grows_no_more() -> None:
    stream = Stream("m", [lambda text: text == "one", None])
    assert not stream.part(part(delta={"content": "one"}))
    assert not stream.part(part(delta={"content": " two"}, finish_reason="length"))
    assert stream.part(part(index=1, delta={"content": "all"}, finish_reason="length"))
    assert [choice.text for choice in stream.whole().choices] == ["one", "all"]
    assert [choice.finish_reason for choice in stream.whole().choices] == [FinishReason.STOP, FinishReason.LENGTH]


def test_reasons_to_end_an_answer_that_fail_are_not_hidden() -> None:
    def broken(text: str) -> bool:
        raise ZeroDivisionError(text)

    with pytest.raises(ZeroDivisionError):
        Stream("m", [broken]).part(part(delta={"content": "x"}))


async def test_a_break_before_the_end_is_told_from_a_whole_answer() -> None:
    for end, is_whole in ((part(delta={}, finish_reason="stop"), True), (b"[DONE]", True), (part(delta={}), False)):
        stream = Stream("m", [None])
        reading = read_events(
            pieces([b"data: " + data + b"\n\n" for data in (part(delta={"content": "x"}), end)]), stream
        )
        if is_whole:
            await reading
            assert stream.whole().choices[0].text == "x"
        else:
            with pytest.raises(Interrupted):
                await reading


def test_estimates_learn_from_what_is_counted() -> None:
    counter, messages = Counter(), [Message("user", "word " * 100)]
    rough = counter.prompt(messages)
    counter.completions(messages, whole(body(usage={"prompt_tokens": 333, "completion_tokens": 1}), "m"), 1.0)
    assert counter.prompt(messages) == 333 != rough
    assert 600 < counter.prompt([Message("user", "word " * 200)]) < 700


def test_a_count_for_several_choices_is_shared_out() -> None:
    choices = [{"message": {"content": "x" * size}} for size in (10, 30)]
    answer = whole(body(choices=choices, usage={"prompt_tokens": 7, "completion_tokens": 41}), "m")
    first, second = Counter().completions([], answer, 1.0)
    assert (first.prompt_tokens, second.prompt_tokens) == (4, 3)
    assert (first.completion_tokens, second.completion_tokens) == (11, 30)
    assert not first.estimated


def test_only_the_latest_ids_are_remembered() -> None:
    repeats = Repeats("m")
    for number in range(10_000):
        repeats.check(Answer(id=str(number)))
    repeats.check(Answer(id="1"))
    with pytest.raises(CallError, match="second time"):
        repeats.check(Answer(id="9999"))
