"""llama.cpp in this process: loading a model quietly and saying why where it will not load.

Run as a program (`python -m distinguo.llm.engine PATH`) it loads a model with llama.cpp's log on standard error.
"""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distinguo.errors import InputError, ModelUnavailable

_SILENT, _ERRORS = -1, 1  # llama.cpp's verbosity
_BATCH = 512  # prompt tokens in one step: a cancelled request is noticed, and others get their turn, between steps
_SPINS, _SPIN_COUNT = "GOMP_SPINCOUNT", 600
_HOST_CACHE_MIB = 256  # prompts kept outside the slots, for the next debugging round of the same sample


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How a model is loaded. `context_tokens` is for each of the `slots`; their KV caches are allocated at once."""

    path: Path
    slots: int
    context_tokens: int
    threads: int


def load(settings: EngineSettings) -> Any:
    """Load a model and return its xllamacpp.Server, which batches all requests that are made at the same time.

    Raises InputError when llama.cpp refuses the file, ModelUnavailable when llama.cpp itself is missing.
    """
    try:
        server = _server(settings, _SILENT)
    except RuntimeError as error:
        raise InputError(
            f"llama.cpp cannot load {settings.path}: {_reason(settings.path)}; give another GGUF file"
        ) from error
    # The engine's loop starts after the constructor returns, and a server freed before that never ends: a first
    # answer proves that it runs. It also warms the model up.
    server.handle_completions({"prompt": "a", "max_tokens": 1})
    return server


def _server(settings: EngineSettings, verbosity: int) -> Any:
    xllamacpp = _import_engine()
    params = xllamacpp.CommonParams()
    params.model.path = str(settings.path)
    params.verbosity = verbosity
    params.n_parallel = settings.slots
    params.n_ctx = settings.slots * settings.context_tokens
    params.warmup = False
    params.fit_params = False  # the context is as large as asked for, or loading fails
    params.n_batch = params.n_ubatch = min(_BATCH, params.n_ctx)
    params.cache_ram_mib = _HOST_CACHE_MIB
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = settings.threads
    params.n_threads_http = 1
    # The server always listens; a socket in a private directory that is gone once it is open keeps others out.
    with tempfile.TemporaryDirectory(prefix="distinguo-") as private:
        params.hostnames = [f"{private}/engine.sock"]
        return xllamacpp.Server(params)


def _import_engine() -> Any:
    """Import xllamacpp so that its threads spin for a moment while they wait for each other, and then sleep.

    OpenMP's threads spin much longer by default. Measured with two threads on two cores, tokens/s at 1, 4 and 16
    requests at once: 110, 156, 196 on idle cores and 37, 69, 97 beside one busy process; threads that sleep at once
    gave 55, 101, 147 and 54, 79, 98; threads that spin 10,000 times 21, 17, 41 on busy cores. What the environment
    says about it is left as it is. The count is read while the library is loaded.
    """
    chosen = _SPINS in os.environ or "OMP_WAIT_POLICY" in os.environ
    if not chosen:
        os.environ[_SPINS] = str(_SPIN_COUNT)
    try:
        import xllamacpp
    except ImportError as error:
        raise ModelUnavailable(
            f"the embedded engine cannot be loaded ({error}); install xllamacpp and the system library libgomp1,"
            " or choose another model with --model openai/NAME"
        ) from error
    finally:
        if not chosen:
            del os.environ[_SPINS]
    return xllamacpp


def _reason(path: Path) -> str:
    """Load once more in a process of its own, whose standard error can be read, and return what llama.cpp says."""
    done = subprocess.run(
        [sys.executable, "-m", "distinguo.llm.engine", str(path)],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    for line in done.stderr.splitlines():
        _, marker, reason = line.partition("error loading model: ")
        if marker:
            return reason.strip()[:200]
    return "it gives no reason"


if __name__ == "__main__":
    _server(EngineSettings(Path(sys.argv[1]), slots=1, context_tokens=512, threads=1), _ERRORS)
