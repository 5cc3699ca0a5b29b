"""What goes over a worker's control socket: structs of fixed size, so that neither side parses what a program wrote.

A run takes four memory files, passed beside the `Run` message in this order: message, stdin, stdout, stderr. The
message file first holds the request (`pack_request`); the child replaces it by its reply, one kind byte and a text.
The host treats the reply as data: a program can write any, and gains nothing that returning a value would not give it.
"""

import struct
from enum import IntEnum
from typing import NamedTuple

FILES = 4  # memory files beside a Run message
MESSAGE_BYTES = 128  # above the size of every message

VALUE = b"V"  # reply: the returned value's literal follows
OPAQUE = b"O"  # reply: the returned value has no literal; its type's name follows
COMPILE_ERROR = b"C"  # reply: the program did not compile and never ran

_REQUEST = struct.Struct("<cQQ")
_ASK = b"Q"
_RUN = struct.Struct("<cQddQQ")
_CANCEL = struct.Struct("<cQ")
_ANSWER = struct.Struct("<cQBiddQ")
_READY = struct.Struct("<cQBB")


class End(IntEnum):
    """Why a run ended."""

    EXIT = 0  # by itself, or by a signal that the supervisor did not send
    CPU = 1
    WALL = 2
    CANCELLED = 3
    FAILED = 4  # the child could not be confined; the program did not run


class Run(NamedTuple):
    """Host to worker: run a program. Seconds, and bytes."""

    serial: int
    cpu_seconds: float
    wall_seconds: float
    address_space: int
    output_bytes: int

    def pack(self) -> bytes:
        """Write the message."""
        return _RUN.pack(b"R", *self)


class Cancel(NamedTuple):
    """Host to worker: kill that run if it is still going. Its answer comes all the same."""

    serial: int

    def pack(self) -> bytes:
        """Write the message."""
        return _CANCEL.pack(b"X", *self)


class Answer(NamedTuple):
    """Worker to host: the run is over and none of its processes is left.

    wait_status: as wait(2) has it. max_rss: peak resident size in bytes, the shared interpreter included.
    """

    serial: int
    end: End
    wait_status: int
    cpu_seconds: float
    wall_seconds: float
    max_rss: int

    def pack(self) -> bytes:
        """Write the message."""
        return _ANSWER.pack(b"A", *self)


class Ready(NamedTuple):
    """Worker to host, once: base_rss is the bare interpreter's resident size in bytes, landlock the ABI in force or 0,
    user_namespace whether a user namespace stands in for root's uid drop.
    """

    base_rss: int
    landlock: int
    user_namespace: bool

    def pack(self) -> bytes:
        """Write the message."""
        return _READY.pack(b"!", *self)


def unpack(message: bytes) -> Run | Cancel | Answer | Ready:
    """Read any message. Raises ValueError for anything else."""
    try:
        match message[:1]:
            case b"R":
                return Run(*_RUN.unpack(message)[1:])
            case b"X":
                return Cancel(*_CANCEL.unpack(message)[1:])
            case b"A":
                _, serial, end, *rest = _ANSWER.unpack(message)
                return Answer(serial, End(end), *rest)
            case b"!":
                _, base_rss, landlock, user_namespace = _READY.unpack(message)
                return Ready(base_rss, landlock, bool(user_namespace))
    except struct.error as error:
        raise ValueError(f"a message of {len(message)} bytes is cut or too long") from error
    raise ValueError(f"no message begins with {message[:1]!r}")


def pack_request(source: bytes, entry: bytes, arguments: bytes) -> bytes:
    """Write what the child needs: the program and, for a function, its name and the argument tuple's literal."""
    return b"".join((_REQUEST.pack(_ASK, len(entry), len(source)), entry, source, arguments))


def unpack_request(content: bytes) -> tuple[bytes, bytes, bytes]:
    """Read (source, entry, arguments). Raises ValueError when the content is no request."""
    if len(content) < _REQUEST.size or content[:1] != _ASK:
        raise ValueError("not a request")
    _, entry_bytes, source_bytes = _REQUEST.unpack_from(content)
    program = _REQUEST.size + entry_bytes
    end = program + source_bytes
    return content[program:end], content[_REQUEST.size : program], content[end:]
