"""Output validators in the format of ICPC problem packages."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from distinguo.errors import InputError, JudgeFailed, SandboxUnavailable
from distinguo.problem import Limits, Validator
from distinguo.records import Validation
from distinguo.sandbox import cold as cold_profile
from distinguo.sandbox.cold import Cold
from distinguo.sandbox.compiled import CompiledPrograms
from distinguo.sandbox.turnstile import Turnstile

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def cold(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cold]:
    folder = tmp_path_factory.mktemp("compiled")
    opened = Cold(1, turnstile=Turnstile(1), compiled=CompiledPrograms(folder))
    try:
        await opened.validate(python("sys.exit(42)"), "", "", "")
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    yield opened
    await opened.aclose()


def python(body: str, *flags: str) -> Validator:
    return Validator(
        (("validate.py", f"import os, sys\nsource, answer, feedback, *flags = sys.argv[1:]\n{body}\n"),), flags=flags
    )


def say(expression: str) -> Validator:
    """A validator that rejects and tells the judge a text."""
    return python(f"open(feedback + 'judgemessage.txt', 'w').write(str({expression}))\nsys.exit(43)")


SAME_SUM = Validator(
    (
        (
            "check.cpp",
            '#include <fstream>\n#include <iostream>\n#include "codes.h"\n'
            "int main(int, char **argv) { long n, a, b; std::ifstream(argv[1]) >> n;\n"
            "return std::cin >> a >> b && a + b == n ? YES : NO; }\n",
        ),
        ("codes.h", "enum { YES = 42, NO = 43 };\n"),
    ),
    language="c++",
)


class TestValidators:
    async def test_42_accepts_and_43_rejects(self, cold: Cold) -> None:
        validator = python("sys.exit(42 if sys.stdin.read() == 'good' else 43)")
        assert (await cold.validate(validator, "", "", "good")).accepted
        assert not (await cold.validate(validator, "", "", "bad")).accepted

    async def test_it_gets_input_answer_and_flags(self, cold: Cold) -> None:
        told = replace(
            say("[open(source).read(), open(answer).read(), sys.stdin.read(), flags]"), flags=("case", "-x 1")
        )
        validation = await cold.validate(told, "the input\n", "the answer\n", "the output\n")
        assert validation.message == "['the input\\n', 'the answer\\n', 'the output\\n', ['case', '-x 1']]"

    async def test_large_input_and_answer_leave_room(self, cold: Cold) -> None:
        size = 50_000_000
        told = say("[len(open(source).read()), len(open(answer).read())]")
        assert (await cold.validate(told, "x" * size, "y" * size, "")).message == f"[{size}, {size}]"

    async def test_texts_are_utf_8_and_sets_keep_their_order(self, cold: Cold) -> None:
        told = say("[open(source).read(), hash('x')]")
        first = await cold.validate(told, "é∑", "", "")
        assert first == await cold.validate(told, "é∑", "", "")
        assert first.message.startswith("['é∑'")

    async def test_judgemessage_comes_back(self, cold: Cold) -> None:
        assert await cold.validate(say("'line 3 is no path'"), "", "", "") == Validation(False, "line 3 is no path")

    async def test_long_judgemessage_is_cut(self, cold: Cold) -> None:
        assert len((await cold.validate(say("'x' * 10**6"), "", "", "")).message) == 2048

    async def test_rejection_without_message_says_so(self, cold: Cold) -> None:
        validation = await cold.validate(python("sys.exit(43)"), "", "", "")
        assert validation.message == "the output validator rejects the output"

    async def test_feedback_folder_takes_other_files(self, cold: Cold) -> None:
        body = "open(feedback + 'score.txt', 'w').write('1')\nsys.exit(42 if os.path.isdir(feedback) else 1)"
        assert (await cold.validate(python(body), "", "", "")).accepted

    async def test_several_files_find_one_another(self, cold: Cold) -> None:
        files = (
            ("main.py", "import sys, helper\nfrom package import deep\nsys.exit(helper.CODE + deep.ONE)"),
            ("helper.py", "CODE = 41"),
            ("package/__init__.py", ""),
            ("package/deep.py", "ONE = 1"),
        )
        assert (await cold.validate(Validator(files), "", "", "")).accepted

    async def test_cpp_validator_is_compiled_with_its_headers(self, cold: Cold) -> None:
        assert (await cold.validate(SAME_SUM, "10", "", "3 7")).accepted
        assert not (await cold.validate(SAME_SUM, "10", "", "3 8")).accepted

    async def test_what_the_program_printed_is_bytes_as_they_were(self, cold: Cold) -> None:
        validation = await cold.validate(say("sys.stdin.buffer.read()"), "", "", "é\r\n\ud800")
        assert validation.message == str("é\r\n\ud800".encode("utf-8", "surrogatepass"))

    async def test_nothing_stays_from_one_validation_to_the_next(self, cold: Cold) -> None:
        validator = python("before = os.path.exists('left')\nopen('left', 'w')\nsys.exit(43 if before else 42)")
        assert [(await cold.validate(validator, "", "", "")).accepted for _ in range(2)] == [True, True]

    async def test_host_is_out_of_reach(self, cold: Cold) -> None:
        here = Path(__file__).parent
        told = say(f"[os.path.exists(path) for path in ('/etc/passwd', '/home', '/proc/self', {str(here)!r})]")
        assert (await cold.validate(told, "", "", "")).message == "[False, False, False, False]"

    async def test_link_in_the_place_of_the_message_is_not_followed(self, cold: Cold) -> None:
        body = "os.symlink(answer, feedback + 'judgemessage.txt')\nsys.exit(43)"
        assert "secret" not in (await cold.validate(python(body), "", "secret", "")).message

    async def test_moved_feedback_folder_leads_nowhere_else(self, cold: Cold) -> None:
        body = "os.rename('feedback', 'x')\nos.symlink('/tmp/judge', 'feedback')\nsys.exit(43)"
        assert "rejects" in (await cold.validate(python(body), "", "secret", "")).message


class TestFailures:
    @pytest.mark.parametrize(
        "body, why",
        [
            ("sys.exit(0)", "exited with status 0 instead of 42 or 43"),
            ("sys.exit('no such case')", "exited with status 1 instead of 42 or 43: no such case"),
            ("1 / 0", "ZeroDivisionError: division by zero"),
            ("this does not parse", "SyntaxError"),
            ("os.kill(os.getpid(), 9)", "was killed by signal 9"),
        ],
    )
    async def test_other_ends_are_failures_of_the_judge(self, cold: Cold, body: str, why: str) -> None:
        with pytest.raises(JudgeFailed, match="the problem's output validator") as failure:
            await cold.validate(python(body), "", "", "")
        assert why in str(failure.value)

    async def test_validator_that_hangs_is_a_failure_of_the_judge(
        self, cold: Cold, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(cold_profile, "VALIDATOR_LIMITS", Limits(cpu_seconds=0.3))
        with pytest.raises(JudgeFailed, match="reached its time limit"):
            await cold.validate(python("while True: pass"), "", "", "")

    async def test_validator_that_does_not_compile_is_a_failure_of_the_judge(self, cold: Cold) -> None:
        with pytest.raises(JudgeFailed, match=r"does not compile: validator/v\.cpp:1"):
            await cold.validate(Validator((("v.cpp", "nonsense"),), language="c++"), "", "", "")

    async def test_other_languages_are_named(self, cold: Cold) -> None:
        with pytest.raises(InputError, match="'java'"):
            await cold.validate(Validator((("V.java", ""),), language="java"), "", "", "")

    @pytest.mark.parametrize("name", ["../escape.py", "/tmp/escape.py", "", "a/../../b.py", "nul\0.py"])
    async def test_file_names_that_lead_out_are_refused(self, cold: Cold, name: str) -> None:
        with pytest.raises(InputError, match="cannot have a file named"):
            await cold.validate(Validator(((name, ""),)), "", "", "")

    async def test_validator_without_files_is_refused(self, cold: Cold) -> None:
        with pytest.raises(InputError, match="no file"):
            await cold.validate(Validator(()), "", "", "")
