"""The command line: what goes where, exit statuses, one sentence for bad input, Ctrl-C, kill -9."""

import json
import os
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
from fakes.openai_server import OpenAIServer, failure

KEY = "sk-test"


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(coder.answer, api_key=KEY) as running:
        yield running


class Cli:
    """Runs `distinguo` in a process of its own, with an environment that holds nothing of the user's."""

    def __init__(self, folder: Path, base_url: str | None) -> None:
        self.folder = folder
        kept = {
            name: value
            for name, value in os.environ.items()
            if name in ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH") or name.startswith("COVERAGE_")
        }
        self.environment = {
            **kept, "HOME": str(folder), "XDG_DATA_HOME": str(folder / "data"), "XDG_CACHE_HOME": str(folder / "cache"),
            "OPENAI_API_KEY": KEY,
        }  # fmt: skip
        if base_url is not None:
            self.environment["OPENAI_BASE_URL"] = base_url

    def start(self, *arguments: object, **options: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "distinguo", *map(str, arguments)]
        return subprocess.Popen(
            command, env=self.environment, cwd=self.folder, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options,
        )  # fmt: skip

    def run(self, *arguments: object, stdin: bytes | None = None) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "distinguo", *map(str, arguments)]
        done = subprocess.run(
            command, env=self.environment, cwd=self.folder, input=stdin or b"", capture_output=True, check=False
        )
        return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture
def cli(tmp_path: Path, server: OpenAIServer) -> Cli:
    return Cli(tmp_path, server.base_url)


MODEL = ("--model", "openai/fake", "-n", "6")


def test_the_program_alone_goes_to_standard_output(cli: Cli, problem_folder: Path) -> None:
    done = cli.run("solve", problem_folder, *MODEL)
    assert done.returncode == 0, done.stderr
    assert done.stdout == coder.LARGEST + "\n"
    for part in ("Chosen: sample", "Public tests: 1 of 1", "Hidden tests: AC, 2 of 2", ".sqlite"):
        assert part in done.stderr


def test_json_is_one_object(cli: Cli, problem_folder: Path) -> None:
    done = cli.run("solve", problem_folder, *MODEL, "--json", "--out", cli.folder / "out")
    result = json.loads(done.stdout)
    assert {"program", "public", "hidden", "selection", "usage", "seconds", "run"} <= result.keys()
    assert {"selector", "clusters", "reason"} <= result["selection"].keys()
    assert set(result["usage"]) == {"calls", "prompt_tokens", "completion_tokens", "estimated", "usd", "unpriced"}
    assert Path(result["run"]).parent == cli.folder / "out"


def test_the_second_time_the_run_is_shown_again(cli: Cli, problem_folder: Path, server: OpenAIServer) -> None:
    first = cli.run("solve", problem_folder, *MODEL)
    asked = len(server.requests)
    second = cli.run("solve", problem_folder, *MODEL)
    assert len(server.requests) == asked
    assert second.stdout == first.stdout
    assert second.stderr.splitlines()[1:] == first.stderr.splitlines()[1:]


def test_a_program_that_fails_a_public_test_is_printed_with_status_1(cli: Cli, problem_folder: Path) -> None:
    with OpenAIServer(lambda body: "```python\nprint(0)\n```", api_key=KEY) as server:
        cli.environment["OPENAI_BASE_URL"] = server.base_url
        done = cli.run("solve", problem_folder, *MODEL)
    assert done.returncode == 1
    assert done.stdout == "print(0)\n"
    assert "Public tests: 0 of 1" in done.stderr


def test_an_ended_budget_is_status_3_with_the_best_so_far(cli: Cli, problem_folder: Path) -> None:
    done = cli.run("solve", problem_folder, *MODEL, "--budget-calls", 4)
    assert done.returncode == 3
    assert done.stdout.startswith("print(")
    assert "budget of 4 calls ended the run" in done.stderr


def test_a_problem_on_standard_input(cli: Cli) -> None:
    text = coder.STATEMENT + "\n## Example\n\nInput:\n\n```\n1 2 3\n```\n\nOutput:\n\n```\n3\n```\n"
    done = cli.run("solve", "-", *MODEL, stdin=text.encode())
    assert done.returncode == 0, done.stderr
    assert "Public tests: 1 of 1" in done.stderr


