"""Figures of runs: which are drawn, what they show, and that they are the same each time."""

import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import pytest
from fakes import bench
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from distinguo.bench import metrics, sweeps
from distinguo.bench.gathering import Gathered, gather
from distinguo.bench.plots import KINDS, draw, series, style, svg_figures
from distinguo.bench.plots.cost import frontier
from distinguo.bench.plots.style import Nothing
from distinguo.bench.records import Arm, State
from distinguo.bench.runfile import Run
from distinguo.errors import InputError

LONG = "deepseek/DeepSeek-R1-Distill-Qwen-{}B"


def arms(methods: Sequence[str], models: Sequence[str]) -> list[Arm]:
    return [bench.arm(method, method, model=model) for model in models for method in methods]


def drawn(kind: str, run: Run, *, asked: bool = False) -> Figure:
    (of,) = gather([run])
    with style.styled():
        wanted = KINDS[kind]
        return ((asked and wanted.asked) or wanted.usual)(of)


def why_not(kind: str, run: Run) -> str:
    with pytest.raises(Nothing) as reason:
        drawn(kind, run)
    return str(reason.value)


def texts(figure: Figure) -> str:
    """Everything that is written on it."""
    figure.draw_without_rendering()
    return "\n".join(text.get_text() for text in figure.findobj(matplotlib.text.Text) if text.get_visible())


@pytest.fixture(scope="module")
def run() -> Run:
    """A run of all methods."""
    return bench.run(problems=12)


def test_each_kind_and_format_is_a_file(run: Run, tmp_path: Path) -> None:
    said = list[str]()
    files = draw([run], tmp_path / "plots", say=said.append)
    assert files == [
        tmp_path / "plots" / f"{kind}.{form}"
        for kind in ("bars", "scaling", "rounds", "cost")
        for form in ("svg", "png")
    ]
    for file in files:
        head = file.read_bytes()[:8]
        assert head.startswith(b"<?xml") if file.suffix == ".svg" else head == b"\x89PNG\r\n\x1a\n"
    assert said == [
        "left out: parts (no model has arms to which parts were added one by one);"
        " temperature (no arms differ in temperature alone)"
    ]


def test_the_same_run_gives_the_same_bytes(run: Run, tmp_path: Path) -> None:
    one, other = (draw([run], tmp_path / name, kinds=["bars"]) for name in ("one", "other"))
    assert [file.read_bytes() for file in one] == [file.read_bytes() for file in other]
    assert b"dc:date" not in one[0].read_bytes()


def test_settings_of_matplotlib_stay_as_they_were_and_do_not_matter(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)  # importing it fails
    (plain,) = draw([run], tmp_path / "plain", ["svg"], ["bars"])
    with matplotlib.rc_context({"font.size": 30, "axes.grid": False, "savefig.dpi": 20}):
        before = {name: matplotlib.rcParams[name] for name in matplotlib.rcParams if name != "backend"}
        (other,) = draw([run], tmp_path / "other", ["svg"], ["bars"])
        assert {name: matplotlib.rcParams[name] for name in before} == before
    assert plain.read_bytes() == other.read_bytes()


def test_every_data_set_has_figures_of_its_own(run: Run, tmp_path: Path) -> None:
    other = bench.run(["sstar"], 4, dataset="livecode/bench@v4")
    files = draw([run, other], tmp_path, ["svg"], ["bars"])
    assert [file.name for file in files] == ["bars-humaneval.svg", "bars-livecode_bench_v4.svg"]


def test_figures_for_a_page_have_titles_and_ids_that_do_not_clash() -> None:
    page = svg_figures([bench.run(["zero-shot"], 4), bench.run(["sstar"], 4, dataset="mbpp")])
    assert len(page) == 4
    ids = list[str]()
    for title, text in page.items():
        root = ElementTree.fromstring(text)
        assert root.attrib["role"] == "img"
        assert root.findtext("{http://www.w3.org/2000/svg}title") == title
        own = re.findall(r'\bid="([^"]+)"', text)
        assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', text)) <= set(own)
        ids += own
    assert [title for title in page if title.startswith("pass@1")] == [
        "pass@1 of each method (humaneval)", "pass@1 of each method (mbpp)",
    ]  # fmt: skip
    assert len(ids) == len(set(ids))


