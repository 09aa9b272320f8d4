"""What one process counts for whoever reads metrics; adding to a number costs nothing."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["COUNTS", "Counts"]


@dataclass(slots=True)
class Counts:
    """Numbers that only grow.

    Attributes:
        commits: Commits of the store, each of one change or of many.
        searches_refused: Searches that found no slot in time.
        answers_refused: Long answers that found no room.
        credentials_refused: Requests without a credential that is known.
        requests_limited: Requests beyond a limit of their number.
    """

    commits: int = 0
    searches_refused: int = 0
    answers_refused: int = 0
    credentials_refused: int = 0
    requests_limited: int = 0


COUNTS = Counts()
"""Those of this process."""
