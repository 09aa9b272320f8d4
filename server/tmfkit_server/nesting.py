"""How deep a JSON value may be nested, in what is sent and in what a patch makes of it."""

from __future__ import annotations

from typing import Any

__all__ = ["DEEPEST_NESTING", "is_too_deep"]

DEEPEST_NESTING = 64
"""Levels of objects and arrays; the encoder gives up at 254, and a list around the resource needs one of them."""


def is_too_deep(value: Any, text: bytes) -> bool:
    """Tell whether *value* has more levels than are allowed; looks level by level, so that no depth is too much.

    Args:
        value: A JSON value.
        text: Its JSON text. With few brackets it says at a glance that there are few levels.
    """
    if text.count(b"[") + text.count(b"{") <= DEEPEST_NESTING:
        return False
    level = [value]
    for _ in range(DEEPEST_NESTING):
        level = [member for each in level for member in _members(each)]
        if not level:
            return False
    return True


def _members(value: Any) -> list[Any]:
    members = value.values() if isinstance(value, dict) else value
    return [member for member in members if isinstance(member, dict | list)] if isinstance(value, dict | list) else []
