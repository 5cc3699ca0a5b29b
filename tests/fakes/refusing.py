"""Runs a command where some system calls are refused, as containers do. A script.

python refusing.py unshare,landlock COMMAND...
"""

import os
import sys

from distinguo.sandbox.inside import seccomp, syscalls

NUMBERS = {"unshare": {"x86_64": 272, "aarch64": 97}, "landlock": {"x86_64": 444, "aarch64": 444}}
LOAD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, EPERM = 0x7FFF0000, 0x50001
PR_SET_NO_NEW_PRIVS = 38


def main() -> None:
    refused = [NUMBERS[name][syscalls.machine()] for name in sys.argv[1].split(",")]
    program = seccomp._instruction(LOAD, 0)
    for number in refused:
        program += seccomp._instruction(JUMP_EQUAL, number, 0, 1) + seccomp._instruction(RETURN, EPERM)
    syscalls.prctl(PR_SET_NO_NEW_PRIVS, 1)
    seccomp.install(program + seccomp._instruction(RETURN, ALLOW))
    os.execv(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
