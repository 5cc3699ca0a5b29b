"""What a failed try means for its call: another try, an error of the call, or a model that cannot be used at all."""

import json
import re
import ssl
from collections.abc import Mapping
from typing import Any

from distinguo.errors import CallError, ModelError, ModelUnavailable
from distinguo.llm.providers import Endpoint
from distinguo.llm.retries import LONGEST_WAIT, Cause, Failed, asked_wait

_RETRIED = {408, 409, 429}
_OVERLOADED = {429, 503, 529}
_FIRST_REFUSED = 5  # calls that an endpoint refuses before it ever answered, until it is taken to refuse all
_OF_THE_PROMPT = re.compile(r"context|content|too long|filter|safety|policy", re.IGNORECASE)
_NAMED_STATUS = {
    "server_error": 500,
    "internal_server_error": 500,
    "overloaded_error": 503,
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
}


class Refusals:
    """Reads the failures of one endpoint's model; remembers only whether it was ever reached and ever answered."""

    def __init__(self, model: str, name: str, endpoint: Endpoint) -> None:
        self._model = model
        self._name = name
        self._endpoint = endpoint
        self._reached = False
        self._answered = False
        self._refused = 0

    @property
    def has_answered(self) -> bool:
        """Whether the endpoint ever gave an answer."""
        return self._answered

    def answered(self) -> None:
        """The endpoint gave an answer."""
        self._reached = self._answered = True

    def of_status(self, status: int, body: object, message: str, headers: Mapping[str, str]) -> ModelError | Failed:
        """Judge an HTTP status other than success; `body` is the error's JSON where it is any."""
        self._reached = True
        if _out_of_quota(body) or not (status in _RETRIED or status >= 500):
            return self._final(status, body, message)
        error = self._turned_down(status, body, message)
        wait = asked_wait(headers)
        if wait is not None and wait > LONGEST_WAIT:
            if status == 429:
                return ModelUnavailable(
                    f"{self._endpoint.shown_url} wants no call for {wait / 60:.0f} minutes"
                    f" ({self._detail(body, message)}); go on after that, or with another key"
                )
            wait = None
        return Failed(Cause.OVERLOAD if status in _OVERLOADED else Cause.TROUBLE, error, wait=wait)

    def of_error_inside(self, body: Mapping[str, Any]) -> ModelError | Failed:
        """Judge an error that came in the place of an answer, or of its rest."""
        code = body.get("code")
        named = _NAMED_STATUS.get(str(code)) or _NAMED_STATUS.get(str(body.get("type")))
        status = code if type(code) is int and 400 <= code < 600 else named or 400
        judged = self.of_status(status, body, "", {})
        if isinstance(judged, Failed):
            judged.lost = True
        return judged

    def of_break(self, error: Exception) -> Failed:
        """Judge a connection that broke or timed out; `error` is the SDK's, or its HTTP library's."""
        cause = error.__cause__ or error
        names = {kind.__name__ for kind in type(cause).__mro__}
        if names & {"ConnectError", "ConnectTimeout"}:
            unavailable = ModelUnavailable(
                f"no server answers at {self._endpoint.shown_url} ({str(cause) or 'timed out'});"
                f" start it or correct {self._endpoint.url_variable}"
            )
            return Failed(self._unless_unreached, unavailable)
        if names & {"TimeoutException", "TimeoutError"}:
            late = CallError(f"{self._model} did not answer in time")
            return Failed(self._unless_unreached, late, lost=True)
        broken = CallError(f"the connection to {self._endpoint.shown_url} broke: {str(cause) or type(cause).__name__}")
        return Failed(self._unless_unreached, broken, lost=True)

    @property
    def _unless_unreached(self) -> Cause:
        return Cause.TROUBLE if self._reached else Cause.UNREACHED

    def _final(self, status: int, body: object, message: str) -> ModelError:
        at = self._endpoint.shown_url
        detail = self._detail(body, message)
        match status:
            case 401 | 403:
                return ModelUnavailable(
                    f"{at} refuses the key ({detail}); set {self._endpoint.key_variable} to a valid one"
                )
            case 404:
                return ModelUnavailable(
                    f"{at} has no model {self._name!r} ({detail}); check --model and {self._endpoint.url_variable}"
                )
            case 402:
                return ModelUnavailable(f"the account at {at} is out of credit; top it up or use another key")
        if _out_of_quota(body):
            return ModelUnavailable(f"the quota at {at} is exhausted; raise it or use another key")
        if not self._answered and not _OF_THE_PROMPT.search(json.dumps(body) + message):
            self._refused += 1
            if self._refused >= _FIRST_REFUSED:
                return ModelUnavailable(
                    f"{at} refuses every call to {self._name!r} with status {status} ({detail});"
                    " check the model's name and its settings"
                )
        return self._turned_down(status, body, message)

    def _turned_down(self, status: int, body: object, message: str) -> CallError:
        return CallError(f"{self._model} answered with status {status}: {self._detail(body, message)}", refused=True)

    def _detail(self, body: object, message: str) -> str:
        """Return the endpoint's own words, in one line, without the key."""
        if isinstance(body, dict):
            message = str(body.get("message") or json.dumps(body))
        return " ".join(self._endpoint.scrubbed(message).split())[:300]


def breaks(error: Exception) -> bool:
    """Whether an error says that a connection broke or timed out.

    While a body is read the SDK lets its HTTP library's errors through, and that library changed its name between
    major versions of the SDK; its errors kept theirs.
    """
    names = {kind.__name__ for kind in type(error).__mro__}
    return isinstance(error, OSError | ssl.SSLError) or bool(names & {"RequestError", "StreamError", "EndOfStream"})


def _out_of_quota(body: object) -> bool:
    return isinstance(body, dict) and "insufficient_quota" in (body.get("code"), body.get("type"))