# --- what they show


def test_bars_show_pass_at_1_of_each_arm(run: Run) -> None:
    (of,) = gather([run])
    figure = drawn("bars", run)
    widths = [patch.get_width() for patch in figure.axes[0].patches]  # type: ignore[attr-defined]
    assert widths == [metrics.solved(arm).pass_at_1.value for arm in of.arms]  # type: ignore[union-attr]
    shown = texts(figure)
    assert all(f"{100 * width:.1f}" in shown for width in widths)
    assert all(arm.name in shown for arm in run.arms.values())
    assert "local; humaneval, n = 12 problems" in shown


def test_n_is_that_of_completed_problems(run: Run) -> None:
    results = dict(run.results)
    for problem in ("HumanEval/0", "HumanEval/1"):
        key = next(iter(run.arms)), problem
        results[key] = replace(results[key], state=State.API_ERROR)
    assert "n = 10 to 12 problems" in texts(drawn("bars", replace(run, results=results)))


def test_zero_shot_comes_from_drafts_where_it_was_not_run() -> None:
    run = bench.run(["sstar"], 12)
    (of,) = gather([run])
    first, second = series.bars(list(of.arms))
    assert (first.label, first.share) == ("zero-shot (drafts)", metrics.drafts_at(of.arms[0], 1))
    assert second.label == "sstar"


def test_twelve_models_side_by_side() -> None:
    models = [LONG.format(size) for size in range(12)]
    run = bench.run(arms(["zero-shot", "sstar"], models), 3)
    shown = texts(drawn("bars", run))
    assert all(f"DeepSeek-R1-\nDistill-Qwen-{size}B" in shown for size in range(12))
    for kind in ("scaling", "cost"):
        figure = drawn(kind, run)
        assert [axes.get_title() for axes in figure.axes] == list(series.short(models).values())
        shown_labels = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
        assert "sstar" in shown_labels
        assert len(shown_labels) == len(set(shown_labels))
    more = bench.run(arms(["sstar", "majority"], [LONG.format(size) for size in range(13)]), 2)
    assert why_not("scaling", more) == "13 models are more than 12 panels"


def test_labels_stand_within_the_figure_and_apart() -> None:
    figure = drawn("bars", bench.run(arms(["zero-shot", "sstar"], [LONG.format(10**size) for size in range(3)]), 3))
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in figure.axes[0].get_xticklabels()]
    boxes += [text.get_window_extent() for legend in figure.legends for text in legend.get_texts()]
    whole = figure.bbox
    for place, box in enumerate(boxes):
        assert whole.x0 <= box.x0 < box.x1 <= whole.x1
        assert whole.y0 <= box.y0 < box.y1 <= whole.y1
        assert not any(box.overlaps(other) for other in boxes[place + 1 :])


def test_one_arm_alone() -> None:
    run = bench.run(["zero-shot"], 5)
    assert "zero-shot" in texts(drawn("bars", run))
    assert why_not("scaling", run) == "no arm has more than one sample on every problem"
    assert why_not("rounds", run) == "no arm debugs"
    assert why_not("cost", run) == "one arm has none to be compared with"


def test_parts_are_drawn_in_their_order_with_what_they_add() -> None:
    model, other = LONG.format(14), "openai/o1-mini"
    steps = [
        bench.arm("zero-shot", "zero-shot", model=model),
        bench.arm("majority", "+ samples", model=model),
        bench.arm("distinguo", "+ debugging", model=model, selector="public"),
        bench.arm("distinguo", "+ adaptive inputs", model=model),
    ]
    run = bench.run([*steps, bench.arm("zero-shot", "zero-shot", model=other)], 20)
    (of,) = gather([run])
    figure = drawn("parts", run)
    shares = [metrics.solved(arm).pass_at_1.value for arm in of.arms]  # type: ignore[union-attr]
    heights = [patch.get_height() for patch in figure.axes[0].patches if patch.get_width() == 0.62]  # type: ignore[attr-defined]
    assert heights == shares[:4]
    shown = texts(figure)
    assert f"{100 * (shares[1] - shares[0]):+.1f}" in shown
    assert "o1-mini" in shown


