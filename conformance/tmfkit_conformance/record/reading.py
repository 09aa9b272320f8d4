"""JSON that somebody hands in: read within limits, so that no file fills the memory, however small it is packed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final, Never

from tmfkit_conformance.record.wire import is_deeper

__all__ = ["DEEPEST", "MOST_PARTS", "file_value", "value"]

DEEPEST: Final = 64
"""Levels of a value; bodies are texts in a bundle, so that a run writes a handful."""

MOST_PARTS: Final = 200_000
"""Objects and arrays of one value; each takes a hundred bytes of memory and two of a file."""

_TEXT: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


def value(text: bytes) -> Any:
    """Return the JSON value that a text is.

    Raises:
        ValueError: It is none, or over a limit, which the message names.
    """
    if _parts(text) > MOST_PARTS and _parts(_TEXT.sub(b"", text)) > MOST_PARTS:
        raise ValueError(f"a value has more than {MOST_PARTS:,} objects and arrays")
    too_deep = ValueError(f"a value goes deeper than {DEEPEST} levels")
    try:
        found = json.loads(text, parse_constant=_refuse)
    except RecursionError as exc:
        raise too_deep from exc
    if _parts(text) > DEEPEST and is_deeper(found, DEEPEST):
        raise too_deep
    return found


def file_value(path: Path, *, most_bytes: int) -> Any:
    """Return the JSON value that a file holds.

    Raises:
        OSError: It cannot be read.
        ValueError: It is none, or over a limit, which the message names.
    """
    with path.open("rb") as file:
        text = file.read(most_bytes + 1)
    if len(text) > most_bytes:
        raise ValueError(f"it has more than {most_bytes:,} bytes, the most that is read")
    return value(text)


def _parts(text: bytes) -> int:
    """Return how many objects and arrays a text may have: exactly as many where no text in it has a bracket."""
    return text.count(b"[") + text.count(b"{")


def _refuse(constant: str) -> Never:
    raise ValueError(f"{constant} is no JSON")
