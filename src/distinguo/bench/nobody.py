"""Clients that stand where nobody is to be asked."""

from distinguo.bench.methods import NOBODY
from distinguo.errors import CallError
from distinguo.protocols import Enough, Sending
from distinguo.records import Completion, Request


class NoModel:
    """A Client for runs on recorded programs, in roles without a model.

    Every call is refused, which is no failure of the run.
    """

    WHY = "no model was given to ask"

    def __init__(self) -> None:
        self.model = NOBODY
        self.context_tokens: int | None = None

    async def complete(
        self, request: Request, *, enough: Enough | None = None, rank: int = 0, sending: Sending | None = None
    ) -> Completion:
        """See protocols.Client."""
        raise CallError(self.WHY, refused=True)

    async def aclose(self) -> None:
        """See protocols.Client."""
