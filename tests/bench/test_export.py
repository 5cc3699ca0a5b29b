"""Exports of a run's tables: what is written says what the run holds, and nothing that must stay secret."""

import gzip
import hashlib
import io
import json
import re
import sqlite3
import tracemalloc
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes import bench
from fakes.exported import TASKS, command, lines, solved
from pyarrow import parquet

from distinguo import datasets
from distinguo.bench.export import FORMS, TABLES, export
from distinguo.bench.records import State
from distinguo.bench.runfile import Run
from distinguo.config import derive_seed
from distinguo.errors import InputError
from distinguo.records import Completion, FinishReason, Message, Request, Role
from distinguo.store import Store, completion_key


@pytest.fixture
def run(tmp_path: Path) -> tuple[Path, Run]:
    """A run of all methods with failures."""
    made = bench.run(problems=6, failing=0.2, missing=0.1, path=tmp_path / "run.sqlite")
    return bench.write(tmp_path / "run.sqlite", made), made


# --- tables


def test_a_folder_gets_a_file_for_each_table(run: tuple[Path, Run], tmp_path: Path) -> None:
    path, made = run
    done = export(path, tmp_path / "out")
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "arms.jsonl", "calls.jsonl", "choices.jsonl", "samples.jsonl",
    ]  # fmt: skip
    assert done.rows == {name: len(lines(tmp_path / "out" / f"{name}.jsonl")) for name in TABLES}
    assert done.warnings == ()
    assert done.rows["arms"] == len(made.arms)
    assert done.rows["choices"] == len(made.results)
    assert done.rows["samples"] == sum(len(s.rounds) for found in made.results.values() for s in found.samples)


def test_rows_say_what_the_results_say(run: tuple[Path, Run], tmp_path: Path) -> None:
    path, made = run
    export(path, tmp_path / "out")
    for row in lines(tmp_path / "out" / "choices.jsonl"):
        found = made.results[row["arm_key"], row["problem"]]
        assert row["arm"] == made.arms[row["arm_key"]].name
        assert (row["state"], row["chosen"], row["calls"]) == (found.state, found.chosen, found.total.calls)
        assert row["right"] == (found.right if found.done else None)
        assert row["difficulty"] == made.facts[row["problem"]].difficulty
    chosen = Counter[tuple[str, str]]()
    for row in lines(tmp_path / "out" / "samples.jsonl"):
        found = made.results[row["arm_key"], row["problem"]]
        grade = found.samples[row["sample"]].rounds[row["round"]]
        assert (row["verdict"], row["public_passed"]) == (grade.verdict, grade.public)
        if row["program"] is None:
            assert (row["digest"], row["kept"]) == (None, False)
        else:
            assert hashlib.sha256(row["program"].encode()).hexdigest().startswith(row["digest"])
        if row["chosen"]:
            chosen[row["arm_key"], row["problem"]] += 1
            assert (row["verdict"] == "AC") == found.right
    assert chosen == Counter(key for key, found in made.results.items() if found.chosen is not None)


def test_one_stream_names_the_table_of_each_line(run: tuple[Path, Run], tmp_path: Path) -> None:
    stream = io.BytesIO()
    done = export(run[0], stream)
    rows = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert Counter(row["table"] for row in rows) == +Counter(done.rows)
    assert done.files == ()
    export(run[0], tmp_path / "all.jsonl.gz")
    assert gzip.decompress((tmp_path / "all.jsonl.gz").read_bytes()) == stream.getvalue()


def test_one_table_of_one_arm(run: tuple[Path, Run], tmp_path: Path) -> None:
    target = tmp_path / "choices.jsonl"
    done = export(run[0], target, table="choices", arm="self-debug")
    assert done.files == (target,)
    assert {row["arm"] for row in lines(target)} == {"self-debug"}
    assert "table" not in lines(target)[0]


def test_only_the_chosen_programs(run: tuple[Path, Run], tmp_path: Path) -> None:
    export(run[0], tmp_path / "s.jsonl", table="samples", chosen=True)
    rows = lines(tmp_path / "s.jsonl")
    assert len(rows) == sum(found.chosen is not None for found in run[1].results.values())
    assert all(row["chosen"] and row["kept"] for row in rows)


