from dataclasses import replace
from pathlib import Path

import pytest
from fakes import bench

from distinguo.bench.gathering import NOT_ANSWERS, gather, read
from distinguo.bench.records import State
from distinguo.config import Settings
from distinguo.errors import InputError


def test_a_run_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    made = bench.run(("sstar", "zero-shot"), problems=3, failing=0.3, seed=2)
    path = bench.write(tmp_path / "run.sqlite", replace(made, left_out={"HumanEval/9": "it has no tests"}))
    [found], refused = read([path])
    assert replace(found, path=made.path, left_out={}) == made
    assert found.left_out == {"HumanEval/9": "it has no tests"}
    assert refused == []


def test_shards_are_one_arm() -> None:
    whole = bench.run(("sstar",), problems=10)
    ids = list(whole.facts)
    [together] = gather([bench.only(whole, ids[6:]), bench.only(whole, ids[:6], "other.sqlite")])
    [alone] = gather([whole])
    assert together.arms == alone.arms
    assert together.facts == alone.facts
    assert together.warnings == ()


def test_a_file_given_twice_changes_nothing_and_is_told() -> None:
    run = bench.run(problems=6, failing=0.2)
    [once], [twice] = gather([run]), gather([run, run])
    assert twice.arms == once.arms
    assert len(twice.warnings) == 1
    assert "30 results" in twice.warnings[0]


def test_the_later_result_counts_but_a_completed_one_before_one_that_is_not() -> None:
    run = bench.run(("sstar",), problems=2)
    (first, second), [key] = run.facts, run.arms
    failed = replace(run.results[key, first], state=State.API_ERROR)
    other = replace(run.results[key, second], reason="drawn anew")
    later = replace(run, results={(key, first): failed, (key, second): other})
    [found] = gather([run, later])
    assert found.arms[0].results[first].done
    assert found.arms[0].results[second].reason == "drawn anew"


def test_problems_without_a_result_are_unfinished() -> None:
    [found] = gather([bench.run(("sstar",), problems=40, missing=0.5)])
    arm = found.arms[0]
    assert arm.states[State.UNFINISHED] == 40 - len(arm.results) > 0
    assert sum(arm.states.values()) == 40


def test_arms_of_one_name_get_their_models_behind_it() -> None:
    arms = [
        bench.arm("sstar", model="openai/gpt-4o-mini"),
        bench.arm("sstar", model="local"),
        bench.arm("sstar", model="local", judge="openai/gpt-4o"),
        bench.arm("zero-shot"),
    ]
    [found] = gather([bench.run(arms, problems=2)])
    assert [arm.name for arm in found.arms] == [
        "sstar gpt-4o-mini", "sstar local", "sstar local+openai/gpt-4o", "zero-shot"
    ]  # fmt: skip
    again = [bench.arm("sstar", name="same", temperature=t) for t in (0.2, 0.7)]
    [found] = gather([bench.run(again, problems=2)])
    assert len({arm.name for arm in found.arms}) == 2
    assert found.find(again[1].key) is found.arms[1]


def test_versions_of_a_data_set_are_arms_apart_and_told() -> None:
    older, newer = (bench.run(("sstar",), problems=3, dataset=f"livecodebench@{name}") for name in ("v4", "v5"))
    [found] = gather([older, newer])
    assert found.dataset == "livecodebench@v4 and livecodebench@v5"
    assert [arm.name for arm in found.arms] == ["sstar local v4", "sstar local v5"]
    assert any("several versions of the data set" in warning for warning in found.warnings)


def test_data_sets_are_apart() -> None:
    found = gather([bench.run(dataset="humaneval"), bench.run(dataset="humaneval+"), bench.run(dataset="humaneval")])
    assert [one.dataset for one in found] == ["humaneval", "humaneval+"]


def test_other_versions_and_sandboxes_are_told() -> None:
    run = bench.run(("sstar",), problems=2)
    [found] = gather([run, replace(run, version="0.2.0", sandbox="none", results={})])
    assert found.warnings == (
        "the runs were made with several versions of distinguo: 0.1.0; 0.2.0",
        "the runs were made with several sandboxes: namespaces, seccomp, Landlock; none",
    )


def test_the_good_files_are_read_and_the_others_told(tmp_path: Path) -> None:
    good = bench.write(tmp_path / "good.sqlite", bench.run(("sstar",), problems=2))
    empty = bench.write(tmp_path / "empty.sqlite", bench.run(("sstar",), problems=2, missing=1.0))
    (tmp_path / "text.sqlite").write_text("no database")
    runs, refused = read([tmp_path / "text.sqlite", empty, tmp_path / "absent.sqlite", good])
    assert [run.path for run in runs] == [good]
    assert len(refused) == 3
    assert "holds no results yet" in refused[1]
    with pytest.raises(InputError, match="there is no run at"):
        read([tmp_path / "absent.sqlite"])


def test_every_setting_shapes_answers_or_is_known_not_to() -> None:
    settings = Settings(examples=None)
    shaping = settings.shaping().keys()
    left = settings.model_dump().keys() - shaping - {"shots", "examples_by"}  # these two need examples
    assert left == NOT_ANSWERS
