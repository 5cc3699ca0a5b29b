"""Stage 2's calls to models: test inputs, tests, inputs that tell two programs apart, and the judge's verdicts.

Every prompt fits a stated number of tokens: texts are cut to the lengths below, and further where the room is small.
No prompt of a judge has room for an output that a model predicts: it is shown what programs really did.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from distinguo import prompts
from distinguo.fit import fit
from distinguo.problem import CallStyle, Problem, Program, Test
from distinguo.protocols import Ask
from distinguo.records import Execution, Role, Verdict, Vote
from distinguo.testgen.parse import Dropped, WrittenTest, parse_inputs, parse_tests
from distinguo.testgen.signatures import signature
from distinguo.testgen.verdicts import VOTE_SCHEMA, Choice, choice_schema, letters, parse_choice, parse_vote

ATTEMPTS = 3  # requests for one set of inputs: the first and two repeated with feedback
PROMPT_TOKENS = 3000  # of a prompt, fit for a context of 4,096 tokens

STATEMENT_TOKENS = 6000  # the most that each text may have, however much room there is
PROGRAM_TOKENS = 4000
VALUE_TOKENS = 400  # an input or an output
EXAMPLES = 2  # public tests that show the form of an answer
FEEDBACK_SHOWN = 3  # dropped inputs in one feedback
FEEDBACK_TOKENS = 80  # of each
TEMPLATE_TOKENS = 500  # what a template adds to the texts
LABEL_TOKENS = 16  # and to each of any number of outputs

TryOut = Callable[[Sequence[str]], Awaitable[Sequence[str]]]
"""Runs programs on inputs and says for each input why it is of no use, or "" when it is of use."""


Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Written(Generic[Item]):
    """What is of use of that which was asked for; what was dropped in all attempts; the requests that it took."""

    usable: tuple[Item, ...]
    dropped: tuple[Dropped, ...]
    requests: int


@dataclass(frozen=True, slots=True)
class _Wanted(Generic[Item]):
    """A request for a list: its template, the list's name in JSON, an element's schema, and what makes an example of
    a public test (None: it makes none), reads an answer, tells an element's input, and shows an element in feedback.
    """

    template: str
    name: str
    schema: dict[str, Any]
    example: Callable[[Test], object]
    read: Callable[[str], tuple[tuple[Item, ...], tuple[Dropped, ...]]]
    input: Callable[[Item], str]
    shown: Callable[[Item], str]


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

    async def write_inputs(self, programs: Sequence[Program], count: int, try_out: TryOut, place: int) -> Written[str]:
        """Test inputs for the problem (section 3.2): edge cases, complex cases, whatever may expose a bug.

        programs: candidates, which show the function's signature where the problem does not.
        """
        return await self._request(self._inputs("test_inputs", programs), (), count, try_out, place)

    async def distinguish(
        self, first: Program, second: Program, count: int, try_out: TryOut, place: int
    ) -> Written[str]:
        """Inputs on which the two programs behave differently (section 3.2, algorithm 1)."""
        programs = (first, second)
        return await self._request(self._inputs("distinguish", programs), programs, count, try_out, place)

    async def write_tests(
        self, programs: Sequence[Program], count: int, try_out: TryOut, place: int
    ) -> Written[WrittenTest]:
        """Inputs with the outputs that the model expects (CodeT, Chen et al. 2022, section 2.2); `try_out` sees inputs.

        programs: as for write_inputs.
        """
        called, shown_input = signature(self.problem, programs), self.problem.shown_input
        gives = " == " if self.problem.style is CallStyle.FUNCTION else "Output:\n"
        wanted: _Wanted[WrittenTest] = _Wanted(
            "tests",
            "tests",
            _TEST_SCHEMA,
            lambda test: test.expected and {"input": shown_input(test.input), "output": test.expected},
            lambda text: parse_tests(text, self.problem, called),
            lambda test: test.input,
            lambda test: f"{shown_input(test.input)}{gives}{test.expected}",
        )
        return await self._request(wanted, (), count, try_out, place)

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

    async def choose(self, test_input: str, outputs: Sequence[str], place: int) -> Choice | None:
        """Which output the judge holds for right on an input; None where its answer does not say.

        outputs: what programs did, in words.
        """
        names = letters(len(outputs))
        texts = [(text, STATEMENT_TOKENS) for text in self.problem.texts]
        shown = (self.problem.shown_input(test_input), *outputs)
        texts += [(text.rstrip("\n"), VALUE_TOKENS) for text in shown]
        room = self.prompt_tokens - TEMPLATE_TOKENS - LABEL_TOKENS * len(outputs)
        statement, starter, shown_input, *rest = fit(texts, max(0, room))
        messages = prompts.render(
            "choose",
            statement=statement,
            starter=starter,
            input=shown_input,
            outputs=list(zip(names, rest, strict=True)),
        )
        completion = await self.ask(
            Role.JUDGE, messages, sample=place, round=0, temperature=0.0, schema=choice_schema(names)
        )
        return parse_choice(completion.text, names)

    def _inputs(self, template: str, programs: Sequence[Program]) -> _Wanted[str]:
        called, shown_input = signature(self.problem, programs), self.problem.shown_input
        return _Wanted(
            template,
            "inputs",
            {"type": "string"},
            lambda test: shown_input(test.input),
            lambda text: parse_inputs(text, self.problem, called),
            lambda text: text,
            shown_input,
        )

    async def _request(
        self, wanted: _Wanted[Item], programs: Sequence[Program], count: int, try_out: TryOut, place: int
    ) -> Written[Item]:
        """Ask until an answer holds something usable, at most ATTEMPTS times, each time saying what was wrong."""
        useless: tuple[Dropped, ...] = ()
        dropped: tuple[Dropped, ...] = ()
        schema = list_schema(wanted.name, wanted.schema, count)
        for attempt in range(ATTEMPTS):
            values = self._values(wanted.example, programs, count, useless, attempt)
            messages = prompts.render(wanted.template, **values)
            completion = await self.ask(Role.TEST_GENERATOR, messages, sample=place, round=attempt, schema=schema)
            found, useless = wanted.read(completion.text)
            found = found[:count]
            inputs = list(dict.fromkeys(wanted.input(item) for item in found))
            faults = dict(zip(inputs, await try_out(inputs), strict=True))
            usable = tuple(item for item in found if not faults[wanted.input(item)])
            useless += tuple(
                Dropped(wanted.shown(item), fault) for item in found if (fault := faults[wanted.input(item)])
            )
            dropped += useless
            if usable:
                return Written(usable, dropped, attempt + 1)
        return Written((), dropped, ATTEMPTS)

    def _values(
        self,
        example: Callable[[Test], object],
        programs: Sequence[Program],
        count: int,
        useless: Sequence[Dropped],
        attempt: int,
    ) -> dict[str, object]:
        problem = self.problem
        known = [shown for test in problem.public_tests if (shown := example(test))][:EXAMPLES]
        examples = json.dumps(known, ensure_ascii=False)
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
            "example": examples if known else "",
            "programs": rest[: len(programs)],
            "repeated": attempt > 0,
            "faults": list(zip(faults[: len(faults) // 2], faults[len(faults) // 2 :], strict=True)),
        }


_TEST_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"input": {"type": "string"}, "output": {"type": "string"}},
    "required": ["input", "output"],
    "additionalProperties": False,
}


def list_schema(name: str, element: dict[str, Any], count: int) -> dict[str, Any]:
    """The JSON schema of an answer with exactly `count` elements: a small model tends to stop after copying one."""
    elements = {"type": "array", "items": element, "minItems": count, "maxItems": count}
    return {"type": "object", "properties": {name: elements}, "required": [name], "additionalProperties": False}


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
