"""C++ programs in the cold profile: verdicts, limits, and one test per property of the isolation."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from contracts.processes import living

from distinguo.errors import InputError, JudgeFailed, SandboxUnavailable
from distinguo.problem import CallStyle, Limits, Program
from distinguo.records import Execution, Verdict
from distinguo.sandbox import cold as cold_profile
from distinguo.sandbox import languages
from distinguo.sandbox.cold import Cold
from distinguo.sandbox.compiled import CompiledPrograms
from distinguo.sandbox.hostile.traps import processes_below
from distinguo.sandbox.turnstile import Turnstile

pytestmark = pytest.mark.asyncio(loop_scope="session")

LIMITS = Limits(cpu_seconds=1.0, wall_seconds=10, memory_mb=128, output_bytes=1 << 16)
ANSWER = Program('#include <cstdio>\nint main() { int x; scanf("%d", &x); printf("%d\\n", 2 * x); }', language="c++")


def cpp(body: str, *headers: str) -> Program:
    """A program whose main has this body."""
    includes = "".join(f"#include <{header}>\n" for header in ("cstdio", *headers))
    return Program(f"{includes}int main(int argc, char **argv) {{ {body} }}\n", language="c++")


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


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compiled")


WAYS = ["as root", "as an ordinary user"] if os.geteuid() == 0 else ["as an ordinary user"]


@pytest_asyncio.fixture(scope="session", loop_scope="session", params=WAYS)
async def cold(request: pytest.FixtureRequest, compiled: Path) -> AsyncIterator[Cold]:
    """One server for the whole session, so that a run meets what the runs before it left."""
    try:
        languages.find("c++")
    except InputError as error:
        pytest.skip(str(error))
    as_root = request.param == "as root"
    opened = Cold(1, turnstile=Turnstile(1), compiled=CompiledPrograms(compiled), as_root=as_root)
    try:
        await opened.run(ANSWER, "1", LIMITS)
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    yield opened
    await opened.aclose()


def server(cold: Cold) -> int:
    (pool,) = cold._pools.values()
    (worker,) = pool._workers
    return worker._process.pid


async def started(cold: Cold) -> list[int]:
    """The processes of a run that is going on, once there are some."""
    while not (running := processes_below(server(cold))[1:]):  # noqa: ASYNC110  nothing tells of them
        await asyncio.sleep(0.01)
    return running


@pytest_asyncio.fixture(loop_scope="session")
async def unharmed(cold: Cold) -> AsyncIterator[None]:
    """Nothing survives a test, and the same server serves the next run."""
    before = server(cold)
    yield
    execution = await cold.run(ANSWER, "21", Limits())
    assert (execution.status, execution.output) == (Verdict.AC, "42\n")
    assert server(cold) == before, "the server had to be replaced"
    assert len(processes_below(before)) == 1, "a process survives"


@pytest.fixture(autouse=True)
def _unharmed(request: pytest.FixtureRequest) -> None:
    if "cold" in request.fixturenames:
        request.getfixturevalue("unharmed")


class TestVerdicts:
    async def test_program_prints_its_answer(self, cold: Cold) -> None:
        execution = await cold.run(ANSWER, "21\n", LIMITS)
        assert (execution.status, execution.output, execution.error) == (Verdict.AC, "42\n", "")

    async def test_what_does_not_compile_is_ce_with_the_compilers_first_lines(self, cold: Cold) -> None:
        execution = await cold.run(Program("int main() { return missing; }", language="c++"), "", LIMITS)
        assert (execution.status, execution.output) == (Verdict.CE, "")
        assert execution.error.startswith("program.cpp: In function ‘int main()’:\nprogram.cpp:1:")

    async def test_empty_program_is_ce(self, cold: Cold) -> None:
        assert (await cold.run(Program("", language="c++"), "", LIMITS)).status is Verdict.CE

    async def test_many_errors_are_cut_at_a_line(self, cold: Cold) -> None:
        source = "".join(f"int a{'x' * 300}{number} = missing{number};\n" for number in range(20))
        execution = await cold.run(Program(source, language="c++"), "", LIMITS)
        assert execution.status is Verdict.CE
        assert len(execution.error) <= 2048
        assert execution.error.endswith("\n")

    @pytest.mark.parametrize(
        "body, error",
        [
            ("return 3;", "exited with status 3"),
            ("*(volatile int *)8 = 1;", "killed by SIGSEGV"),
            ("std::abort();", "killed by SIGABRT"),
            ("volatile int zero = 0; return 7 / zero;", "killed by SIGFPE"),
        ],
    )
    async def test_bad_end_is_rte_and_says_how(self, cold: Cold, body: str, error: str) -> None:
        execution = await cold.run(cpp(body, "cstdlib"), "", LIMITS)
        assert (execution.status, execution.error) == (Verdict.RTE, error)

    async def test_busy_loop_is_tle_at_the_cpu_limit(self, cold: Cold) -> None:
        limits = replace(LIMITS, cpu_seconds=0.3)
        execution = await cold.run(cpp("for (volatile int i = 0;; i = 1) {}"), "", limits)
        assert execution.status is Verdict.TLE
        assert execution.cpu_seconds >= 0.3

    async def test_cpu_time_of_all_threads_counts(self, cold: Cold) -> None:
        body = (
            "for (int i = 0; i < 2; i++) std::thread([] { for (volatile int i = 0;; i = 1) {} }).detach(); sleep(60);"
        )
        execution = await cold.run(cpp(body, "thread", "unistd.h"), "", replace(LIMITS, cpu_seconds=0.3))
        assert execution.status is Verdict.TLE
        assert execution.cpu_seconds >= 0.3

    async def test_sleeping_is_tle_at_the_wall_limit(self, cold: Cold) -> None:
        execution = await cold.run(cpp("sleep(60);", "unistd.h"), "", replace(LIMITS, wall_seconds=0.3))
        assert execution.status is Verdict.TLE
        assert execution.cpu_seconds < 0.3 <= execution.wall_seconds

    async def test_touching_too_much_memory_is_mle(self, cold: Cold) -> None:
        body = (
            "size_t n = 300 << 20; auto *p = (volatile char *)malloc(n); for (size_t i = 0; i < n; i += 4096) p[i] = 1;"
        )
        execution = await cold.run(cpp(body, "cstdlib"), "", LIMITS)
        assert execution.status is Verdict.MLE
        assert execution.memory_mb > 128

    async def test_failed_allocation_is_mle(self, cold: Cold) -> None:
        body = "for (;;) { auto *p = new char[64 << 20]; p[0] = 1; argv[0] = p; }"
        execution = await cold.run(cpp(body, "new"), "", LIMITS)
        assert (execution.status, "bad_alloc" in execution.error) == (Verdict.MLE, True)

    async def test_static_data_beyond_every_limit_is_no_answer(self, cold: Cold) -> None:
        source = '#include <cstdio>\nchar data[1900000000];\nint main(int c, char **) { data[c] = 1; puts("ran"); }'
        execution = await cold.run(Program(source, language="c++"), "", LIMITS)
        assert execution.status in (Verdict.MLE, Verdict.RTE)
        assert execution.output == ""

    async def test_large_arrays_that_are_not_touched_are_free(self, cold: Cold) -> None:
        source = '#include <cstdio>\nint data[125000000];\nint main(int c, char **) { data[c] = 1; puts("ran"); }'
        execution = await cold.run(Program(source, language="c++"), "", LIMITS)
        assert (execution.status, execution.output) == (Verdict.AC, "ran\n")

    async def test_output_beyond_the_limit_is_ole(self, cold: Cold) -> None:
        execution = await cold.run(cpp('for (;;) puts("more");'), "", LIMITS)
        assert execution.status is Verdict.OLE
        assert len(execution.output) == LIMITS.output_bytes

    async def test_standard_error_beyond_the_limit_is_ole(self, cold: Cold) -> None:
        assert (await cold.run(cpp('for (;;) fputs("more\\n", stderr);'), "", LIMITS)).status is Verdict.OLE

    async def test_bytes_that_are_no_text_are_written_with_backslashes(self, cold: Cold) -> None:
        assert (await cold.run(cpp("putchar(0xff);"), "", LIMITS)).output == "\\xff"

    async def test_big_input_arrives_whole(self, cold: Cold) -> None:
        body = "long n = 0; int c; while ((c = getchar()) != EOF) n += c == 'x'; printf(\"%ld\", n);"
        assert (await cold.run(cpp(body), "x" * 20_000_000, LIMITS)).output == "20000000"

    async def test_deep_recursion_works(self, cold: Cold) -> None:
        source = """
            #include <cstdio>
            int depth(volatile int *outer) { volatile int n = *outer - 1; return n ? depth(&n) + 1 : 0; }
            int main() { volatile int n = 1000000; printf("%d", depth(&n)); }
        """
        execution = await cold.run(Program(source, language="c++"), "", replace(LIMITS, memory_mb=256))
        assert (execution.status, execution.output) == (Verdict.AC, "999999")

    async def test_many_threads_fit_in_the_memory(self, cold: Cold) -> None:
        body = """
            std::atomic<int> n{0}; std::vector<std::thread> all;
            for (int i = 0; i < 32; i++) all.emplace_back([&] { usleep(1000); n++; });
            for (auto &one : all) one.join();
            printf("%d", n.load());
        """
        execution = await cold.run(cpp(body, "atomic", "thread", "vector", "unistd.h"), "", LIMITS)
        assert (execution.status, execution.output) == (Verdict.AC, "32")

    async def test_function_in_cpp_is_refused(self, cold: Cold) -> None:
        with pytest.raises(InputError, match="only Python's functions"):
            await cold.run(Program("int f();", CallStyle.FUNCTION, "f", "c++"), "()", LIMITS)

    async def test_unknown_language_is_named(self, cold: Cold) -> None:
        with pytest.raises(InputError, match=r"'cobol' cannot be run; the languages are c\+\+, python"):
            await cold.run(Program("", language="cobol"), "", LIMITS)


class TestIsolation:
    async def test_scratch_folder_can_be_written_and_read(self, cold: Cold) -> None:
        body = """
            FILE *f = fopen("notes", "w"); fputs("kept", f); fclose(f); rename("notes", "/tmp/other");
            char text[9] = {}; f = fopen("other", "r"); fgets(text, 9, f); puts(text);
        """
        assert (await cold.run(cpp(body), "", LIMITS)).output == "kept\n"

    async def test_nothing_is_left_for_the_next_run(self, cold: Cold) -> None:
        program = cpp('puts(fopen("left", "r") ? "THROUGH" : "none"); fopen("left", "w");')
        assert [(await cold.run(program, "", LIMITS)).output for _ in range(2)] == ["none\n"] * 2

    async def test_scratch_folder_is_bounded(self, cold: Cold) -> None:
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
    async def test_host_files_are_not_there(self, cold: Cold, path: str) -> None:
        assert (await cold.run(PROBE, f"r {path}", LIMITS)).output == "refused\n"

    async def test_this_file_is_not_there(self, cold: Cold) -> None:
        assert (await cold.run(PROBE, f"r {THIS_FILE}", LIMITS)).output == "refused\n"

    @pytest.mark.parametrize("path", ["/file", "/usr/file", "/usr/bin/file", "/dev/file", "/dev/full"])
    async def test_only_the_scratch_folder_can_be_written(self, cold: Cold, path: str) -> None:
        assert (await cold.run(PROBE, f"w {path}", LIMITS)).output == "refused\n"

    async def test_probe_tells_what_can_be_read_and_written(self, cold: Cold) -> None:
        assert (await cold.run(PROBE, "r /usr/bin", LIMITS)).output == "THROUGH\n"
        assert (await cold.run(PROBE, "w /tmp/file", LIMITS)).output == "THROUGH\n"

    async def test_environment_is_empty(self, cold: Cold) -> None:
        execution = await cold.run(cpp('puts(environ[0] ? environ[0] : "empty");', "unistd.h"), "", LIMITS)
        assert execution.output == "empty\n"

    async def test_no_descriptor_but_the_standard_ones_is_open(self, cold: Cold) -> None:
        body = 'for (int i = 3; i < 256; i++) if (fcntl(i, F_GETFD) != -1) printf("THROUGH %d", i); puts("none");'
        assert (await cold.run(cpp(body, "fcntl.h"), "", LIMITS)).output == "none\n"

    async def test_program_has_no_privilege(self, cold: Cold) -> None:
        body = 'printf("%d %d %d", getuid() == 0, setuid(0) == 0, getgroups(0, 0) > 1 && getuid() > 2000000000);'
        assert (await cold.run(cpp(body, "unistd.h"), "", LIMITS)).output == "0 0 0"

    async def test_no_network(self, cold: Cold) -> None:
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
    async def test_programs_start_no_processes(self, cold: Cold, call: str) -> None:
        body = f'puts({call} == -1 ? "refused" : "THROUGH");'
        assert (await cold.run(cpp(body, "unistd.h", "sys/syscall.h"), "", LIMITS)).output == "refused\n"

    async def test_threads_are_bounded(self, cold: Cold) -> None:
        body = """
            pthread_attr_t a; pthread_attr_init(&a); pthread_attr_setstacksize(&a, 1 << 16); pthread_t t; int n = 0;
            while (n < 5000 && !pthread_create(&t, &a, [](void *) -> void * { pause(); return 0; }, 0)) n++;
            printf("%d", n); fflush(stdout); _exit(0);
        """
        assert 16 <= int((await cold.run(cpp(body, "pthread.h", "unistd.h"), "", LIMITS)).output) <= 66

    @pytest.mark.parametrize("call", REFUSED_CALLS)
    async def test_call_is_refused(self, cold: Cold, call: str) -> None:
        assert (await cold.run(CALLS, str(REFUSED_CALLS.index(call)), LIMITS)).output == "refused\n"

    async def test_signals_reach_nobody_else(self, cold: Cold) -> None:
        """kill(-1) finds nothing; pid 1 is immune inside; the server is not in sight."""
        body = 'signal(SIGTERM, SIG_IGN); kill(1, SIGKILL); kill(getppid(), SIGKILL); printf("%d", kill(-1, SIGTERM));'
        execution = await cold.run(cpp(body, "csignal", "unistd.h"), "", LIMITS)
        assert (execution.status, execution.output) == (Verdict.AC, "-1")

    async def test_no_signal_disturbs_those_who_watch(self, cold: Cold) -> None:
        body = 'for (int i = 1; i < 65; i++) { kill(1, i); kill(getppid(), i); tgkill(1, 1, i); } puts("still here");'
        execution = await cold.run(cpp(body, "csignal", "unistd.h"), "", LIMITS)
        assert (execution.status, execution.output) == (Verdict.AC, "still here\n")

    async def test_addresses_are_the_same_in_every_run(self, cold: Cold) -> None:
        program = cpp('int here; printf("%p %p %p", (void *)&here, malloc(8), (void *)&printf);', "cstdlib")
        assert len({(await cold.run(program, "", LIMITS)).output for _ in range(5)}) == 1

    async def test_nobody_dumps_core(self, cold: Cold) -> None:
        body = 'rlimit limit; getrlimit(RLIMIT_CORE, &limit); printf("%ld", (long)limit.rlim_max);'
        assert (await cold.run(cpp(body, "sys/resource.h"), "", LIMITS)).output == "1"

    async def test_stopping_oneself_ends_at_the_wall_limit(self, cold: Cold) -> None:
        execution = await cold.run(cpp("raise(SIGSTOP);", "csignal"), "", replace(LIMITS, wall_seconds=0.3))
        assert execution.status is Verdict.TLE

    async def test_ignored_signals_do_not_help(self, cold: Cold) -> None:
        body = "for (int i = 1; i < 65; i++) signal(i, SIG_IGN); for (volatile int i = 0;; i = 1) {}"
        execution = await cold.run(cpp(body, "csignal"), "", replace(LIMITS, cpu_seconds=0.2))
        assert execution.status is Verdict.TLE

    async def test_another_program_is_confined_all_the_same(self, cold: Cold) -> None:
        body = 'execl("/bin/sh", "sh", "-c", "cat /etc/passwd /root/.bashrc; ls /home; echo $(id) done", (char *)0);'
        execution = await cold.run(cpp(body, "unistd.h"), "", LIMITS)
        assert "root:" not in execution.output
        assert "done" not in execution.output  # a shell's substitution needs a process

    async def test_32_bit_calls_end_the_program(self, cold: Cold) -> None:
        if os.uname().machine != "x86_64":
            pytest.skip("x86-64 alone has them")
        body = 'long r; asm volatile("int $0x80" : "=a"(r) : "a"(20L)); puts("THROUGH");'
        execution = await cold.run(cpp(body), "", LIMITS)
        assert (execution.status, execution.output) == (Verdict.RTE, "")

    async def test_cancelled_run_leaves_no_process(self, cold: Cold) -> None:
        program = cpp("for (volatile int i = 0;; i = 1) {}")
        limits = replace(LIMITS, cpu_seconds=60, wall_seconds=60)
        run = asyncio.create_task(cold.run(program, "", limits))
        running = await started(cold)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        assert living(running) == []


class TestCompiling:
    @pytest.mark.parametrize("line", ['#include "/etc/passwd"', 'asm(".incbin \\"/etc/passwd\\"");'])
    async def test_compiler_sees_no_host_file(self, cold: Cold, line: str) -> None:
        execution = await cold.run(Program(f"{line}\nint main() {{}}", language="c++"), "", LIMITS)
        assert execution.status is Verdict.CE
        assert "root:" not in execution.error

    @pytest.mark.parametrize(
        "source",
        [
            "template <int n, int m> struct A { static const int v = A<n - 1, m>::v + A<n - 1, m + (1 << n)>::v; };\n"
            "template <int m> struct A<0, m> { static const int v = 1; };\nint main() { return A<25, 0>::v; }",
            '#include "/dev/zero"\n',
            "#include __FILE__\n#include __FILE__\n",
            "int data[1 << 27] = {1};\nint main() {}",
        ],
        ids=["many templates", "endless input", "includes itself", "large result"],
    )
    async def test_greedy_compilation_is_ce(self, cold: Cold, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
        limits = Limits(cpu_seconds=1, wall_seconds=20, memory_mb=256, output_bytes=16 << 20)
        monkeypatch.setattr(cold_profile, "COMPILER_LIMITS", limits)
        assert (await cold.run(Program(source, language="c++"), "", LIMITS)).status is Verdict.CE

    async def test_program_is_compiled_once_for_runs_at_the_same_time_and_later(
        self, cold: Cold, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = count_compilations(cold, monkeypatch)
        program = cpp('int x; scanf("%d", &x); printf("%d", x + 1);')
        runs = [cold.run(program, str(number), LIMITS) for number in range(6)]
        assert [run.output for run in await asyncio.gather(*runs)] == [str(number + 1) for number in range(6)]
        assert (await cold.run(program, "9", LIMITS)).output == "10"
        assert len(made) <= 1  # the other way to run may have compiled it

    async def test_damaged_entry_is_compiled_again(self, compiled: Path, cold: Cold) -> None:
        program = cpp('puts("here");')
        await cold.run(program, "", LIMITS)
        damage(compiled)
        fresh = Cold(1, turnstile=Turnstile(1), compiled=CompiledPrograms(compiled))
        try:
            assert (await fresh.run(program, "", LIMITS)).output == "here\n"
        finally:
            await fresh.aclose()

    async def test_cancelling_the_last_who_waits_ends_the_compiler(self, cold: Cold) -> None:
        source = "".join(f"#include <{name}>\n" for name in ("bits/stdc++.h", "regex")) + "int main() { std::regex r; }"
        way = "root" if cold._as_root else "user"
        program = Program(f"// {way}\n{source}", language="c++")
        run = asyncio.create_task(cold.run(program, "", LIMITS))
        running = await started(cold)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        assert living(running) == []


def damage(folder: Path) -> None:
    for entry in folder.iterdir():
        entry.write_bytes(entry.read_bytes()[:-7])


def count_compilations(cold: Cold, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    made: list[object] = []
    make = cold._make

    async def counted(*arguments: object) -> object:
        made.append(arguments)
        return await make(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(cold, "_make", counted)
    return made


async def test_broken_compiler_is_no_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    language = replace(languages.find("c++"), version="broken", compiler=("/usr/bin/false",))
    monkeypatch.setattr(languages, "find", lambda name: language)
    broken = Cold(1, turnstile=Turnstile(1), compiled=CompiledPrograms(tmp_path))
    try:
        with pytest.raises(InputError, match="cannot compile even the simplest program"):
            await broken.run(ANSWER, "1", LIMITS)
    finally:
        await broken.aclose()


async def test_closed_profile_runs_nothing(tmp_path: Path) -> None:
    closed = Cold(1, turnstile=Turnstile(1), compiled=CompiledPrograms(tmp_path))
    await closed.run(ANSWER, "1", LIMITS)
    await closed.aclose()
    with pytest.raises(JudgeFailed, match="closed"):
        await closed.run(ANSWER, "1", LIMITS)


async def test_without_namespaces_it_is_refused_in_one_sentence(tmp_path: Path) -> None:
    bare = Cold(1, turnstile=Turnstile(1), compiled=CompiledPrograms(tmp_path), namespaces=False)
    with pytest.raises(SandboxUnavailable, match="compiled programs and output validators run with namespaces only"):
        await bare.run(ANSWER, "1", LIMITS)


async def run_many(cold: Cold, count: int) -> list[Execution]:
    return await asyncio.gather(*(cold.run(ANSWER, str(number), LIMITS) for number in range(count)))


async def test_more_runs_than_workers_keep_apart(tmp_path: Path) -> None:
    several = Cold(3, turnstile=Turnstile(2), compiled=CompiledPrograms(tmp_path))
    try:
        assert [run.output for run in await run_many(several, 24)] == [f"{2 * number}\n" for number in range(24)]
    finally:
        await several.aclose()
