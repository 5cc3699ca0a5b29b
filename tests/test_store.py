"""The run's file: nothing that arrived is lost, one writer, recordings are read only."""

import json
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distinguo.errors import InputError
from distinguo.problem import Limits, Program
from distinguo.records import Completion, Execution, FinishReason, Message, Request, Role, Usage, Verdict
from distinguo.store import Recording, Store, completion_key, execution_key, prompt_key
from distinguo.store.schema import STEPS

REQUEST = Request(Role.GENERATOR, 3, 1, (Message("user", "hello"),), 0.7, 1, max_tokens=100)
DONE = Completion("text", "thoughts", FinishReason.LENGTH, 50, 10, 0.5)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs" / "run.sqlite"


def arrive(store: Store, request: Request = REQUEST, completion: Completion = DONE) -> str:
    key = completion_key("local", request)
    store.call_arrived(store.call_started(key, "local", request), completion)
    return key


def test_a_completion_outlives_its_process(path: Path) -> None:
    script = (
        "import os, signal, sys; sys.path[:0] = sys.argv[2:]\n"
        "from pathlib import Path; from test_store import Store, arrive\n"
        "arrive(Store(Path(sys.argv[1]))); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script, path, str(Path(__file__).parent)], check=False)
    assert ended.returncode == -9
    with Store(path) as store:
        assert store.completion(completion_key("local", REQUEST)) == DONE


def test_a_call_in_flight_at_a_crash_is_counted_and_lost(path: Path) -> None:
    with Store(path) as store:
        store.call_started("key", "local", REQUEST, prompt_tokens=12)
    with Store(path) as store:
        assert store.completion("key") is None
        assert store.usage() == Usage(1, 12, estimated=1)


def test_usage_counts_failed_calls(path: Path) -> None:
    with Store(path) as store:
        arrive(store)
        store.call_failed(store.call_started("other", "openai/a", REQUEST), "overloaded")
        assert store.usage() == Usage(2, 50, 10)
        assert store.usage_by_model() == {"local": Usage(1, 50, 10), "openai/a": Usage(1, 0, 0)}


def test_a_second_process_is_refused(path: Path) -> None:
    with Store(path):
        script = "import sys; from pathlib import Path; from distinguo.store import Store; Store(Path(sys.argv[1]))"
        second = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=False)
    assert "another process or task is working on" in second.stderr
    Store(path).close()


def test_a_refused_second_task_leaves_the_first_ones_locks(path: Path) -> None:
    """Closing a descriptor of the file would drop SQLite's locks, and a reader then the unmerged log."""
    with Store(path) as store:
        with pytest.raises(InputError, match="another process or task is working on"):
            Store(path)
        key = arrive(store)
        reader = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute('SELECT * FROM calls'); db.close()"
        subprocess.run([sys.executable, "-c", reader, path], check=True)
        assert path.with_name(path.name + "-wal").exists()
        assert store.completion(key) == DONE


def test_a_full_disk_is_one_sentence(path: Path) -> None:
    with Store(path) as store:
        store._db.execute("PRAGMA max_page_count = 12")
        with pytest.raises(InputError, match="no space is left"):
            arrive(store, replace(REQUEST, messages=(Message("user", "x" * 500_000),)))


def test_a_call_is_not_sent_where_its_answer_would_find_no_room(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store(path) as store:
        monkeypatch.setattr("distinguo.store.file.HEADROOM", 1 << 62)
        with pytest.raises(InputError, match="no space is left"):
            arrive(store)
        assert store.usage() == Usage()


def test_seconds_of_all_sessions_count_and_survive_a_kill(path: Path) -> None:
    script = (
        "import os, signal, sys, time; sys.path[:0] = sys.argv[2:]\n"
        "from pathlib import Path; from test_store import Store, arrive\n"
        "store = Store(Path(sys.argv[1])); store.begin(); time.sleep(0.3); arrive(store)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", script, path, str(Path(__file__).parent)], check=False)
    with Store(path) as store:
        first = store.seconds()
        assert first >= 0.3
        store.begin()
        assert store.seconds() > first


def test_opening_a_file_is_no_session(path: Path) -> None:
    with Store(path) as store:
        assert store.seconds() == 0
    with Store(path) as store:
        assert store.seconds() == 0


def test_a_file_of_the_first_form_goes_on(path: Path) -> None:
    path.parent.mkdir()
    db = sqlite3.connect(path)
    db.executescript(f"{STEPS[0]} PRAGMA user_version = 1; INSERT INTO facts VALUES ('seconds', '12.5');")
    db.execute(
        "INSERT INTO calls (key, prompt_key, model, role, sample, round, request, state, started, seconds, text,"
        " reasoning, finish_reason, prompt_tokens, completion_tokens)"
        " VALUES (?, ?, 'local', 'generator', 3, 1, '{}', 'arrived', 0, 0.5, 'text', 'thoughts', 'length', 50, 10)",
        (completion_key("local", REQUEST), prompt_key(REQUEST)),
    )
    db.commit()
    db.close()
    recording = Recording(path)
    assert recording.answer(REQUEST) == DONE
    recording.close()
    with Store(path) as store:
        assert store.completion(completion_key("local", REQUEST)) == DONE
        assert store.seconds() == 12.5
        assert store.cut_answers() == 1


