"""Instants as texts."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Final

__all__ = ["with_offset"]

_OFFSET: Final = timezone(timedelta(hours=5, minutes=30))
"""Offset that is neither of whole hours nor likely to be that of a target."""


def with_offset(instant: str) -> str:
    """Return an instant of RFC 3339 written with another offset than it has."""
    return datetime.fromisoformat(instant).astimezone(_OFFSET).isoformat()
