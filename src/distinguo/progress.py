"""What a person sees on standard error while a run is under way."""

import time
from abc import ABC, abstractmethod
from types import TracebackType
from typing import TYPE_CHECKING, Self

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

if TYPE_CHECKING:
    from distinguo.bench import Progress as Bench
    from distinguo.grading.bulk import Progress as Graded
    from distinguo.grading.choices import Progress as Selecting

PLAIN_SECONDS = 5.0  # between two lines where standard error is no terminal
BAR = 16  # characters: the whole line fits a terminal of 80


class _Console(Console):
    """A console whose reader may go away: the run goes on in silence."""

    def on_broken_pipe(self) -> None:
        self.quiet = True


def console() -> Console:
    """Standard error."""
    return _Console(stderr=True, highlight=False, soft_wrap=True)


class _Lived(ABC):
    """Keeps a live line on a terminal, and prints a line now and then elsewhere. `__init__` asks for the first line."""

    def __init__(self, console: Console, every: float) -> None:
        self._every = every
        self._console = console
        self._started = self._printed = time.monotonic()
        self._live = Live(console=console, get_renderable=self._line, refresh_per_second=5, transient=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._live.stop()

    def _changed(self) -> None:
        now = time.monotonic()
        if not self._console.is_terminal and now - self._printed >= self._every:
            self._printed = now
            self._console.print(self._line())

    @abstractmethod
    def _line(self) -> Text: ...


class Progress(_Lived):
    """An observer that keeps a live line on a terminal, and prints a line now and then elsewhere."""

    def __init__(self, console: Console, samples: int, every: float = PLAIN_SECONDS) -> None:
        """`every`: seconds between two lines where there is no terminal."""
        self._samples = samples
        self._usage = Usage()
        self._cached = self._failed = self._done = self._passing = self._rounds = 0
        self._stage, self._questions, self._usable = "", 0, 0
        super().__init__(console, every)

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
        self._changed()

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


class GradingProgress(_Lived):
    """Shows samples done, their rate, the time that is left, and the verdicts so far."""

    def __init__(self, console: Console, every: float = PLAIN_SECONDS) -> None:
        """`every`: seconds between two lines where there is no terminal."""
        self._now: Graded | None = None
        super().__init__(console, every)

    def __call__(self, now: "Graded") -> None:
        """Take note of how far it is."""
        self._now = now
        self._changed()

    def _line(self) -> Text:
        if self._now is None:
            return Text("starting")
        samples, kept, verdicts, share = self._now
        seconds = max(time.monotonic() - self._started, 1e-3)
        parts = [f"{samples:,} samples" + (f" ({kept:,} known)" if kept else ""), f"{samples / seconds:.0f}/s"]
        if share:
            filled = int(BAR * share)
            parts.insert(0, "━" * filled + "─" * (BAR - filled))
            parts.append(f"{_span(seconds * (1 - share) / share)} left")
        parts += [" ".join(f"{name} {count}" for name, count in sorted(verdicts.items()))] if verdicts else []
        return Text(" · ".join(parts))


class SelectingProgress(_Lived):
    """Shows problems done and the time that is left."""

    def __init__(self, console: Console, every: float = PLAIN_SECONDS) -> None:
        """`every`: seconds between two lines where there is no terminal."""
        self._now: Selecting | None = None
        super().__init__(console, every)

    def __call__(self, now: "Selecting") -> None:
        """Take note of how far it is."""
        self._now = now
        self._changed()

    def _line(self) -> Text:
        if self._now is None:
            return Text("starting")
        done, total = self._now
        seconds = time.monotonic() - self._started
        filled = BAR * done // max(1, total)
        parts = ["━" * filled + "─" * (BAR - filled), f"{done}/{total} problems"]
        parts += [f"{_span(seconds * (total - done) / done)} left"] if done else []
        return Text(" · ".join(parts))


class BenchProgress(_Lived):
    """Shows problems done, coverage so far, calls, tokens, cost, and the time that is left."""

    def __init__(self, console: Console, every: float = PLAIN_SECONDS) -> None:
        """`every`: seconds between two lines where there is no terminal."""
        self._now: Bench | None = None
        super().__init__(console, every)

    def __call__(self, now: "Bench") -> None:
        """Take note of how far it is."""
        self._now = now
        self._changed()

    def note(self, text: str) -> None:
        """One sentence above the line."""
        self._console.print(Text(text, style="dim"))

    def _line(self) -> Text:
        now = self._now
        if now is None:
            return Text("starting")
        filled = BAR * now.done // max(1, now.total)
        parts = ["━" * filled + "─" * (BAR - filled) + f" {now.done}/{now.total} done"]
        if now.problems:
            parts.append(f"right programs for {now.covered} of {now.problems} problems")
        calls = f"{now.calls:,} calls" + (f", {now.failed} failed" if now.failed else "")
        parts += [calls, f"{now.tokens:,} tokens"] if now.calls else []
        parts += [f"${now.usd:.2f}"] if now.usd else []
        seconds, new = time.monotonic() - self._started, now.done - now.known
        parts += [f"{_span(seconds * (now.total - now.done) / new)} left"] if new else [f"{seconds:.0f} s"]
        return Text(" · ".join(parts))


def _span(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
