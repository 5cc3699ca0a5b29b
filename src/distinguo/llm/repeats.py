"""Answers that an endpoint, or a cache before it, gives twice: samples that are copies are no samples."""

from distinguo.llm.answers import Answer

_KEPT = 4096  # ids; a cache that repeats an answer does so soon


class Repeats:
    """The ids of one endpoint's latest answers."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._seen: dict[str, None] = {}

    def check(self, answer: Answer) -> None:
        """Raise CallError for an answer whose id came before; a server that has one id for all answers is let be."""
        if not answer.id:
            return
        if answer.id in self._seen and len(self._seen) > 1:
            raise answer.useless(
                f"{self._model} gave an answer a second time; turn off the cache that stands between here and the model"
            )
        self._seen[answer.id] = None
        if len(self._seen) > _KEPT:
            del self._seen[next(iter(self._seen))]
