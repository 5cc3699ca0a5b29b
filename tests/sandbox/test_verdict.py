"""Verdicts from invented kernel reports; the real ones are tested by running programs."""

import os
import signal

import pytest

from distinguo.problem import CallStyle, Limits, Program
from distinguo.records import Called, CallsExecution, Execution, Verdict
from distinguo.sandbox.files import RunFiles
from distinguo.sandbox.inside.wire import OPAQUE, RAISED, VALUE, Answer, End, Ready, pack_call
from distinguo.sandbox.verdict import Replies, calls_execution, execution, starved

READY = Ready(base_rss=10 << 20, landlock=0, namespaces=True, own_uid=True)
ENDED = Answer(1, End.EXIT, 0, 0.1, 0.2, 12 << 20)
FAILED = ENDED._replace(wait_status=1 << 8)
LIMITS = Limits(cpu_seconds=1.0, wall_seconds=2.0, memory_mb=64, output_bytes=100)


def judge(
    answer: Answer, *, stdout: bytes = b"", stderr: bytes = b"", reply: bytes = b"Q", style: CallStyle = CallStyle.STDIN
) -> Execution:
    with RunFiles(Program("", style, "f"), "") as files:
        _, out, err, message = files.descriptors
        os.ftruncate(message, 0)
        for descriptor, content in ((message, reply), (out, stdout), (err, stderr)):
            os.pwrite(descriptor, content, 0)
        return execution(answer, files, style, LIMITS, READY)


@pytest.mark.parametrize(
    "answer,verdict",
    [
        (ENDED, Verdict.AC),
        (FAILED, Verdict.RTE),
        (ENDED._replace(end=End.CPU, wait_status=signal.SIGKILL), Verdict.TLE),
        (ENDED._replace(end=End.WALL, wait_status=signal.SIGKILL), Verdict.TLE),
        (ENDED._replace(cpu_seconds=1.0), Verdict.TLE),
        (ENDED._replace(max_rss=75 << 20), Verdict.MLE),
        (ENDED._replace(max_rss=75 << 20, end=End.CPU, wait_status=signal.SIGKILL), Verdict.MLE),
        (ENDED._replace(wait_status=signal.SIGKILL), Verdict.MLE),
        (ENDED._replace(wait_status=signal.SIGXFSZ), Verdict.OLE),
        (ENDED._replace(wait_status=signal.SIGSEGV), Verdict.RTE),
    ],
)
def test_status_follows_the_kernels_report(answer: Answer, verdict: Verdict) -> None:
    assert judge(answer).status is verdict


@pytest.mark.parametrize(
    "cpu_seconds,preempted,expected",
    [(0.001, 0, False), (0.001, 10, False), (0.001, 11, True), (0.05, 0, True)],
)
def test_only_a_run_that_asked_for_a_core_may_have_lacked_one(
    cpu_seconds: float, preempted: int, expected: bool
) -> None:
    answer = ENDED._replace(end=End.WALL, cpu_seconds=cpu_seconds, preempted=preempted)
    assert starved(answer, LIMITS) is expected
    assert not starved(answer._replace(end=End.CPU), LIMITS)


def test_output_beyond_the_limit_is_ole_and_cut() -> None:
    assert judge(ENDED, stdout=b"x" * 100).status is Verdict.AC
    over = judge(ENDED, stdout=b"x" * 101)
    assert (over.status, over.output) == (Verdict.OLE, "x" * 100)


@pytest.mark.parametrize(
    "last_line,verdict",
    [
        (b"MemoryError", Verdict.MLE),
        (b"MemoryError: no room", Verdict.MLE),
        (b"numpy._core._exceptions._ArrayMemoryError: Unable to allocate", Verdict.MLE),
        (b"ValueError: MemoryError", Verdict.RTE),
        (b"MemoryErrorLike: x", Verdict.RTE),
    ],
)
def test_uncaught_memory_error_is_mle(last_line: bytes, verdict: Verdict) -> None:
    assert judge(FAILED, stderr=b"Traceback\n" + last_line + b"\n").status is verdict


def test_program_that_prints_memory_error_and_ends_well_is_accepted() -> None:
    assert judge(ENDED, stderr=b"MemoryError\n").status is Verdict.AC


