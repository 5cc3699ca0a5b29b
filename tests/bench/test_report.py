import json
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fakes import bench
from hypothesis import given, settings
from hypothesis import strategies as st

from distinguo.bench import report_html
from distinguo.bench.records import Facts, State
from distinguo.bench.report import Report, chosen_program, report, report_files
from distinguo.bench.report_tables import WIDTH, Table
from distinguo.bench.runfile import Run
from distinguo.errors import InputError

MODELS = ("openai/gpt-4o-mini", "local", "vllm/Qwen/Qwen2.5-Coder-32B-Instruct")


@pytest.fixture(autouse=True)
def _no_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_html, "_figures", lambda section: ({"A plot": "<svg></svg>"}, ""))


def sweep(problems: int = 12, failing: float = 0.0) -> Run:
    arms = [bench.arm(method, model=model) for model in MODELS for method in ("zero-shot", "sstar", "distinguo")]
    return bench.run(arms, problems=problems, failing=failing)


def test_json_has_the_published_shape() -> None:
    plain = json.loads(json.dumps(report([bench.run(problems=22, failing=0.1)]).as_dict()))
    assert plain.keys() >= {"dataset", "n_problems", "arms", "paired", "strata", "errata", "warnings", "others"}
    assert (plain["dataset"], plain["n_problems"], plain["others"]) == ("humaneval", 22, [])
    arm = plain["arms"]["distinguo"]
    assert list(arm["pass@k"]) == ["1"]
    low, high = arm["interval"]
    assert low <= arm["pass@k"]["1"] <= high
    assert arm["oracle"] == arm["coverage"]
    assert set(arm["candidates"]["pass@k"]) == {"1", "2", "4", "8"}
    assert arm["candidates"]["pass@k"]["8"] == pytest.approx(arm["coverage"])
    assert set(arm["rounds"]) == {"0", "1", "2"}
    assert arm["states"].keys() == {state.value for state in State}
    assert sum(arm["states"].values()) == 22
    assert arm["worst_case"]["n"] == 22
    assert arm["per_problem"]["calls"] > 0
    assert {one["against"] for one in plain["paired"]} == {plain["baseline"]}
    assert plain["strata"].keys() == {"difficulty", "platform", "quarter", "size"}
    assert plain["errata"]["problems"] == dict.fromkeys(
        ("HumanEval/5", "HumanEval/16"), "its published answer is wrong"
    )
    assert plain["errata"]["without"]["distinguo"]["n"] <= 20
    assert "problems" not in plain


def test_strata_and_errata_divide_the_problems() -> None:
    plain = report([bench.run(("sstar",), problems=40)]).as_dict()
    whole = plain["arms"]["sstar"]
    for values in plain["strata"].values():
        each = [arms["sstar"] for arms in values.values()]
        assert sum(one["n"] for one in each) == whole["n"]
        right = sum(one["n"] * one["pass@k"]["1"] for one in each if one["n"])
        assert right == pytest.approx(whole["n"] * whole["pass@k"]["1"])


def test_strata_without_a_value_are_unknown_and_of_one_value_not_shown() -> None:
    run = bench.run(("sstar",), problems=4)
    first, *others = run.facts
    facts = {first: Facts(date="about 2024"), **{name: Facts(difficulty="easy", date="2024-07-01") for name in others}}
    strata = report([replace(run, facts=facts)]).as_dict()["strata"]
    assert list(strata) == ["difficulty", "quarter"]
    assert list(strata["difficulty"]) == ["easy", "unknown"]
    assert list(strata["quarter"]) == ["2024-Q3", "unknown"]


def test_failures_are_told_with_both_figures() -> None:
    run = bench.run(("sstar",), problems=4)
    [key], names = run.arms, list(run.facts)
    results = {place: replace(one, right=True) for place, one in run.results.items()}
    results[key, names[0]] = replace(results[key, names[0]], state=State.API_ERROR, errors=("429 too many.",))
    results[key, names[1]] = replace(results[key, names[1]], state=State.JUDGE_ERROR)
    del results[key, names[2]]
    made = report([replace(run, results=results)])
    assert made.warnings[0] == (
        "sstar: of 4 problems, 1 with an API error, 1 with a judge error, 1 unfinished; pass@1 is 100.0% over the 1"
        " completed and 25.0% with the others counted as wrong; the first error is: 429 too many"
    )
    text = "\n".join(made.lines())
    assert "worst case" in text
    assert "25.0" in text


def test_a_run_of_which_nothing_is_completed_is_reported() -> None:
    made = report([bench.run(("sstar", "zero-shot"), problems=3, failing=1.0)])
    assert made.as_dict()["paired"] == []
    assert "pass@1 is 0.0% with the others counted as wrong" in made.warnings[0]
    used = made.lines().index("Used for a completed problem, on average")
    assert made.lines()[used + 3].split() == ["sstar", *["-"] * 7]
    assert made.lines()
    assert made.html()


def test_an_unknown_price_is_null_and_said() -> None:
    made = report([bench.run(("sstar",), problems=3, unpriced=True)])
    assert made.as_dict()["arms"]["sstar"]["total"]["usd"] is None
    assert any("no price is known" in warning for warning in made.warnings)
    assert "unknown" in "\n".join(made.lines())


def test_problems_that_could_not_be_run_and_budgets_that_ended_are_said() -> None:
    run = bench.run(("sstar",), problems=2)
    results = {place: replace(one, stopped="calls") for place, one in run.results.items()}
    made = report([replace(run, results=results, left_out={"X/1": "it has no tests.", "X/2": "it has no tests."})])
    assert "2 of the data set's problems could not be run (X/1, X/2): it has no tests" in made.warnings
    assert "sstar: a budget ended 2 of the completed problems early" in made.warnings


