"""Texts as the known inputs hold them at one place: drawn anew or changed a little.

What holds for every known one is kept: its characters, a form such as a date's, balanced brackets, words.
"""

import random
import re
import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from distinguo.testgen.mutation.leaves import EMPTY, LONGEST, SMALL_LENGTH, Number, Size, pool

_WIDE = 5  # different letters from which on the others of the alphabet are as good
_CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
_PAIRS = {")": "(", "]": "[", "}": "{", ">": "<"}
_NUMERAL = re.compile(r"-?(0|[1-9][0-9]{0,300})(\.[0-9]{1,300})?")


@dataclass(frozen=True, slots=True)
class Numeral:
    """Texts that are numbers, some with a sign or a point."""

    number: Number

    @classmethod
    def of(cls, known: Sequence[str], free: bool = False) -> "Numeral | None":
        """The numbers that these texts are; None where some are none, or all are mere digits."""
        if not all(_NUMERAL.fullmatch(text) for text in known) or all(text.isdecimal() for text in known):
            return None
        whole = not any("." in text for text in known)
        return cls(Number.of([int(text) if whole else float(text) for text in known], free))

    def draw(self, rng: random.Random, size: Size) -> str:
        """A number as text."""
        return str(self.number.draw(rng, size))

    def change(self, value: str, rng: random.Random, size: Size) -> str:
        """The number changed."""
        number = int(value) if self.number.decimals is None else float(value)
        return str(self.number.change(number, rng, size))

    def grow(self, length: int, rng: random.Random) -> Any:
        """None: it has no length."""
        return None