def test_parquet_has_typed_columns_and_the_same_rows(run: tuple[Path, Run], tmp_path: Path) -> None:
    export(run[0], tmp_path / "json")
    export(run[0], tmp_path / "parquet", form="parquet")
    for name in TABLES:
        table = parquet.read_table(tmp_path / "parquet" / f"{name}.parquet")
        rows = table.to_pylist()
        for row in rows:
            if "steps" in row:
                row["steps"] = dict(row["steps"])
            if "settings" in row:
                row["settings"] = json.loads(row["settings"])
        assert rows == lines(tmp_path / "json" / f"{name}.jsonl")
    kinds = parquet.read_schema(tmp_path / "parquet" / "samples.parquet")
    assert [str(kinds.field(name).type) for name in ("program", "sample", "kept")] == ["string", "int64", "bool"]


def test_parquet_into_one_file_and_a_stream(run: tuple[Path, Run], tmp_path: Path) -> None:
    stream = io.BytesIO()
    export(run[0], stream, form="parquet", table="arms")
    export(run[0], tmp_path / "arms.parquet", form="parquet", table="arms")
    expected = parquet.read_table(tmp_path / "arms.parquet")
    assert parquet.read_table(io.BytesIO(stream.getvalue())) == expected
    assert expected.num_rows == len(run[1].arms)


def test_large_tables_are_written_in_groups(tmp_path: Path) -> None:
    made = bench.run([bench.arm("sstar", n=60)], 12)
    path = bench.write(tmp_path / "run.sqlite", made)
    done = export(path, tmp_path / "s.parquet", form="parquet", table="samples")
    groups = parquet.ParquetFile(tmp_path / "s.parquet").metadata
    assert groups.num_rows == done.rows["samples"] > 1000
    assert groups.num_row_groups > 1


def test_texts_with_lone_surrogates(tmp_path: Path) -> None:
    path = solved(tmp_path, {"HumanEval/0": ["x = '\ud800'\n"]})
    export(path, tmp_path / "s.jsonl", table="samples")
    assert lines(tmp_path / "s.jsonl")[0]["program"] == "x = '\ud800'\n"
    export(path, tmp_path / "s.parquet", form="parquet", table="samples")
    assert parquet.read_table(tmp_path / "s.parquet")["program"].to_pylist() == ["x = '?'\n"]


def test_a_lost_program_is_counted_and_the_rest_goes_on(run: tuple[Path, Run], tmp_path: Path) -> None:
    with closing(sqlite3.connect(run[0])) as db:
        key = next(key for key, found in run[1].results.items() if found.chosen is not None)
        found = run[1].results[key]
        sample = next(sample for sample in found.samples if sample.sample == found.chosen)
        db.execute("DELETE FROM records WHERE key = ?", (f"{'/'.join(key)}/{sample.sample}.{sample.kept}",))
        db.commit()
    done = export(run[0], tmp_path / "s.jsonl", table="samples")
    assert done.warnings == ("programs that are not in the file: 1",)
    rows = [row for row in lines(tmp_path / "s.jsonl") if row["program"] is None and row["digest"]]
    assert [(row["arm_key"], row["problem"], row["verdict"] == "AC") for row in rows] == [(*key, found.right)]


def test_rounds_of_a_problem_that_is_not_completed(tmp_path: Path) -> None:
    made = bench.run(["sstar"], 1)
    path = bench.write(tmp_path / "run.sqlite", made)
    ((arm, problem), found), *_ = made.results.items()
    with Store(path) as store:
        broken = replace(found, state=State.API_ERROR, samples=(), chosen=None, right=False)
        store.record("bench-result", f"{arm}/{problem}", broken.as_dict())
    export(path, tmp_path / "out")
    rows = lines(tmp_path / "out" / "samples.jsonl")
    assert len(rows) == sum(len(sample.rounds) for sample in found.samples)
    assert {(row["verdict"], row["kept"], row["chosen"]) for row in rows} == {(None, None, False)}
    (choice,) = lines(tmp_path / "out" / "choices.jsonl")
    assert (choice["state"], choice["right"]) == ("api error", None)


def test_a_problem_whose_id_begins_with_another(tmp_path: Path) -> None:
    made = bench.run(["zero-shot"], ["a", "a/0.0", "a/b", "a0"])
    export(bench.write(tmp_path / "run.sqlite", made), tmp_path / "s.jsonl", table="samples")
    assert [row["problem"] for row in lines(tmp_path / "s.jsonl")] == ["a", "a/0.0", "a/b", "a0"]


