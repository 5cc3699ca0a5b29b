"""Answers that an endpoint, or a cache before it, gives twice: samples that are copies are no samples."""

from distinguo.llm.answers import Answer

_KEPT = 4096  # answers; a cache that repeats one does so soon


class Repeats:
    """The ids of one endpoint's latest answers, each with a hash of its texts."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._seen: dict[str, int] = {}

    def check(self, answer: Answer) -> None:
        """Raise CallError for an answer that came before, with its id. A server with one id for all is let be."""
        if not answer.id:
            return
        texts = hash(tuple(choice.text for choice in answer.choices))
        if self._seen.get(answer.id) == texts and len(self._seen) > 1:
            raise answer.useless(
                f"{self._model} gave an answer a second time; turn off the cache that stands between here and the model"
            )
        self._seen[answer.id] = texts
        if len(self._seen) > _KEPT:
            del self._seen[next(iter(self._seen))]
