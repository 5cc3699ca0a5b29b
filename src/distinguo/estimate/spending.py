"""How many calls settings lead to and how long they are: at most, and as runs usually go.

Settings that draw the same samples are put together: equal requests are answered once.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from distinguo import room, selectors
from distinguo.config import Settings
from distinguo.generate.conversation import FAILURES_SHOWN
from distinguo.llm import CONTEXT_TOKENS
from distinguo.prices import free
from distinguo.records import Role
from distinguo.selectors.protocol import Choose, Compare, Distinguish, Generate, Stress, WriteInputs, WriteTests
from distinguo.selectors.sources import is_asked
from distinguo.testgen import ATTEMPTS, LABEL_TOKENS, PROGRAM_TOKENS, VALUE_TOKENS
from distinguo.testgen import TEMPLATE_TOKENS as SELECTION_TEMPLATE_TOKENS
from distinguo.testgen.generators import VALIDATORS

TEMPLATE_TOKENS = 400  # what a prompt of stage 1 has beside the problem's own texts
FIELDS = 4  # texts shown of a failing test
USUAL_VALUES = 6  # shown by a question that may show any number of them

_REASONING = re.compile(r"(?:^|[/-])(?:o[134]|gpt-5|qwq|r1|[\w-]*reasoner|thinking)(?![a-z0-9])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Usual:
    """How a run usually goes: guesses, not measurements of the models and problems at hand.

    debugged: the share of a round's samples that get another round. programs: different ones that stage 2 has to choose
    from. choices: the share of problems with anything to choose. Tokens: of a program's answer, of an answer in stage
    2, of what a reasoning model thinks on top, of an input or output; prompts: real tokens of texts for each one of the
    cautious estimate.
    """

    debugged: float = 0.5
    programs: int = 4
    choices: float = 0.6
    answer: int = 600
    judgement: int = 250
    thinking: int = 6000
    value: int = 60
    prompts: float = 0.6

    def sentence(self) -> str:
        """The same for a person."""
        return (
            f"Expected is a guess, not a measurement: {self.debugged:.0%} of a round's samples are debugged further;"
            f" stage 2 has {self.programs} different programs to choose from on {self.choices:.0%} of the problems;"
            f" answers take {self.answer} tokens, {self.judgement} in stage 2, and {self.thinking:,} more where a model"
            f" reasons; texts take {self.prompts:.0%} of their cautious estimate."
        )

    def answered(self, model: str, role: Role, most: int) -> int:
        """Tokens of an answer that may have `most`."""
        length = self.answer if role in (Role.GENERATOR, Role.DEBUGGER) else self.judgement
        return min(most, length + self.thinking * bool(_REASONING.search(model)))


USUAL = Usual()


@dataclass(frozen=True, slots=True)
class Asked:
    """What a kind of question takes at most: calls to a role, and in each prompt programs and values.

    values: inputs and outputs; None where a selector may show any number. outputs: whether there is one more for each
    candidate. usual: calls where nothing has to be repeated.
    """

    role: Role
    calls: int
    programs: int = 0
    values: int | None = None
    outputs: bool = False
    usual: int = 1

    def prompt(self, room: int, problem: int, candidates: int) -> int:
        """The tokens of a prompt, which never has more than its room. problem: the tokens of the problem's texts."""
        if self.values is None:
            return room
        shown = self.programs * PROGRAM_TOKENS + self.values * VALUE_TOKENS
        if self.outputs:
            shown += candidates * (VALUE_TOKENS + LABEL_TOKENS)
        return min(room, SELECTION_TEMPLATE_TOKENS + problem + shown)


QUESTIONS: Mapping[str, Asked] = {  # by kind; the example and the feedback of a request for a list are three values
    WriteInputs.kind: Asked(Role.TEST_GENERATOR, ATTEMPTS, values=3),
    WriteTests.kind: Asked(Role.TEST_GENERATOR, ATTEMPTS, values=3),
    Distinguish.kind: Asked(Role.TEST_GENERATOR, ATTEMPTS, programs=2, values=3),
    Generate.kind: Asked(Role.TEST_GENERATOR, ATTEMPTS + VALIDATORS, values=2, usual=1 + VALIDATORS),
    Stress.kind: Asked(Role.TEST_GENERATOR, ATTEMPTS, values=2),
    Compare.kind: Asked(Role.JUDGE, 1, programs=2),
    Choose.kind: Asked(Role.JUDGE, 1, values=1, outputs=True),
}


@dataclass(frozen=True, slots=True)
class Spending:
    """Calls of one role to one model, and the tokens of all of them; fractions where they are guessed."""

    role: Role
    model: str
    calls: float
    prompt_tokens: float
    completion_tokens: float


