"""Targets of requests, as they stand on the wire (RFC 9112 section 3)."""

from __future__ import annotations

import re

__all__ = ["parted"]

_ABSOLUTE = re.compile(rb"https?://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)


def parted(target: bytes) -> tuple[bytes, bytes]:
    """Return the host that a target in absolute form names, empty in any other form, and the target without it."""
    found = _ABSOLUTE.fullmatch(target)
    if found is None:
        return b"", target
    host, rest = found.groups()
    return host, rest if rest.startswith(b"/") else b"/" + rest
