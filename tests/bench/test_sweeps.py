"""Sweeps: the paper's experiments as files, and what is said of one that is wrong."""

import io
import json
from collections import Counter
from pathlib import Path

import pytest
from fakes.command import Cli
from hypothesis import given
from hypothesis import strategies as st

from distinguo import cli_bench
from distinguo.bench import sweeps
from distinguo.bench.sweeps import Sweep
from distinguo.config import Settings
from distinguo.errors import InputError
from distinguo.records import Role

MINI = "openai/gpt-4o-mini"
REASONING = {
    "vllm/deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",
    "vllm/deepseek-ai/DeepSeek-R1-Distill-Qwen-14B",
    "vllm/deepseek-ai/DeepSeek-R1-Distill-Qwen-32B",
    "vllm/Qwen/QwQ-32B-Preview",
    "openai/o1-mini",
    "openai/o1-preview",
}


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    path = tmp_path / "pool.jsonl"
    path.write_text('{"id": "q", "statement": "Add.", "solution": "print(1)"}\n')
    return path


def settings(sweep: Sweep) -> list[Settings]:
    return [Settings.model_validate(arm.settings) for arm in sweep.arms]


@pytest.mark.parametrize(
    "name, arms, models",
    [
        ("table1", 48, 12),
        ("table2", 10, 5),
        ("table3", 16, 4),
        ("figure1", 48, 12),
        ("figure3", 10, 4),
        ("figure4-temperature", 12, 3),
        ("figure4-samples", 3, 3),
        ("figure5", 9, 3),
        ("figure6", 9, 3),
    ],
)
def test_the_papers_experiments(name: str, arms: int, models: int, pool: Path) -> None:
    sweep = sweeps.load(name, pool=pool)
    assert sweep.name == name
    assert len(sweep.arms) == len({arm.key for arm in sweep.arms}) == arms
    assert len({arm.model() for arm in sweep.arms}) == models
    assert len({(arm.name, arm.model()) for arm in sweep.arms}) == arms
    assert sweep.note == sweeps.note(name)
    recent = sweep.dataset == "livecodebench@release_v4"
    assert sweep.filter.since == ("2024-08-01" if recent else "")


def test_every_experiment_is_listed() -> None:
    folder = Path(sweeps.__file__).parent / "sweeps"
    assert sorted(path.stem for path in folder.glob("*.toml")) == sorted(sweeps.names())


def test_gpt_4o_mini_helps_the_reasoning_models_without_seeing_their_thinking(pool: Path) -> None:
    for name in sweeps.names():
        for one in settings(sweeps.load(name, pool=pool)):
            asks = one.selector not in ("first", "public")
            assert not asks or one.model_of(Role.JUDGE) == one.model_of(Role.TEST_GENERATOR) == MINI
            assert one.model_of(Role.DEBUGGER) == (MINI if one.model in REASONING else one.model)
            assert one.show_reasoning == (one.model not in REASONING)
            assert (one.max_tokens is not None) == (one.model in REASONING)


def test_table_1_has_the_papers_methods() -> None:
    table = sweeps.load("table1")
    assert Counter(arm.name for arm in table.arms) == dict.fromkeys(
        ["zero-shot", "majority", "self-debug", "sstar"], 12
    )
    assert sweeps.load("figure1").arms == table.arms
    of = {arm.method: Settings.model_validate(arm.settings) for arm in table.arms if arm.model() == MINI}
    assert [(of[name].n, of[name].rounds) for name in of] == [(1, 0), (16, 0), (1, 2), (16, 2)]


def test_the_figures_vary_what_they_are_about(pool: Path) -> None:
    def varied(name: str, *names: str) -> list[tuple[object, ...]]:
        mini = [one for one in settings(sweeps.load(name, pool=pool)) if one.model == MINI]
        return [tuple(getattr(one, field) for field in names) for one in mini]

    assert varied("figure4-temperature", "temperature", "n") == [(0.2, 8), (0.5, 8), (0.7, 8), (0.95, 8)]
    assert varied("figure4-samples", "n") == [(128,)]
    assert varied("figure5", "examples", "examples_by") == [(None, "bm25"), (pool, "bm25"), (pool, "technique")]
    assert varied("figure6", "debug_tests", "context", "rounds", "n") == [
        ("public", "all", 4, 8), ("generated", "all", 4, 8), ("public", "last", 4, 8),
    ]  # fmt: skip
    assert varied("table3", "selector") == [("public",), ("generated-tests",), ("llm-judge",), ("sstar",)]
    parts = [one for one in settings(sweeps.load("figure3")) if one.model.endswith("14B-Instruct")]
    assert [(one.n, one.rounds, one.selector) for one in parts] == [
        (1, 0, "first"), (16, 0, "public"), (16, 2, "public"), (16, 2, "sstar"),
    ]  # fmt: skip