def test_a_problem_without_tests_says_so(cli: Cli) -> None:
    done = cli.run("solve", "-", *MODEL, "--selector", "first", stdin=coder.STATEMENT.encode())
    assert done.returncode == 0, done.stderr
    assert "no public tests" in done.stderr


def test_dry_run_sends_nothing(cli: Cli, problem_folder: Path, server: OpenAIServer) -> None:
    done = cli.run("solve", problem_folder, *MODEL, "--dry-run")
    assert done.returncode == 0
    assert "Nothing was sent" in done.stdout
    assert json.loads(cli.run("solve", problem_folder, *MODEL, "--dry-run", "--json").stdout)["calls"] > 6
    assert server.requests == []


def test_a_configuration_file_and_the_environment_are_read(cli: Cli, problem_folder: Path) -> None:
    (cli.folder / "distinguo.toml").write_text('model = "openai/fake"\nn = 3\nselector = "first"\n')
    cli.environment["DISTINGUO_ROUNDS"] = "0"
    done = cli.run("solve", problem_folder, "--config", "distinguo.toml", "--json")
    assert json.loads(done.stdout)["usage"]["calls"] == 3
    assert json.loads(done.stdout)["selection"]["selector"] == "first"


def test_a_recorded_run_is_replayed_by_flag(cli: Cli, problem_folder: Path, server: OpenAIServer) -> None:
    first = json.loads(cli.run("solve", problem_folder, *MODEL, "--json").stdout)
    asked = len(server.requests)
    again = cli.run("solve", problem_folder, "-n", 6, "--replay", first["run"], "--json")
    assert json.loads(again.stdout)["program"] == first["program"]
    assert len(server.requests) == asked


def test_a_reader_that_goes_away_ends_nothing(cli: Cli, problem_folder: Path, server: OpenAIServer) -> None:
    command = f"{sys.executable} -m distinguo solve {problem_folder} {' '.join(MODEL)} 2>&1 >answer.py | head -n 1"
    subprocess.run(command, shell=True, env=cli.environment, cwd=cli.folder, capture_output=True, check=True)
    for _ in range(100):
        if (cli.folder / "answer.py").read_text():
            break
        time.sleep(0.1)
    assert (cli.folder / "answer.py").read_text() == coder.LARGEST + "\n"


