"""Whether a time that the target gave is the time that it was.

The target's clock may be wrong: what counts is the kit's, corrected by what the Date headers of answers say. Times are
counted in seconds here, since a target may write one that no ``datetime`` can be moved to.
"""

from __future__ import annotations

import functools
import statistics
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from tmfkit_conformance.judge.compare import Written, written_instant
from tmfkit_conformance.record.exchange import Exchange

__all__ = ["Clock"]

_TOLERANCE_SECONDS: Final = 5 * 60.0
_MINUTE_SECONDS: Final = 60.0
_OFFSETS_SECONDS: Final = tuple(15 * 60.0 * quarter for quarter in range(-12 * 4, 14 * 4 + 1))
"""Offsets of local times from UTC; all that are in use are whole quarters of an hour."""

_FARTHEST_SECONDS: Final = 86_400.0 * 366 * 10_000
"""Beyond any two times that can be written; it keeps what is said readable, whatever stands in a bundle."""


class Clock:
    """Tells what time it was at the target.

    Args:
        began: When the run began, by the kit's clock; None where the bundle does not say.
        exchanges: Those of the run.
    """

    def __init__(self, began: datetime | None, exchanges: Iterable[Exchange] = ()) -> None:
        self._began = began.timestamp() if began else None
        self._exchanges = tuple(exchanges)

    def skew_seconds(self, carrier: Exchange | None) -> float | None:
        """Return by how much the target's clock is ahead; None where no Date header says so.

        Args:
            carrier: The exchange whose answer has the time that is looked at: its own Date header counts. Without one,
                or without a carrier, it is the median of the run, so that a single header excuses nothing.
        """
        own = self._skew(carrier) if carrier else None
        return self._usual_seconds if own is None else own

    def departure(self, value: str, seconds: float, skew_seconds: float) -> str:
        """Say how far a time is off.

        Args:
            value: A date-time as the target wrote it.
            seconds: When it is to have been, in seconds since the run began.
            skew_seconds: By how much the target's clock is ahead.

        Returns:
            Words such as "1:00:00 off" or "no date-time"; empty where it is right, or nothing is known to hold it
            against.
        """
        written = written_instant(value)
        if self._began is None or written is None:
            return "" if written else "no date-time"
        off = _distance(written, self._began + seconds + skew_seconds)
        # What is no number is not less than anything either.
        return "" if off <= _TOLERANCE_SECONDS else f"{_in_words(off)} off"

    @functools.cached_property
    def _usual_seconds(self) -> float | None:
        skews = [skew for skew in map(self._skew, self._exchanges) if skew is not None]
        return statistics.median(skews) if skews else None

    def _skew(self, exchange: Exchange) -> float | None:
        """Return by how much the target's clock is ahead, as one Date header has it."""
        stated = exchange.response.header("Date") if exchange.response else None
        if self._began is None or not stated:
            return None
        try:
            told = parsedate_to_datetime(stated)
        except (ValueError, OverflowError, TypeError):  # an absurd year, an offset beyond a day
            return None
        told = told if told.tzinfo else told.replace(tzinfo=UTC)
        return told.timestamp() - (self._began + exchange.started + exchange.elapsed_ms / 1000)


def _distance(written: Written, at: float) -> float:
    """Return how many seconds a written time is from an instant.

    One without seconds is the whole minute, one without a zone is of any zone.
    """
    instant = written.instant.timestamp()
    earliest = [instant] if written.has_zone else [instant - offset for offset in _OFFSETS_SECONDS]
    length = 0.0 if written.has_seconds else _MINUTE_SECONDS
    return min(max(begin - at, at - (begin + length), 0.0) for begin in earliest)


def _in_words(seconds: float) -> str:
    return str(timedelta(seconds=round(min(_FARTHEST_SECONDS, seconds))))
