"""What came of an attempt to reach a listener."""

from __future__ import annotations

import http
import time
from dataclasses import dataclass, field

__all__ = ["AttemptResult"]

# The listener has understood the notification and will not have it; the same again would be refused again.
_FINAL = frozenset({400, 405, 406, 410, 411, 413, 414, 415, 422, 431})


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """Result of one attempt.

    Attributes:
        status: HTTP status of the answer, 0 when there was none.
        problem: Why there was none, in words.
        at: When it ended, in seconds since 1970.
    """

    status: int = 0
    problem: str = ""
    at: int = field(default_factory=lambda: int(time.time()))

    @property
    def is_taken(self) -> bool:
        """Whether the listener has it."""
        return 200 <= self.status < 300

    @property
    def is_final(self) -> bool:
        """Whether the listener will never take it."""
        return self.status in _FINAL

    def __str__(self) -> str:
        if not self.status:
            return f"no answer: {self.problem}"
        known = {each.value: each.phrase for each in http.HTTPStatus}
        return f"the listener answered {self.status} {known.get(self.status, '')}".rstrip()
