"""Programs that a model writes to get inputs and tests: generators of inputs, validators of them, and brute force.

All of them run in the sandbox, as the candidates do; what they print is data. A generator is told a seed and prints an
input. Validators are drawn in separate requests; an input counts if three of four of those that work accept it, and
one works if it accepts the public tests' inputs (GenCluster, 2025). A brute force must give the public tests' outputs;
what it gives on small inputs is then what tests expect.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from distinguo import prompts
from distinguo.checkers import Checker
from distinguo.errors import BudgetExhausted, CallError
from distinguo.fit import fit
from distinguo.problem import CallStyle, Problem, Program
from distinguo.protocols import Ask, Run
from distinguo.records import Execution, Message, Role, Verdict
from distinguo.tasks import all_of
from distinguo.testgen import (
    ATTEMPTS,
    FEEDBACK_TOKENS,
    PROMPT_TOKENS,
    STATEMENT_TOKENS,
    TEMPLATE_TOKENS,
    VALUE_TOKENS,
    TryOut,
    Written,
    told,
)
from distinguo.testgen.parse import Dropped, WrittenTest, parse_inputs
from distinguo.testgen.signatures import Signature

VALIDATORS = 4  # requests for one
ACCEPTED = 0.75  # of the validators that work
CHECKS = "check_input"  # the name of a validator's function
PUBLIC_SHOWN = 8  # public inputs that a validator must accept, at most
KEPT = 500  # characters of an input that is dropped, and of why
FEEDBACK = 2 * FEEDBACK_TOKENS

Extract = Callable[[str, Problem], Program | None]
"""The program for a problem that a model's answer holds, or None."""

T = TypeVar("T")


