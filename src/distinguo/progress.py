"""What a person sees on standard error while a run is under way."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from distinguo.events import (
    CallFinished,
    Event,
    Note,
    QuestionAnswered,
    RoundFinished,
    SampleFinished,
    SelectionStarted,
)
from distinguo.records import Usage

PLAIN_SECONDS = 5.0  # between two lines where standard error is no terminal
BAR = 16  # characters: the whole line fits a terminal of 80


class _Console(Console):
    """A console whose reader may go away: the run goes on in silence."""

    def on_broken_pipe(self) -> None:
        self.quiet = True


def console() -> Console:
    """Standard error."""
    return _Console(stderr=True, highlight=False, soft_wrap=True)


class Progress:
    """An observer that keeps a live line on a terminal, and prints a line now and then elsewhere."""

    def __init__(self, console: Console, samples: int, every: float = PLAIN_SECONDS) -> None:
        """`every`: seconds between two lines where there is no terminal."""
        self._every = every
        self._console = console
        self._samples = samples
        self._started = time.monotonic()
        self._printed = self._started
        self._usage = Usage()
        self._cached = self._failed = self._done = self._passing = self._rounds = 0
        self._stage, self._questions, self._usable = "", 0, 0
        self._live = Live(console=console, get_renderable=self._line, refresh_per_second=5, transient=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._live.stop()

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        match event:
            case Note(text=text):
                self._console.print(Text(text, style="dim"))
            case CallFinished(usage=usage, error=error, cached=cached, repeated=repeated):
                self._usage += usage
                self._cached += cached
                self._failed += bool(error) and not repeated
            case RoundFinished():
                self._rounds += 1
            case SampleFinished(passes_all=passes_all):
                self._done += 1
                self._passing += passes_all
            case SelectionStarted(selector=selector, candidates=candidates):
                self._stage = f"choosing among {candidates} with {selector}"
            case QuestionAnswered(ok=ok):
                self._questions += 1
                self._usable += ok
        now = time.monotonic()
        if not self._console.is_terminal and now - self._printed >= self._every:
            self._printed = now
            self._console.print(self._line())

    def _line(self) -> Text:
        parts = [self._stage_text()]
        calls = f"{self._usage.calls} calls"
        if self._cached:
            calls += f" (+{self._cached} kept)"
        if self._failed:
            calls += f", {self._failed} failed"
        tokens = self._usage.prompt_tokens + self._usage.completion_tokens
        parts += [calls, f"{tokens:,} tokens", f"{time.monotonic() - self._started:.0f} s"]
        return Text(" · ".join(parts))

    def _stage_text(self) -> str:
        if self._stage:
            return f"{self._stage}: {self._usable} of {self._questions} answers usable"
        filled = BAR * self._done // self._samples
        bar = "━" * filled + "─" * (BAR - filled)
        return f"{bar} {self._done}/{self._samples} samples done, {self._passing} pass · {self._rounds} rounds"
