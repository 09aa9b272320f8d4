"""How much work searches may make, and how many are at it at a time."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SearchLimits"]

_MATCHING_A_STEP = 100


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

    steps: int = 2_000_000
    sort_keys: int = 5
    scans: int = 4
    lookups: int = 4
    wait_seconds: float = 3.0

    @property
    def matching(self) -> int:
        """Return the work of comparing and matching of one search, which takes as long as ``steps``."""
        return self.steps * _MATCHING_A_STEP
