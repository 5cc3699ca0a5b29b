"""What goes over a worker's control socket: structs of fixed size, so that neither side parses what a program wrote.

A run takes four memory files, passed beside the `Run` message in this order: stdin, stdout, stderr, message. The
message file first holds the `Request`; the child replaces it by its reply. For one run that is a kind byte and a text,
for several calls one record each (`pack_call`), appended as the calls end. The host treats the reply as data: a program
can write any, and gains nothing that returning a value would not give it.
"""

import contextlib
import marshal
import struct
from enum import IntEnum
from typing import Any, NamedTuple

from distinguo import values

FILES = 4  # memory files beside a Run message
MESSAGE_BYTES = 128  # above the size of every message
REFUSED = 3  # exit status of a worker's first process: the kernel refuses this way of isolation

VALUE = b"V"  # reply: the returned value's literal follows
OPAQUE = b"O"  # reply: the returned value has no literal; its type's name follows
RAISED = b"E"  # reply to one of several calls: it raised; the exception's line follows
COMPILE_ERROR = b"C"  # reply: the program did not compile and never ran

_LITERAL, _MARSHALLED = b"L", b"M"  # how an argument tuple is written
_MARSHAL_VERSION = 4  # which every Python that runs programs knows
_CALL = struct.Struct("<cQQ")
RUN, ANSWER = struct.Struct("<cQddQQ"), struct.Struct("<cQBiddQQ")  # for those to whom the classes below cost pages
_CANCEL = struct.Struct("<cQ")
_READY = struct.Struct("<cQBBB")


class End(IntEnum):
    """Why a run ended."""

    EXIT = 0  # by itself, or by a signal that the supervisor did not send
    CPU = 1
    WALL = 2
    CANCELLED = 3
    FAILED = 4  # the child could not be confined; the program did not run


_ENDS = {int(end): end for end in End}


class Run(NamedTuple):
    """Host to worker: run a program. Seconds, and bytes."""

    serial: int
    cpu_seconds: float
    wall_seconds: float
    address_space: int
    output_bytes: int

    def pack(self) -> bytes:
        """Write the message."""
        return RUN.pack(b"R", *self)


class Cancel(NamedTuple):
    """Host to worker: kill that run if it is still going. Its answer comes all the same."""

    serial: int

    def pack(self) -> bytes:
        """Write the message."""
        return _CANCEL.pack(b"X", *self)


class Answer(NamedTuple):
    """Worker to host: the run is over and none of its processes is left.

    wait_status: as wait(2) has it. max_rss: peak resident size in bytes, the shared interpreter included.
    preempted: how often it had to leave a core while it had more to do.
    """

    serial: int
    end: End
    wait_status: int
    cpu_seconds: float
    wall_seconds: float
    max_rss: int
    preempted: int = 0

    def pack(self) -> bytes:
        """Write the message."""
        return ANSWER.pack(b"A", *self)


class Ready(NamedTuple):
    """Worker to host, once: base_rss is the bare interpreter's resident size in bytes, landlock the ABI in force or 0.

    namespaces: whether it has its own. own_uid: whether root gave it a user of its own.
    """

    base_rss: int
    landlock: int
    namespaces: bool
    own_uid: bool

    @property
    def user_namespace(self) -> bool:
        """Whether a user namespace stands in for root's uid drop."""
        return self.namespaces and not self.own_uid

    def pack(self) -> bytes:
        """Write the message."""
        return _READY.pack(b"!", *self)


def unpack(message: bytes) -> Run | Cancel | Answer | Ready:
    """Read any message. Raises ValueError for anything else."""
    try:
        match message[:1]:
            case b"R":
                return Run(*RUN.unpack(message)[1:])
            case b"X":
                return Cancel(*_CANCEL.unpack(message)[1:])
            case b"A":
                _, serial, end, *rest = ANSWER.unpack(message)
                return Answer(serial, _ENDS[end], *rest)
            case b"!":
                _, base_rss, landlock, namespaces, own_uid = _READY.unpack(message)
                return Ready(base_rss, landlock, bool(namespaces), bool(own_uid))
    except struct.error as error:
        raise ValueError(f"a message of {len(message)} bytes is cut or too long") from error
    except KeyError as error:
        raise ValueError(f"a run cannot end in the way {error}") from error
    raise ValueError(f"no message begins with {message[:1]!r}")


class Request(NamedTuple):
    """What the child needs of a program.

    entry: the function's name, or b"" for a whole program. calls: the argument tuples as `pack_arguments` writes them,
    one unless `several`, in which case an exception ends the call and not the run.
    """

    source: bytes
    entry: bytes = b""
    calls: tuple[bytes, ...] = ()
    several: bool = False

    def pack(self) -> bytes:
        """Write the request."""
        return marshal.dumps(tuple(self), _MARSHAL_VERSION)


def unpack_request(content: bytes) -> tuple[bytes, bytes, tuple[bytes, ...], bool]:
    """Read the fields that `Request.pack` wrote; for content that the host wrote only, since nothing is checked."""
    fields: tuple[bytes, bytes, tuple[bytes, ...], bool] = marshal.loads(content)
    return fields


def pack_arguments(literal: str, *, parse: bool) -> bytes:
    """Write an argument tuple: if `parse`, as the values that it has, which the child reads in a tenth of the time.

    A literal stays one where it is no tuple's, has nodes, or has braces: a set's order would come from this process's
    string hashes.
    """
    if parse and "{" not in literal:
        with contextlib.suppress(ValueError):
            arguments = values.loads(literal)
            if isinstance(arguments, tuple):
                return _MARSHALLED + marshal.dumps(arguments)
    return _LITERAL + literal.encode("utf-8", "surrogatepass")


def unpack_arguments(content: bytes, classes: values.NodeClasses) -> tuple[Any, ...]:
    """Read what `pack_arguments` wrote. Raises ValueError where it was given no tuple's literal."""
    if content[:1] == _MARSHALLED:
        return tuple(marshal.loads(content[1:]))
    text = content[1:].decode("utf-8", "surrogatepass")
    arguments = values.loads(text, classes)
    if not isinstance(arguments, tuple):
        raise ValueError(f"the arguments must be a tuple's literal, not {text[:80]}")
    return arguments


def pack_call(kind: bytes, text: bytes, arguments: bytes) -> bytes:
    """Write the reply to one of several calls: VALUE, OPAQUE or RAISED with its text, and the changed arguments."""
    return _CALL.pack(kind, len(text), len(arguments)) + text + arguments


def unpack_call(content: bytes, offset: int) -> tuple[bytes, bytes, bytes, int] | None:
    """Read (kind, text, arguments, offset of the next record); None where there is no whole and sound record."""
    if offset + _CALL.size > len(content):
        return None
    kind, text_bytes, argument_bytes = _CALL.unpack_from(content, offset)
    begin = offset + _CALL.size
    middle = begin + text_bytes
    end = middle + argument_bytes
    if kind not in (VALUE, OPAQUE, RAISED) or end > len(content):
        return None
    return kind, content[begin:middle], content[middle:end], end
