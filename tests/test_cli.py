"""The command line: what goes where, exit statuses, one sentence for bad input, Ctrl-C, kill -9."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes import coder
from fakes.command import KEY, MODEL, Cli
from fakes.openai_replies import failure
from fakes.openai_server import OpenAIServer


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(coder.answer, api_key=KEY) as running:
        yield running


@pytest.fixture
def cli(tmp_path: Path, server: OpenAIServer) -> Cli:
    return Cli(tmp_path, server.base_url)


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
    told = [line for line in first.stderr.splitlines() if not re.search(r" · \d+ s$", line)]  # progress, if it is slow
    assert second.stderr.splitlines()[1:] == told[1:]


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
    assert "The budget of 4 calls ended the run. Left out: 2 samples" in done.stderr
    assert "cost: unknown for openai/fake" in done.stderr


@pytest.mark.parametrize("number, counted", [(1, "1 answer was"), (6, "6 answers were")])
def test_answers_that_were_cut_are_counted_with_what_to_do(
    cli: Cli, problem_folder: Path, number: int, counted: str
) -> None:
    with OpenAIServer(lambda body: f"Here it is: {coder.answer(body)}", api_key=KEY) as server:
        cli.environment["OPENAI_BASE_URL"] = server.base_url
        done = cli.run("solve", problem_folder, *MODEL, "-n", number, "--rounds", 0, "--max-tokens", 2)
    assert done.returncode == 1
    assert f"{counted} cut at the limit of tokens; --max-tokens allows longer ones" in done.stderr
    assert "No answer held a program" in done.stderr


def test_prices_from_a_file_are_charged(cli: Cli, problem_folder: Path) -> None:
    prices = cli.folder / "prices.toml"
    prices.write_text('[prices]\n"openai/fake" = { prompt = 1e6, completion = 0 }\n')
    done = cli.run("solve", problem_folder, *MODEL, "--prices", prices, "--json")
    usage = json.loads(done.stdout)["usage"]
    assert usage["usd"] == usage["prompt_tokens"]
    assert f", ${usage['usd']:.4f}, " in done.stderr
    refused = cli.run("solve", problem_folder, *MODEL, "--seed", 1, "--prices", prices, "--budget-usd", 1)
    assert (refused.returncode, refused.stdout) == (3, "")
    assert "The budget of 1 dollars ended the run. Left out: 6 samples" in refused.stderr


def test_a_log_has_a_line_for_each_call_and_no_prompt_unless_asked_for(cli: Cli, problem_folder: Path) -> None:
    cli.environment["DISTINGUO_LOG"] = "run.log"
    result = json.loads(cli.run("solve", problem_folder, *MODEL, "--json").stdout)
    text = (cli.folder / "run.log").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["event"] for line in lines].count("call") == result["usage"]["calls"]
    assert (lines[0]["event"], lines[-1]["event"]) == ("run_started", "run_finished")
    assert lines[-1]["result"]["program"] == result["program"]
    assert "Print the largest" not in text
    cli.run("solve", problem_folder, *MODEL, "--seed", 1, "--log", "other.log", "--log-prompts")
    assert "Print the largest" in (cli.folder / "other.log").read_text()


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
    """Where a container refuses both namespaces and Landlock."""
    refusing = [sys.executable, str(Path(__file__).parent / "fakes" / "refusing.py"), "unshare,landlock"]
    done = subprocess.run(
        [*refusing, sys.executable, "-m", "distinguo", "solve", problem_folder, *MODEL],
        env=cli.environment, cwd=cli.folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 5, done.stderr
    assert "programs cannot be isolated on this machine" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert server.requests == []


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
