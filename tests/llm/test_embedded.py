"""The embedded model beyond the contract: bad files, full contexts, silence and a clean end."""

import asyncio
import os
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from contracts.client import request
from hypothesis import given
from hypothesis import strategies as st

from distinguo.errors import CallError, InputError
from distinguo.llm import open_client
from distinguo.llm.embedded import EmbeddedClient
from distinguo.llm.engine import EngineSettings, _import_engine, load
from distinguo.llm.gguf import ModelHeader, read_header
from distinguo.records import FinishReason


@pytest_asyncio.fixture
async def client(engine_settings: EngineSettings) -> AsyncIterator[EmbeddedClient]:
    client = EmbeddedClient("local", engine_settings)
    yield client
    await client.aclose()


async def test_a_prompt_that_exceeds_the_context_is_an_error_of_the_call(client: EmbeddedClient) -> None:
    with pytest.raises(CallError, match="context"):
        await client.complete(request("word " * 600))
    assert (await client.complete(request())).text


async def test_a_schema_that_cannot_be_enforced_is_an_error_of_the_call(client: EmbeddedClient) -> None:
    with pytest.raises(CallError, match="schema"):
        await client.complete(request(schema='{"type": "nonsense"}'))


async def test_closing_ends_calls_in_flight_and_waiting_ones(client: EmbeddedClient) -> None:
    calls = [asyncio.create_task(client.complete(request(seed=n, max_tokens=450))) for n in range(6)]
    await asyncio.sleep(0.5)
    await client.aclose()
    assert all(isinstance(end, CallError) for end in await asyncio.gather(*calls, return_exceptions=True))
    with pytest.raises(CallError, match="closed"):
        await client.complete(request())


async def test_an_answer_that_is_cut_short_costs_its_own_tokens_only(client: EmbeddedClient) -> None:
    whole = await client.complete(request("Write a long story.", max_tokens=24))
    cut = await client.complete(request("Write a long story.", max_tokens=24), enough=lambda text: len(text) > 20)
    again = await client.complete(request("Write a long story.", max_tokens=cut.completion_tokens))
    assert (again.text, again.completion_tokens) == (cut.text, cut.completion_tokens)
    assert cut.finish_reason is FinishReason.STOP
    assert cut.completion_tokens < whole.completion_tokens == 24


async def test_reasons_to_end_an_answer_that_fail_are_not_hidden(client: EmbeddedClient) -> None:
    def broken(text: str) -> bool:
        raise ZeroDivisionError(text)

    with pytest.raises(ZeroDivisionError):
        await client.complete(request(), enough=broken)
    assert (await client.complete(request())).text


async def test_the_seed_that_llama_cpp_takes_for_none_is_a_seed_here(client: EmbeddedClient) -> None:
    texts = [(await client.complete(request(seed=2**32 - 1, temperature=1.5))).text for _ in range(2)]
    assert texts[0] == texts[1]


def test_a_file_that_is_no_model_is_bad_input(tmp_path: Path) -> None:
    path = tmp_path / "notes.gguf"
    for content in (b"", b"just text", b"GGUF", b"GGUF" + b"\xff" * 100):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"notes\.gguf"):
            open_client(f"gguf:{path}", environment={}, observe=lambda event: None)
    with pytest.raises(InputError, match="cannot read"):
        open_client(f"gguf:{tmp_path / 'missing'}", environment={}, observe=lambda event: None)


def test_a_truncated_model_is_bad_input_with_llama_cpps_reason(model_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.gguf"
    with model_file.open("rb") as whole:
        path.write_bytes(whole.read(4 << 20))
    with pytest.raises(InputError, match="corrupted or incomplete"):
        load(EngineSettings(path, slots=1, context_tokens=256, threads=1))


def test_the_header_tells_context_and_memory(model_file: Path) -> None:
    assert read_header(model_file) == ModelHeader("llama", context_tokens=8192, kv_bytes=23040)


@given(st.binary(max_size=200))
def test_any_damaged_header_is_bad_input(tmp_path_factory: pytest.TempPathFactory, tail: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.gguf"
    path.write_bytes(b"GGUF\x03\x00\x00\x00" + tail)
    with pytest.raises(InputError):
        read_header(path)


@pytest.mark.parametrize(
    "chosen,seen",
    [({}, ["600", None]), ({"GOMP_SPINCOUNT": "9"}, ["9", None]), ({"OMP_WAIT_POLICY": "active"}, [None, "active"])],
    ids=["nothing", "a count", "a policy"],
)
def test_how_threads_wait_is_chosen_only_where_the_environment_leaves_it_open(
    chosen: dict[str, str], seen: list[str | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["GOMP_SPINCOUNT", "OMP_WAIT_POLICY"]
    for name in names:
        monkeypatch.delenv(name, raising=False)
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "xllamacpp.py").write_text(f"import os\nat_import = [os.environ.get(name) for name in {names}]\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    del sys.modules["xllamacpp"]
    engine = _import_engine()
    assert engine.at_import == seen
    assert {name: os.environ[name] for name in names if name in os.environ} == chosen


@pytest.mark.parametrize("end", ["await client.aclose()", "pass"], ids=["closed", "left open"])
def test_nothing_is_printed_and_the_process_ends_well(model_file: Path, end: str) -> None:
    code = f"""
        import asyncio, signal
        from pathlib import Path
        from contracts.client import request
        from distinguo.llm.embedded import EmbeddedClient
        from distinguo.llm.engine import EngineSettings

        async def main():
            client = EmbeddedClient("local", EngineSettings(Path({str(model_file)!r}), 2, 512, 1))
            await client.complete(request())
            cut = asyncio.create_task(client.complete(request(max_tokens=400)))
            await asyncio.sleep(0.2)
            {end}

        def caught():
            return next(line for line in open("/proc/self/status") if line.startswith("SigCgt"))

        before = int(caught().split()[1], 16) & 0x7FFFFFFF
        asyncio.run(main())
        assert int(caught().split()[1], 16) & 0x7FFFFFFF == before, "a signal handler was replaced"
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parents[1],
    )
    noise = [line for line in done.stderr.splitlines() if "was never retrieved" not in line]
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert end == "await client.aclose()" or noise == []
