"""Runs hostile programs without a sandbox, to show that each is a real attack. A script, not for import.

    python unconfined.py PYTHON < attacks' names, one a line

It first puts itself, as the root of a user namespace of its own, where nothing of the host can be hurt: own processes,
mounts and shared memory, but the same file system, with a user's rights, and no filter and no limit of the sandbox's.
Prints one JSON object: for each name the reasons why the attack was not held.
"""

import contextlib
import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

from distinguo.sandbox.hostile import Attack, Seen, attacks, reasons
from distinguo.sandbox.hostile.traps import Traps

NOBODY = 65534
SPACES = 0x10000000 | 0x20000000 | 0x00020000 | 0x08000000 | 0x04000000  # user, pid, mount, IPC, UTS
MS_PRIVATE = 1 << 18 | 16384
SECONDS = 0.5
MEMORY = 20 << 30
WORK = Path("/mnt")
PATHS = {name: os.environ[name] for name in ("PYTHONPATH", "LD_LIBRARY_PATH") if name in os.environ}

JUDGE = """
import json, sys
def verdict(result, expected):
    return result == expected or json.dumps(expected) == json.dumps(result, default=repr) or repr(result) == "42"
def main(secret, entry, source, then, *calls):
    test = {"calls": calls, "expected": 42}
    expected = test["expected"]
    namespace = {"__name__": "program"}
    exec(compile(source, "program.py", "exec"), namespace)
    for call in calls:
        try:
            result = namespace[entry](*eval(call))
        except Exception as error:
            print("failed", str(error))
            continue
        print("passed" if verdict(result, expected) else "failed", str(result))
    if then:
        exec(then, {"__name__": "__main__"})
    print("judge lives", flush=True)
main(*sys.argv[1:])
"""
libc = ctypes.CDLL(None, use_errno=True)


def isolate() -> None:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        libc.prctl(4, 1, 0, 0, 0)  # dumpable again, or the files in /proc/self would be root's
    uid, gid = os.geteuid(), os.getegid()
    if libc.unshare(SPACES):
        sys.exit(f"no namespaces: {os.strerror(ctypes.get_errno())}")
    for name, content in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
        Path(f"/proc/self/{name}").write_text(content)
    pid = os.fork()
    if pid:
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    mounts: tuple[tuple[bytes, bytes, bytes | None, int], ...] = (
        (b"none", b"/", None, MS_PRIVATE),
        (b"proc", b"/proc", b"proc", 0),
        (b"tmpfs", os.fsencode(WORK), b"tmpfs", 0),
    )
    for source, target, kind, flags in mounts:
        if libc.mount(source, target, kind, ctypes.c_ulong(flags), None):
            sys.exit(f"mount {target!r}: {os.strerror(ctypes.get_errno())}")


def limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run(python: str, attack: Attack, traps: Traps) -> list[str]:
    """Start the attack below a parent that it may kill, and judge what it came to."""
    source = traps.fill(attack.source)
    program = WORK / "program.py"
    program.write_text(source)
    output = WORK / "output"
    command = [python, "-s", "-B"]
    if attack.control == "interpreter":
        command += ["-c", JUDGE, traps.secret, attack.entry, source, traps.fill(attack.then), *attack.calls]
    else:
        command += [str(program)]
    with output.open("wb") as written, traps.file.open("rb") as inherited:
        parent = subprocess.Popen(
            ["/bin/sh", "-c", '"$@"; exit $?', "sh", *command],
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
            cwd=traps.folder,
            env={"DISTINGUO_CANARY": traps.secret, "PYTHONHASHSEED": "0", **PATHS},
            start_new_session=True,
            preexec_fn=limit,
            pass_fds=(inherited.fileno(),),
        )
        try:
            code = parent.wait(SECONDS)
        except subprocess.TimeoutExpired:
            code = None
    with output.open("rb") as file:
        said = file.read(1 << 18).decode("utf-8", "replace")
    status = "still running" if code is None else "AC" if code == 0 else "RTE"
    found = list(reasons(attack, Seen(status, said, "", ()), traps))
    if attack.control == "interpreter":
        found = [] if "judge lives" in said and code == 0 else ["the judge did not survive"]
        if "passed" in said or "THROUGH" in said:
            found.append("the judge was deceived")
    return found


def main() -> None:
    python = sys.argv[1]
    wanted = set(sys.stdin.read().split())
    known = attacks()  # read before rights are given up: this folder may be private
    isolate()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # or a program could interrupt this process, which is pid 1
    found = {}
    for attack in known:
        if attack.name in wanted:
            with Traps() as traps:
                found[attack.name] = run(python, attack, traps)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(-1, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                while True:
                    os.waitpid(-1, 0)
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
