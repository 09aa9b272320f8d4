"""Targets and hosts of requests, as they stand on the wire (RFC 9112 section 3)."""

from __future__ import annotations

import re

__all__ = ["is_host", "parted"]

# RFC 3986 section 3.2.2, without what no host in use has in its name.
_HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[\w.~%-]+)(:[0-9]{0,5})?", re.ASCII)
_ABSOLUTE = re.compile(rb"https?://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)


def is_host(value: bytes) -> bool:
    """Tell whether *value* is a host, with a port or without."""
    return _HOST.fullmatch(value) is not None


def parted(target: bytes) -> tuple[bytes, bytes]:
    """Return the host that a target in absolute form names, empty in any other form, and the target without it."""
    found = _ABSOLUTE.fullmatch(target)
    if found is None:
        return b"", target
    host, rest = found.groups()
    return host, rest if rest.startswith(b"/") else b"/" + rest
