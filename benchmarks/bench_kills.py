"""A run of many problems, killed at random moments and resumed, against one that nothing interrupts.

    python benchmarks/bench_kills.py [--problems 200] [--kills 10] [--seed 0]

The model is a fake server that answers by the prompt and seed; programs run in the sandbox. Both runs must hold the
same records, but for times; printed: how many records were compared, and how many calls were sent for how many answers.
"""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from fakes import coder, killed
from fakes.command import KEY, Cli
from fakes.openai_server import OpenAIServer


def main() -> None:
    """Run both and compare them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=200)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--longest", type=float, default=10.0, help="seconds of work before a kill, at most")
    given = parser.parse_args()
    with TemporaryDirectory() as place, OpenAIServer(coder.answer, api_key=KEY, latency=0.05) as server:
        home = Path(place)
        folder, cli = killed.problems(home / "tasks", given.problems), Cli(home, server.base_url)
        killed.whole(cli, folder, home / "whole.sqlite")
        answers = len(server.requests)
        cut = killed.killed(cli, folder, home / "cut.sqlite", given.kills, seed=given.seed, longest=given.longest)
        sent = len(server.requests) - answers
        whole, resumed = (killed.records(home / name) for name in ("whole.sqlite", "cut.sqlite"))
    differing = [key for key in whole.keys() | resumed.keys() if whole.get(key) != resumed.get(key)]
    print(
        f"{given.problems} problems, killed {cut} times: {len(whole) - 1:,} records compared, {len(differing)} differ"
    )
    print(f"{sent:,} calls were sent for {answers:,} answers; {sent - answers} were in flight when it was killed")
    sys.exit(bool(differing))


if __name__ == "__main__":
    main()
