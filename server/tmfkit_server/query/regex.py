"""Regular expressions of clients, on RE2 and nothing else: no pattern can make it look at a text again and again."""

from __future__ import annotations

import functools
import math

import re2  # type: ignore[import-untyped]

from tmfkit_server.errors import InvalidQuery

__all__ = ["Regex", "Work", "compiled"]

LONGEST_REGEX = 256
# RE2's time grows with the size of its program times that of the text, by 5 ns at the worst: 0.25 s.
_MOST_WORK = 50_000_000


class Work:
    """Bounds what a condition does with one resource, and with all of them.

    The unit is a step of RE2's matcher; telling whether a value compares as wanted costs ``A_COMPARISON``.
    """

    A_COMPARISON = 60

    __slots__ = ("_left", "_reserve")

    def __init__(self, altogether: float = math.inf) -> None:
        """Nothing can be taken before ``renew``; *altogether* bounds the work for all resources."""
        self._left: float = 0
        self._reserve = altogether

    def renew(self) -> None:
        """Begin with another resource."""
        self._reserve += self._left
        self._left = min(_MOST_WORK, self._reserve)
        self._reserve -= self._left

    def take(self, work: int) -> None:
        """Use *work* up; InvalidQuery when there is not as much left."""
        self._left -= work
        if self._left < 0:
            if self._reserve > 0:
                raise InvalidQuery("regex", "matching takes too long with the texts of one resource; shorten it")
            raise InvalidQuery(
                "conditions", "comparing takes too long with so many resources; ask for fewer values, or for equality"
            )


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

    def work(self, text: str) -> int:
        """Return what matching *text* costs at the worst, in steps of the matcher."""
        return self._size * len(text)

    def is_in(self, text: str) -> bool:
        """Tell whether some part of *text* matches; InvalidQuery when finding out would take too long."""
        self._check(text)
        return self._pattern.search(text) is not None

    def is_all_of(self, text: str) -> bool:
        """Tell whether *text* matches from its beginning to its end; InvalidQuery as above."""
        self._check(text)
        return self._pattern.fullmatch(text) is not None

    def _check(self, text: str) -> None:
        if self.work(text) > _MOST_WORK:
            raise InvalidQuery("regex", f"it is too complicated for a text of {len(text)} characters; shorten it")


@functools.lru_cache(maxsize=256)
def compiled(text: str) -> Regex:
    """Return the regular expression that *text* is; InvalidQuery when it is none."""
    return Regex(text)
