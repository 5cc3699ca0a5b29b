"""The command line in a process of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

KEY = "sk-test"
MODEL = ("--model", "openai/fake", "-n", "6")


def _listens_to_ctrl_c() -> None:
    """What a shell starts in the background ignores SIGINT, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Cli:
    """Runs `distinguo` in a process of its own, with an environment that holds nothing of the user's."""

    def __init__(self, folder: Path, base_url: str | None) -> None:
        self.folder = folder
        kept = {
            name: value
            for name, value in os.environ.items()
            if name in ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH") or name.startswith("COVERAGE_")
        }
        self.environment = {
            **kept, "HOME": str(folder), "XDG_DATA_HOME": str(folder / "data"), "XDG_CACHE_HOME": str(folder / "cache"),
            "OPENAI_API_KEY": KEY, "HF_HUB_OFFLINE": "1",
        }  # fmt: skip
        if base_url is not None:
            self.environment["OPENAI_BASE_URL"] = base_url

    def start(self, *arguments: object, **options: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "distinguo", *map(str, arguments)]
        return subprocess.Popen(
            command, env=self.environment, cwd=self.folder, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=_listens_to_ctrl_c, **options,
        )  # fmt: skip

    def run(self, *arguments: object, stdin: bytes | None = None) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "distinguo", *map(str, arguments)]
        done = subprocess.run(
            command, env=self.environment, cwd=self.folder, input=stdin or b"", capture_output=True, check=False
        )
        return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())
