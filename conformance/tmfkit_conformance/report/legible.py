"""Makes text that a target sent safe to show: in a terminal, in XML, in a page."""

from __future__ import annotations

import re

__all__ = ["legible", "marked", "one_line", "shortened"]

_MARKS = frozenset("\\`*_{}[]<>|#&@~")

# Control characters would drive a terminal and are not allowed in XML, lone surrogates cannot be encoded, and the marks
# that turn the writing direction make a line read differently from what it says.
_ILLEGIBLE = re.compile("[^\t\n\x20-\x7e\xa0-\u2029\u202f-\u2065\u206a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def legible(text: str) -> str:
    """Return *text* with every character that cannot be shown written as an escape."""
    return _ILLEGIBLE.sub(lambda found: ascii(found[0])[1:-1], text)


def one_line(text: str) -> str:
    """Return *text* legible and on one line: every run of blanks and line ends becomes one blank."""
    return " ".join(legible(text).split())


def marked(text: str) -> str:
    """Return text on one line, with what Markdown or HTML would read as its own escaped."""
    return "".join(f"\\{letter}" if letter in _MARKS else letter for letter in one_line(text))


def shortened(text: str, limit: int) -> str:
    """Return *text* on one line, cut with ``…`` where it is longer than *limit* characters."""
    line = one_line(text)
    return line if len(line) <= limit else line[: limit - 1] + "…"
