"""Settings: where they come from, what is refused, what names a run."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distinguo import config
from distinguo.config import Options, Settings
from distinguo.errors import InputError
from distinguo.problem import Problem, Test
from distinguo.records import Role

PROBLEM = Problem(id="p", statement="Add.", public_tests=(Test("1", "1 2", "3"),))


def test_flags_come_before_environment_before_file(tmp_path: Path) -> None:
    file = tmp_path / "distinguo.toml"
    file.write_text('n = 4\nrounds = 1\nmodel = "openai/a"\n')
    environment = {"DISTINGUO_ROUNDS": "3", "DISTINGUO_MODEL": "openai/b", "DISTINGUO_DATA": "/nowhere", "HOME": "/"}
    settings = config.load({"model": "openai/c", "seed": None}, environment, file)
    assert (settings.n, settings.rounds, settings.model, settings.seed) == (4, 3, "openai/c", 0)


def test_roles_default_to_the_generators_model() -> None:
    settings = config.load({"model": "openai/a", "judge": "openai/b"}, {}, None)
    assert [settings.model_of(role) for role in Role] == ["openai/a", "openai/a", "openai/a", "openai/b"]


@pytest.mark.parametrize(
    "flags,sentence",
    [
        ({"n": 0}, "n: input should be greater than or equal to 1 (got 0)"),
        ({"rounds": -1}, "rounds: input should be greater than or equal to 0 (got -1)"),
        ({"context": "some"}, "context: input should be 'all' or 'last' (got 'some')"),
        ({"temperature": "warm"}, "temperature: "),
        (
            {"inputs": "written,guessed"},
            "inputs.1: input should be 'written', 'mutated', 'large', 'generated' or 'stress'",
        ),
        ({"colour": "red"}, "there is no setting 'colour'"),
    ],
)
def test_an_invalid_setting_is_one_sentence_that_names_it(flags: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        config.load(flags, {}, None)
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", [b"n = ", b"\xff\xfe"])
def test_a_broken_file_is_named(tmp_path: Path, text: bytes) -> None:
    file = tmp_path / "broken.toml"
    file.write_bytes(text)
    with pytest.raises(InputError, match=r"broken\.toml is not valid TOML"):
        config.load({}, {}, file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read the configuration .*absent\.toml"):
        config.load({}, {}, tmp_path / "absent.toml")


def test_a_price_file_comes_before_the_configuration(tmp_path: Path) -> None:
    file, prices = tmp_path / "distinguo.toml", tmp_path / "prices.toml"
    file.write_text(
        '[prices]\n"openai/a" = { prompt = 1, completion = 1 }\n"openai/b" = { prompt = 2, completion = 2 }\n'
    )
    prices.write_text('date = "2026-01"\n[prices]\n"openai/a" = { prompt = 5, completion = 6 }\n')
    settings = config.load({"prices": prices}, {}, file)
    assert {name: price.prompt for name, price in settings.prices.items()} == {"openai/a": 5, "openai/b": 2}
    assert config.load({}, {"DISTINGUO_PRICES": str(prices)}, file) == settings
    assert config.load({}, {}, file).prices["openai/a"].prompt == 1


@pytest.mark.parametrize(
    "text", ["", "[prices]\na = 3\n", '[prices]\n"a" = { prompt = -1, completion = 0 }\n', "x = 1\n"]
)
def test_a_file_without_prices_is_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "prices.toml").write_text(text)
    with pytest.raises(InputError, match=r"prices\.toml is not a price file") as caught:
        config.load({"prices": tmp_path / "prices.toml"}, {}, None)
    assert "\n" not in str(caught.value)


def test_keyword_options_are_the_settings() -> None:
    assert Options.__annotations__.keys() == Settings.model_fields.keys()


def test_budgets_and_transport_do_not_name_a_run() -> None:
    base = Settings().identity(PROBLEM)
    assert Settings(budget_calls=3, budget_completion_tokens=5, max_seconds=9, slots=2).identity(PROBLEM) == base
    assert Settings(judge="local").identity(PROBLEM) == base


@pytest.mark.parametrize(
    "change",
    [
        {"n": 8},
        {"seed": 1},
        {"temperature": 0.2},
        {"judge": "openai/x"},
        {"keep": "last"},
        {"reasoning_effort": "low"},
        {"debug_tests": "generated"},
    ],
)
def test_what_shapes_the_answer_names_the_run(change: dict[str, object]) -> None:
    assert Settings.model_validate(change).identity(PROBLEM) != Settings().identity(PROBLEM)


def test_solved_examples_name_the_run_by_their_content(tmp_path: Path) -> None:
    first, copy, other = (tmp_path / name for name in ("a.jsonl", "b.jsonl", "c.jsonl"))
    for path, text in ((first, "one"), (copy, "one"), (other, "two")):
        path.write_text(text)
    known = Settings(examples=first).identity(PROBLEM)
    assert Settings(examples=copy).identity(PROBLEM) == known
    assert str(first) not in str(Settings(examples=first).shaping())
    for change in ({"examples": other}, {"shots": 3}, {"examples_by": "technique"}, {"examples": None}):
        assert Settings.model_validate({"examples": first} | change).identity(PROBLEM) != known
    assert Settings(shots=3, examples_by="technique").identity(PROBLEM) == Settings().identity(PROBLEM)
    with pytest.raises(InputError, match="cannot read the examples"):
        Settings(examples=tmp_path / "absent").identity(PROBLEM)


@pytest.mark.parametrize(
    "given, sources",
    [
        ("stress, written,written", ("written", "stress")),
        (["mutated"], ("mutated",)),
        ("", ()),
        (None, ("written", "mutated", "large")),
    ],
)
def test_sources_of_inputs_are_named_in_any_order(given: object, sources: tuple[str, ...]) -> None:
    assert config.load({"inputs": given}, {}, None).inputs == sources


def test_sources_of_inputs_name_the_run() -> None:
    one, same = (
        config.load({}, {"DISTINGUO_INPUTS": text}, None)
        for text in ("mutated,large,written", "written, mutated,large")
    )
    assert one.identity(PROBLEM) == same.identity(PROBLEM) == Settings().identity(PROBLEM)
    assert Settings(inputs=("mutated",)).identity(PROBLEM) != one.identity(PROBLEM)


def test_another_problem_is_another_run() -> None:
    other = Problem(id="p", statement="Add.", public_tests=(Test("1", "1 2", "4"),))
    assert Settings().identity(other) != Settings().identity(PROBLEM)


@given(st.integers(0, 2**40), st.text(), st.sampled_from(Role), st.integers(0, 1000), st.integers(0, 10))
def test_seeds_fit_31_bits_and_differ_between_calls(
    seed: int, problem: str, role: Role, sample: int, index: int
) -> None:
    first = config.derive_seed(seed, problem, role, sample, index)
    assert 0 <= first < 2**31
    assert first == config.derive_seed(seed, problem, role, sample, index)
    assert first != config.derive_seed(seed, problem, role, sample + 1, index)
