"""Names that a run gives: texts by which it knows its records again, ids that nothing has, paths of callbacks."""

from __future__ import annotations

import itertools
from importlib import metadata
from typing import Final

import httpx

from tmfkit_conformance.payloads.contents import Contents

__all__ = ["Naming", "agent"]

_PATH: Final = (("run", 6, 14), ("callback", 12, 24))
"""Part of a callback's path → how many digits it has, at least and at most."""

_MARKS: Final = ("{word} {text}", "{text} {word}", "{word} {text} {other}", "{word} {other} {text}")
"""Forms of a mark; none has a comma, which means "or" in a filter."""


def agent(*, announce: bool) -> dict[str, str]:
    """Return the header that says who asks: a client of HTTP, and not which one unless it is to announce itself."""
    own = f"tmfkit-conformance/{metadata.version('tmfkit')}"
    return {"User-Agent": own if announce else f"python-httpx/{httpx.__version__}"}


class Naming:
    """Gives names that are used once in a run and that nothing else at the target has.

    Args:
        contents: What names are drawn from.
        announce: Whether they say that they are of the kit.
    """

    def __init__(self, contents: Contents, *, announce: bool) -> None:
        self._contents = contents
        digits = contents.number("digits", 5, 7)
        # All have as many digits, so that texts rise as their numbers do: there is room for thirty thousand.
        first = contents.number("first number", 10 ** (digits - 1), 2 * 10 ** (digits - 1))
        self._numbers = itertools.count(first, contents.number("step", 1, 10 ** (digits - 4) // 4))
        self._lengths = [contents.number(f"path {part}", least, most) for part, least, most in _PATH]
        self._prefix = "tmfkit-" if announce else ""
        self.text = f"{self._prefix}{contents.name('run')}"
        """What every text has that this run makes unique."""
        self.id_text = f"{self._prefix}{contents.digits('run', 8)}"
        """What every id begins with that this run comes up with."""

    def is_in(self, text: str) -> bool:
        """Say whether a text has something in it that this run made unique."""
        return self.text in text or self.id_text in text

    def text_of_its_own(self) -> str:
        """Return a short text without blanks; each is greater than the one before."""
        return f"{self.text}{next(self._numbers)}"

    def mark(self, purpose: str) -> str:
        """Return a short plain text that has what texts of the run have."""
        if self._prefix:
            return f"{self.text}-mark-{next(self._numbers)}"
        form = _MARKS[self._contents.number("mark", 0, len(_MARKS) - 1)]
        word, other = self._contents.word(purpose), self._contents.word(f"{purpose} other")
        return form.format(word=word, other=other, text=self.text_of_its_own())

    def unused_id(self) -> str:
        """Return an id that nothing at the target has, of the form of a random UUID.

        Source: RFC 9562 §5.4.
        """
        rest = self._contents.digits(f"id {next(self._numbers)}", 23)
        variant = "89ab"[int(rest[-1], 16) % 4]
        return f"{self.id_text}-{rest[:4]}-4{rest[4:7]}-{variant}{rest[7:10]}-{rest[10:22]}"

    def path(self) -> str:
        """Return a path for a callback."""
        own, end = self._lengths
        digits = self._contents.digits(f"callback {next(self._numbers)}", end)
        return f"{self._prefix}{self._contents.digits('callbacks', own)}/{digits}"