# --- calls


def call(
    store: Store,
    problem: str,
    sample: int,
    round: int,
    text: str,
    *,
    role: Role | None = None,
    temperature: float = 0.7,
) -> int:
    role = role or (Role.DEBUGGER if round else Role.GENERATOR)
    seed = derive_seed(0, problem, role, sample, round)
    request = Request(role, sample, round, (Message("user", "solve"),), temperature, seed, 100)
    number = store.call_started(completion_key("local", request), "local", request)
    store.call_arrived(number, Completion(text, "thought", FinishReason.STOP, 10, 5, 0.1))
    return number


def test_calls_name_their_problem(tmp_path: Path) -> None:
    path = bench.write(tmp_path / "run.sqlite", bench.run(["sstar"], 3))
    with Store(path) as store:
        call(store, "HumanEval/1", 0, 0, "one")
        call(store, "another", 0, 0, "two")
        store.call_started("k", "local", Request(Role.JUDGE, 0, 0, (), 0.0, 7, 100))
    export(path, tmp_path / "calls.jsonl", table="calls")
    rows = {row["text"]: row for row in lines(tmp_path / "calls.jsonl")}
    assert {text: row["problem"] for text, row in rows.items()} == {"one": "HumanEval/1", "two": None, None: None}
    assert rows["one"]["messages"] == [{"role": "user", "content": "solve"}]
    assert (rows["one"]["model"], rows["one"]["prompt_tokens"], rows["one"]["estimated"]) == ("local", 10, False)
    export(path, tmp_path / "calls.parquet", form="parquet", table="calls")
    assert parquet.read_table(tmp_path / "calls.parquet").to_pylist() == lines(tmp_path / "calls.jsonl")


def test_completions_go_to_their_rounds(tmp_path: Path) -> None:
    cold = bench.arm("sstar", temperature=0.2)
    made = bench.run(["sstar", cold], 1)
    path = bench.write(tmp_path / "run.sqlite", made)
    warm = next(arm for arm in made.arms.values() if arm != cold)
    with Store(path) as store:
        drafts = [call(store, "HumanEval/0", 0, 0, f"draft at {heat}", temperature=heat) for heat in (0.7, 0.2)]
        fix = call(store, "HumanEval/0", 1, 1, "fix")
        judged = call(store, "HumanEval/0", 2, 0, "the first is better", role=Role.JUDGE)
        store.record("bench-calls", f"{warm.key}/HumanEval/0", {"calls": [drafts[0], fix, judged]})
        store.record("bench-calls", f"{cold.key}/HumanEval/0", {"calls": [drafts[1], 4711]})
    export(path, tmp_path / "s.jsonl", table="samples", completions=True)
    rows = lines(tmp_path / "s.jsonl")
    told = {(row["arm_key"], row["sample"], row["round"]): row["completion"] for row in rows if row["completion"]}
    assert told == {
        (warm.key, 0, 0): "draft at 0.7",
        **({(warm.key, 1, 1): "fix"} if any((row["sample"], row["round"]) == (1, 1) for row in rows) else {}),
        (cold.key, 0, 0): "draft at 0.2",
    }
    assert rows[0]["reasoning"] == "thought"
    assert rows[2]["completion"] is None


def test_memory_does_not_grow_with_the_run(tmp_path: Path) -> None:
    peaks = list[int]()
    for problems in (20, 200):
        path = bench.write(tmp_path / f"{problems}.sqlite", bench.run(["self-debug"], problems))
        export(path, tmp_path / "out")  # what is imported on the way does not count
        tracemalloc.start()
        export(path, tmp_path / "out")
        export(path, tmp_path / "out.jsonl", samples="evalplus")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0] + (1 << 16)


# --- what must not get out, and what cannot be done


def test_no_export_holds_what_hidden_tests_are(run: tuple[Path, Run], tmp_path: Path) -> None:
    secret = "hidden-4711"
    with closing(sqlite3.connect(run[0])) as db:
        db.execute("INSERT INTO executions VALUES ('k', 'p', ?, 'AC', ?, '', '', 0, 0, 0)", (secret, secret))
        db.execute("INSERT INTO records (kind, key, body) VALUES ('grade', 'g', ?)", (json.dumps({"test": secret}),))
        db.execute("INSERT INTO facts VALUES ('hidden', ?)", (json.dumps(secret),))
        db.commit()
    stream = io.BytesIO()
    export(run[0], stream, completions=True)
    (tmp_path / "tasks.jsonl").write_text("".join(json.dumps(task) + "\n" for task in TASKS))
    tasks = datasets.open(str(tmp_path / "tasks.jsonl"))
    for form in FORMS:
        export(run[0], stream, samples=form, arm="sstar", dataset=tasks)
    assert stream.getvalue()
    assert secret.encode() not in stream.getvalue()


