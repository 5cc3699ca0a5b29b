"""What ends a run before its end, the command line included: nothing that had arrived is lost or asked for again."""

import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fakes import coder
from fakes.command import KEY, MODEL, Cli
from fakes.openai_server import OpenAIServer


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(coder.answer, api_key=KEY, latency=0.3) as running:
        yield running


@pytest.fixture
def cli(tmp_path: Path, server: OpenAIServer) -> Cli:
    return Cli(tmp_path, server.base_url)


@pytest.mark.parametrize("signals", [[signal.SIGINT], [signal.SIGTERM], [signal.SIGINT] * 2, [signal.SIGINT] * 9])
def test_an_interrupt_saves_and_the_same_command_goes_on(
    cli: Cli, problem_folder: Path, server: OpenAIServer, signals: list[int]
) -> None:
    process = cli.start("solve", problem_folder, *MODEL, "--out", cli.folder / "out")
    assert server.first_request.wait(30)
    time.sleep(0.45)
    for number in signals:
        process.send_signal(number)
        time.sleep(0.03)
    _, errors = process.communicate(timeout=30)
    assert process.returncode in {130, -signal.SIGINT}, errors  # one and the same to a shell
    assert "interrupted" in errors
    assert "Traceback" not in errors
    arrived, asked = _arrived(cli.folder / "out"), len(server.requests)
    done = cli.run("solve", problem_folder, *MODEL, "--out", cli.folder / "out")
    assert done.returncode == 0, done.stderr
    assert arrived
    assert not arrived & {_question(body) for body in server.requests[asked:]}


def test_a_second_process_on_the_same_run_is_refused(cli: Cli, problem_folder: Path, server: OpenAIServer) -> None:
    process = cli.start("solve", problem_folder, *MODEL)
    assert server.first_request.wait(30)
    process.send_signal(signal.SIGSTOP)  # it is at work for as long as the second one takes
    second = cli.run("solve", problem_folder, *MODEL)
    process.send_signal(signal.SIGCONT)
    assert second.returncode == 2
    assert "another process or task is working on" in second.stderr
    assert "Traceback" not in second.stderr
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert output == coder.LARGEST + "\n"


def test_a_disk_that_fills_up_loses_no_answer(cli: Cli, problem_folder: Path) -> None:
    """On a small file system that grows after the first run: what is there then is in no later request."""
    out, copy = cli.folder / "out", cli.folder / "copy"
    out.mkdir()
    command = f"{sys.executable} -m distinguo solve {problem_folder} {' '.join(MODEL)} --out {out}"
    script = f"""
        mount -t tmpfs -o size=9m none {out} || exit 99
        {command} >first 2>&1; echo $? >status; cp -r {out} {copy}; : >paused; while [ -e paused ]; do sleep 0.1; done
        mount -o remount,size=64m {out}; exec {command}
    """
    with OpenAIServer(lambda body: f"{'x' * 200_000}\n{coder.answer(body)}", api_key=KEY) as server:
        cli.environment["OPENAI_BASE_URL"] = server.base_url
        process = subprocess.Popen(
            ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script],
            cwd=cli.folder, env=cli.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        while not (cli.folder / "paused").exists() and process.poll() is None:
            time.sleep(0.05)
        if process.returncode == 99:
            pytest.skip("no file system can be mounted here")
        asked = len(server.requests)
        (cli.folder / "paused").unlink()
        _, errors = process.communicate(timeout=60)
    first = (cli.folder / "first").read_text()
    assert (cli.folder / "status").read_text() == "2\n", first
    assert "no space is left" in first
    assert "Traceback" not in first
    arrived = _arrived(copy)
    assert 0 < len(arrived) <= asked
    assert process.returncode == 0, errors
    assert not arrived & {_question(body) for body in server.requests[asked:]}


def test_kill_at_random_moments_never_asks_again_for_what_had_arrived(cli: Cli, problem_folder: Path) -> None:
    """Ten times kill -9, then to the end: a completion in the file before a kill is in no later request."""
    out = cli.folder / "out"
    moments = random.Random(7)
    arrived: set[str] = set()
    kills = seed = resumed = 0
    with OpenAIServer(coder.answer, api_key=KEY, latency=0.25) as server:
        cli.environment["OPENAI_BASE_URL"] = server.base_url
        while True:
            asked = len(server.requests)
            server.first_request.clear()
            process = cli.start("solve", problem_folder, *MODEL, "--out", out, "--seed", seed, "--json")
            if kills < 10:
                server.first_request.wait(20)
                time.sleep(moments.uniform(0.0, 0.6))
                process.send_signal(signal.SIGKILL)
            output, errors = process.communicate(timeout=60)
            assert not arrived & {_question(body) for body in server.requests[asked:]}
            resumed += bool(arrived)
            arrived |= _arrived(out)
            if process.returncode == -signal.SIGKILL:
                kills += 1
            elif kills < 10:
                seed += 1  # the run ended before its kill: go on with another
            else:
                break
    assert process.returncode == 0, errors
    assert json.loads(output)["program"].strip() == coder.LARGEST
    assert resumed > 3
    assert _counted(out) >= len(server.requests)  # those that were in flight at a kill as well


def _question(body: dict[str, Any]) -> str:
    return json.dumps([body["messages"], body["seed"]])


def _arrived(out: Path) -> set[str]:
    """The questions whose answers are in the run's file."""
    questions = set()
    for file in out.glob("*.sqlite"):
        with closing(sqlite3.connect(file)) as db:
            for (request,) in db.execute("SELECT request FROM calls WHERE state = 'arrived'"):
                body = json.loads(request)
                questions.add(json.dumps([body["messages"], body["seed"]]))
    return questions


def _counted(out: Path) -> int:
    """How many calls the files count."""
    total = 0
    for file in out.glob("*.sqlite"):
        with closing(sqlite3.connect(file)) as db:
            total += db.execute("SELECT COUNT(*) FROM calls").fetchone()[0]
    return total
