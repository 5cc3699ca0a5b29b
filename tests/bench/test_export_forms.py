"""Exports in other tools' sample formats: what is written is read back as programs that do the same."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakes import bench
from fakes.command import Cli
from fakes.exported import PROGRAMS, PROMPT, TASKS, command, lines, solved
from hypothesis import given
from hypothesis import strategies as st

from distinguo import datasets
from distinguo.bench.export import FORMS, export, forms
from distinguo.bench.runfile import Run
from distinguo.datasets import DataSet, samples
from distinguo.errors import InputError

GRADED = {**TASKS[0], "test": "def check(candidate):\n    assert candidate(3) == 6\n    assert candidate(0) == 0\n"}


@pytest.fixture
def functions(tmp_path: Path) -> DataSet:
    path = tmp_path / "tasks.jsonl"
    path.write_text("".join(json.dumps(task) + "\n" for task in TASKS))
    return datasets.open(str(path))


@pytest.fixture
def run(tmp_path: Path) -> tuple[Path, Run]:
    """A run of all methods with failures."""
    made = bench.run(problems=6, failing=0.2, missing=0.1, path=tmp_path / "run.sqlite")
    return bench.write(tmp_path / "run.sqlite", made), made


def read(path: Path, dataset: DataSet) -> dict[str, list[str]]:
    """The programs of a sample file by task; nothing in it is passed over."""
    warnings = list[tuple[int, str]]()
    found = dict[str, list[str]]()
    for sample in samples.read(path, dataset, on_warning=lambda line, told: warnings.append((line, told))):
        assert sample.index == len(found.setdefault(sample.task_id, []))
        found[sample.task_id].append(sample.source)
    assert warnings == []
    return found


def called(source: str, name: str) -> Callable[..., Any]:
    space: dict[str, Any] = {}
    exec(source, space)
    return space[name]  # type: ignore[no-any-return]


# --- sample formats


@pytest.mark.parametrize("form", FORMS)
def test_candidates_are_read_back_as_programs_that_do_the_same(form: str, functions: DataSet, tmp_path: Path) -> None:
    path = solved(tmp_path, {problem: list(sources) for problem, sources in PROGRAMS.items()})
    done = export(path, tmp_path / "out.jsonl", samples=form, dataset=functions)
    assert done.warnings == ()
    back = read(tmp_path / "out.jsonl", functions)
    assert {problem: len(found) for problem, found in back.items()} == dict.fromkeys(PROGRAMS, 3)
    for problem, name in (("HumanEval/0", "twice"), ("HumanEval/1", "root")):
        for mine, theirs in zip(back[problem], PROGRAMS[problem], strict=True):
            assert [called(mine, name)(x) for x in (0, 2, 9)] == [called(theirs, name)(x) for x in (0, 2, 9)]


@pytest.mark.parametrize("form", [form for form in FORMS if form != "codet"])
def test_formats_of_whole_programs_need_no_data_set(form: str, functions: DataSet, tmp_path: Path) -> None:
    path = solved(tmp_path, {problem: list(sources) for problem, sources in PROGRAMS.items()})
    export(path, tmp_path / "out.jsonl", samples=form)
    back = read(tmp_path / "out.jsonl", functions)
    assert [called(source, "twice")(4) for source in back["HumanEval/0"]] == [8, 8, 4]


def test_the_shapes_that_other_tools_read(functions: DataSet, tmp_path: Path) -> None:
    path = solved(tmp_path, {"HumanEval/0": list(PROGRAMS["HumanEval/0"])})
    shown = {}
    for form in FORMS:
        export(path, tmp_path / "out.jsonl", samples=form, dataset=functions)
        shown[form] = (tmp_path / "out.jsonl").read_text()
    assert json.loads(shown["human-eval"].splitlines()[0]) == {
        "task_id": "HumanEval/0",
        "completion": "    return 2 * x\n",
    }
    assert json.loads(shown["evalplus"].splitlines()[1]) == {
        "task_id": "HumanEval/0",
        "solution": PROGRAMS["HumanEval/0"][1],
    }
    assert json.loads(shown["livecodebench"]) == [{"question_id": "HumanEval/0", "code_list": PROGRAMS["HumanEval/0"]}]
    whole = json.loads(shown["codet"])
    assert whole["prompt"] == PROMPT
    assert whole["samples"][:2] == ["    return 2 * x\n", "    # both\n    return x + x\n"]  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_only_the_chosen_program_of_each_problem(form: str, functions: DataSet, tmp_path: Path) -> None:
    path = solved(tmp_path, {problem: list(sources) for problem, sources in PROGRAMS.items()})
    export(path, tmp_path / "out.jsonl", samples=form, chosen=True, dataset=functions)
    back = read(tmp_path / "out.jsonl", functions)
    assert {problem: len(found) for problem, found in back.items()} == dict.fromkeys(PROGRAMS, 1)
    assert called(back["HumanEval/1"][0], "root")(7) == 7


@pytest.mark.parametrize("chosen", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_a_sample_without_a_program_counts(form: str, chosen: bool, functions: DataSet, tmp_path: Path) -> None:
    path = solved(tmp_path, {"HumanEval/0": [PROGRAMS["HumanEval/0"][0], None]})
    export(path, tmp_path / "out.jsonl", samples=form, chosen=chosen, dataset=functions)
    (found,) = read(tmp_path / "out.jsonl", functions).values()
    assert len(found) == (1 if chosen else 2)
    assert found[-1].removeprefix(PROMPT).strip() == ""


def test_one_arm_of_several_must_be_named(run: tuple[Path, Run], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--arm: 'zero-shot', 'majority'"):
        export(run[0], tmp_path / "out.jsonl", samples="evalplus")
    done = export(run[0], tmp_path / "out.jsonl", samples="evalplus", arm="sstar")
    arm = next(arm.key for arm in run[1].arms.values() if arm.name == "sstar")
    completed = sum(found.done for found in run[1].of(arm).values())
    assert done.rows == {"evalplus": 8 * completed}
    assert done.warnings == (f"problems left out that are not completed: {6 - completed}",)


def test_programs_in_other_languages(tmp_path: Path) -> None:
    path = solved(tmp_path, {"HumanEval/0": ["int main() {}"]}, language="c++")
    export(path, tmp_path / "own.jsonl", samples="distinguo")
    assert lines(tmp_path / "own.jsonl") == [{"task_id": "HumanEval/0", "program": "int main() {}", "language": "c++"}]
    with pytest.raises(InputError, match=r"nothing to write in this format; programs left out .* Python.*: 1"):
        export(path, tmp_path / "out.jsonl", samples="evalplus")
    assert not (tmp_path / "out.jsonl").exists()


def test_codet_leaves_out_what_has_no_prompt(functions: DataSet, tmp_path: Path) -> None:
    path = solved(tmp_path, {"HumanEval/0": [PROMPT + "    return 1\n"], "elsewhere": ["print(1)\n"]})
    done = export(path, tmp_path / "out.jsonl", samples="codet", dataset=functions)
    assert done.rows == {"codet": 1}
    assert done.warnings == ("problems left out that have no prompt for a function's body to stand behind: 1",)
    with pytest.raises(InputError, match="--dataset"):
        export(path, tmp_path / "out.jsonl", samples="codet")


STATEMENTS = st.sampled_from(
    [
        "    y = x",
        "    if x > 3:\n        return 'a\\n#b'",
        '    z = """one\n#two\n"""',
        "    # a note",
        "    return x * 2",
        "    for i in range(2):\n        x += i",
        "    def inner():\n        return 1\n    x = inner()",
    ]
)
HELPERS = st.sampled_from(["", "import math\n", "from math import *\n", "N = 3\n", "def helper(a):\n    return a\n"])
HEADERS = st.sampled_from(["def twice(x):\n", 'def twice(x):\n    """ Other words. """\n', "def twice(x, y=1):\n"])


