"""Regular expressions of clients, on RE2 and nothing else: no pattern can make it look at a text again and again."""

from __future__ import annotations

import functools

import re2  # type: ignore[import-untyped]

from tmfkit_server.errors import InvalidQuery

__all__ = ["Regex", "compiled"]

LONGEST_REGEX = 256
# RE2's time grows with the size of its program times that of the text, by 5 ns at the worst.
_WORK_A_STEP = 100
# 0.25 s, during which nobody can stop it.
_MOST_STEPS = 500_000


class Regex:
    """A regular expression."""

    __slots__ = ("_pattern", "_size")

    def __init__(self, text: str) -> None:
        """Compile *text*; InvalidQuery when it is too long, or no regular expression of RE2's syntax."""
        if len(text) > LONGEST_REGEX:
            raise InvalidQuery("regex", f"a regular expression has at most {LONGEST_REGEX} characters")
        options = re2.Options()
        options.log_errors = False
        options.never_capture = True
        try:
            self._pattern = re2.compile(text, options)
        except (re2.error, UnicodeEncodeError):
            raise InvalidQuery("regex", "it is not a regular expression that RE2 reads") from None
        self._size: int = self._pattern.programsize

    def steps(self, text: str) -> float:
        """Return what matching *text* costs at the worst, in steps of a ``Budget``; InvalidQuery when it is a lot."""
        steps = self._size * len(text) / _WORK_A_STEP
        if steps > _MOST_STEPS:
            raise InvalidQuery("regex", f"it is too complicated for a text of {len(text)} characters; shorten it")
        return steps

    def is_in(self, text: str) -> bool:
        """Tell whether some part of *text* matches."""
        return self._pattern.search(text) is not None

    def is_all_of(self, text: str) -> bool:
        """Tell whether *text* matches from its beginning to its end."""
        return self._pattern.fullmatch(text) is not None


@functools.lru_cache(maxsize=256)
def compiled(text: str) -> Regex:
    """Return the regular expression that *text* is; InvalidQuery when it is none."""
    return Regex(text)