def test_models_are_renamed_in_every_role() -> None:
    one = sweeps.load("table1", {MINI: "together/x"})
    assert MINI not in one.models
    assert "together/x" in one.models
    everything = sweeps.load("table1", {"*": "local", "openai/o1-mini": "vllm/mine"})
    assert set(everything.models) == {"local", "vllm/mine"}
    assert len(everything.arms) == 8
    mine = next(one for one in settings(everything) if one.model == "vllm/mine")
    assert (mine.debugger, mine.show_reasoning, mine.max_tokens) == ("local", False, 16384)
    with pytest.raises(
        InputError, match="no arm has the model 'openai/gpt-9', so it cannot be renamed; they have vllm"
    ):
        sweeps.load("table1", {"openai/gpt-9": "local"})


def test_models_on_this_machine_keep_their_own_limits() -> None:
    assert {one.max_tokens for one in settings(sweeps.load("table1", {"*": "local"}))} == {None}


def test_what_is_given_comes_first_but_no_one_sample_method_draws_more() -> None:
    given = sweeps.load("table1", {"*": "local"}, given={"n": "4", "seed": 3, "prices": None})
    assert [(arm.name, one.n, one.seed) for arm, one in zip(given.arms, settings(given), strict=True)] == [
        ("zero-shot seed=3", 1, 3), ("majority n=4 seed=3", 4, 3),
        ("self-debug seed=3", 1, 3), ("sstar n=4 seed=3", 4, 3),
    ]  # fmt: skip


def test_solved_examples_need_a_pool() -> None:
    with pytest.raises(
        InputError, match="figure5 shows solved examples; name the file that they are taken from with --"
    ):
        sweeps.load("figure5")


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return path


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        'dataset = "humaneval"\n[filter]\nlimit = 3\ndifficulty = ["short", "long"]\nids = "7"\n[settings]\nn = 2\n'
        '[[arms]]\nmethods = ["sstar", "codet"]\nseed = [0, 1]\ninputs = "written"\n',
    )
    sweep = sweeps.load(path)
    assert (sweep.name, sweep.dataset, sweep.note) == ("mine", "humaneval", "")
    assert (sweep.filter.limit, sweep.filter.difficulty, sweep.filter.ids) == (3, ("short", "long"), ("7",))
    assert [(arm.method, arm.settings["seed"], arm.settings["n"]) for arm in sweep.arms] == [
        ("sstar", 0, 2), ("sstar", 1, 2), ("codet", 0, 2), ("codet", 1, 2),
    ]  # fmt: skip
    assert sweep.models == ("local",)


def test_a_day_may_be_written_as_toml_has_it(tmp_path: Path) -> None:
    sweep = sweeps.load(written(tmp_path, f'dataset = "d"\n[filter]\nsince = 2024-08-01\n{ARMS}'))
    assert sweep.filter.since == "2024-08-01"


def test_a_file_may_be_like_another_sweep(tmp_path: Path) -> None:
    path = written(tmp_path, 'like = "table3"\ndataset = "humaneval"\n[filter]\n')
    sweep = sweeps.load(path)
    assert (sweep.dataset, sweep.filter.since) == ("humaneval", "")
    assert sweep.arms == sweeps.load("table3").arms


