"""Keys: after runs that failed in many ways, no log, record, error, report or span holds one, in any form."""

import base64
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fakes import coder
from fakes.openai_replies import Reply, failure
from fakes.openai_server import OpenAIServer

import distinguo
from distinguo.errors import DistinguoError
from distinguo.logs import JsonLines

KEY = "sk-Known/Key+0123456789"
PASSWORD = "pass-word-9876"
FORMS = [
    KEY,
    PASSWORD,
    quote(KEY, safe=""),
    json.dumps(KEY)[1:-1],
    base64.b64encode(f"user:{PASSWORD}".encode()).decode(),
]

echo = f"Bearer {KEY} was sent to http://user:{PASSWORD}@here/v1?api_key={quote(KEY, safe='')}"
half = len(KEY) // 2
SPLIT = [
    json.dumps({"choices": [{"index": 0, "delta": {"content": part}}]}).encode() for part in (KEY[:half], KEY[half:])
]

WAYS: dict[str, Reply] = {
    "a wrong key": failure(401, f"Incorrect API key provided: {echo}"),
    "no permission": failure(403, echo),
    "an unknown model": failure(404, echo),
    "a bad request": failure(400, echo, param=echo, code=KEY),
    "an error of another form": Reply(status=400, body=echo.encode()),
    "a quota": failure(429, echo, code="insufficient_quota"),
    "a server that fails": failure(500, echo, {"Retry-After": "0", "X-Echo": KEY}),
    "an answer that is no JSON": Reply(body=echo.encode()),
    "an answer of a wrong type": Reply(body=json.dumps({"choices": [{"message": {"content": [echo]}}]}).encode()),
    "an answer without a text": Reply(text=None, finish_reason=echo),
    "a usage of a wrong type": Reply("text", usage={"prompt_tokens": echo}),
    "an answer that quotes it": Reply(f"```python\nprint(3)  # {echo}\n```", reasoning=echo),
    "a stream that splits it": Reply(events=[*SPLIT, b"[DONE]"]),
    "a stream with an error": Reply(events=[json.dumps({"error": {"message": echo, "code": 400}}).encode()]),
}


def sometimes(reply: Reply) -> Callable[[dict[str, Any]], Reply | str]:
    """Every other request gets the reply."""

    def handler(body: dict[str, Any]) -> Reply | str:
        return reply if body.get("seed", 0) % 2 else coder.answer(body)

    return handler


@pytest.mark.parametrize("way", WAYS)
async def test_no_file_and_no_error_holds_a_key(
    tmp_path: Path, problem_folder: Path, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    caplog.set_level(logging.DEBUG, logger="distinguo")
    said: list[str] = []
    with OpenAIServer(sometimes(WAYS[way])) as server, JsonLines(tmp_path / "run.log", prompts=True) as log:
        environment = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": with_password(server.base_url)}
        try:
            result = await distinguo.solve(
                problem_folder, model="openai/fake", n=4, rounds=1, out=tmp_path / "out", observe=log,
                environment=environment,
            )  # fmt: skip
            said.append(json.dumps(result.as_dict()))
        except DistinguoError as error:
            said += [repr(error), repr(error.__cause__), repr(error.__context__)]
        assert server.requests
    texts = [*said, caplog.text, (tmp_path / "run.log").read_text()]
    files = [path.read_bytes() for path in (tmp_path / "out").iterdir()]
    assert files
    for form in FORMS:
        assert not [text for text in texts if form in text]
        assert not [data for data in files if form.encode() in data]


def with_password(url: str) -> str:
    return url.replace("http://", f"http://user:{PASSWORD}@")


@pytest.mark.parametrize("url", ["http://user:{}@127.0.0.1:9/v1", "http://127.0.0.1:9/v1?key={}", "http://{}@[bad/v1"])
async def test_an_address_that_holds_a_key_is_never_shown(tmp_path: Path, problem_folder: Path, url: str) -> None:
    environment = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": url.format(PASSWORD)}
    with pytest.raises(DistinguoError) as caught:
        await distinguo.solve(problem_folder, model="openai/fake", n=1, out=tmp_path / "out", environment=environment)
    assert PASSWORD not in f"{caught.value} {caught.value.__cause__!r} {caught.value.__context__!r}"