def test_error_says_how_it_ended_where_the_program_does_not() -> None:
    assert judge(FAILED).error == "exited with status 1"
    assert judge(FAILED, stderr=b"why\n").error == "why\n"
    assert judge(replace_status(signal.SIGSEGV), stderr=b"why\n").error == "why\nkilled by SIGSEGV"
    assert judge(replace_status(signal.SIGRTMIN + 1)).error == f"killed by signal {signal.SIGRTMIN + 1}"


def replace_status(wait_status: int) -> Answer:
    return ENDED._replace(wait_status=wait_status)


@pytest.mark.parametrize(
    "reply,status,output",
    [
        (b"V[1]", Verdict.AC, "[1]"),
        (b"Omap", Verdict.AC, "<object of type map>"),
        (b"O" + b"x" * 200, Verdict.AC, f"<object of type {'x' * 80}>"),
        (b"C", Verdict.CE, ""),
        (b"", Verdict.RTE, ""),
        (b"Q", Verdict.RTE, ""),
        (b"J", Verdict.RTE, ""),
    ],
)
def test_reply_is_only_data(reply: bytes, status: Verdict, output: str) -> None:
    result = judge(ENDED, reply=reply, style=CallStyle.FUNCTION)
    assert (result.status, result.output) == (status, output)


def test_value_of_a_run_that_did_not_end_well_does_not_count() -> None:
    result = judge(FAILED, reply=b"V42", style=CallStyle.FUNCTION)
    assert (result.status, result.output) == (Verdict.RTE, "")


def judge_calls(answer: Answer, reply: bytes, expected: int) -> CallsExecution:
    with RunFiles(Program("", CallStyle.FUNCTION, "f"), "", ["()"] * expected) as files:
        os.ftruncate(files.descriptors[-1], 0)
        os.pwrite(files.descriptors[-1], reply, 0)
        return calls_execution(answer, files, Replies(files, expected, LIMITS), expected, LIMITS, READY)


ONE, TWO = pack_call(VALUE, b"1", b""), pack_call(RAISED, b"ValueError: x", b"([],)")


def test_calls_are_read_in_order() -> None:
    result = judge_calls(ENDED, ONE + TWO + pack_call(OPAQUE, b"map", b""), 3)
    assert result.execution.status is Verdict.AC
    assert result.called == (
        Called("1"),
        Called(None, "ValueError: x", "([],)"),
        Called("<object of type map>"),
    )


@pytest.mark.parametrize(
    "reply,called",
    [
        (b"", 0),
        (ONE, 1),
        (ONE + TWO[:-1], 1),
        (ONE + b"V" + b"\xff" * 16, 1),
        (ONE + b"?" + TWO[1:], 1),
        (b"nonsense", 0),
    ],
)
def test_run_that_exits_before_its_last_call_is_rte(reply: bytes, called: int) -> None:
    result = judge_calls(ENDED, reply, 2)
    assert (result.execution.status, len(result.called)) == (Verdict.RTE, called)
    assert f"exited in call {called + 1} of 2" in result.execution.error


def test_more_results_than_calls_are_not_looked_at() -> None:
    assert judge_calls(ENDED, ONE * 5, 2).called == (Called("1"), Called("1"))


def test_cancelled_run_is_accepted_as_far_as_it_went() -> None:
    result = judge_calls(ENDED._replace(end=End.CANCELLED, wait_status=signal.SIGKILL), ONE, 2)
    assert (result.execution.status, result.called) == (Verdict.AC, (Called("1"),))


def test_results_are_read_on_where_they_grew() -> None:
    with RunFiles(Program("", CallStyle.FUNCTION, "f"), "", ["()"] * 3) as files:
        replies = Replies(files, 3, LIMITS)
        assert not replies.read(), "the request is no result"
        os.ftruncate(files.descriptors[-1], 0)
        os.pwrite(files.descriptors[-1], ONE + TWO[:5], 0)
        assert replies.read()
        assert not replies.read()
        os.pwrite(files.descriptors[-1], TWO, len(ONE))
        assert replies.read()
        os.ftruncate(files.descriptors[-1], 0)
        assert not replies.read()
        assert [called.value for called in replies.called] == ["1", None]
