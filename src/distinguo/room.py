"""How long answers and prompts may be, so that no context overflows. All lengths in tokens."""

from collections.abc import Iterable

from distinguo.config import Settings

ANSWER = 4096  # of one completion, where the model's context is large or unknown
CONTEXT_SHARE = 8  # a completion may take this part of a small context: prompts carry up to R earlier ones
SMALL_CONTEXT = 8192
FIELD, SMALL_FIELD = 200, 70  # of each input, output and error in a prompt; the second for small contexts
EXAMPLES = 8000  # of all solved examples in a prompt together, where the context is unknown
SELECTION_PROMPT = 16000  # of a prompt of stage 2 where the context is unknown


def answer(settings: Settings, context: int | None) -> int:
    """The length of one completion from a model with this context (None: unknown)."""
    if settings.max_tokens is not None:
        return settings.max_tokens
    return ANSWER if context is None else min(ANSWER, max(1, context // CONTEXT_SHARE))


def field(context: int | None) -> int:
    """The length to which an input, output or error is cut in a prompt for a model with this context."""
    return SMALL_FIELD if context is not None and context < SMALL_CONTEXT else FIELD


def examples(context: int | None) -> int:
    """The length of all solved examples in a prompt together: a quarter of the context, which rounds share with
    them."""
    return EXAMPLES if context is None else min(EXAMPLES, context // 4)


def selection_prompt(settings: Settings, contexts: Iterable[int | None]) -> int:
    """The length of a prompt of stage 2: what the smallest of its models' contexts leaves beside the answer."""
    known = [context - answer(settings, context) for context in contexts if context is not None]
    return max(1, min(SELECTION_PROMPT, *known)) if known else SELECTION_PROMPT
