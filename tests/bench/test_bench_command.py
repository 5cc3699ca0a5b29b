"""`distinguo bench` as a person calls it."""

import json
from pathlib import Path

import pytest
from fakes import bench, coder, killed
from fakes.command import KEY, Cli
from fakes.openai_server import OpenAIServer
from typer.testing import CliRunner

from distinguo.cli import app


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    path = tmp_path / "run.sqlite"
    bench.write(path, bench.run(problems=6, failing=0.2, path=path))
    return path


def called(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["bench", *map(str, arguments)])
    return done.exit_code, done.stdout, done.stderr


def test_run_prints_the_report_and_goes_on_with_its_file(tmp_path: Path, sandboxed: None) -> None:
    folder, out = killed.problems(tmp_path / "tasks", 3), tmp_path / "run.sqlite"
    with OpenAIServer(coder.answer, api_key=KEY) as server:
        cli = Cli(tmp_path, server.base_url)
        first = cli.run(*killed.command(folder, out))
        asked = len(server.requests)
        again = cli.run(*killed.command(folder, out), "--method", "public")
        added = [body for body in server.requests[asked:] if "response_format" not in body]
    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    told = json.loads(again.stdout)
    assert told["n_problems"] == 3
    assert {"zero-shot", "majority n=4", "distinguo n=4 rounds=1", "public n=4 rounds=1"} <= told["arms"].keys()
    assert not added, "the samples are there already"
    assert KEY not in json.dumps(told)


def test_report_comes_in_every_form(recorded: Path, tmp_path: Path) -> None:
    status, text, notes = called("report", recorded)
    assert status == 0
    assert "pass@1" in text
    assert "worst case" in text
    assert "Note:" in notes
    assert json.loads(called("report", recorded, "--json")[1])["n_problems"] == 6
    assert "| arm |" in called("report", recorded, "--md")[1]
    page = tmp_path / "page.html"
    assert called("report", recorded, "--html", "--to", page)[0] == 0
    assert page.read_text().startswith("<!DOCTYPE html>")
    plots = called("report", recorded, "--plot")[1].split()
    assert plots
    assert all(Path(name).parent == tmp_path / "run-plots" and Path(name).stat().st_size for name in plots)


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (("report", "absent.sqlite"), "there is no run at absent.sqlite"),
        (("report", "RUN", "--json", "--md"), "ask for one at a time"),
        (("report", "RUN", "--baseline", "nobody"), "nobody"),
        (("run", "--dataset", "absent", "--out", "OUT"), "absent"),
        (("run", "--dataset", "FOLDER", "--method", "guess", "--out", "OUT"), "there is no method 'guess'"),
        (("run", "--dataset", "FOLDER", "--set", "keep", "--out", "OUT"), "--set takes a name"),
        (("run", "--dataset", "FOLDER", "--set", "n=many", "--out", "OUT"), "n: "),
        (("run", "--dataset", "FOLDER", "--ids", "largest-9", "--out", "OUT"), "largest-9"),
        (("run", "--dataset", "FOLDER", "--shard", "3/2", "--out", "OUT"), "shard"),
        (("sweep", "table9", "--out", "OUT"), "table9"),
        (("export", "absent.sqlite", "--to", "OUT"), "absent.sqlite"),
    ],
)
def test_bad_input_gets_one_sentence(arguments: tuple[str, ...], sentence: str, recorded: Path, tmp_path: Path) -> None:
    places = {"RUN": recorded, "OUT": tmp_path / "out.sqlite", "FOLDER": killed.problems(tmp_path / "tasks", 1)}
    status, output, errors = called(*(places.get(part, part) for part in arguments))
    assert status == 2, errors
    assert sentence in errors
    assert output == ""
    assert len(errors.strip().splitlines()) == 1
    assert not (tmp_path / "out.sqlite").exists()