def test_data_sets_stand_side_by_side_and_are_not_paired() -> None:
    made = report([bench.run(problems=3), bench.run(problems=3, dataset="mbpp")])
    plain = made.as_dict()
    assert [plain["dataset"], *(other["dataset"] for other in plain["others"])] == ["humaneval", "mbpp"]
    assert "different data sets" in made.warnings[0]
    assert sum(line.startswith(("humaneval, 3 problems", "mbpp, 3 problems")) for line in made.lines()) == 2


def test_the_baseline_is_an_arm_by_name_method_or_key() -> None:
    run = sweep(2)
    key = list(run.arms)[-1]
    for wanted, name in [
        ("sstar", "sstar gpt-4o-mini"),
        ("sstar local", "sstar local"),
        (key, "distinguo Qwen2.5-Coder-32B-Instruct"),
    ]:
        assert report([run], baseline=wanted).as_dict()["baseline"] == name
    with pytest.raises(InputError, match="no arm is called 'best'; the arms are zero-shot gpt-4o-mini, "):
        report([run], baseline="best")
    with pytest.raises(InputError, match="no run"):
        report([])


def test_files_that_are_no_runs_are_warned_of(tmp_path: Path) -> None:
    good = bench.write(tmp_path / "run.sqlite", bench.run(("sstar",), problems=2))
    (tmp_path / "notes.txt").write_text("x" * 5000)
    made = report_files([tmp_path / "notes.txt", good])
    assert "notes.txt" in made.warnings[0]
    assert made.as_dict()["n_problems"] == 2
    with pytest.raises(InputError, match=r"notes\.txt"):
        report_files([tmp_path / "notes.txt"])


@given(st.integers(0, 1000))
@settings(max_examples=5, deadline=None)
def test_a_file_given_twice_changes_no_figure(seed: int) -> None:
    run = bench.run(("zero-shot", "sstar"), problems=6, seed=seed, failing=0.1)
    once, twice = (report(runs).as_dict(per_problem=True) for runs in ([run], [run, run]))
    for told in (once, twice):
        del told["warnings"], told["runs"]
    assert once == twice


@pytest.mark.parametrize("run", [sweep(6, 0.1), bench.run(problems=6), bench.run(("sstar",), problems=1)])
def test_lines_fit_a_terminal(run: Run) -> None:
    lines = report([run]).lines(per_problem=True)
    assert max(map(len, lines)) <= WIDTH
    assert lines == [line.rstrip() for line in lines]


def test_the_layout_of_the_paper_has_methods_by_models() -> None:
    lines = report([sweep(6)]).lines()
    place = lines.index("Methods by models: pass@1, %")
    assert lines[place + 2].split() == ["method", "gpt-4o-mini", "local", "Qwen2.5-Coder-32B-Instruct"]
    assert [line.split()[0] for line in lines[place + 3 : place + 6]] == ["zero-shot", "sstar", "distinguo"]
    many = [bench.arm("sstar", model=f"provider/a-model-with-a-name-{number}B") for number in range(12)]
    assert "Models by methods: pass@1, %" in report([bench.run(many, problems=2)]).lines()


def test_columns_that_do_not_fit_follow_below() -> None:
    table = Table("T", ("arm", *(f"column {n}" for n in range(20))), (("a" * 60, *map(str, range(20))),))
    lines = table.lines()
    assert max(map(len, lines)) <= WIDTH
    assert " ".join(lines).count("column") == 20
    assert sum(line.startswith("arm") for line in lines) > 1


def test_markdown_has_every_table_and_the_warnings() -> None:
    run = bench.run([bench.arm("sstar", name="a|b")], problems=4, unpriced=True)
    text = report([run]).markdown()
    assert any(line.startswith("| a\\|b |") for line in text)
    assert text[0] == "## humaneval, 4 problems"
    assert any(line.startswith("- what a|b cost") for line in text)


def test_problems_are_listed_one_by_one_down_to_their_programs() -> None:
    run = bench.run(("zero-shot", "sstar"), problems=3)
    made = report([run])
    listed = made.as_dict(per_problem=True)["problems"]
    assert [(one["arm"], one["problem"]) for one in listed] == [
        (arm, f"HumanEval/{number}") for arm in ("zero-shot", "sstar") for number in range(3)
    ]
    [key] = [key for key, arm in run.arms.items() if arm.name == "sstar"]
    found = run.results[key, "HumanEval/1"]
    told = next(one for one in listed if (one["arm"], one["problem"]) == ("sstar", "HumanEval/1"))
    assert told["program"] == chosen_program(found)
    assert found.chosen is not None
    assert told["program"] in [one["program"] for one in told["samples"][found.chosen]["rounds"]]
    assert told["calls"] == found.total.calls
    lines = made.lines(per_problem=True)
    assert sum(line.startswith("HumanEval/1 ") for line in lines) == 2


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_needs_nothing_beside_it() -> None:
    run = bench.run([bench.arm("sstar", name="<script>alert(1)</script>")], problems=12, failing=0.2)
    text = report([run]).html(per_problem=True)
    page = _Page()
    page.feed(text)
    assert page.open == []
    assert page.seen >= {"table", "svg", "details"}
    assert "script" not in page.seen
    assert page.links == []
    assert "details" not in _tags(report([run]))


def _tags(made: Report) -> set[str]:
    page = _Page()
    page.feed(made.html())
    return page.seen


def test_without_matplotlib_the_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "matplotlib.figure", raising=False)
    text = report([bench.run(("sstar",), problems=2)]).html()
    assert "without plots: " in text
    assert "distinguo[bench]" in text
    assert "<figure" not in text
