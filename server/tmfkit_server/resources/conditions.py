"""Conditional requests: ``If-Match`` and ``If-None-Match`` (RFC 9110 §13.1).

Conditions on dates are none here: no answer has a ``Last-Modified``, so that they are to be ignored (§13.1.3, §13.1.4).
"""

from __future__ import annotations

import re

import falcon.asgi

from tmfkit_server.errors import PreconditionFailed
from tmfkit_server.services.entities import Expected

__all__ = ["check_read", "expectation", "is_unchanged"]

_TAG = re.compile(r'(W/)?"([!#-~\x80-\xff]*)"')


def expectation(req: falcon.asgi.Request) -> Expected:
    """Return what a request that changes a resource expects of its tag; None when any will do.

    With ``If-None-Match`` a change is one that is not to be made on the states named; ``*`` is any state there is.
    """
    wanted, unwanted = req.get_header("If-Match"), req.get_header("If-None-Match")
    if unwanted is None and (wanted is None or wanted.strip() == "*"):
        return None
    return lambda tag: _is_matched(wanted, tag) and not (unwanted is not None and _is_named(unwanted, tag))


def check_read(wanted: str, tag: str) -> None:
    """Raise PreconditionFailed when ``If-Match`` of a read wants another state than the one with *tag*."""
    if not _is_matched(wanted, tag):
        raise PreconditionFailed(tag)


def is_unchanged(known: str, tag: str) -> bool:
    """Tell whether ``If-None-Match`` of a read says that the client has the state with *tag* already."""
    return _is_named(known, tag)


def _is_matched(header: str | None, tag: str) -> bool:
    """Compare strongly (§8.8.3.2): weak tags never match, and neither does what is no tag."""
    if header is None or header.strip() == "*":
        return True
    return any(known == tag and not weak for weak, known in _TAG.findall(header))


def _is_named(header: str, tag: str) -> bool:
    """Compare weakly."""
    return header.strip() == "*" or any(known == tag for _, known in _TAG.findall(header))
