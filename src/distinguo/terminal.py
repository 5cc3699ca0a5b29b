"""What all commands of the command line do alike: say, show, run, and end in one sentence when something is wrong."""

import os
import signal
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import typer

from distinguo.errors import DistinguoError, InputError

T = TypeVar("T")
UNEXPECTED, INTERRUPTED = 70, 130


@contextmanager
def errors_in_one_sentence() -> Iterator[None]:
    """End the process with the exit status of what is raised, after one sentence."""
    try:
        yield
    except DistinguoError as error:
        say(f"distinguo: {error}")
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # the next one ends the process without a word
        say("distinguo: interrupted; all that had arrived is saved, and the same command (without --fresh) goes on")
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
    """What a coroutine returns. SIGTERM cancels it as asyncio has Ctrl-C do. Raises KeyboardInterrupt after either."""
    import asyncio

    async def cancelled_by_sigterm() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def cancel(number: int, frame: object) -> None:
            signal.signal(signal.SIGTERM, signal.default_int_handler)  # for the next one
            loop.call_soon_threadsafe(task.cancel if task else loop.stop)

        signal.signal(signal.SIGTERM, cancel)
        return await work

    try:
        return asyncio.run(cancelled_by_sigterm())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    finally:
        signal.signal(signal.SIGTERM, signal.default_int_handler)


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
