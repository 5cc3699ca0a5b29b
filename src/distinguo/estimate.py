"""What a run may take at most, before anything is sent: calls, tokens and dollars, by role."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from distinguo import room, selectors
from distinguo.config import Settings
from distinguo.fit import tokens
from distinguo.generate import FAILURES_SHOWN
from distinguo.llm import CONTEXT_TOKENS
from distinguo.prices import cost, free
from distinguo.problem import Problem
from distinguo.records import Role
from distinguo.selectors.protocol import Choose, Compare, Distinguish, Generate, Stress, WriteInputs, WriteTests
from distinguo.selectors.sources import is_asked
from distinguo.testgen import ATTEMPTS, LABEL_TOKENS, PROGRAM_TOKENS, VALUE_TOKENS
from distinguo.testgen import TEMPLATE_TOKENS as SELECTION_TEMPLATE_TOKENS
from distinguo.testgen.generators import VALIDATORS

TEMPLATE_TOKENS = 400  # what a prompt of stage 1 has beside the problem's own texts
FIELDS = 4  # texts shown of a failing test


@dataclass(frozen=True, slots=True)
class Asked:
    """What a kind of question takes at most: calls to a role, and in each prompt programs and values.

    values: inputs and outputs; None where a selector may show any number. outputs: whether there is one more for each
    candidate.
    """

    role: Role
    calls: int
    programs: int = 0
    values: int | None = None
    outputs: bool = False

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
    Generate.kind: Asked(Role.TEST_GENERATOR, ATTEMPTS + VALIDATORS, values=2),
    Stress.kind: Asked(Role.TEST_GENERATOR, ATTEMPTS, values=2),
    Compare.kind: Asked(Role.JUDGE, 1, programs=2),
    Choose.kind: Asked(Role.JUDGE, 1, values=1, outputs=True),
}


@dataclass(frozen=True, slots=True)
class RoleEstimate:
    """One role's share. usd is None where the model's price is unknown."""

    role: str
    model: str
    calls: int
    prompt_tokens: int
    completion_tokens: int
    usd: float | None

    @property
    def cost(self) -> str:
        """The dollars in words."""
        return f"cost: unknown for {self.model}" if self.usd is None else f"${self.usd:.2f}"


@dataclass(frozen=True, slots=True)
class Estimate:
    """The worst case: every sample fails to the last round, and every candidate is a cluster of its own."""

    roles: tuple[RoleEstimate, ...]

    @property
    def calls(self) -> int:
        """All calls."""
        return sum(role.calls for role in self.roles)

    @property
    def unpriced(self) -> list[str]:
        """The models whose price is unknown."""
        return list(dict.fromkeys(role.model for role in self.roles if role.usd is None))

    @property
    def usd(self) -> float | None:
        """All dollars, None where a price is unknown."""
        return None if self.unpriced else sum(role.usd or 0.0 for role in self.roles)

    def as_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return {
            "calls": self.calls,
            "prompt_tokens": sum(role.prompt_tokens for role in self.roles),
            "completion_tokens": sum(role.completion_tokens for role in self.roles),
            "usd": self.usd,
            "unpriced": self.unpriced,
            "roles": [asdict(role) for role in self.roles],
        }

    def lines(self) -> list[str]:
        """The same for a person."""
        lines = [
            f"{role.role.replace('_', ' '):14} {role.model}: {role.calls} calls, {role.prompt_tokens:,} prompt and"
            f" {role.completion_tokens:,} completion tokens, {role.cost}"
            for role in self.roles
        ]
        unknown = ", ".join(self.unpriced)
        total = f"cost: unknown for {unknown} (--prices FILE gives it)" if unknown else f"${self.usd:.2f}"
        return [*lines, f"At most {self.calls} calls, {total}. Nothing was sent."]


def at_most(problem: Problem, settings: Settings) -> Estimate:
    """The worst case for these settings, an upper estimate of tokens. Raises InputError for an unknown selector."""
    contexts = {role: _context(settings.model_of(role)) for role in Role}
    answers = {role: room.answer(settings, contexts[role]) for role in Role}
    texts = tokens(problem.statement) + tokens(problem.starter)
    draft = TEMPLATE_TOKENS + texts
    feedback = TEMPLATE_TOKENS + FAILURES_SHOWN * FIELDS * room.field(contexts[Role.DEBUGGER])
    earlier = answers[Role.GENERATOR] + feedback
    shown = [round if settings.context == "all" else 1 for round in range(1, settings.rounds + 1)]
    calls = {Role.GENERATOR: settings.n, Role.DEBUGGER: settings.n * settings.rounds}
    prompts = {
        Role.GENERATOR: settings.n * draft,
        Role.DEBUGGER: settings.n * sum(_within(contexts[Role.DEBUGGER], draft + rounds * earlier) for rounds in shown),
    }
    for role in (Role.TEST_GENERATOR, Role.JUDGE):
        calls[role] = prompts[role] = 0
    longest = room.selection_prompt(settings, (contexts[Role.TEST_GENERATOR], contexts[Role.JUDGE]))
    for kind, count in selectors.get(settings.selector).most_questions(settings.n).items():
        asked = QUESTIONS.get(kind)
        if asked is not None and is_asked(kind, settings.inputs):
            calls[asked.role] += count * asked.calls
            prompts[asked.role] += count * asked.calls * asked.prompt(longest, texts, settings.n)
    return Estimate(
        tuple(
            RoleEstimate(
                role.value,
                settings.model_of(role),
                calls[role],
                prompts[role],
                calls[role] * answers[role],
                cost(settings.model_of(role), prompts[role], calls[role] * answers[role], settings.prices)
                if calls[role]
                else 0.0,
            )
            for role in Role
        )
    )


def _within(context: int | None, length: int) -> int:
    """A prompt's length; one that does not fit its context is refused, not billed beyond it."""
    return length if context is None else min(context, length)


def _context(model: str) -> int | None:
    return CONTEXT_TOKENS if free(model) else None
