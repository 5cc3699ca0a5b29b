"""What a judge answers: the form that is asked for, and reading it out of what the model wrote."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any

from distinguo.records import Vote

_NONE = ("NONE", "NULL")  # the first is the word that is asked for

_BETTER = re.compile(r'better"?\s*[:=]\s*"?(first|second|tie)\b', re.IGNORECASE)
_RIGHT = re.compile(r'"right"\s*:\s*"?(?:output\s+)?([a-z]+)\b', re.IGNORECASE)
_NAME = r"[\"'(*]*(?:[Oo]utput\s+)?[\"'(*]*([A-Z]{1,3}|[Nn]one)\b"
_SAID = (  # in prose, where only a capital is a name, since `a` is a word
    re.compile(rf"(?i:\b(?:right|correct)(?:\s+(?:output|answer|one))?\s*(?:is\s*:?|[:=]))\s*{_NAME}"),
    re.compile(rf"(?i:\b(?:answer|choice|verdict)\s*(?:is\s*:?|[:=]))\s*{_NAME}"),
    re.compile(r"(?i:\boutput)\s+([A-Z]{1,3})\s+is\s+(?:the\s+)?(?:right|correct)\b"),
    re.compile(r"\b([Nn]one)\s+(?:of\s+[\w ]{1,30}\s+)?(?:is|are)\s+(?:right|correct)\b"),
    re.compile(rf"\A\s*{_NAME}\W*\Z"),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """An output among several, by its place from 0, or None for none of them."""

    place: int | None


VOTE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"reason": {"type": "string"}, "better": {"type": "string", "enum": [str(vote) for vote in Vote]}},
    "required": ["reason", "better"],
    "additionalProperties": False,
}


def choice_schema(names: Sequence[str]) -> dict[str, Any]:
    """The JSON schema of a choice between the outputs of these names, or none of them."""
    right = {"type": "string", "enum": [*names, _NONE[0].lower()]}
    return {
        "type": "object",
        "properties": {"reason": {"type": "string"}, "right": right},
        "required": ["reason", "right"],
        "additionalProperties": False,
    }


def letters(count: int) -> list[str]:
    """Names for so many outputs: A to Z, then AA, AB and so on."""
    names = []
    for number in range(1, count + 1):
        name = ""
        while number:
            number, place = divmod(number - 1, len(ascii_uppercase))
            name = ascii_uppercase[place] + name
        names.append(name)
    return names


def parse_vote(text: str) -> Vote | None:
    """The judge's verdict, or None where the answer names none: the last value given to "better"."""
    found = _BETTER.findall(text)
    return Vote(found[-1].lower()) if found else None


def parse_choice(text: str, names: Sequence[str]) -> Choice | None:
    """Which of the outputs of these names the judge holds for right; None where the answer does not say.

    The last value given to "right" in JSON counts; without one, the last name that prose calls the right output or
    the answer.
    """
    text = text.rpartition("</think>")[2]
    known = {name: Choice(place) for place, name in enumerate(names)} | dict.fromkeys(_NONE, Choice(None))
    for pattern in (_RIGHT, *_SAID):
        said = [known[name] for found in pattern.findall(text) if (name := found.upper()) in known]
        if said:
            return said[-1]
    return None