class Programmer:
    """Has a model write programs about one problem, each in at most ATTEMPTS requests that say what was wrong before.

    The requests' `sample` is the `place` of the question that they serve, `round` counts the repeats; validators, which
    are written once for all questions, have the sample 0. prompt_tokens: as Author's.
    The methods raise what `ask` and `run` raise.
    """

    def __init__(
        self, problem: Problem, ask: Ask, run: Run, extract: Extract, prompt_tokens: int = PROMPT_TOKENS
    ) -> None:
        self._problem = problem
        self._ask = ask
        self._run = run
        self._extract = extract
        self._prompt_tokens = prompt_tokens
        self._validates = False
        self._validators: tuple[Program, ...] | None = None
        self._writing = asyncio.Lock()

    async def generated(self, count: int, called: Signature | None, try_out: TryOut, place: int) -> Written[str]:
        """At most `count` inputs that a model's generator prints, the validators accept and `try_out` finds of use.

        called: how the function is called, as far as it is known.
        """
        self._validates = True
        dropped: list[Dropped] = []

        async def use(program: Program) -> tuple[tuple[str, ...] | None, str]:
            runs = await self._run.many(program, [f"{seed}\n" for seed in range(count)])
            failed = [run for run in runs if run.status is not Verdict.AC]
            inputs, useless = self._inputs([run.output for run in runs if run.status is Verdict.AC], called)
            if inputs and not await self._working_validators():
                dropped.extend(Dropped(self._shown(text), "no validator that works was written") for text in inputs)
                return (), ""
            judged = await self._validated(inputs[:count])
            valid = [text for text, fault in judged.items() if not fault]
            faults = {**judged, **dict(zip(valid, await try_out(valid), strict=True))}
            useless += tuple(Dropped(self._shown(text), fault) for text, fault in faults.items() if fault)
            dropped.extend(Dropped(fault.text[:KEPT], fault.why[:KEPT]) for fault in useless)
            usable = tuple(text for text, fault in faults.items() if not fault)
            if usable:
                return usable, ""
            if failed:
                return None, f"with a seed on standard input it gives {told(failed[0])}"
            return None, f"of an input that it prints: {useless[0].why}" if useless else "it prints nothing"

        target = replace(self._problem, style=CallStyle.STDIN, entry=None, starter="")
        usable, requests = await self._program("generator", target, use, place, last=str(count - 1))
        return Written(usable or (), tuple(dropped), requests)

    async def objections(self, inputs: Sequence[str]) -> dict[str, str]:
        """For inputs of other sources why the validators reject them, or ""; nothing where none are wanted or work.

        They are wanted once inputs were asked for by `generated`; where a budget keeps them from being written, none
        object.
        """
        try:
            working = self._validates and bool(inputs) and bool(await self._working_validators())
        except BudgetExhausted:
            working = False
        return await self._validated(inputs) if working else dict.fromkeys(inputs, "")

    def _inputs(self, outputs: Sequence[str], called: Signature | None) -> tuple[tuple[str, ...], tuple[Dropped, ...]]:
        """What generators printed, as inputs: all of it on standard input, a call or its arguments on a line each."""
        if self._problem.style is CallStyle.FUNCTION:
            name = (self._problem.entry or "").rpartition(".")[2]
            lines = [line.strip() for output in outputs for line in output.splitlines() if line.strip()]
            outputs = [f"{name}{line}" if line.startswith("(") and line.endswith(")") else line for line in lines]
        return parse_inputs(json.dumps({"inputs": outputs}), self._problem, called)

    def _shown(self, text: str) -> str:
        return self._problem.shown_input(text)[:KEPT]

    async def _validated(self, inputs: Sequence[str]) -> dict[str, str]:
        """For each input why the validators reject it, or ""."""
        validators = await self._working_validators() if inputs else ()
        said = await all_of(self._said(validator, inputs) for validator in validators)
        judged = {}
        for text, answers in zip(inputs, zip(*said, strict=True), strict=True):
            objections = [answer for answer in answers if answer]
            accepted = len(objections) <= (1 - ACCEPTED) * len(answers)
            judged[text] = "" if accepted else f"it is not valid: {objections[0]}"
        return judged

    async def _working_validators(self) -> tuple[Program, ...]:
        async with self._writing:
            if self._validators is None:
                known = tuple(test.input for test in self._problem.public_tests[:PUBLIC_SHOWN])
                drawn = await all_of(self._validator(known, number) for number in range(VALIDATORS))
                self._validators = tuple(program for program in drawn if program is not None)
            return self._validators

    async def _validator(self, known: Sequence[str], number: int) -> Program | None:
        """One validator, where it works; a call that fails costs this one only."""
        messages = self._messages("validator", "", repeated=False, checks=CHECKS)
        try:
            completion = await self._ask(Role.TEST_GENERATOR, messages, sample=0, round=number)
        except CallError:
            return None
        of_function = self._problem.style is CallStyle.FUNCTION
        target = replace(self._problem, entry=CHECKS if of_function else None, starter="", statement="")
        program = self._extract(completion.text, target)
        return program if program is not None and not any(await self._said(program, known)) else None

    async def _said(self, validator: Program, inputs: Sequence[str]) -> list[str]:
        """A validator's objection to each input, or ""."""
        return [_objection(run) for run in await self._run.many(validator, inputs)]

    async def brute_force(self, checker: Checker, place: int) -> tuple[Program | None, int]:
        """A program that gives the public tests' outputs, if one was written, and the requests that it took."""
        expected = {test.input: test.expected for test in self._problem.public_tests if test.expected is not None}

        async def use(program: Program) -> tuple[Program | None, str]:
            runs = await self._run.many(program, list(expected))
            for (text, answer), run in zip(expected.items(), runs, strict=True):
                if run.status is not Verdict.AC or not checker.accepts(run.output, answer or ""):
                    shown = self._problem.shown_input(text).strip()
                    return (
                        None,
                        f"on the input {shown} it gives {told(run).strip()}, but {(answer or '').strip()} is right",
                    )
            return program, ""

        return await self._program("brute_force", self._problem, use, place)

    async def answers(self, program: Program, inputs: Sequence[str]) -> tuple[WrittenTest, ...]:
        """Tests that expect what a program gives; none for an input on which it fails."""
        runs = zip(inputs, await self._run.many(program, inputs), strict=True)
        return tuple(WrittenTest(text, run.output) for text, run in runs if run.status is Verdict.AC)

    async def _program(
        self,
        template: str,
        target: Problem,
        use: Callable[[Program], Awaitable[tuple[T | None, str]]],
        place: int,
        **more: str,
    ) -> tuple[T | None, int]:
        """What `use` makes of a program; where it makes nothing, its reason is the next request's feedback."""
        fault = ""
        for attempt in range(ATTEMPTS):
            messages = self._messages(template, fault, repeated=attempt > 0, **more)
            completion = await self._ask(Role.TEST_GENERATOR, messages, sample=place, round=attempt)
            program = self._extract(completion.text, target)
            made, fault = (None, "it holds no Python program") if program is None else await use(program)
            if made is not None:
                return made, attempt + 1
        return None, ATTEMPTS

    def _messages(self, template: str, fault: str, *, repeated: bool, **more: str) -> Sequence[Message]:
        texts = [(text, STATEMENT_TOKENS) for text in self._problem.texts]
        texts += [(self._example(template), VALUE_TOKENS), (fault.strip().rstrip("."), FEEDBACK)]
        statement, starter, example, fault = fit(texts, self._prompt_tokens - TEMPLATE_TOKENS)
        of_function = self._problem.style is CallStyle.FUNCTION
        values: Mapping[str, object] = {
            "statement": statement,
            "starter": starter,
            "function": (self._problem.entry or "") if of_function else "",
            "example": example,
            "repeated": repeated,
            "fault": fault,
            **more,
        }
        return prompts.render(template, **values)

    def _example(self, template: str) -> str:
        if not self._problem.public_tests:
            return ""
        test = self._problem.public_tests[0]
        shown = self._problem.shown_input(test.input).rstrip("\n")
        if template != "brute_force" or test.expected is None:
            return shown
        if self._problem.style is CallStyle.FUNCTION:
            return f"{shown} returns {test.expected}"
        return f"Input:\n{shown}\nOutput:\n{test.expected.rstrip()}"


def _objection(run: Execution) -> str:
    """Why a validator does not accept an input, or ""."""
    said = run.output.strip().strip("'\"")
    if run.status is Verdict.AC and said.lower() in ("ok", "true"):
        return ""
    return (said or told(run))[:KEPT]