@given(HELPERS, HEADERS, st.lists(STATEMENTS, min_size=1, max_size=4), HELPERS)
def test_a_body_does_what_the_program_does(before: str, header: str, inside: list[str], behind: str) -> None:
    source = before + header + "\n".join(inside) + "\n    return x\n" + behind
    body = forms.body(PROMPT, "twice", source)
    cut = body[: samples.end_of_function(body)]
    assert [called(PROMPT + cut, "twice")(x) for x in (1, 5)] == [called(source, "twice")(x) for x in (1, 5)]


def test_a_body_hands_on_every_argument() -> None:
    prompt = 'def f(a, b, /, c, *rest, d=1, **more):\n  """ F. """\n'
    source = "def f(*given, **named):\n    return given, named\n"
    assert called(prompt + forms.body(prompt, "f", source), "f")(1, 2, 3, 4, d=5, e=6) == (
        (1, 2, 3, 4), {"d": 5, "e": 6},
    )  # fmt: skip


@pytest.mark.usefixtures("sandboxed")
@pytest.mark.parametrize("form", ["human-eval", "codet"])
def test_grade_and_select_take_what_was_exported(form: str, tmp_path: Path) -> None:
    tasks, target = tmp_path / "tasks.jsonl", tmp_path / "out.jsonl"
    tasks.write_text(json.dumps(GRADED) + "\n")
    path = solved(tmp_path, {"HumanEval/0": list(PROGRAMS["HumanEval/0"])})
    assert command(path, "--to", target, "--samples", form, "--dataset", tasks)[0] == 0
    cli = Cli(tmp_path, None)
    graded = cli.run("grade", "--dataset", tasks, target, "--k", "1", "--json")
    assert graded.returncode == 0, graded.stderr
    assert json.loads(graded.stdout)["pass@k"] == {"1": pytest.approx(2 / 3)}
    chosen = cli.run("select", "--dataset", tasks, "--candidates", target, "--selector", "first", "--json")
    assert chosen.returncode == 0, chosen.stderr
