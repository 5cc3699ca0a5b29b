"""Progress: what a person reads while a run is under way."""

import io
from collections import Counter

from rich.console import Console

from distinguo.events import CallFinished, Note, QuestionAnswered, RoundFinished, SampleFinished, SelectionStarted
from distinguo.grading.bulk import Progress as Graded
from distinguo.progress import GradingProgress, Progress
from distinguo.records import Role, Usage, Verdict


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


def test_grading_tells_samples_verdicts_and_the_time_that_is_left() -> None:
    out = io.StringIO()
    with GradingProgress(Console(file=out, width=200, soft_wrap=True), every=0.0) as progress:
        progress(Graded(1_500, 500, Counter({Verdict.WA: 900, Verdict.AC: 600}), 0.5))
        progress(Graded(2_000, 500, Counter({Verdict.WA: 2_000}), None))
    first, second = out.getvalue().splitlines()
    assert first.startswith("━━━━━━━━──────── · 1,500 samples (500 known) · ")
    assert first.endswith(" left · AC 600 WA 900")
    assert second.startswith("2,000 samples (500 known) · ")
    assert "left" not in second
