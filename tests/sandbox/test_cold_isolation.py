"""C++ programs in the cold profile: one test per property of the isolation."""

import asyncio
import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from contracts.processes import living
from fakes.cold import LIMITS, cpp, started

from distinguo.records import Verdict
from distinguo.sandbox.cold import Cold

pytestmark = pytest.mark.asyncio(loop_scope="session")

THIS_FILE = Path(__file__).resolve()
REFUSED_CALLS = (
    "SYS_unshare, 0x10000000",
    "SYS_unshare, 0x00020000",
    "SYS_setns, 0, 0",
    "SYS_clone, 0x10000011, 0, 0, 0",
    'SYS_mount, "none", "/tmp", "tmpfs", 0, 0',
    'SYS_pivot_root, "/tmp", "/tmp"',
    'SYS_chroot, "/"',
    "SYS_ptrace, 16, 1, 0, 0",
    "SYS_process_vm_readv, 1, 0, 0, 0, 0, 0",
    "SYS_pidfd_open, 1, 0",
    "SYS_prlimit64, 1, 7, 0, 0",
    "SYS_keyctl, 0, -3, 1",
    "SYS_bpf, 0, 0, 0",
    "SYS_perf_event_open, 0, 0, 0, 0, 0",
    "SYS_io_uring_setup, 1, argv",
    "SYS_userfaultfd, 0",
    'SYS_memfd_create, "x", 0',
    "SYS_shmget, 1, 4096, 0666",
    "SYS_msgget, 1, 0666",
    "SYS_socket, 1, 1, 0",
    "SYS_socketpair, 1, 1, 0, argv",
    'SYS_sethostname, "x", 1',
    'SYS_mknod, "/tmp/zero", 0020666, 0x105',
    "SYS_open_by_handle_at, -1, 0, 0",
    "SYS_seccomp, 1, 0, 0",
    "SYS_landlock_create_ruleset, 0, 0, 1",
    "SYS_setpriority, 0, 1, 5",
    "SYS_kcmp, 1, 1, 0, 0, 0",
    "SYS_flock, 0, 1",
    "SYS_fcntl, 0, 8, 1",
    "SYS_fcntl, 0, 1024, 0",
    "SYS_clone3, argv, 88",
    "SYS_personality, 0",
)
PROBE = cpp(
    """
    char kind, what[4096]; scanf("%c %4095s", &kind, what);
    bool through = kind == 'r' ? access(what, F_OK) == 0 : fopen(what, "w") != nullptr;
    puts(through ? "THROUGH" : "refused");
    """,
    "unistd.h",
)
CALLS = cpp(
    'long r = 0; errno = 0; int number; scanf("%d", &number); switch (number) {'
    + "".join(f"case {number}: r = syscall({call}); break;" for number, call in enumerate(REFUSED_CALLS))
    + '} puts(r == -1 && (errno == ENOSYS || errno == EPERM) ? "refused" : "THROUGH");',
    *("cerrno", "unistd.h", "sys/syscall.h"),
)


async def test_scratch_folder_can_be_written_and_read(cold: Cold) -> None:
    body = """
        FILE *f = fopen("notes", "w"); fputs("kept", f); fclose(f); rename("notes", "/tmp/other");
        char text[9] = {}; f = fopen("other", "r"); fgets(text, 9, f); puts(text);
    """
    assert (await cold.run(cpp(body), "", LIMITS)).output == "kept\n"


async def test_nothing_is_left_for_the_next_run(cold: Cold) -> None:
    program = cpp('puts(fopen("left", "r") ? "THROUGH" : "none"); fopen("left", "w");')
    assert [(await cold.run(program, "", LIMITS)).output for _ in range(2)] == ["none\n"] * 2


async def test_scratch_folder_is_bounded(cold: Cold) -> None:
    body = """
        static char block[1 << 16]; long most = 0;
        for (int i = 0; i < 4000; i++) {
            char name[20]; sprintf(name, "%d", i); FILE *f = fopen(name, "w");
            if (!f || fwrite(block, 1, 65536, f) < 65536 || fclose(f)) break;
            most = i;
        }
        printf("%ld", most);
    """
    execution = await cold.run(cpp(body), "", LIMITS)
    assert 900 < int(execution.output) < 1024


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "/root", "/home", "/proc/self/status", "/sys/kernel", "/dev/shm", "/usr/local/bin"]
)
async def test_host_files_are_not_there(cold: Cold, path: str) -> None:
    assert (await cold.run(PROBE, f"r {path}", LIMITS)).output == "refused\n"


async def test_this_file_is_not_there(cold: Cold) -> None:
    assert (await cold.run(PROBE, f"r {THIS_FILE}", LIMITS)).output == "refused\n"


@pytest.mark.parametrize("path", ["/file", "/usr/file", "/usr/bin/file", "/dev/file", "/dev/full"])
async def test_only_the_scratch_folder_can_be_written(cold: Cold, path: str) -> None:
    assert (await cold.run(PROBE, f"w {path}", LIMITS)).output == "refused\n"


async def test_probe_tells_what_can_be_read_and_written(cold: Cold) -> None:
    assert (await cold.run(PROBE, "r /usr/bin", LIMITS)).output == "THROUGH\n"
    assert (await cold.run(PROBE, "w /tmp/file", LIMITS)).output == "THROUGH\n"


async def test_environment_is_empty(cold: Cold) -> None:
    execution = await cold.run(cpp('puts(environ[0] ? environ[0] : "empty");', "unistd.h"), "", LIMITS)
    assert execution.output == "empty\n"


async def test_no_descriptor_but_the_standard_ones_is_open(cold: Cold) -> None:
    body = 'for (int i = 3; i < 256; i++) if (fcntl(i, F_GETFD) != -1) printf("THROUGH %d", i); puts("none");'
    assert (await cold.run(cpp(body, "fcntl.h"), "", LIMITS)).output == "none\n"


