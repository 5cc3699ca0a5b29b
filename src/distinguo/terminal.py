"""What all commands of the command line do alike: say, show, run, and end in one sentence when something is wrong."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import typer

from distinguo.errors import DistinguoError, InputError

T = TypeVar("T")
UNEXPECTED, INTERRUPTED = 70, 130
_SAVED = "distinguo: interrupted; all that had arrived is saved, and the same command (without --fresh) goes on"


@contextmanager
def errors_in_one_sentence() -> Iterator[None]:
    """End the process with the exit status of what is raised, after one sentence."""
    try:
        with _interruptible(_interrupt):
            yield
    except DistinguoError as error:
        say(f"distinguo: {error}")
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        say(_SAVED)
        _set_handlers(signal.SIG_DFL)  # nothing is left to be said by the next one
        sys.exit(INTERRUPTED)
    except Exception as error:
        if os.environ.get("DISTINGUO_DEBUG"):
            raise
        say(
            f"distinguo: unexpected {type(error).__name__}: {error}; what had arrived is saved. With DISTINGUO_DEBUG=1"
            " the same command shows where; please report it"
        )
        sys.exit(UNEXPECTED)


def run(work: "Coroutine[Any, Any, T]") -> T:
    """What a coroutine returns. SIGINT and SIGTERM cancel it, then KeyboardInterrupt is raised."""
    import asyncio

    async def cancelled_by_signals() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        with _interruptible(lambda: loop.call_soon_threadsafe(task.cancel if task else loop.stop)):
            return await work

    try:
        return asyncio.run(cancelled_by_signals())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


@contextmanager
def _interruptible(begin: Callable[[], object]) -> Iterator[None]:
    """Have the first SIGINT or SIGTERM call `begin`; the next ends the process at once, also after this context.

    A signal that is ignored stays so, as for a command that a shell has put into the background.
    """

    def first(number: int, frame: object) -> None:
        _set_handlers(_end)
        begin()

    earlier = _set_handlers(first)
    try:
        yield
    finally:
        for number, handler in earlier.items():
            if signal.getsignal(number) is first:
                signal.signal(number, handler)


def _interrupt() -> None:
    raise KeyboardInterrupt


def _end(number: int, frame: object) -> None:
    """Whatever is under way, be it the end itself, so nothing of Python's that may be in use already."""
    with suppress(OSError):
        os.write(2, f"{_SAVED}\n".encode())
    os._exit(INTERRUPTED)


def _set_handlers(handler: Any) -> dict[signal.Signals, Any]:
    """For both signals, but where one is ignored or handlers cannot be set; what they were before."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    both = (signal.SIGINT, signal.SIGTERM)
    return {one: signal.signal(one, handler) for one in both if signal.getsignal(one) is not signal.SIG_IGN}


def say(text: str) -> None:
    """A line for the person. One who no longer listens does not stop the run."""
    with suppress(OSError):
        typer.echo(text, err=True)


def show(text: str) -> None:
    """The answer, in UTF-8 whatever the terminal claims. Raises InputError where it cannot be written."""
    if sys.stdout is None:
        raise InputError("standard output is closed; the same command prints the answer again")
    try:
        sys.stdout.buffer.write(text.encode("utf-8", "surrogatepass") + b"\n")
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is still buffered
        if not isinstance(error, BrokenPipeError):  # then the reader has all that it wants
            raise InputError(f"standard output cannot be written ({error}); repeat the command to see it") from error
