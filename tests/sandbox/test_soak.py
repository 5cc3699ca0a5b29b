"""The soak of benchmarks/judge_soak.py, in short: no wrong verdict among mixed runs, and nothing left behind."""

import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).parents[2] / "benchmarks" / "judge_soak.py"


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("sandboxed")
def test_a_mix_with_hostile_programs_is_judged_right_and_leaves_nothing() -> None:
    command = [sys.executable, str(SOAK), "--runs", "2500"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "wrong: 0" in done.stdout
    assert "left behind: 0" in done.stdout
