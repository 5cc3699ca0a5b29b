"""A deterministic model of the problem `largest`, as a handler of the fake server: some of its programs are right."""

import hashlib
import json
import re
from typing import Any

STATEMENT = "# Largest\n\nPrint the largest of the numbers on the line.\n"
LARGEST = "print(max(map(int, input().split())))"
PROGRAMS = ["print(input().split()[-1])", LARGEST, "print(input().split()[0])"]
TEST = ("1 2 3\n", "3\n")  # the first two programs pass it


def answer(body: dict[str, Any]) -> str:
    """Programs by seed; inputs that tell them apart; a judge that is right."""
    prompt = body["messages"][-1]["content"]
    seed = body.get("seed", 0)
    if "response_format" not in body:
        return f"```python\n{PROGRAMS[_draw(prompt, seed) % len(PROGRAMS)]}\n```"
    if "better" in json.dumps(body["response_format"]):
        first = re.findall(r"print\(.*\)", prompt)[0]
        return json.dumps({"reason": "It prints the largest.", "better": "first" if first == LARGEST else "second"})
    return json.dumps({"inputs": ["3 2 1", f"{seed % 100} 7 1"]})


def _draw(prompt: str, seed: int) -> int:
    return int(hashlib.sha256(f"{prompt}/{seed}".encode()).hexdigest(), 16)
