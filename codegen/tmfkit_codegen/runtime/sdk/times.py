"""Date-times as text, both ways."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

__all__ = ["read", "written"]

_FORM = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*([Zz]|[+-]\d\d(?::?\d\d)?)?)?"
)


def read(text: str) -> datetime:
    """Read a date-time; the documents' own forms, without seconds or with ``+0800``, are read too.

    A bare day is its first instant. What comes without an offset is returned without one.

    Raises:
        ValueError: It is none.
    """
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no date-time")
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    microsecond = int(fraction[:6].ljust(6, "0")) if fraction else 0
    return datetime(
        int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), microsecond, _zone(offset)
    )


def _zone(offset: str | None) -> timezone | None:
    if offset is None:
        return None
    if offset in "Zz":
        return UTC
    digits = offset[1:].replace(":", "").ljust(4, "0")
    distance = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-distance if offset[0] == "-" else distance)


def written(moment: datetime) -> str:
    """Write *moment* as RFC 3339 has it, UTC as ``Z``.

    Raises:
        ValueError: It has no zone, so that nobody knows which instant it is.
    """
    if moment.utcoffset() is None:
        raise ValueError(
            f"{moment!r} has no time zone; give it one, for example datetime.now(UTC) or moment.replace(tzinfo=UTC)"
        )
    text = moment.isoformat()
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text