class Together:
    """Arms whose calls are counted together.

    Samples that arms have in common count once, and so do their debugging rounds; in stage 2 nothing is taken to be in
    common, since it depends on what the samples are. Equal arms count once.
    """

    def __init__(self, arms: Sequence[Settings]) -> None:
        """Raises InputError for an unknown selector, and for solved examples that cannot be read."""
        shapes = [(arm, arm.shaping()) for arm in arms]
        self._arms = list({repr(shape): arm for arm, shape in shapes}.values())
        examples = {id(arm): shape["examples"] for arm, shape in shapes}
        for arm in self._arms:
            selectors.get(arm.selector)
        self._drawn = _alike(self._arms, lambda arm: (*_sent(arm), arm.model, examples[id(arm)]))
        debugging = [_alike((arm for arm in drawn if arm.rounds), _debugged) for drawn in self._drawn]
        self._debugged = [group for groups in debugging for group in groups]
        writing = (arm for arm in self._arms if arm.debug_tests == "generated" and arm.rounds)
        self._written = _alike(writing, lambda arm: (*_sent(arm), arm.model_of(Role.TEST_GENERATOR)))

    def spending(self, texts: int, usual: Usual | None = None) -> Iterator[Spending]:
        """What they take on one problem: at most, or usually. texts: its tokens, by a cautious estimate."""
        for drawn in self._drawn:
            prompt = _draft(drawn[0], texts) * (1 if usual is None else usual.prompts)
            yield _spent(drawn[0], Role.GENERATOR, max(arm.n for arm in drawn), prompt, usual)
        for debugged in self._debugged:
            yield from _debugging(debugged, texts, usual)
        for written in self._written:
            known = [context(written[0].model_of(Role.TEST_GENERATOR))]
            yield _question(written[0], WriteTests.kind, 1, known, texts, usual)
        for arm in self._arms:
            yield from _choosing(arm, texts, usual)


def _alike(arms: Iterable[Settings], shape: Callable[[Settings], tuple[object, ...]]) -> list[list[Settings]]:
    groups: dict[tuple[object, ...], list[Settings]] = {}
    for arm in arms:
        groups.setdefault(shape(arm), []).append(arm)
    return list(groups.values())


def _sent(arm: Settings) -> tuple[object, ...]:
    """What shapes every call of an arm beside its messages."""
    return arm.temperature, arm.seed, arm.max_tokens, arm.reasoning_effort


def _debugged(arm: Settings) -> tuple[object, ...]:
    """What shapes the debugging of given samples; of the context that is shown see `_debugging`."""
    return arm.model_of(Role.DEBUGGER), arm.show_reasoning


def _draft(arm: Settings, texts: int) -> int:
    """The tokens of a first prompt at most."""
    contexts = [context(arm.model_of(role)) for role in (Role.GENERATOR, Role.DEBUGGER)]
    solved = 0 if arm.examples is None else min(map(room.examples, contexts))
    return TEMPLATE_TOKENS + texts + solved


def _debugging(arms: Sequence[Settings], texts: int, usual: Usual | None) -> Iterator[Spending]:
    """Rounds of debugging: the first is the same whatever context is shown, the others go by it.

    A sample that is debugged on generated tests sends in each round what it would send without them, or goes on where
    the other has ended: together at most one call a round.
    """
    known = context(arms[0].model_of(Role.DEBUGGER))
    if usual is None:
        answer = room.answer(arms[0], context(arms[0].model))
        earlier: float = answer + TEMPLATE_TOKENS + FAILURES_SHOWN * FIELDS * room.field(known)
    else:
        earlier = usual.answer + TEMPLATE_TOKENS * usual.prompts + FIELDS * usual.value
    for index in range(1, 1 + max(arm.rounds for arm in arms)):
        going_on = [arm for arm in arms if arm.rounds >= index]
        for alike in [going_on] if index == 1 else _alike(going_on, lambda arm: (arm.context,)):
            samples = max(arm.n for arm in alike) * (1 if usual is None else usual.debugged**index)
            draft = _draft(alike[0], texts) * (1 if usual is None else usual.prompts)
            prompt = draft + (index if alike[0].context == "all" else 1) * earlier
            yield _spent(alike[0], Role.DEBUGGER, samples, prompt if known is None else min(known, prompt), usual)


def _choosing(arm: Settings, texts: int, usual: Usual | None) -> Iterator[Spending]:
    """Stage 2."""
    contexts = [context(arm.model_of(role)) for role in (Role.TEST_GENERATOR, Role.JUDGE)]
    candidates = arm.n if usual is None else min(arm.n, usual.programs)
    for kind, count in selectors.get(arm.selector).most_questions(candidates).items():
        if kind in QUESTIONS and is_asked(kind, arm.inputs):
            yield _question(arm, kind, count * (1 if usual is None else usual.choices), contexts, texts, usual)


def _question(
    arm: Settings, kind: str, count: float, contexts: Sequence[int | None], texts: int, usual: Usual | None
) -> Spending:
    """So many questions of a kind to models with these contexts."""
    asked, longest = QUESTIONS[kind], room.selection_prompt(arm, contexts)
    if usual is None:
        return _spent(arm, asked.role, count * asked.calls, asked.prompt(longest, texts, arm.n), usual)
    values = (USUAL_VALUES if asked.values is None else asked.values) + usual.programs * asked.outputs
    shown = asked.programs * usual.answer + values * usual.value
    prompt = (SELECTION_TEMPLATE_TOKENS + texts) * usual.prompts + shown
    return _spent(arm, asked.role, count * asked.usual, min(longest, prompt), usual)


def _spent(arm: Settings, role: Role, calls: float, prompt: float, usual: Usual | None) -> Spending:
    """So many calls with a prompt of so many tokens each."""
    model = arm.model_of(role)
    answer = room.answer(arm, context(model))
    answered = answer if usual is None else usual.answered(model, role, answer)
    return Spending(role, model, calls, calls * prompt, calls * answered)


def context(model: str) -> int | None:
    """The context of a model, prompt and answer together, where it is known without opening it."""
    return CONTEXT_TOKENS if free(model) else None
