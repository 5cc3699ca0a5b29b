"""The fake server as a process of its own, as crash tests use it."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from contracts.client import request

from distinguo.llm.openai_client import OpenAIClient
from distinguo.llm.providers import endpoint

COMMAND = [sys.executable, "-m", "fakes.openai_server"]
TESTS = Path(__file__).parents[1]


@pytest.fixture
def base_url(tmp_path: Path) -> Iterator[str]:
    answers = tmp_path / "answers.json"
    answers.write_text(json.dumps([f"answer {n}" for n in range(50)]))
    options = ["--answers", str(answers), "--log", str(tmp_path / "log.jsonl")]
    with subprocess.Popen([*COMMAND, *options], stdout=subprocess.PIPE, text=True, cwd=TESTS) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().strip()
        finally:
            server.kill()


def test_the_process_answers_by_messages_and_seed_and_keeps_a_log(base_url: str, tmp_path: Path) -> None:
    async def ask(*seeds: int) -> list[str]:
        where = endpoint("openai", {"OPENAI_BASE_URL": base_url})
        client = OpenAIClient("openai/fake", "fake", where, slots=1)
        texts = [(await client.complete(request(seed=seed))).text for seed in seeds]
        await client.aclose()
        return texts

    first, other, again = asyncio.run(ask(1, 2, 1))
    assert first == again != other
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["arrived"] for line in lines if "arrived" in line] == [1, 2, 3]
    assert {line["sent"] for line in lines if "sent" in line} >= {1, 2}  # the third may still be about to be noted
    assert lines[0]["body"]["seed"] == 1


def test_a_used_port_is_an_error(base_url: str) -> None:
    port = base_url.removesuffix("/v1").rpartition(":")[2]
    with pytest.raises(subprocess.CalledProcessError):
        subprocess.run([*COMMAND, "--port", port], cwd=TESTS, check=True, capture_output=True, timeout=20)
