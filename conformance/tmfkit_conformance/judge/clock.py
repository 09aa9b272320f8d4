"""Whether a time that the target gave is the time that it was.

The target's clock may be wrong: what counts is the kit's, corrected by what the Date headers of answers say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from tmfkit_conformance.judge.compare import written_instant
from tmfkit_conformance.record.exchange import Exchange

__all__ = ["Clock"]

_TOLERANCE: Final = timedelta(minutes=5)
_MINUTE: Final = timedelta(minutes=1)
_OFFSETS: Final = tuple(timedelta(minutes=15 * quarter) for quarter in range(-12 * 4, 14 * 4 + 1))
"""Offsets of local times from UTC; all that are in use are whole quarters of an hour."""


class Clock:
    """Tells what time it was at the target.

    Args:
        began: When the run began, by the kit's clock; None where the bundle does not say.
        exchanges: Those whose Date headers are looked at.
    """

    def __init__(self, began: datetime | None, exchanges: Iterable[Exchange]) -> None:
        self._began = began
        self._skews = list(_skews(began, exchanges)) if began else []

    @property
    def is_corrected(self) -> bool:
        """Whether a Date header says what the target's clock showed."""
        return bool(self._skews)

    def departure(self, value: str, seconds: float) -> str:
        """Say how far a time is off.

        Args:
            value: A date-time as the target wrote it.
            seconds: When it is to have been, in seconds since the run began.

        Returns:
            Words such as "1:00:00 off"; empty where the time is right, or nothing is known to hold it against.
        """
        if self._began is None:
            return ""
        skews = self._skews or [timedelta(0)]
        at = self._began + timedelta(seconds=seconds)
        least = min(_distance(value, at + skew) for skew in skews)
        return f"{timedelta(seconds=round(least.total_seconds()))} off" if least > _TOLERANCE else ""


def _skews(began: datetime, exchanges: Iterable[Exchange]) -> Iterator[timedelta]:
    """Yield by how much the target's clock is ahead, as each Date header has it."""
    for exchange in exchanges:
        stated = exchange.response.header("Date") if exchange.response else None
        try:
            told = parsedate_to_datetime(stated or "")
        except ValueError:
            continue
        told = told if told.tzinfo else told.replace(tzinfo=UTC)
        yield told - (began + timedelta(seconds=exchange.started + exchange.elapsed_ms / 1000))


def _distance(value: str, at: datetime) -> timedelta:
    """Return how far a written time is from an instant.

    One without seconds is the whole minute, one without a zone is of any zone.
    """
    written = written_instant(value)
    if written is None:
        return timedelta.max
    earliest = [written.instant - offset for offset in _OFFSETS] if not written.has_zone else [written.instant]
    length = timedelta(0) if written.has_seconds else _MINUTE
    return min(max(begin - at, at - (begin + length), timedelta(0)) for begin in earliest)