@pytest.mark.parametrize(
    "to, options, sentence",
    [
        ("out.jsonl", {"table": "verdicts"}, "there is no table 'verdicts'; the tables are samples, choices, calls"),
        ("out.jsonl", {"samples": "swe"}, "there is no sample format 'swe'; the formats are human-eval"),
        ("out.jsonl", {"samples": "evalplus", "table": "samples"}, "either --samples or --table"),
        ("out", {"samples": "evalplus", "form": "parquet"}, "leave --parquet away"),
        ("out.parquet", {"form": "parquet"}, "holds one table"),
        ("run.sqlite", {}, "is the run itself"),
        ("run.sqlite/out.jsonl", {}, "cannot write .*out.jsonl"),
        ("out.jsonl", {"arm": "best"}, "there is no arm 'best'; the arms are 'zero-shot'"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_one_sentence(
    to: str, options: dict[str, Any], sentence: str, run: tuple[Path, Run], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=sentence):
        export(run[0], tmp_path / to, **({"arm": "sstar"} if "samples" in options else {}) | options)
    assert not list(tmp_path.glob("out*"))


def test_files_that_are_no_run(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    with Store(tmp_path / "other"):
        pass
    empty = replace(bench.run(["sstar"], 1), results={})
    bench.write(tmp_path / "empty", empty)
    for name, sentence in (
        ("missing", "there is no run"), ("text", "is not a run"), ("other", "is no run of distinguo bench"),
        ("empty", "holds no results yet"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=sentence):
            export(tmp_path / name, tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()


def test_parquet_without_pyarrow(run: tuple[Path, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(InputError, match=r"pip install 'distinguo\[data\]'"):
        export(run[0], tmp_path / "out", form="parquet")
    assert not list((tmp_path / "out").iterdir())


def test_a_failed_export_leaves_the_earlier_one(run: tuple[Path, Run], tmp_path: Path) -> None:
    target = tmp_path / "choices.jsonl"
    export(run[0], target, table="choices")
    before = target.read_bytes()
    with closing(sqlite3.connect(run[0])) as db:
        db.execute("UPDATE records SET body = '{' WHERE id = (SELECT MAX(id) FROM records WHERE kind = 'bench-result')")
        db.commit()
    with pytest.raises(InputError, match="is not a run of distinguo, or another version wrote it"):
        export(run[0], target, table="choices")
    assert target.read_bytes() == before
    assert not list(tmp_path.glob("*.partial"))


# --- the command


def test_the_command_writes_tables_and_says_so(run: tuple[Path, Run], tmp_path: Path) -> None:
    status, shown, said = command(run[0], "--to", tmp_path / "out", "--parquet", "--arm", "sstar")
    assert (status, shown) == (0, b"")
    assert re.fullmatch(r"[\d,]+ samples, \d choices, 0 calls, 1 arms are in .*out\n", said)
    assert len(list((tmp_path / "out").glob("*.parquet"))) == 4


def test_the_command_writes_to_standard_output(run: tuple[Path, Run], tmp_path: Path) -> None:
    status, shown, said = command(run[0], "--to", "-", "--jsonl", "--samples", "evalplus", "--arm", "self-debug")
    assert status == 0
    assert {frozenset(json.loads(line)) for line in shown.splitlines()} == {frozenset({"task_id", "solution"})}
    assert said.splitlines()[-1] == f"{len(shown.splitlines())} records of evalplus"


def test_the_command_refuses_in_one_sentence(run: tuple[Path, Run], tmp_path: Path) -> None:
    for arguments in (("--to", "-", "--jsonl", "--parquet"), ("--to", "-", "--table", "x"), ("--to", run[0])):
        status, shown, said = command(run[0], *arguments)
        assert (status, shown) == (2, b"")
        assert re.fullmatch(r"distinguo: [^\n]+\n", said)
