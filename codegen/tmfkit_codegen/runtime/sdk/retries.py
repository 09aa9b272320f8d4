"""Whether, and when, a request that failed is sent again: a pure decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

__all__ = ["Failure", "Retries", "retry_after_seconds"]

_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_POSTPONED = frozenset({429, 503})
_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})


@dataclass(frozen=True, slots=True)
class Failure:
    """How an attempt failed.

    Attributes:
        status: Status of the answer; None when there was none.
        sent: Without an answer, whether the request reached the server; None when that is not known.
        retry_after: Seconds that the server asked to wait; None when it did not.
    """

    status: int | None = None
    sent: bool | None = None
    retry_after: float | None = None

    @property
    def may_have_acted(self) -> bool:
        """Whether the server may have done what was asked, all the same."""
        if self.status is None:
            return self.sent is not False
        return self.status != 429 and not (self.status == 503 and self.retry_after is not None)


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a request is sent, and how long the pauses are.

    Attributes:
        attempts: How many times at most, the first one included.
        attempt_seconds: How long one attempt may take; None for all the time that the call has left.
        pause_seconds: The longest pause before the first repetition; doubled for each that follows.
        longest_pause_seconds: What a pause is never longer than, unless the server asks for it.
    """

    attempts: int = 3
    attempt_seconds: float | None = None
    pause_seconds: float = 0.5
    longest_pause_seconds: float = 8.0

    def __post_init__(self) -> None:
        if not isinstance(self.attempts, int) or self.attempts < 1:
            raise ValueError(f"attempts is {self.attempts}; the first attempt counts, so 1 is the least")
        if self.attempt_seconds is not None and not self.attempt_seconds > 0:
            raise ValueError(f"attempt_seconds is {self.attempt_seconds}; it has to be more than 0")
        for name in ("pause_seconds", "longest_pause_seconds"):
            if not 0 <= (value := getattr(self, name)) < float("inf"):
                raise ValueError(f"{name} is {value}; it has to be a number from 0")

    @classmethod
    def of(cls, value: Retries | int) -> Retries:
        """Return *value*, or what a number of repetitions stands for: 0 sends once."""
        if isinstance(value, Retries):
            return value
        if not isinstance(value, int) or value < 0:
            raise ValueError(f"retries is {value!r}; it has to be Retries(…) or the number of repetitions, from 0")
        return cls(attempts=value + 1)

    def next(
        self,
        failure: Failure,
        *,
        method: str,
        attempt: int,
        is_protected: bool = False,
        seconds_left: float | None = None,
        chance: float = 1.0,
    ) -> float | None:
        """Return how many seconds to wait before the next attempt; None when there is none.

        Args:
            failure: How the attempt failed.
            method: GET, POST…
            attempt: Number of the attempt that failed, from 1.
            is_protected: Doing it twice does no harm: it has an Idempotency-Key or, if it is a PATCH, an If-Match.
            seconds_left: Until the deadline of the call; None without one.
            chance: From 0 to 1, at random; the share of the pause that is waited (full jitter).
        """
        if attempt >= self.attempts or not _allows(failure, method, is_protected=is_protected):
            return None
        if failure.retry_after is not None:
            pause = failure.retry_after
        else:
            pause = chance * min(self.longest_pause_seconds, self.pause_seconds * 2.0 ** (attempt - 1))
        return None if seconds_left is not None and pause >= seconds_left else pause


def _allows(failure: Failure, method: str, *, is_protected: bool) -> bool:
    if method in _REPEATABLE or is_protected:
        return failure.status is None or failure.status in _PASSING
    if failure.status is None:
        return failure.sent is False
    return failure.status in _POSTPONED and failure.retry_after is not None


def retry_after_seconds(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Read ``Retry-After``: seconds, or a date, which is compared with the server's own ``Date``.

    Args:
        headers: Those of the answer.
        now: The time here, for answers without a date.

    Returns:
        Seconds, never negative; None when the header is missing or neither form.

    Source:
        RFC 9110 section 10.2.3.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    when = _moment(text)
    if when is None:
        return None
    return max(0.0, (when - (_moment(headers.get("date", "")) or now)).total_seconds())


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
