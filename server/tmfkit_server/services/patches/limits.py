"""How much a patch may make of a resource: a few hundred bytes of patch could fill the memory otherwise."""

from __future__ import annotations

from typing import Any

import orjson

from tmfkit_server.errors import InvalidBody
from tmfkit_server.nesting import DEEPEST_NESTING, is_too_deep

__all__ = ["Copies", "check_result", "encoded"]


def check_result(result: Any, *, most_bytes: int) -> None:
    """Raise InvalidBody when a patch made a document that is nested too deep, or too large, to be kept and listed."""
    # The encoder goes deeper than is allowed, but not as deep as a patch can.
    text = encoded(result, "")
    if is_too_deep(text):
        raise _too_deep("")
    if len(text) > most_bytes:
        raise _too_large("", most_bytes)


def encoded(value: Any, pointer: str) -> bytes:
    """Return the JSON text of *value*, which a patch is making; InvalidBody at *pointer* when it is nested too deep."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError as exc:
        # Operations before this one nested it deeper than the encoder goes.
        raise _too_deep(pointer) from exc


class Copies:
    """Copies that one patch makes of values, up to *most_bytes* of JSON text in all."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._copied_bytes = 0

    def copy_of(self, value: Any, pointer: str) -> Any:
        """Return a copy for the operation at *pointer*; InvalidBody when there have been too many."""
        text = encoded(value, pointer)
        self._copied_bytes += len(text)
        if self._copied_bytes > self._most_bytes:
            raise _too_large(pointer, self._most_bytes)
        return orjson.loads(text)


def _too_deep(pointer: str) -> InvalidBody:
    return InvalidBody.at(pointer, f"is a patch that nests the resource more than {DEEPEST_NESTING} deep")


def _too_large(pointer: str, most_bytes: int) -> InvalidBody:
    return InvalidBody.at(pointer, f"is a patch that makes more than {most_bytes} bytes of the resource")