@dataclass(frozen=True, slots=True)
class Text:
    """Strings.

    seen: known ones. alphabet: characters that may occur. shortest, low, high: the least length that is made, and the
    known ones'. fixed: they all have one length. few: an enumeration. form: they share a form such as a date's, numbers
    and letters between the same other characters. brackets: they are balanced. plain: words between single spaces, or
    decimal numbers without leading zeros. parted: letters and digits between single other characters, `2.0.1`. words:
    those that known ones have, where some have several. repeated: some occur more than once.
    """

    seen: tuple[str, ...]
    alphabet: str
    shortest: int
    low: int
    high: int
    fixed: bool
    few: bool
    form: bool
    brackets: bool
    plain: bool
    parted: bool
    words: tuple[str, ...]
    repeated: bool

    @classmethod
    def of(cls, known: Sequence[str], free: bool = False) -> "Text":
        """What these strings have in common; free: their lengths do not hold."""
        lengths = [len(text) for text in known]
        letters = set("".join(known))
        for many in _CLASSES:
            if len(letters & set(many)) >= _WIDE and letters & set(many) != set("abcdef"):
                letters |= set(many)
        different = set(known)
        forms = {_form(text) for text in different}
        plain = all(text == _plain(text) for text in known)
        several = plain and any(" " in text for text in known)
        return cls(
            seen=pool(known),
            alphabet="".join(sorted(letters)),
            shortest=0 if free else min(1, *lengths),
            low=min(lengths),
            high=max(lengths),
            fixed=not free and min(lengths) == max(lengths) > 0 and len(known) >= (2 if max(lengths) == 1 else 4),
            few=len(known) >= 4 and len(different) * 3 <= len(known) and all(len(text) > 1 for text in different),
            form=len(different) >= 2 and len(forms) == 1 and any(not mark.isalnum() for mark in forms.copy().pop()),
            brackets=bool(letters) and letters <= set("()[]{}<> ") and all(_balanced(text) for text in known),
            plain=plain,
            parted=all(text == _parted(text) for text in known),
            words=tuple(dict.fromkeys(word for text in known for word in text.split())) if several else (),
            repeated=len(different) < len(known) and max(lengths) > 1,
        )

    def draw(self, rng: random.Random, size: Size) -> str:
        """A new one: random characters, one repeated, a repeated block, a palindrome."""
        if self.few or not self.alphabet or (self.repeated and rng.random() < 0.4):
            return rng.choice(self.seen)
        if self.form:
            runs = _runs(rng.choice(self.seen))
            return "".join(self._like(runs, place, rng) for place in range(len(runs)))
        length = 0 if not self.shortest and rng.random() < EMPTY else self._length(rng, size)
        if length and self.words and rng.random() < 0.7:
            return self._of_words(length, rng)
        return self._of_length(length, rng)

    def _of_words(self, length: int, rng: random.Random) -> str:
        """Known words, of about a length together."""
        each = 1 + sum(map(len, self.words)) // len(self.words)
        return self._tidy(" ".join(rng.choices(self.words, k=max(self.shortest, length // each))), rng)

    def _length(self, rng: random.Random, size: Size) -> int:
        if self.fixed:
            return self.high
        most = (
            min(self.high, SMALL_LENGTH) if size is Size.SMALL else min(LONGEST, max(self.high + 2, self.high * 3 // 2))
        )
        return rng.randint(self.shortest, max(self.shortest, most))

    def _of_length(self, length: int, rng: random.Random) -> str:
        if self.brackets:
            return self._nested(length, rng)
        pattern = rng.random()
        if pattern < 0.1:
            return self._tidy(rng.choice(self.alphabet) * length, rng)
        block = "".join(rng.choices(self.alphabet, k=rng.randint(1, 3) if pattern < 0.2 else length))
        if pattern < 0.2:
            block = (block * length)[:length]
        elif pattern < 0.3:
            half = block[: (length + 1) // 2]
            block = half + half[::-1][length % 2 :]
        return self._tidy(block, rng)

    def _nested(self, length: int, rng: random.Random) -> str:
        made, still_open = list[str](), list[str]()
        closing = [mark for mark in self.alphabet if mark in _PAIRS]
        while len(made) + len(still_open) < length:
            if still_open and rng.random() < 0.45:
                made.append(still_open.pop())
            else:
                still_open.append(rng.choice(closing))
                made.append(_PAIRS[still_open[-1]])
        return "".join(made + still_open[::-1])

    def _tidy(self, text: str, rng: random.Random) -> str:
        """The text without what no known one has: spaces at its ends, leading zeros, another length."""
        if self.plain:
            text = _plain(text)
        if self.parted:
            text = _parted(text)
        lacking = (self.high if self.fixed else self.shortest) - len(text)
        if lacking > 0:
            solid = [letter for letter in self.alphabet if not letter.isspace() and letter != "0"] or ["0"]
            text += "".join(rng.choices(solid, k=lacking))
        return text[: self.high] if self.fixed else text

    def change(self, value: str, rng: random.Random, size: Size) -> str:
        """One character more, fewer or another, two swapped, reversed, repeated, sorted, cut, or drawn anew."""
        if self.few or self.brackets or not value or not self.alphabet:
            return self.draw(rng, size)
        place, other = rng.randrange(len(value)), rng.randrange(len(value))
        if self.form:
            runs = _runs(value)
            place = rng.choice([place for place, run in enumerate(runs) if run.isalnum()] or [0])
            return "".join([*runs[:place], self._like(runs, place, rng), *runs[place + 1 :]])
        if " " in value and rng.random() < 0.7:
            return self._reworded(value.split(" "), rng)
        letter = rng.choice(self.alphabet)
        low, high = sorted((place, other))
        swapped = list(value)
        swapped[low], swapped[high] = swapped[high], swapped[low]
        ways = [
            self.draw(rng, size),
            value[:place] + value[place + 1 :],
            value[:place] + letter + value[place:],
            value[:place] + letter + value[place + 1 :],
            value[:place] + value[place] + value[place:],
            "".join(swapped),
            value[::-1],
            "".join(sorted(value)),
            value[: place + 1],
            value[place],
        ]
        if size is not Size.SMALL and len(value) <= LONGEST // 2:
            ways += [value + value, value + value[::-1]]
        if any(mark.islower() for mark in self.alphabet) and any(mark.isupper() for mark in self.alphabet):
            ways.append(value[:place] + value[place].swapcase() + value[place + 1 :])
        return self._tidy(rng.choice(ways), rng)

    def _reworded(self, words: list[str], rng: random.Random) -> str:
        """One word more, fewer, another or repeated, two swapped, or the words reversed."""
        place, other = rng.randrange(len(words)), rng.randrange(len(words))
        word = rng.choice(self.words or words)
        swapped = list(words)
        swapped[place], swapped[other] = swapped[other], swapped[place]
        ways = [
            words[:place] + words[place + 1 :],
            [*words[:place], word, *words[place:]],
            [*words[:place], word, *words[place + 1 :]],
            [*words[:place], words[place], *words[place:]],
            words[: place + 1],
            swapped,
            words[::-1],
        ]
        return self._tidy(" ".join(rng.choice(ways)), rng)

    def _like(self, runs: Sequence[str], place: int, rng: random.Random) -> str:
        """Another run of the same form: a number in the range of the known ones, seldom any; a letter of its class."""
        run = runs[place]
        if not run.isdecimal():
            return next((rng.choice(letters) for letters in _CLASSES if run in letters), run)
        known = [int(_runs(text)[place]) for text in self.seen]
        width = len(run) if len({len(_runs(text)[place]) for text in self.seen}) == 1 else 0
        low, high = (0, 10 ** len(run) - 1) if rng.random() < 0.1 else (min(known), max(known))
        return str(rng.randint(low, high)).zfill(width)

    def resized(self, value: str, length: int, rng: random.Random) -> str:
        """The text cut or continued to a length."""
        more = rng.choices(self.alphabet or "a", k=max(0, length - len(value)))
        return value[:length] + "".join(more)

    def grow(self, length: int, rng: random.Random) -> str | None:
        """A long one; None where they have a form or a fixed length."""
        if self.few or self.form or self.fixed or not self.alphabet:
            return None
        return self._of_words(length, rng) if self.words and rng.random() < 0.5 else self._of_length(length, rng)


def _form(text: str) -> str:
    text = re.sub("[0-9]+", "0", text)
    return "".join("0" if mark == "0" else "a" if mark.isalpha() else mark for mark in text)


def _runs(text: str) -> list[str]:
    """The runs of digits and the single other characters."""
    return re.findall(r"[0-9]+|[^0-9]", text)


def _plain(text: str) -> str:
    if text.isascii() and text.isdigit():
        return text.lstrip("0") or "0"
    return " ".join(text.split())


def _parted(text: str) -> str:
    """Without leading zeros, and what is neither letter nor digit only once between these."""
    text = re.sub("([^0-9A-Za-z])[^0-9A-Za-z]+", r"\1", text)
    text = re.sub("^[^0-9A-Za-z]+|[^0-9A-Za-z]+$", "", text)
    return re.sub("(?<![0-9A-Za-z])0+(?=[0-9])", "", text)


def _balanced(text: str) -> bool:
    still_open = list[str]()
    for mark in text:
        if mark in _PAIRS:
            if not still_open or still_open.pop() != _PAIRS[mark]:
                return False
        elif mark in _PAIRS.values():
            still_open.append(mark)
    return not still_open
