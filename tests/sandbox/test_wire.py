import pytest
from hypothesis import given
from hypothesis import strategies as st

from distinguo.sandbox.inside.wire import (
    MESSAGE_BYTES,
    Answer,
    Cancel,
    End,
    Ready,
    Run,
    pack_request,
    unpack,
    unpack_request,
)

SIZES = st.integers(0, 2**64 - 1)
SECONDS = st.floats(0, allow_nan=False, allow_infinity=False)
MESSAGES = (
    st.builds(Run, SIZES, SECONDS, SECONDS, SIZES, SIZES)
    | st.builds(Cancel, SIZES)
    | st.builds(Answer, SIZES, st.sampled_from(End), st.integers(-(2**31), 2**31 - 1), SECONDS, SECONDS, SIZES)
    | st.builds(Ready, SIZES, st.integers(0, 255), st.booleans())
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


@given(st.binary(), st.binary(), st.binary())
def test_requests_come_back_as_they_were(source: bytes, entry: bytes, arguments: bytes) -> None:
    assert unpack_request(pack_request(source, entry, arguments)) == (source, entry, arguments)


def test_reply_is_no_request() -> None:
    with pytest.raises(ValueError, match="not a request"):
        unpack_request(b"V42")
