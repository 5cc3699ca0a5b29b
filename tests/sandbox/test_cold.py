"""C++ programs in the cold profile: verdicts and limits, and the profile's own beginning and end."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from fakes.cold import ANSWER, LIMITS, cpp

from distinguo.errors import InputError, JudgeFailed, SandboxUnavailable
from distinguo.problem import CallStyle, Program
from distinguo.records import Execution, Verdict
from distinguo.sandbox.cold import Cold
from distinguo.sandbox.compiled import CompiledPrograms
from distinguo.sandbox.turnstile import Turnstile

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_program_prints_its_answer(cold: Cold) -> None:
    execution = await cold.run(ANSWER, "21\n", LIMITS)
    assert (execution.status, execution.output, execution.error) == (Verdict.AC, "42\n", "")


async def test_what_does_not_compile_is_ce_with_the_compilers_first_lines(cold: Cold) -> None:
    execution = await cold.run(Program("int main() { return missing; }", language="c++"), "", LIMITS)
    assert (execution.status, execution.output) == (Verdict.CE, "")
    assert execution.error.startswith("program.cpp: In function ‘int main()’:\nprogram.cpp:1:")


async def test_empty_program_is_ce(cold: Cold) -> None:
    assert (await cold.run(Program("", language="c++"), "", LIMITS)).status is Verdict.CE


async def test_many_errors_are_cut_at_a_line(cold: Cold) -> None:
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
async def test_bad_end_is_rte_and_says_how(cold: Cold, body: str, error: str) -> None:
    execution = await cold.run(cpp(body, "cstdlib"), "", LIMITS)
    assert (execution.status, execution.error) == (Verdict.RTE, error)


async def test_busy_loop_is_tle_at_the_cpu_limit(cold: Cold) -> None:
    limits = replace(LIMITS, cpu_seconds=0.3)
    execution = await cold.run(cpp("for (volatile int i = 0;; i = 1) {}"), "", limits)
    assert execution.status is Verdict.TLE
    assert execution.cpu_seconds >= 0.3


async def test_cpu_time_of_all_threads_counts(cold: Cold) -> None:
    body = "for (int i = 0; i < 2; i++) std::thread([] { for (volatile int i = 0;; i = 1) {} }).detach(); sleep(60);"
    execution = await cold.run(cpp(body, "thread", "unistd.h"), "", replace(LIMITS, cpu_seconds=0.3))
    assert execution.status is Verdict.TLE
    assert execution.cpu_seconds >= 0.3


async def test_sleeping_is_tle_at_the_wall_limit(cold: Cold) -> None:
    execution = await cold.run(cpp("sleep(60);", "unistd.h"), "", replace(LIMITS, wall_seconds=0.3))
    assert execution.status is Verdict.TLE
    assert execution.cpu_seconds < 0.3 <= execution.wall_seconds


async def test_touching_too_much_memory_is_mle(cold: Cold) -> None:
    body = "size_t n = 300 << 20; auto *p = (volatile char *)malloc(n); for (size_t i = 0; i < n; i += 4096) p[i] = 1;"
    execution = await cold.run(cpp(body, "cstdlib"), "", LIMITS)
    assert execution.status is Verdict.MLE
    assert execution.memory_mb > 128


async def test_failed_allocation_is_mle(cold: Cold) -> None:
    body = "for (;;) { auto *p = new char[64 << 20]; p[0] = 1; argv[0] = p; }"
    execution = await cold.run(cpp(body, "new"), "", LIMITS)
    assert (execution.status, "bad_alloc" in execution.error) == (Verdict.MLE, True)


async def test_static_data_beyond_every_limit_is_no_answer(cold: Cold) -> None:
    source = '#include <cstdio>\nchar data[1900000000];\nint main(int c, char **) { data[c] = 1; puts("ran"); }'
    execution = await cold.run(Program(source, language="c++"), "", LIMITS)
    assert execution.status in (Verdict.MLE, Verdict.RTE)
    assert execution.output == ""


async def test_large_arrays_that_are_not_touched_are_free(cold: Cold) -> None:
    source = '#include <cstdio>\nint data[125000000];\nint main(int c, char **) { data[c] = 1; puts("ran"); }'
    execution = await cold.run(Program(source, language="c++"), "", LIMITS)
    assert (execution.status, execution.output) == (Verdict.AC, "ran\n")


async def test_output_beyond_the_limit_is_ole(cold: Cold) -> None:
    execution = await cold.run(cpp('for (;;) puts("more");'), "", LIMITS)
    assert execution.status is Verdict.OLE
    assert len(execution.output) == LIMITS.output_bytes


async def test_standard_error_beyond_the_limit_is_ole(cold: Cold) -> None:
    assert (await cold.run(cpp('for (;;) fputs("more\\n", stderr);'), "", LIMITS)).status is Verdict.OLE


async def test_bytes_that_are_no_text_are_written_with_backslashes(cold: Cold) -> None:
    assert (await cold.run(cpp("putchar(0xff);"), "", LIMITS)).output == "\\xff"


async def test_big_input_arrives_whole(cold: Cold) -> None:
    body = "long n = 0; int c; while ((c = getchar()) != EOF) n += c == 'x'; printf(\"%ld\", n);"
    assert (await cold.run(cpp(body), "x" * 20_000_000, LIMITS)).output == "20000000"


async def test_deep_recursion_works(cold: Cold) -> None:
    source = """
        #include <cstdio>
        int depth(volatile int *outer) { volatile int n = *outer - 1; return n ? depth(&n) + 1 : 0; }
        int main() { volatile int n = 1000000; printf("%d", depth(&n)); }
    """
    execution = await cold.run(Program(source, language="c++"), "", replace(LIMITS, memory_mb=256))
    assert (execution.status, execution.output) == (Verdict.AC, "999999")


async def test_many_threads_fit_in_the_memory(cold: Cold) -> None:
    body = """
        std::atomic<int> n{0}; std::vector<std::thread> all;
        for (int i = 0; i < 32; i++) all.emplace_back([&] { usleep(1000); n++; });
        for (auto &one : all) one.join();
        printf("%d", n.load());
    """
    execution = await cold.run(cpp(body, "atomic", "thread", "vector", "unistd.h"), "", LIMITS)
    assert (execution.status, execution.output) == (Verdict.AC, "32")


async def test_function_in_cpp_is_refused(cold: Cold) -> None:
    with pytest.raises(InputError, match="only Python's functions"):
        await cold.run(Program("int f();", CallStyle.FUNCTION, "f", "c++"), "()", LIMITS)


async def test_unknown_language_is_named(cold: Cold) -> None:
    with pytest.raises(InputError, match=r"'cobol' cannot be run; the languages are c\+\+, python"):
        await cold.run(Program("", language="cobol"), "", LIMITS)


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
