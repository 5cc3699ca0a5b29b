"""The main job with real models: the embedded one, and the same model behind a real llama.cpp server."""

from pathlib import Path

import distinguo
from distinguo.api import Result

EXAMPLE = Path(__file__).parents[2] / "examples" / "leap-year"


def check(result: Result) -> None:
    """What holds whatever a model of 135M parameters writes."""
    assert result.usage["calls"] >= 4
    assert result.usage["completion_tokens"] > 0
    assert result.public["total"] == 4
    if result.program is not None:
        compile(result.program, "program.py", "exec")
        assert result.hidden is not None
        assert result.selection is not None
        assert result.selection["reason"]


async def test_the_embedded_model_solves(model_file: Path, tmp_path: Path) -> None:
    check(await distinguo.solve(EXAMPLE, model="local", n=4, rounds=1, max_tokens=160, out=tmp_path))


async def test_a_llama_cpp_server_solves_over_http(llama_server: str, tmp_path: Path) -> None:
    environment = {"OPENAI_BASE_URL": llama_server}
    check(
        await distinguo.solve(
            EXAMPLE, model="openai/smollm2", n=4, rounds=0, max_tokens=160, out=tmp_path, environment=environment
        )
    )
