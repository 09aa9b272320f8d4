"""How long to wait before something that failed is tried again."""

from __future__ import annotations

import random

__all__ = ["pause_seconds"]


def pause_seconds(failures: int, *, first: float, longest: float) -> float:
    """Return a pause that doubles with every failure, at random between half of it and the whole.

    What failed together is thus not tried again together.

    Args:
        failures: How often it has failed so far, at least once.
        first: Pause after the first failure, in seconds.
        longest: Longest pause, in seconds.
    """
    # The exponent is bounded before the power is taken: years of failures are no reason to overflow.
    pause = min(longest, first * 2.0 ** min(failures - 1, 60))
    return pause * random.uniform(0.5, 1.0)  # noqa: S311 - nothing secret about it
