"""The log: one JSON object a line, no prompts unless asked for, an unwritable file is one sentence."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from distinguo.errors import InputError
from distinguo.events import CallFinished, Decided, Event, Note, RoundFinished, RunFinished, RunStarted
from distinguo.logs import JsonLines
from distinguo.records import Cluster, Completion, FinishReason, Message, Request, Role, Selection, Usage

REQUEST = Request(Role.JUDGE, 3, 1, (Message("user", "the prompt"),), 0.7, 1, max_tokens=100)
DONE = Completion("the answer", "the thinking", FinishReason.LENGTH, 50, 10, 0.5)
CALL = CallFinished(Role.JUDGE, Usage(1, 50, 10, 1), 0.5, model="openai/a", request=REQUEST, completion=DONE)
EVENTS: list[Event] = [
    RunStarted("p", "run.sqlite", {"judge": "openai/a"}, {"n": 2}),
    CALL,
    CallFinished(Role.JUDGE, Usage(1), error="broke", model="openai/a", request=REQUEST, repeated=True),
    RoundFinished(0, 1, 2, 3),
    Note("It is so."),
    Decided(Selection("sstar", 0, (Cluster((0,)),), "the only one")),
    RunFinished({"program": "pass"}),
]


def logged(path: Path, *events: Event, **options: bool) -> list[dict[str, Any]]:
    with JsonLines(path, **options) as lines:
        for event in events:
            lines(event)
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_event_is_a_line_with_its_time(tmp_path: Path) -> None:
    lines = logged(tmp_path / "log", *EVENTS)
    assert [line["event"] for line in lines] == [
        "run_started", "call", "call", "round", "note", "decision", "run_finished",
    ]  # fmt: skip
    assert all(line["time"].endswith("+00:00") for line in lines)
    assert lines[-2]["selection"]["reason"] == "the only one"


def test_a_call_is_told_without_its_texts(tmp_path: Path) -> None:
    _, call, broken, *_ = logged(tmp_path / "log", *EVENTS)
    expected = {
        "role": "judge", "model": "openai/a", "sample": 3, "round": 1, "prompt_tokens": 50, "completion_tokens": 10,
        "estimated": True, "seconds": 0.5, "finish_reason": "length", "error": "", "cached": False, "repeated": False,
    }  # fmt: skip
    assert expected.items() <= call.items()
    assert (broken["error"], broken["repeated"], broken["finish_reason"]) == ("broke", True, None)
    assert not any(word in (tmp_path / "log").read_text() for word in ("the prompt", "the answer", "the thinking"))


def test_texts_are_in_it_when_asked_for(tmp_path: Path) -> None:
    (call,) = logged(tmp_path / "log", CALL, prompts=True)
    assert call["messages"] == [{"role": "user", "content": "the prompt"}]
    assert (call["text"], call["reasoning"]) == ("the answer", "the thinking")


def test_what_was_there_before_stays(tmp_path: Path) -> None:
    logged(tmp_path / "log", *EVENTS)
    assert len(logged(tmp_path / "log", *EVENTS)) == 2 * len(EVENTS)


def test_the_packages_own_loggers_write_into_it_while_it_is_open(tmp_path: Path) -> None:
    logger = logging.getLogger("distinguo.llm.test")
    with JsonLines(tmp_path / "log"):
        logger.info("waiting %d s", 3, extra={"fields": {"endpoint": "http://here/v1"}})
    logger.info("unheard")
    (line,) = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert line["message"] == "waiting 3 s"
    assert (line["logger"], line["endpoint"]) == ("distinguo.llm.test", "http://here/v1")


@pytest.mark.parametrize("name", ["absent/log", "."])
def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"cannot write the log .*--log"):
        JsonLines(tmp_path / name)


def test_a_full_disk_is_one_sentence() -> None:
    with JsonLines(Path("/dev/full")) as lines, pytest.raises(InputError, match="No space left"):
        lines(Note("too much"))
