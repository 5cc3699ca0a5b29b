from pathlib import Path

import pytest
from fakes import coder, killed
from fakes.command import KEY, Cli
from fakes.openai_server import OpenAIServer

pytestmark = pytest.mark.usefixtures("sandboxed")


def test_a_run_that_is_killed_ends_as_one_that_is_not(tmp_path: Path) -> None:
    folder = killed.problems(tmp_path / "tasks", 6)
    with OpenAIServer(coder.answer, api_key=KEY, latency=0.02) as server:
        cli = Cli(tmp_path, server.base_url)
        killed.whole(cli, folder, tmp_path / "whole.sqlite")
        before = len(server.requests)
        cut = killed.killed(cli, folder, tmp_path / "cut.sqlite", 2, seed=0, longest=0.4)
        asked = len(server.requests) - before
    whole, resumed = (killed.records(tmp_path / name) for name in ("whole.sqlite", "cut.sqlite"))
    assert cut
    assert resumed == whole
    assert before <= asked <= before + 2 * 8  # what was in flight when it was killed is asked for again