def test_standard_streams_that_cannot_be_used_are_one_sentence(cli: Cli, problem_folder: Path) -> None:
    command = f"{sys.executable} -m distinguo solve"
    for arguments, said in [
        ("- <&-", "standard input is closed"),
        (f"{problem_folder} {' '.join(MODEL)} >/dev/full", "standard output cannot be written"),
    ]:
        done = subprocess.run(
            f"{command} {arguments}", shell=True, env=cli.environment, cwd=cli.folder, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 2, done.stderr
        assert said in done.stderr
        assert "Traceback" not in done.stderr


BAD = "\xff".encode("latin-1")


@pytest.mark.parametrize(
    "arguments,files,status,sentence",
    [
        (["absent"], {}, 2, "absent does not exist"),
        (["empty"], {"empty/": b""}, 2, "holds no problem.md"),
        (["blank.md"], {"blank.md": b" \n"}, 2, "blank.md is empty"),
        (["p"], {"p/problem.md": b"Add.", "p/tests/a.in": b"1"}, 2, "a.in"),
        (["p"], {"p/problem.md": b"Add.", "p/tests/a.in": BAD, "p/tests/a.out": b"1"}, 2, "UTF-8"),
        (["-", "--model", "gpt"], {}, 2, "there is no model 'gpt'"),
        (["-", "--model", "gguf:model.gguf"], {"model.gguf": b"not a model"}, 2, "model.gguf"),
        (["-", "--model", "gguf:absent.gguf"], {}, 2, "absent.gguf"),
        (["-", "-n", "0"], {}, 2, "n: input should be greater than or equal to 1"),
        (["-", "--selector", "best"], {}, 2, "the selectors are"),
        (["-", "--out", "file/runs"], {"file": b""}, 2, "--out"),
        (["-", "--budget-usd", "1", "--model", "openai/fake"], {}, 2, "needs the price of openai/fake"),
        (["-", "--replay", "absent.sqlite"], {}, 2, "absent.sqlite"),
        (["humaneval:HumanEval/7"], {}, 2, "--data"),
        (["nosuchset:1"], {}, 2, "humaneval"),
    ],
)
def test_bad_input_is_one_sentence(
    cli: Cli, arguments: list[str], files: dict[str, bytes], status: int, sentence: str
) -> None:
    for name, content in files.items():
        path = cli.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir() if name.endswith("/") else path.write_bytes(content)
    done = cli.run("solve", *arguments, stdin=b"Print the sum.\n")
    assert done.returncode == status, done.stderr
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    said = [line for line in done.stderr.splitlines() if line.startswith("distinguo: ")]
    assert len(said) == 1


def test_a_wrong_key_is_status_4(cli: Cli, problem_folder: Path) -> None:
    cli.environment["OPENAI_API_KEY"] = "sk-wrong-secret"
    done = cli.run("solve", problem_folder, *MODEL)
    assert done.returncode == 4
    assert "OPENAI_API_KEY" in done.stderr
    assert "sk-wrong-secret" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_server_that_is_down_is_status_4(cli: Cli, problem_folder: Path) -> None:
    cli.environment["OPENAI_BASE_URL"] = "http://127.0.0.1:9/v1"
    done = cli.run("solve", problem_folder, *MODEL)
    assert done.returncode == 4
    assert "127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_model_at_the_endpoint_is_status_4(cli: Cli, problem_folder: Path) -> None:
    def unknown(body: dict[str, Any]) -> Any:
        return failure(404, "The model `fake` does not exist", code="model_not_found")

    with OpenAIServer(unknown, api_key=KEY) as server:
        cli.environment["OPENAI_BASE_URL"] = server.base_url
        done = cli.run("solve", problem_folder, *MODEL)
    assert done.returncode == 4
    assert "fake" in done.stderr


def test_no_sandbox_is_status_5_before_anything_is_sent(cli: Cli, problem_folder: Path, server: OpenAIServer) -> None:
    """In a user namespace that allows no further namespaces."""
    kinds = " ".join(f"/proc/sys/user/max_{kind}_namespaces" for kind in ("user", "mnt", "pid", "net"))
    script = f'for limit in {kinds}; do echo 0 > $limit; done; exec "$@"'
    command = ["unshare", "--user", "--map-root-user", "sh", "-c", script, "sh", sys.executable, "-m", "distinguo"]
    done = subprocess.run(
        [*command, "solve", problem_folder, *MODEL],
        env=cli.environment, cwd=cli.folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 5, done.stderr
    assert "programs cannot be isolated on this machine" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert server.requests == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_saves_and_the_same_command_goes_on(cli: Cli, problem_folder: Path, number: int) -> None:
    with OpenAIServer(coder.answer, api_key=KEY, latency=0.3) as server:
        cli.environment["OPENAI_BASE_URL"] = server.base_url
        process = cli.start("solve", problem_folder, *MODEL)
        assert server.first_request.wait(30)
        time.sleep(0.45)
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)
        assert process.returncode == 130, errors
        assert "interrupted" in errors
        assert "Traceback" not in errors
        done = cli.run("solve", problem_folder, *MODEL)
    assert done.returncode == 0, done.stderr


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


def test_help_answers_without_heavy_imports() -> None:
    script = (
        "import sys; sys.argv = ['distinguo', '--help']\n"
        "from distinguo.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('heavy:', sorted(set(sys.modules) & {'openai', 'xllamacpp', 'pydantic', 'jinja2', 'asyncio'}))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "solve" in done.stdout
    assert "heavy: []" in done.stdout


def test_models_lists_what_can_be_used(cli: Cli) -> None:
    rows = {row["name"]: row for row in json.loads(cli.run("models", "--json").stdout)}
    assert rows["openai/NAME"]["state"] == "ready"
    assert "OPENROUTER_API_KEY" in rows["openrouter/NAME"]["state"]
    assert "local" in cli.run("models").stdout


def test_the_version_is_printed(cli: Cli) -> None:
    assert cli.run("--version").stdout.startswith("distinguo 0.")
