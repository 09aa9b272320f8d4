"""Periods that end after they begin, whichever values of their two ends stand together."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

__all__ = ["beginning_of", "ending", "may_be_an_end"]

_YEARS: Final = 4
"""By how much later an end is; after so many years there is a 29 February again."""


def may_be_an_end(name: str) -> bool:
    """Say whether an attribute may be the end of a period, by its name."""
    return "end" in name.lower()


def beginning_of(name: str, siblings: Collection[str]) -> str:
    """Return which of its siblings an attribute is the end of, by their names; empty when of none."""
    pairs = (name.replace(end, start, 1) for end, start in (("end", "start"), ("End", "Start")) if end in name)
    return next((other for other in pairs if other in siblings), "")


def ending(value: Any, beginnings: Collection[Any]) -> Any:
    """Return a date-time of an end, later where a beginning has the same."""
    if value not in beginnings or not isinstance(value, str) or not value[:4].isdecimal():
        return value
    return f"{int(value[:4]) + _YEARS}{value[4:]}"
