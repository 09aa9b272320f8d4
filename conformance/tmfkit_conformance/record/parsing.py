"""The JSON values of bodies, held only as long as they are looked at: all of a run at once would fill the memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any, Final

from tmfkit_conformance.record import wire

__all__ = ["MOST_BYTES", "held_bytes", "parsed"]

MOST_BYTES: Final = 4 * 1024 * 1024
"""Bytes of the bodies whose values are held; a value takes about ten times as much memory as its text."""

_lock = threading.Lock()
_held: OrderedDict[int, tuple[object, bytes, tuple[Any, bool]]] = OrderedDict()
_size = 0


def parsed(holder: object, body: bytes) -> tuple[Any, bool]:
    """Return the JSON value that a body is, and whether it is one; the same object again, as a rule, when asked again.

    Args:
        holder: The request, answer or notification that the body is of; no other one shares the value.
        body: The body.
    """
    with _lock:
        found = _held.get(id(holder))
        if found is not None:  # the holder is held as well, so that nothing else can have its number
            _held.move_to_end(id(holder))
            return found[2]
    value = wire.parsed(body)
    _hold(holder, body, value)
    return value


def held_bytes() -> int:
    """Return how many bytes the bodies have whose values are held."""
    return _size


def _hold(holder: object, body: bytes, value: tuple[Any, bool]) -> None:
    global _size
    with _lock:
        if id(holder) in _held:
            return
        _held[id(holder)] = (holder, body, value)
        _size += len(body)
        while _size > MOST_BYTES and len(_held) > 1:
            _, (_, dropped, _) = _held.popitem(last=False)
            _size -= len(dropped)
