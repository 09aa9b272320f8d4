"""Names that a run gives: texts by which it knows its records again, ids that nothing has, paths of callbacks."""

from __future__ import annotations

import itertools
from importlib import metadata
from typing import Final

import httpx

from tmfkit_conformance.payloads.contents import Contents

__all__ = ["Naming", "agent"]

_FIRST: Final = 10_000
"""Numbers have five digits, so that texts rise as their numbers do."""


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
        self._numbers = itertools.count(_FIRST)
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
        return f"{self._contents.adjective(purpose)} {self.text_of_its_own()}"

    def unused_id(self) -> str:
        """Return an id that nothing at the target has."""
        number = next(self._numbers)
        rest = self._contents.digits(f"id {number}", 12)
        return f"{self.id_text}-{number:04x}-4{rest[:3]}-8{rest[3:6]}-{self._contents.digits(f'end {number}', 12)}"

    def path(self) -> str:
        """Return a path for a callback."""
        number = next(self._numbers)
        own = f"{self._prefix}{self._contents.digits('callbacks', 8)}"
        return f"{own}/{self._contents.digits(f'callback {number}', 12)}{number:x}"
