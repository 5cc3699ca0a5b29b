"""Stage 2's calls to models: test inputs, inputs that tell two programs apart, and the judge's verdict.

Every prompt fits a stated number of tokens: texts are cut to the lengths below, and further where the room is small.
The outputs that a model predicts for its inputs are dropped where its answer is read, so no judge can see them.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from distinguo import prompts
from distinguo.fit import fit
from distinguo.problem import CallStyle, Problem, Program
from distinguo.protocols import Ask
from distinguo.records import Execution, Role, Verdict, Vote
from distinguo.testgen.parse import Dropped, Signature, parse_inputs, parse_vote, signature

ATTEMPTS = 3  # requests for one set of inputs: the first and two repeated with feedback
PROMPT_TOKENS = 3000  # of a prompt, fit for a context of 4,096 tokens

STATEMENT_TOKENS = 6000  # the most that each text may have, however much room there is
PROGRAM_TOKENS = 4000
VALUE_TOKENS = 400  # an input or an output
EXAMPLES = 2  # public inputs that show the form of an answer
FEEDBACK_SHOWN = 3  # dropped inputs in one feedback
FEEDBACK_TOKENS = 80  # of each
TEMPLATE_TOKENS = 500  # what a template adds to the texts

TryOut = Callable[[Sequence[str]], Awaitable[Sequence[str]]]
"""Runs programs on inputs and says for each input why it is of no use, or "" when it is of use."""


@dataclass(frozen=True, slots=True)
class Written:
    """Usable inputs in the form of Test.input; what was dropped in all attempts; the requests that it took."""

    inputs: tuple[str, ...]
    dropped: tuple[Dropped, ...]
    requests: int


@dataclass(frozen=True, slots=True)
class Case:
    """An input and what two programs really did on it, in words."""

    input: str
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Author:
    """Asks models about one problem.

    `place` tells one question from every other: it is the requests' `sample`, and `round` counts the repeats.
    prompt_tokens: the most that a prompt may have, by fit.tokens' cautious estimate.
    The methods raise what `ask` raises.
    """

    problem: Problem
    ask: Ask
    prompt_tokens: int = PROMPT_TOKENS

    async def write_inputs(self, programs: Sequence[Program], count: int, try_out: TryOut, place: int) -> Written:
        """Test inputs for the problem (section 3.2): edge cases, complex cases, whatever may expose a bug.

        programs: candidates, which show the function's signature where the problem does not.
        """
        return await self._request("test_inputs", (), signature(self.problem, programs), count, try_out, place)

    async def distinguish(self, first: Program, second: Program, count: int, try_out: TryOut, place: int) -> Written:
        """Inputs on which the two programs behave differently (section 3.2, algorithm 1)."""
        programs = (first, second)
        return await self._request("distinguish", programs, signature(self.problem, programs), count, try_out, place)

    async def compare(self, first: Program, second: Program, cases: Sequence[Case], place: int) -> Vote | None:
        """The judge's verdict on two programs and their real outputs; None when its answer names none."""
        texts = [(text, STATEMENT_TOKENS) for text in self.problem.texts]
        texts += [(program.source.strip(), PROGRAM_TOKENS) for program in (first, second)]
        for case in cases:
            shown = self.problem.shown_input(case.input).rstrip("\n")
            texts += [(text, VALUE_TOKENS) for text in (shown, case.first.rstrip("\n"), case.second.rstrip("\n"))]
        statement, starter, first_text, second_text, *rest = fit(texts, self.prompt_tokens - TEMPLATE_TOKENS)
        messages = prompts.render(
            "judge",
            statement=statement,
            starter=starter,
            first=first_text,
            second=second_text,
            cases=[Case(*rest[start : start + 3]) for start in range(0, len(rest), 3)],
        )
        completion = await self.ask(Role.JUDGE, messages, sample=place, round=0, temperature=0.0, schema=VOTE_SCHEMA)
        return parse_vote(completion.text)

    async def _request(
        self,
        template: str,
        programs: Sequence[Program],
        called: Signature | None,
        count: int,
        try_out: TryOut,
        place: int,
    ) -> Written:
        """Ask until an answer holds a usable input, at most ATTEMPTS times, each time saying what was wrong."""
        useless: tuple[Dropped, ...] = ()
        dropped: tuple[Dropped, ...] = ()
        for attempt in range(ATTEMPTS):
            messages = prompts.render(template, **self._values(programs, count, useless, attempt))
            completion = await self.ask(
                Role.TEST_GENERATOR,
                messages,
                sample=place,
                round=attempt,
                schema=inputs_schema(count),
            )
            inputs, useless = parse_inputs(completion.text, self.problem, called)
            inputs = inputs[:count]
            faults = await try_out(inputs)
            usable = tuple(text for text, fault in zip(inputs, faults, strict=True) if not fault)
            useless += tuple(
                Dropped(self.problem.shown_input(text), fault)
                for text, fault in zip(inputs, faults, strict=True)
                if fault
            )
            dropped += useless
            if usable:
                return Written(usable, dropped, attempt + 1)
        return Written((), dropped, ATTEMPTS)

    def _values(
        self, programs: Sequence[Program], count: int, useless: Sequence[Dropped], attempt: int
    ) -> dict[str, object]:
        problem = self.problem
        examples = json.dumps(
            [problem.shown_input(test.input) for test in problem.public_tests[:EXAMPLES]], ensure_ascii=False
        )
        texts = [
            *((text, STATEMENT_TOKENS) for text in self.problem.texts),
            (examples, VALUE_TOKENS),
            *((program.source.strip(), PROGRAM_TOKENS) for program in programs),
            *((fault.text.strip(), FEEDBACK_TOKENS) for fault in useless[:FEEDBACK_SHOWN]),
            *((fault.why, FEEDBACK_TOKENS) for fault in useless[:FEEDBACK_SHOWN]),
        ]
        statement, starter, examples, *rest = fit(texts, self.prompt_tokens - TEMPLATE_TOKENS)
        faults = rest[len(programs) :]
        return {
            "statement": statement,
            "starter": starter,
            "function": (problem.entry or "") if problem.style is CallStyle.FUNCTION else "",
            "count": count,
            "example": examples if problem.public_tests else "",
            "programs": rest[: len(programs)],
            "repeated": attempt > 0,
            "faults": list(zip(faults[: len(faults) // 2], faults[len(faults) // 2 :], strict=True)),
        }


def inputs_schema(count: int) -> dict[str, Any]:
    """The JSON schema of an answer with exactly `count` inputs: a small model tends to stop after copying one."""
    inputs = {"type": "array", "items": {"type": "string"}, "minItems": count, "maxItems": count}
    return {"type": "object", "properties": {"inputs": inputs}, "required": ["inputs"], "additionalProperties": False}


VOTE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"reason": {"type": "string"}, "better": {"type": "string", "enum": [str(vote) for vote in Vote]}},
    "required": ["reason", "better"],
    "additionalProperties": False,
}

_ENDINGS = {
    Verdict.TLE: "no output: stopped at the time limit",
    Verdict.MLE: "no output: stopped at the memory limit",
    Verdict.OLE: "stopped at the output limit",
    Verdict.RTE: "no output: runtime error",
    Verdict.CE: "no output: does not compile",
}


def told(execution: Execution) -> str:
    """What a run did, as prompts show it: the output, or how the run failed with its error's last line."""
    if execution.status is Verdict.AC:
        return execution.output or "(nothing)"
    lines = execution.error.strip().splitlines()
    return f"({_ENDINGS[execution.status]}{': ' + lines[-1].strip() if lines else ''})"