def test_parts_in_any_order_where_they_are_asked_for(run: Run) -> None:
    assert why_not("parts", run) == "no model has arms to which parts were added one by one"
    assert "distinguo" in texts(drawn("parts", run, asked=True))


@pytest.mark.parametrize("setting", ["n", "temperature", "rounds"])
def test_a_sweep_of_one_setting_adds_no_parts(setting: str) -> None:
    settings = ({setting: value} for value in (1, 2))
    run = bench.run([*(bench.arm("sstar", "", **each) for each in settings), bench.arm("zero-shot")], 3)
    assert why_not("parts", run).startswith("no model has arms")


def test_the_sweep_of_figure_3_adds_parts() -> None:
    run = bench.run(sweeps.load("figure3").arms, 4)
    figure = drawn("parts", run)
    assert len(figure.axes) == 2
    assert "o1-preview" in texts(figure)
    assert all(line.get_visible() for axes in figure.axes for line in axes.get_ygridlines())


def test_scaling_is_logarithmic_and_unbiased() -> None:
    run = bench.run([bench.arm("sstar", n=n) for n in (2, 8, 4)], 15)
    (of,) = gather([run])
    figure = drawn("scaling", run)
    (axes,) = figure.axes
    assert axes.get_xscale() == "log"
    largest = next(arm for arm in of.arms if arm.arm.settings["n"] == 8)
    coverage, chosen, *_ = (line for line in axes.lines if len(line.get_xdata()) > 2)  # type: ignore[arg-type]
    assert list(coverage.get_xdata()) == [1, 2, 4, 8]  # type: ignore[arg-type]
    assert list(coverage.get_ydata()) == [metrics.candidates_at(largest, k).value for k in (1, 2, 4, 8)]  # type: ignore[arg-type,union-attr]
    assert list(chosen.get_xdata()) == [2, 4, 8]  # type: ignore[arg-type]


def test_samples_that_others_drew_stand_at_their_number() -> None:
    run = bench.run([bench.arm("sstar", n=4)], 6)
    (arm,) = run.arms.values()
    figure = drawn("scaling", replace(run, arms={arm.key: replace(arm, settings={**arm.settings, "n": 100_000})}))
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == ["1", "2", "4"]


def test_arms_with_the_same_samples_draw_their_coverage_once() -> None:
    run = bench.run([bench.arm("sstar", name, selector=name) for name in ("public", "codet", "sstar")], 15)
    figure = drawn("scaling", run)
    lines = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 4]  # type: ignore[arg-type]
    assert len(lines) == 1
    assert "coverage" in texts(figure)
    assert "local, public, codet, sstar; humaneval" in texts(drawn("rounds", run)).replace("\n", " ")


def test_rounds_end_with_what_the_samples_came_to(run: Run) -> None:
    (of,) = gather([run])
    arm = next(arm for arm in of.arms if arm.arm.method == "self-debug")
    figure = drawn("rounds", replace(run, arms={arm.arm.key: arm.arm}))
    last = figure.axes[0].lines[0].get_ydata()[-1]  # type: ignore[index]
    assert last == metrics.solved(arm).coverage.value  # type: ignore[union-attr]


def test_temperature_has_a_line_for_each_model() -> None:
    models = ["openai/a", "openai/b"]
    run = bench.run([bench.arm("sstar", "", model=m, temperature=t) for m in models for t in (0.7, 0.2, 0.95)], 8)
    figure = drawn("temperature", run)
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == ["0.2", "0.7", "0.95"]
    labels = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    assert labels == ["a", "b", "coverage", "chosen (pass@1)"]