def test_another_writer_is_one_sentence(path: Path) -> None:
    with Store(path) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        store._db.execute("PRAGMA busy_timeout = 10")
        with pytest.raises(InputError, match="another program is writing"):
            arrive(store)
        other.close()


@pytest.mark.parametrize("content", [b"not a database at all, really not" * 40, None])
def test_a_file_that_is_no_run_is_refused(path: Path, content: bytes | None) -> None:
    path.parent.mkdir()
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(InputError, match="--out"):
        Store(path)
    if content is not None:
        assert path.read_bytes() == content


def test_a_newer_file_is_refused(path: Path) -> None:
    Store(path).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(InputError, match="newer version"):
        Store(path)


def test_executions_come_back_as_they_were(path: Path) -> None:
    program, limits = Program("print('\ud800')"), Limits()
    execution = Execution(Verdict.RTE, "\ud800 half", "Traceback", "", 0.5, 0.6, 12.0)
    key = execution_key(program, "in", limits, "python 3")
    with Store(path) as store:
        store.keep_execution(key, program, "in", execution)
        assert store.execution(key) == execution
    with Store(path) as store:
        assert store.execution(key) == execution
        assert store.execution(execution_key(program, "in", Limits(cpu_seconds=1), "python 3")) is None
        assert store.execution(execution_key(program, "in", limits, "python 4")) is None


@given(text=st.text(st.characters()))
def test_any_text_comes_back(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    completion = Completion(text, text, FinishReason.STOP, 1, 1, 0.0)
    with Store(tmp_path_factory.mktemp("run") / "run.sqlite") as store:
        assert store.completion(arrive(store, completion=completion)) == completion


def test_records_are_replaced_by_key(path: Path) -> None:
    with Store(path) as store:
        store.record("round", "0.0", {"passed": 1})
        store.record("round", "0.1", {"passed": 2})
        store.record("round", "0.0", {"passed": 3})
        assert store.records("round") == {"0.0": {"passed": 3}, "0.1": {"passed": 2}}
        store.forget("round")
        assert store.records("round") == {}


def test_clear_forgets_everything(path: Path) -> None:
    with Store(path) as store:
        key = arrive(store)
        store.set_facts({"result": {"a": 1}})
        store.clear()
        assert store.completion(key) is None
        assert store.fact("result") is None
        assert store.usage() == Usage()


def test_a_recording_answers_by_messages_and_place_whatever_the_model(path: Path) -> None:
    failed = Request(Role.JUDGE, 0, 0, REQUEST.messages, 0.0, 1, max_tokens=5)
    with Store(path) as store:
        arrive(store)
        store.call_failed(store.call_started("k", "local", failed), "too long")
        store.set_facts({"context_tokens": {"judge": 4096}})
    recording = Recording(path)
    assert recording.answer(Request(Role.GENERATOR, 3, 1, REQUEST.messages, 0.1, 9, max_tokens=7)) == DONE
    assert recording.answer(failed) == "too long"
    assert recording.answer(Request(Role.GENERATOR, 4, 1, REQUEST.messages, 0.7, 1, max_tokens=100)) is None
    assert (recording.context_tokens(Role.JUDGE), recording.context_tokens(Role.DEBUGGER)) == (4096, None)
    recording.close()


@pytest.mark.parametrize("content", [None, b"text" * 500])
def test_a_recording_that_is_none_is_refused(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "recorded.sqlite"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputError, match=r"recorded\.sqlite"):
        Recording(file)


@pytest.mark.parametrize(
    "changed,in_prompt_key",
    [
        (replace(REQUEST, role=Role.JUDGE), True),
        (replace(REQUEST, sample=4), True),
        (replace(REQUEST, round=2), True),
        (replace(REQUEST, messages=()), True),
        (replace(REQUEST, temperature=0.1), False),
        (replace(REQUEST, seed=2), False),
        (replace(REQUEST, max_tokens=7), False),
        (replace(REQUEST, stop=("end",)), False),
        (replace(REQUEST, schema=json.dumps({})), False),
        (replace(REQUEST, reasoning_effort="low"), False),
    ],
)
def test_every_field_of_a_request_is_in_its_key(changed: Request, in_prompt_key: bool) -> None:
    assert completion_key("local", changed) != completion_key("local", REQUEST)
    assert (prompt_key(changed) != prompt_key(REQUEST)) == in_prompt_key


def test_a_long_input_is_kept_once(tmp_path: Path) -> None:
    large = "7" * 1_000_000
    with Store(tmp_path / "run.sqlite") as store:
        for number in range(20):
            program = Program(f"print({number})")
            store.keep_execution(f"key{number}", program, large, Execution(Verdict.AC, str(number)))
    assert (tmp_path / "run.sqlite").stat().st_size < 3_000_000
    with sqlite3.connect(tmp_path / "run.sqlite") as db:
        (name,) = db.execute("SELECT DISTINCT stdin FROM executions").fetchone()
        assert db.execute("SELECT text FROM texts WHERE name = ?", (name,)).fetchone() == (large,)
