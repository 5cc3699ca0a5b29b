"""Progress: what a person reads while a run is under way."""

import io

from rich.console import Console

from distinguo.events import CallFinished, Note, QuestionAnswered, RoundFinished, SampleFinished, SelectionStarted
from distinguo.progress import Progress
from distinguo.records import Role, Usage


def told(*, terminal: bool) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=200, soft_wrap=True)
    with Progress(console, samples=4, every=0.0) as progress:
        progress(Note("The model is being fetched."))
        progress(CallFinished(Role.GENERATOR, Usage(1, 1000, 500), 1.0))
        progress(CallFinished(Role.GENERATOR, Usage(), 1.0, cached=True))
        progress(CallFinished(Role.GENERATOR, Usage(1), 0.0, error="overloaded"))
        progress(CallFinished(Role.GENERATOR, Usage(1), 0.0, error="broke", repeated=True))
        progress(RoundFinished(0, 0, 1, 2))
        progress(SampleFinished(0, True))
        progress(SelectionStarted("sstar", 3))
        progress(QuestionAnswered("inputs", True))
    return out.getvalue()


def test_lines_count_what_happened() -> None:
    text = told(terminal=False)
    assert "The model is being fetched." in text
    assert "1/4 samples done, 1 pass · 1 rounds" in text
    last = text.splitlines()[-1]
    assert "choosing among 3 with sstar: 1 of 1 answers usable" in last
    assert "3 calls (+1 kept), 1 failed" in last
    assert "1,500 tokens" in last


def test_a_terminal_gets_one_live_line_that_is_gone_at_the_end() -> None:
    text = told(terminal=True)
    assert "choosing among 3 with sstar" in text
    assert text.endswith("\x1b[2K")
