"""How deep a JSON value may be nested, in what is sent and in what a patch makes of it."""

from __future__ import annotations

import re

__all__ = ["DEEPEST_NESTING", "is_too_deep"]

DEEPEST_NESTING = 64
"""Levels of objects and arrays; the encoder gives up at 254, and a list around the resource needs one of them."""

_ESCAPED = re.compile(rb"\\.", re.DOTALL)
_TEXT = re.compile(rb'"[^"]*"')
_NO_MARKS = bytes(set(range(256)) - set(b'[]{}"'))


def is_too_deep(text: bytes) -> bool:
    """Tell whether a valid JSON text has more levels than are allowed.

    Its brackets alone say so, level by level from the inside: looking at half a million members takes long.
    """
    if text.count(b"[") + text.count(b"{") <= DEEPEST_NESTING:
        return False
    if b"\\" in text:
        text = _ESCAPED.sub(b"", text)
    # What is between two quotes, apart from texts with brackets in them, is nothing now.
    brackets = text.translate(None, _NO_MARKS).replace(b'""', b"")
    if b'"' in brackets:
        brackets = _TEXT.sub(b"", brackets)
    for _ in range(DEEPEST_NESTING):
        # No pair is made by the removal of another one before both have been looked for.
        brackets = brackets.replace(b"[]", b"\x00").replace(b"{}", b"\x00").replace(b"\x00", b"")
        if not brackets:
            return False
    return True
