"""Whether a value that is sent changes what a record shows."""

from __future__ import annotations

from typing import Any

from tmfkit_conformance import pointer as pointers

__all__ = ["is_change"]


def is_change(before: Any, value: Any) -> bool:
    """Say whether a merge patch with a value changes what was there; ``ABSENT`` for nothing.

    Objects may show more members than are sent, also those in a list, since a target adds ids and the like; a text
    may be shown in capitals.
    """
    if isinstance(value, dict):
        there = before if isinstance(before, dict) else {}
        is_kept = all(not is_change(there.get(name, pointers.ABSENT), member) for name, member in value.items())
        return there is not before or not is_kept
    if isinstance(value, list):
        is_as_long = isinstance(before, list) and len(before) == len(value)
        return not is_as_long or any(is_change(*pair) for pair in zip(before, value, strict=True))
    if isinstance(value, str) and isinstance(before, str):
        return before.casefold() != value.casefold()
    return isinstance(before, bool) is not isinstance(value, bool) or bool(before != value)
