"""The replay client: answers from a recorded run; a miss is an error, never a call."""

from collections.abc import Callable

from distinguo.errors import CallError, ReplayMiss
from distinguo.protocols import Enough, Sending
from distinguo.records import Completion, Request


class ReplayClient:
    """Answers each request as a recording does.

    `answer` gives, for a request, the completion that was recorded, the text of the error that it met, or None.
    """

    def __init__(
        self, name: str, answer: Callable[[Request], Completion | str | None], context_tokens: int | None
    ) -> None:
        self.model = name
        self.context_tokens = context_tokens
        self._answer = answer

    async def complete(
        self, request: Request, *, enough: Enough | None = None, rank: int = 0, sending: Sending | None = None
    ) -> Completion:
        """Raises CallError where the recorded call failed, ReplayMiss where nothing was recorded."""
        found = self._answer(request)
        if found is None:
            raise ReplayMiss(
                f"{self.model} holds no answer for the {request.role.value}'s call of sample {request.sample}, round"
                f" {request.round}; replay with the problem and settings of the recorded run"
            )
        if sending is not None:
            sending("")
        if isinstance(found, str):
            raise CallError(found, refused=True)
        return found

    async def aclose(self) -> None:
        """Nothing to free: the recording belongs to whoever opened it."""
