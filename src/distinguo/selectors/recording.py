"""Questions and answers as the run's file keeps them: plain data, short, each under a number of its own."""

import hashlib
from typing import Any

from distinguo.records import Vote
from distinguo.selectors.protocol import Answer, Chosen, Failed, Inputs, Question, Ran, Tests

KEPT = 2000  # characters of a text in a record


def place(question: Question) -> int:
    """A number of 48 bits that no other question shares and that is the same in every run."""
    return int.from_bytes(hashlib.sha256(repr(question).encode("utf-8", "surrogatepass")).digest()[:6])


def plain(answer: Answer) -> dict[str, Any]:
    """An answer as plain data."""
    match answer:
        case Inputs(texts):
            return {"inputs": list(texts)}
        case Tests(tests):
            return {"tests": [test.text for test in tests]}
        case Vote():
            return {"vote": answer.value}
        case Chosen(sample):
            return {"chosen": sample}
        case Failed(why):
            return {"failed": why}
        case Ran():
            return {}


def cut(value: Any) -> Any:
    """Plain data with long texts cut, which a digest then names: large inputs and outputs are kept with the runs."""
    match value:
        case str() if len(value) > KEPT:
            digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
            return f"{value[:KEPT]}... ({len(value):,} characters, sha256 {digest})"
        case dict():
            return {key: cut(item) for key, item in value.items()}
        case list() | tuple():
            return [cut(item) for item in value]
    return value
