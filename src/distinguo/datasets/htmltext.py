"""A problem's statement from HTML to plain text with the marks of Markdown: what a reader sees, and nothing else.

Headings, paragraphs, lists, tables, preformatted text, powers and indices are kept; style sheets, scripts, the buttons
of sample boxes and whatever is hidden are not. Text between `$$$` is a formula and becomes `$...$`.
"""

import re
from html.parser import HTMLParser

_BLOCKS = frozenset(
    (
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "p",
        "div",
        "section",
        "article",
        "ul",
        "ol",
        "table",
        "tr",
        "pre",
        "blockquote",
    )
)
_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
)
_UNSEEN = {"head", "style", "script", "template", "noscript"}
_CONTROL = re.compile(r"\b(?:button|popup|material-icons)\b")
_MARKS = {**{f"h{level}": "#" * level + " " for level in range(1, 7)}, "sup": "^", "sub": "_"}


def to_text(html: str) -> str:
    """The statement in plain text. Broken HTML is read as browsers do, as far as it goes; nothing is raised."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    text = "".join(reader.parts).replace("$$$", "$")
    lines = [line.rstrip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


class _Reader(HTMLParser):
    """Collects the text. `parts` never ends in spaces that a browser would not show."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unseen: list[str] = []  # the open elements from the first one on that is not shown
        self._preformatted = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if self._unseen or tag in _UNSEEN or _CONTROL.search(given.get("class") or "") or "hidden" in given:
            if tag not in _VOID:
                self._unseen.append(tag)
            return
        if tag in _BLOCKS:
            self._break("\n\n" if tag != "tr" else "\n")
        if tag == "pre":
            self._preformatted += 1
            self.parts.append("```\n")
        elif tag == "br":
            self.parts.append("\n")
        elif tag == "li":
            self._break("\n")
            self.parts.append("- ")
        elif tag == "img" and given.get("alt"):
            self.parts.append(f"[{given['alt']}]")
        elif tag in ("td", "th") and self.parts and not self.parts[-1].endswith("\n"):
            self.parts.append(" | ")
        elif tag in _MARKS:
            self.parts.append(_MARKS[tag])

    def handle_endtag(self, tag: str) -> None:
        if self._unseen:
            if tag in self._unseen:
                del self._unseen[self._unseen.index(tag) if tag in _UNSEEN else _last(self._unseen, tag) :]
            return
        if tag == "pre" and self._preformatted:
            self._preformatted -= 1
            self._break("\n")
            self.parts.append("```")
        if tag in _BLOCKS:
            self._break("\n\n" if tag != "tr" else "\n")

    def handle_data(self, data: str) -> None:
        if self._unseen:
            return
        if not self._preformatted:
            data = re.sub(r"\s+", " ", data)
            if not self.parts or self.parts[-1].endswith(("\n", " ")):
                data = data.lstrip(" ")
        if data:
            self.parts.append(data)

    def _break(self, ends: str) -> None:
        """End the paragraph or line, unless it has just begun."""
        while self.parts and not self.parts[-1].strip(" "):
            self.parts.pop()
        if self.parts:
            missing = len(ends) - (len(self.parts[-1]) - len(self.parts[-1].rstrip("\n")))
            self.parts += ["\n" * missing] * (missing > 0)


def _last(items: list[str], item: str) -> int:
    return len(items) - 1 - items[::-1].index(item)