async def test_program_has_no_privilege(cold: Cold) -> None:
    body = 'printf("%d %d %d", getuid() == 0, setuid(0) == 0, getgroups(0, 0) > 1 && getuid() > 2000000000);'
    assert (await cold.run(cpp(body, "unistd.h"), "", LIMITS)).output == "0 0 0"


async def test_no_network(cold: Cold) -> None:
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.setblocking(False)
        port = trap.getsockname()[1]
        body = f"""
            sockaddr_in to = {{}}; to.sin_family = AF_INET; to.sin_port = htons({port});
            to.sin_addr.s_addr = htonl(INADDR_LOOPBACK); int s = socket(AF_INET, SOCK_STREAM, 0);
            puts(connect(s, (sockaddr *)&to, sizeof to) ? "refused" : "THROUGH");
        """
        execution = await cold.run(cpp(body, "arpa/inet.h", "sys/socket.h"), "", LIMITS)
        with pytest.raises(BlockingIOError):
            trap.accept()
    assert execution.output == "refused\n"


@pytest.mark.parametrize("call", ["fork()", "vfork()", "syscall(SYS_clone, 17, 0, 0, 0, 0)"])
async def test_programs_start_no_processes(cold: Cold, call: str) -> None:
    body = f'puts({call} == -1 ? "refused" : "THROUGH");'
    assert (await cold.run(cpp(body, "unistd.h", "sys/syscall.h"), "", LIMITS)).output == "refused\n"


async def test_threads_are_bounded(cold: Cold) -> None:
    body = """
        pthread_attr_t a; pthread_attr_init(&a); pthread_attr_setstacksize(&a, 1 << 16); pthread_t t; int n = 0;
        while (n < 5000 && !pthread_create(&t, &a, [](void *) -> void * { pause(); return 0; }, 0)) n++;
        printf("%d", n); fflush(stdout); _exit(0);
    """
    assert 16 <= int((await cold.run(cpp(body, "pthread.h", "unistd.h"), "", LIMITS)).output) <= 66


@pytest.mark.parametrize("call", REFUSED_CALLS)
async def test_call_is_refused(cold: Cold, call: str) -> None:
    assert (await cold.run(CALLS, str(REFUSED_CALLS.index(call)), LIMITS)).output == "refused\n"


async def test_signals_reach_nobody_else(cold: Cold) -> None:
    """kill(-1) finds nothing; pid 1 is immune inside; the server is not in sight."""
    body = 'signal(SIGTERM, SIG_IGN); kill(1, SIGKILL); kill(getppid(), SIGKILL); printf("%d", kill(-1, SIGTERM));'
    execution = await cold.run(cpp(body, "csignal", "unistd.h"), "", LIMITS)
    assert (execution.status, execution.output) == (Verdict.AC, "-1")


async def test_no_signal_disturbs_those_who_watch(cold: Cold) -> None:
    body = 'for (int i = 1; i < 65; i++) { kill(1, i); kill(getppid(), i); tgkill(1, 1, i); } puts("still here");'
    execution = await cold.run(cpp(body, "csignal", "unistd.h"), "", LIMITS)
    assert (execution.status, execution.output) == (Verdict.AC, "still here\n")


async def test_addresses_are_the_same_in_every_run(cold: Cold) -> None:
    program = cpp('int here; printf("%p %p %p", (void *)&here, malloc(8), (void *)&printf);', "cstdlib")
    assert len({(await cold.run(program, "", LIMITS)).output for _ in range(5)}) == 1


async def test_nobody_dumps_core(cold: Cold) -> None:
    body = 'rlimit limit; getrlimit(RLIMIT_CORE, &limit); printf("%ld", (long)limit.rlim_max);'
    assert (await cold.run(cpp(body, "sys/resource.h"), "", LIMITS)).output == "1"


async def test_stopping_oneself_ends_at_the_wall_limit(cold: Cold) -> None:
    execution = await cold.run(cpp("raise(SIGSTOP);", "csignal"), "", replace(LIMITS, wall_seconds=0.3))
    assert execution.status is Verdict.TLE


async def test_ignored_signals_do_not_help(cold: Cold) -> None:
    body = "for (int i = 1; i < 65; i++) signal(i, SIG_IGN); for (volatile int i = 0;; i = 1) {}"
    execution = await cold.run(cpp(body, "csignal"), "", replace(LIMITS, cpu_seconds=0.2))
    assert execution.status is Verdict.TLE


async def test_another_program_is_confined_all_the_same(cold: Cold) -> None:
    body = 'execl("/bin/sh", "sh", "-c", "cat /etc/passwd /root/.bashrc; ls /home; echo $(id) done", (char *)0);'
    execution = await cold.run(cpp(body, "unistd.h"), "", LIMITS)
    assert "root:" not in execution.output
    assert "done" not in execution.output  # a shell's substitution needs a process


async def test_32_bit_calls_end_the_program(cold: Cold) -> None:
    if os.uname().machine != "x86_64":
        pytest.skip("x86-64 alone has them")
    body = 'long r; asm volatile("int $0x80" : "=a"(r) : "a"(20L)); puts("THROUGH");'
    execution = await cold.run(cpp(body), "", LIMITS)
    assert (execution.status, execution.output) == (Verdict.RTE, "")


async def test_cancelled_run_leaves_no_process(cold: Cold) -> None:
    program = cpp("for (volatile int i = 0;; i = 1) {}")
    limits = replace(LIMITS, cpu_seconds=60, wall_seconds=60)
    run = asyncio.create_task(cold.run(program, "", limits))
    running = await started(cold)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert living(running) == []
