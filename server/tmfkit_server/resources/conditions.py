"""Conditional requests: ``If-Match`` and ``If-None-Match`` (RFC 9110 §13.1)."""

from __future__ import annotations

import re

import falcon.asgi

from tmfkit_server.services.entities import Expected

__all__ = ["expected_tags", "is_unchanged"]

_TAG = re.compile(r'(W/)?"([^"]*)"')


def expected_tags(req: falcon.asgi.Request) -> Expected:
    """Return the tags of ``If-Match``.

    Weak tags never match (RFC 9110 §8.8.3.2), and neither does what is no tag.

    Returns:
        The tags; None without the header, or when it is ``*``, which any resource matches that exists.
    """
    header = req.get_header("If-Match")
    if header is None or header.strip() == "*":
        return None
    return frozenset(tag for weak, tag in _TAG.findall(header) if not weak)


def is_unchanged(req: falcon.asgi.Request, tag: str) -> bool:
    """Tell whether ``If-None-Match`` says that the client has the state with *tag* already."""
    header = req.get_header("If-None-Match")
    if header is None:
        return False
    return header.strip() == "*" or any(known == tag for _, known in _TAG.findall(header))
