import pytest
from hypothesis import given
from hypothesis import strategies as st

from distinguo import values
from distinguo.sandbox.inside.wire import (
    MESSAGE_BYTES,
    OPAQUE,
    RAISED,
    VALUE,
    Answer,
    Cancel,
    End,
    Ready,
    Request,
    Run,
    pack_arguments,
    pack_call,
    unpack,
    unpack_arguments,
    unpack_call,
    unpack_request,
)

SIZES = st.integers(0, 2**64 - 1)
SECONDS = st.floats(0, allow_nan=False, allow_infinity=False)
MESSAGES = (
    st.builds(Run, SIZES, SECONDS, SECONDS, SIZES, SIZES)
    | st.builds(Cancel, SIZES)
    | st.builds(Answer, SIZES, st.sampled_from(End), st.integers(-(2**31), 2**31 - 1), SECONDS, SECONDS, SIZES, SIZES)
    | st.builds(Ready, SIZES, st.integers(0, 255), st.booleans(), st.booleans())
)


@given(MESSAGES)
def test_messages_come_back_as_they_were(message: Run | Cancel | Answer | Ready) -> None:
    packed = message.pack()
    assert len(packed) < MESSAGE_BYTES
    again = unpack(packed)
    assert again == message
    assert type(again) is type(message)


@given(st.binary(max_size=MESSAGE_BYTES))
def test_any_bytes_are_a_message_or_a_value_error(content: bytes) -> None:
    try:
        message = unpack(content)
    except ValueError:
        return
    assert isinstance(message, Run | Cancel | Answer | Ready)


@given(st.builds(Request, st.binary(), st.binary(), st.lists(st.binary()).map(tuple), st.booleans()))
def test_requests_come_back_as_they_were(request: Request) -> None:
    assert unpack_request(request.pack()) == request


ATOMS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
ARGUMENTS = st.lists(
    st.recursive(
        ATOMS | st.frozensets(st.integers() | st.text()),
        lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.integers() | st.text(), inner),
    )
).map(tuple)


@given(ARGUMENTS, st.booleans())
def test_arguments_come_back_as_they_were(arguments: tuple[object, ...], parse: bool) -> None:
    literal = values.dumps(arguments)
    again = unpack_arguments(pack_arguments(literal, parse=parse), values.NODES)
    assert values.dumps(again) == values.dumps(values.loads(literal))


def test_nodes_among_the_arguments_are_made_of_the_readers_classes() -> None:
    class Own(values.ListNode):
        pass

    (node,) = unpack_arguments(pack_arguments("(ListNode([1, 2]),)", parse=True), {**values.NODES, "ListNode": Own})
    assert type(node) is Own


@pytest.mark.parametrize("parse", [False, True])
@pytest.mark.parametrize("literal", ["", "1", "(1", "[1]", "(f(),)"])
def test_what_is_no_tuple_is_refused_by_its_reader(literal: str, parse: bool) -> None:
    packed = pack_arguments(literal, parse=parse)
    with pytest.raises(ValueError, match="literal"):
        unpack_arguments(packed, values.NODES)


@given(st.lists(st.tuples(st.sampled_from((VALUE, OPAQUE, RAISED)), st.binary(), st.binary())), st.data())
def test_calls_come_back_as_they_were_up_to_where_the_content_is_cut(
    calls: list[tuple[bytes, bytes, bytes]], data: st.DataObject
) -> None:
    packed = [pack_call(*call) for call in calls]
    whole = data.draw(st.integers(0, len(calls)))
    content = b"".join(packed[:whole])
    if whole < len(calls):
        content += packed[whole][: data.draw(st.integers(0, len(packed[whole]) - 1))]
    offset = 0
    for call in calls[:whole]:
        record = unpack_call(content, offset)
        assert record is not None
        assert record[:3] == call
        offset = record[3]
    assert unpack_call(content, offset) is None


@given(st.binary(), st.integers(0, 40))
def test_any_bytes_are_a_call_or_none(content: bytes, offset: int) -> None:
    record = unpack_call(content, offset)
    assert record is None or offset < record[3] <= len(content)


@given(st.builds(Request, st.binary(), several=st.booleans()))
def test_request_is_no_call(request: Request) -> None:
    assert unpack_call(request.pack(), 0) is None