def test_cost_needs_calls(run: Run) -> None:
    free = {key: replace(found, used={}) for key, found in run.results.items()}
    assert why_not("cost", replace(run, results=free)) == "no calls were made"


def test_too_many_arms_are_left_out_with_a_reason() -> None:
    many = [bench.arm("sstar", f"arm {i}", seed=i, n=2, model=model) for i in range(15) for model in ("a", "b")]
    run = bench.run(many, 2)
    assert why_not("bars", run) == "15 methods are more than 7 kinds of bars"
    assert why_not("cost", run) == "15 kinds of arms are more than 14 markers"
    assert re.fullmatch(r"\d+ kinds of arms are more than 7 lines", why_not("rounds", run))


def test_a_run_without_completed_problems(tmp_path: Path) -> None:
    said = list[str]()
    assert draw([bench.run(["sstar"], 3, failing=1.0)], tmp_path, say=said.append) == []
    assert said[0].count("no arm has a completed problem") == len(KINDS)


def test_all_right_and_all_wrong_are_drawn() -> None:
    run = bench.run(["zero-shot", "sstar"], 4)
    for right in (True, False):
        results = {key: replace(found, right=right) for key, found in run.results.items()}
        assert texts(drawn("bars", replace(run, results=results))).count("100.0" if right else "0.0") >= 2


# --- what cannot be done


def test_unknown_kinds_and_formats(run: Run, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no kind of figure 'pie'; there are bars, parts"):
        draw([run], tmp_path, kinds=["pie"])
    with pytest.raises(InputError, match="no format of figures 'bmp'; there are svg, png"):
        draw([run], tmp_path, ["bmp"])


def test_a_folder_that_cannot_be_made(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot write .*bars\.svg"):
        draw([run], tmp_path / "file", ["svg"], ["bars"])


def test_without_matplotlib(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(InputError, match=r"pip install 'distinguo\[bench\]'"):
        draw([run], tmp_path)
    with pytest.raises(InputError, match="matplotlib"):
        svg_figures([run])


# --- parts of it


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1))
def test_nothing_beats_the_frontier(spots: list[tuple[float, float]]) -> None:
    best = frontier(spots)
    assert set(best) <= set(spots)
    assert best == sorted(best)
    for cost, share in spots:
        assert any(price <= cost and reached >= share for price, reached in best)
    for one in best:
        assert not any(other != one and other[0] <= one[0] and other[1] >= one[1] for other in best)


@given(st.text(alphabet="ab-/ ,.1", max_size=60), st.integers(1, 20))
def test_wrapping_breaks_lines_and_loses_nothing(name: str, width: int) -> None:
    lines = series.wrapped(name, width).split("\n")
    assert "".join(lines).replace(" ", "") == name.replace(" ", "")
    assert all(len(line) <= width or not re.search(r"[-/ ,].", line) for line in lines)


@given(st.lists(st.sampled_from(["openai/a", "x/a", "a", "b/c-d", "/models/c-d.gguf", "e.gguf"]), unique=True))
def test_short_names_of_models_differ(models: list[str]) -> None:
    names = series.short(models)
    assert list(names) == models
    assert len({name.replace("\n", "") for name in names.values()}) == len(models)


def test_families_differ_in_one_setting_alone() -> None:
    run = bench.run([bench.arm("sstar", n=4), bench.arm("distinguo", n=4), bench.arm("sstar", n=2)], 1)
    (of,) = gather([run])
    found = [[arm.arm.settings["n"] for arm in family] for family in series.families(of.arms, "n")]
    assert found == [[2, 4], [4]]


def test_labels_leave_out_the_model_and_what_is_on_the_axis() -> None:
    run = bench.run(
        [bench.arm("sstar", "sstar n=4", n=4, model="x/a"), bench.arm("sstar", "sstar n=4", n=4, model="b")], 1
    )
    of: Gathered = gather([run])[0]
    assert list(series.labels(list(of.arms)).values()) == ["sstar n=4", "sstar n=4"]
    assert set(series.labels(list(of.arms), "n").values()) == {"sstar"}
