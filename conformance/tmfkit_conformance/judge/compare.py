"""When a value that came back is the value that was sent."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

__all__ = ["Written", "instant", "is_equal", "is_kept", "is_same", "is_there", "written_instant"]

_INSTANT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?\s*([Zz]|[+-]\d\d(?::?\d\d)?)?"
)  # the documents' own forms: seconds may be left out, the offset may be written without a colon


@dataclass(frozen=True, slots=True)
class Written:
    """A date-time as it was written.

    Attributes:
        instant: The instant; without a zone it is taken for UTC.
        has_zone: Whether a zone was written.
        has_seconds: Whether seconds were written.
    """

    instant: datetime
    has_zone: bool
    has_seconds: bool


def instant(value: Any) -> datetime | None:
    """Return the instant that a text means, or None when it is no date-time; without an offset it is UTC."""
    written = written_instant(value)
    return written.instant if written else None


def written_instant(value: Any) -> Written | None:
    """Return a date-time with how it was written, or None when a text is none."""
    match = _INSTANT.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    micro = int((fraction or "0").ljust(6, "0")[:6])
    try:
        at = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0), micro, _zone(offset))
    except ValueError:
        return None
    return Written(at, has_zone=bool(offset), has_seconds=second is not None)


def is_kept(sent: Any, got: Any) -> bool:
    """Say whether everything that was sent is in what came back.

    Objects may have more members, arrays have the same members in the same order, date-times are compared as instants,
    numbers as numbers.
    """
    if isinstance(sent, dict):
        return isinstance(got, dict) and all(
            name in got and is_kept(value, got[name]) for name, value in sent.items() if value is not None
        )
    if isinstance(sent, list):
        return (
            isinstance(got, list)
            and len(sent) == len(got)
            and all(is_kept(one, other) for one, other in zip(sent, got, strict=True))
        )
    if isinstance(sent, bool) or isinstance(got, bool):
        return sent is got
    if isinstance(sent, str) and sent != got:
        return instant(sent) is not None and instant(sent) == instant(got)
    return bool(sent == got)


def is_equal(one: Any, other: Any) -> bool:
    """Say whether each of two values has everything that the other one has."""
    return is_kept(one, other) and is_kept(other, one)


def is_same(before: Any, after: Any, *, apart_from: Iterable[str] = ()) -> bool:
    """Say whether two resources are equal, attributes of some names left out wherever they stand."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return False
    left_out = set(apart_from)
    return is_equal(_without(before, left_out), _without(after, left_out))


def _without(value: Any, names: set[str]) -> Any:
    """Return a value without the members of some names, at any depth, and without those that are null."""
    if isinstance(value, dict):
        kept = ((name, member) for name, member in value.items() if name not in names and member is not None)
        return {name: _without(member, names) for name, member in kept}
    return [_without(member, names) for member in value] if isinstance(value, list) else value


def is_there(got: Any, shown: Any) -> bool:
    """Say whether something stands where another answer of the same target showed *shown*.

    Null is nothing, and nor is false in the place of a text.
    """
    return got is not None and _kind(got) == _kind(shown)


def _kind(value: Any) -> type:
    return float if isinstance(value, int) and not isinstance(value, bool) else type(value)


def _zone(offset: str | None) -> timezone:
    if not offset or offset in "Zz":
        return UTC
    digits = offset[1:].replace(":", "").ljust(4, "0")
    delta = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-delta if offset[0] == "-" else delta)