ARMS = '[[arms]]\nmethods = "sstar"\n'


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("a = [", "is not valid TOML"),
        ("", "names no dataset"),
        ("dataset = 3\n", "names no dataset"),
        ('dataset = "d"\n', "has no arms"),
        ('dataset = "d"\ncolour = 1\n' + ARMS, "has a field 'colour'; the fields of a sweep are note, like, dataset"),
        ('dataset = "d"\narms = 3\n', "are not written as"),
        ('dataset = "d"\nsettings = 3\n' + ARMS, "settings of .* is no table"),
        ('dataset = "d"\n[[arms]]\nmodels = "local"\n', "names no methods; the methods are zero-shot"),
        ('dataset = "d"\n[[arms]]\nmethods = "magic"\n', "there is no method 'magic'; the methods are zero-shot"),
        (
            'dataset = "d"\n' + ARMS + "colour = 3\n",
            "has no setting 'colour' for an arm; there are methods, models, deb",
        ),
        ('dataset = "d"\n' + ARMS + 'model = "local"\n', "has no setting 'model' for an arm"),
        ('dataset = "d"\n' + ARMS + "n = 0\n", "n: input should be greater"),
        ('dataset = "d"\n' + ARMS + 'selector = "best"\n', "there is no selector 'best'"),
        ('dataset = "d"\n[[models]]\nnames = "x"\ncolour = 1\n' + ARMS, "has no setting 'colour'"),
        ('dataset = "d"\n[filter]\ncolour = 1\n' + ARMS, "has a filter 'colour'; the filters are ids, since"),
        ('dataset = "d"\n[filter]\nsince = 2024\n' + ARMS, "the filter since of .* cannot be 2024"),
        ('dataset = "d"\n[filter]\nlimit = true\n' + ARMS, "the filter limit of .* cannot be True"),
        ('dataset = "d"\n[filter]\nids = [1]\n' + ARMS, "the filter ids of .* cannot be .1."),
        ('dataset = "d"\n[filter]\nlimit = "3"\n' + ARMS, "the filter limit of .* cannot be '3'"),
        ('dataset = "d"\n[filter]\nsince = "August"\n' + ARMS, "since must be a day such as 2024-01-31"),
        ('dataset = "d"\nlike = "table9"\n' + ARMS, "is like 'table9', which is no sweep of its own"),
        ('dataset = "d"\nlike = "figure1"\n' + ARMS, "is like 'figure1', which is no sweep of its own"),
    ],
)
def test_what_is_wrong_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as caught:
        sweeps.load(written(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_an_unknown_sweep_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no sweep 'table7'; the sweeps are table1, table2"):
        sweeps.load("table7")
    with pytest.raises(InputError, match="cannot read the sweep"):
        sweeps.load(tmp_path / "absent.toml")


@given(
    st.dictionaries(
        st.sampled_from(["note", "dataset", "filter", "settings", "models", "arms", "like", "x"]),
        st.recursive(
            st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["sstar", "table1", "d", "local", ""]),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["methods", "models", "names", "n", "limit", "ids", "judge"]), inner)
            ),
            max_leaves=6,
        ),
    )
)
def test_any_content_is_a_sweep_or_one_sentence(content: dict[str, object]) -> None:
    def loaded() -> Sweep:
        found: Sweep = sweeps.of(content, "it", "this")
        return found

    try:
        sweep = loaded()
    except InputError as error:
        said = str(error)
    else:
        said = ""
        assert sweep.arms
    assert "\n" not in said


@pytest.fixture
def problems(tmp_path: Path) -> Path:
    for name in ("one", "two"):
        tests = tmp_path / "problems" / name / "tests"
        tests.mkdir(parents=True)
        (tests.parent / "problem.md").write_text("Print twice the number.")
        (tests / "1.in").write_text("2\n")
        (tests / "1.out").write_text("4\n")
    return tmp_path / "problems"


def test_a_dry_run_prints_what_it_may_cost_and_sends_nothing(tmp_path: Path, problems: Path) -> None:
    cli = Cli(tmp_path, None)
    told = cli.run("bench", "sweep", "table1", "--dataset", problems, "--out", "run.sqlite", "--dry-run", "--json")
    assert told.returncode == 0, told.stderr
    plain = json.loads(told.stdout)
    assert (plain["sweep"], plain["arms"], plain["problems"]) == ("table1", 48, 2)
    assert plain["at_most"]["models"]["openai/o1-mini"]["calls"] == 2 * 16
    assert not (tmp_path / "run.sqlite").exists()


def test_a_sweep_that_costs_money_is_not_started_without_a_yes(tmp_path: Path, problems: Path) -> None:
    cli = Cli(tmp_path, None)
    refused = cli.run("bench", "sweep", "table3", "--dataset", problems, "--out", "run.sqlite")
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert "start it with --yes" in refused.stderr.splitlines()[-1]
    assert "16 arms on 2 problems" in refused.stderr
    assert not (tmp_path / "run.sqlite").exists()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("answer, starts", [("y\n", True), ("YES\n", True), ("\n", False), ("n\n", False), ("", False)])
def test_on_a_terminal_a_person_is_asked(monkeypatch: pytest.MonkeyPatch, answer: str, starts: bool) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    if starts:
        cli_bench._agree(["dear"], asks=True)
    else:
        with pytest.raises(InputError, match="nothing was sent"):
            cli_bench._agree(["dear"], asks=True)


def test_nobody_is_asked_about_what_is_free(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", None)
    cli_bench._agree(["free"], asks=False)
    assert capsys.readouterr().err == "free\n"
    with pytest.raises(InputError, match="--yes"):
        cli_bench._agree(["dear"], asks=True)


def test_the_example_in_the_document_is_a_sweep(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "experiments.md").read_text()
    example = text.partition("```toml\n")[2].partition("```")[0]
    assert len(sweeps.load(written(tmp_path, example)).arms) == 8
    for name in sweeps.names():
        assert f"| `{name}`" in text
