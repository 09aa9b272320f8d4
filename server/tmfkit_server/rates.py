"""How often something may happen, for each of many who do it."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

__all__ = ["Rates"]

_MOST_KNOWN = 10_000


class Rates:
    """A rate for each of many; a second's worth may come at once."""

    def __init__(self, per_second: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Describe the rate.

        Args:
            per_second: How often it may happen in the long run.
            clock: Gives seconds.
        """
        self._interval = 1 / per_second
        self._clock = clock
        # When what each has done would be over, had it been done evenly (GCRA); who was seen last stands last.
        self._over_at: OrderedDict[str, float] = OrderedDict()

    def wait_seconds(self, who: str) -> float:
        """Count one more time for *who* and return 0, or return how long to wait and count nothing."""
        now = self._clock()
        over_at = max(self._over_at.get(who, 0.0), now)
        # An early moment of rounding is none.
        if over_at + self._interval > now + max(1.0, self._interval) + 1e-9:
            return over_at + self._interval - now - max(1.0, self._interval)
        self._over_at[who] = over_at + self._interval
        self._over_at.move_to_end(who)
        if len(self._over_at) > _MOST_KNOWN:
            self._over_at.popitem(last=False)
        return 0.0
