"""Hostile programs, each a try to break one promise of the sandbox, and what must hold after each.

An attack is held when it ended in a verdict that it may have, its output shows no success, no trap on the host was
touched, no process of it is left, and the same worker serves the next run.
"""

import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass

from distinguo.errors import SandboxError
from distinguo.problem import CallStyle, Limits, Program
from distinguo.protocols import Executor
from distinguo.records import Called, Verdict
from distinguo.sandbox.hostile.attacks import LIMITS, Attack, attacks
from distinguo.sandbox.hostile.traps import Traps, processes_below
from distinguo.sandbox.isolation import NO_NAMESPACES
from distinguo.sandbox.pool import Pool

__all__ = ["Attack", "Result", "Seen", "attacks", "reasons", "seen", "suite"]

_SUCCESS = "THROUGH"  # what a program prints when its attack worked
_NOBODY = 65534  # whom the sandbox itself becomes where it plays an ordinary user
_NEXT, _NEXT_OUTPUT = Program("print(6 * 7)"), "42\n"


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of an attack. status: a verdict, or what a run without a sandbox came to."""

    status: str
    output: str
    error: str = ""
    results: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """Whether an attack was held.

    reasons: why not, a sentence each; none when it was. expected: whether it is known to succeed on this way of
    isolation, which is a gap and no failure.
    """

    attack: Attack
    reasons: tuple[str, ...]
    expected: bool

    @property
    def through(self) -> bool:
        """Whether the attack broke what was promised."""
        return bool(self.reasons) and not self.expected


def reasons(attack: Attack, seen: Seen, traps: Traps) -> Iterator[str]:
    """Why an attack was not held."""
    texts = (seen.output, seen.error, *seen.results)
    if any(_SUCCESS in text for text in texts):
        yield f"it says that it succeeded ({seen.output.strip()[:80]})"
    if any(traps.secret in text for text in texts):
        yield "it shows a secret of the host"
    if attack.ends and seen.status not in attack.ends:
        yield f"it ended in {seen.status} instead of {' or '.join(attack.ends)}"
    if attack.prints and attack.prints not in seen.output:
        yield f"it did not print {attack.prints!r} ({(seen.output + seen.error).strip()[-80:]})"
    if len(seen.output) > LIMITS.output_bytes:
        yield "its output is longer than the limit"
    if attack.results is not None and seen.results != attack.results:
        yield f"its results are {', '.join(seen.results)[:80]}"
    if len(seen.results) > len(attack.calls):
        yield "there are more results than calls"
    yield from traps.touched()


async def suite(
    pool: Pool,
    observe: Callable[[Result], None] | None = None,
    *,
    chosen: Sequence[Attack] | None = None,
) -> list[Result]:
    """Run every attack, or those chosen, one after another in an open pool of one worker.

    `observe` is told each result. A judge that fails on an attack is a result like others.
    """
    found = []
    for attack in attacks() if chosen is None else chosen:
        gap = attack.gap and pool.isolation is not None and pool.isolation.path == NO_NAMESPACES
        with Traps(_NOBODY if os.geteuid() == 0 else None) as traps:
            found.append(Result(attack, tuple([reason async for reason in _run(pool, attack, traps)]), gap))
        if observe:
            observe(found[-1])
    return found


async def _run(pool: Pool, attack: Attack, traps: Traps) -> AsyncIterator[str]:
    before = set(processes_below(os.getpid()))
    try:
        if attack.first:
            await pool.run(Program(traps.fill(attack.first)), limits=attack.limits)
        for reason in reasons(attack, await seen(pool, attack, traps), traps):
            yield reason
        if attack.then:
            execution = await pool.run(Program(traps.fill(attack.then)), limits=attack.limits)
            if execution.status is not Verdict.AC or _SUCCESS in execution.output:
                yield f"the run after it ended in {execution.status} ({execution.output.strip()[:80]})"
        execution = await pool.run(_NEXT)
        if (execution.status, execution.output) != (Verdict.AC, _NEXT_OUTPUT):
            yield f"the next run was not served ({execution.status}, {execution.error.strip()[-80:]})"
    except SandboxError as error:
        yield f"the judge failed ({error})"
    after = set(processes_below(os.getpid()))
    if after - before:
        yield f"{len(after - before)} processes are left"
    if before - after:
        yield "the worker had to be replaced"


async def seen(box: Executor | Pool, attack: Attack, traps: Traps, limits: Limits | None = None) -> Seen:
    """Run an attack, without what comes before and after it. `limits` are its own unless given. Raises JudgeFailed."""
    limits = limits or attack.limits
    source = traps.fill(attack.source)
    if not attack.entry:
        execution = await box.run(Program(source), limits=limits)
        return Seen(execution.status, execution.output, execution.error)
    program = Program(source, CallStyle.FUNCTION, attack.entry)
    if len(attack.calls) == 1:
        execution = await box.run(program, attack.calls[0], limits)
        results = (execution.output,) if execution.status is Verdict.AC else ()
        return Seen(execution.status, execution.printed, execution.error, results)
    several = await box.run_calls(program, attack.calls, limits)
    execution = several.execution
    return Seen(execution.status, execution.printed, execution.error, tuple(map(_text, several.called)))


def _text(called: Called) -> str:
    return f"!{called.error}" if called.value is None else called.value
