"""Fitting texts into a prompt: a cautious estimate of tokens, and cuts that share the room fairly."""

import re
from collections.abc import Sequence

_LETTERS = 3  # characters of a word or of white space that count as one token; no text costs less per character
_LONGEST_WORD = 16
_PIECE = re.compile(r" ?[A-Za-z]{1,24}|\s{1,24}|.", re.DOTALL)
_MARK = "\n... ({} characters left out) ...\n"
_MARK_TOKENS = 32  # of the mark, the count included


def tokens(text: str) -> int:
    """An upper estimate of a text's tokens that needs no tokenizer.

    A word or a run of spaces counts a third of its length (long runs of letters, which are no words, three quarters),
    any other ASCII character (digits, punctuation) one token, a character beyond ASCII one for each byte of UTF-8.
    Measured with SmolLM2's tokenizer: 1.0 (digits) to 1.9 (code) times the real number, 2.2 for Chinese.
    """
    return sum(_cost(piece) for piece in _PIECE.findall(text))


def _cost(piece: str) -> int:
    if piece[-1].isascii() and (piece[-1].isalpha() or piece.isspace()):
        return (
            -(-len(piece) * 3 // 4)
            if len(piece) > _LONGEST_WORD and not piece.isspace()
            else -(-len(piece) // _LETTERS)
        )
    return len(piece.encode("utf-8", "surrogatepass"))


def cut(text: str, limit: int) -> str:
    """A text in at most `limit` tokens: its beginning and end, and between them how much is left out."""
    if len(text) <= limit * _LETTERS and tokens(text) <= limit:
        return text
    room = limit - _MARK_TOKENS
    if room <= 0:
        return "".join(_within(_PIECE.findall(text[: limit * _LETTERS]), limit))
    head = "".join(_within(_PIECE.findall(text[: room * _LETTERS]), room * 2 // 3))
    rest = text[len(head) :]
    tail = _within(_PIECE.findall(rest[-room * _LETTERS :])[::-1], room - room * 2 // 3)[::-1]
    return head + _MARK.format(len(rest) - sum(map(len, tail))) + "".join(tail)


def _within(pieces: Sequence[str], limit: int) -> list[str]:
    kept = []
    for piece in pieces:
        limit -= _cost(piece)
        if limit < 0:
            break
        kept.append(piece)
    return kept


def fit(texts: Sequence[tuple[str, int]], room: int) -> list[str]:
    """Cut texts so that together they take at most `room` tokens.

    Each text comes with the most tokens it may have. Short texts stay whole; what they leave is shared equally
    by the longer ones.
    """
    wanted = [min(tokens(text[: limit * _LETTERS]), limit) for text, limit in texts]
    allowed = [0] * len(texts)
    for place, index in enumerate(sorted(range(len(texts)), key=wanted.__getitem__)):
        allowed[index] = min(wanted[index], room // (len(texts) - place))
        room -= allowed[index]
    return [cut(text, limit) for (text, _), limit in zip(texts, allowed, strict=True)]
