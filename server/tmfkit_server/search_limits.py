"""How much work searches may make, and how many are at it at a time."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MOST_STEPS", "SearchLimits"]

MOST_STEPS = 2_000_000
"""About a second's work."""


@dataclass(frozen=True, slots=True)
class SearchLimits:
    """What a search is refused beyond, or has to wait.

    Attributes:
        steps: Steps of one search; a million takes about half a second.
        sort_keys: Names in its order.
        scans: Searches of one process at a time that look at resources one by one; half of them, at the most, are of
            one credential.
        lookups: Searches of one process at a time that indexes answer, in a store where they take a while.
        wait_seconds: How long one waits for the others.
    """

    steps: int = MOST_STEPS
    sort_keys: int = 5
    scans: int = 4
    lookups: int = 4
    wait_seconds: float = 3.0
