"""Content codings of bodies that the kit receives without asking for one.

Source: RFC 9110 §8.4.1.
"""

from __future__ import annotations

import zlib
from typing import Final

__all__ = ["KNOWN", "undone"]

KNOWN: Final = "gzip, deflate"
"""The codings that can be undone, as a header names them."""

_WINDOWS: Final = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}
"""Coding → what zlib is told of its form; some send `deflate` without the frame that the standard asks for."""


def undone(body: bytes, codings: str, *, limit: int) -> bytes:
    """Return a body without its codings.

    Args:
        body: The body as it came.
        codings: Value of Content-Encoding.
        limit: Most bytes that the body may have.

    Raises:
        ValueError: A coding is not known, the body is not in it, or it is larger.
    """
    for coding in reversed([name.strip().lower() for name in codings.split(",")]):
        if coding not in ("", "identity"):
            body = _inflated(body, coding, limit)
    return body


def _inflated(body: bytes, coding: str, limit: int) -> bytes:
    for window in _WINDOWS.get(coding, ()):
        inflating = zlib.decompressobj(window)
        try:
            plain = inflating.decompress(body, limit + 1)
        except zlib.error:
            continue
        if inflating.eof and len(plain) <= limit:
            return plain
    raise ValueError(f"The body is not in the coding {coding!r}, or has more than {limit} bytes in it")
