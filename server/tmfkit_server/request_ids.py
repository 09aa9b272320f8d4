"""Identifiers of requests: taken from the client, or made here."""

from __future__ import annotations

import itertools
import os
import re
from contextvars import ContextVar

__all__ = ["REQUEST_ID", "RequestIdMaker", "is_request_id", "trace_of"]

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""Identifier of the request that is being handled; empty in work that no request asks for."""

_IDENTIFIER = re.compile(r"[A-Za-z0-9._:/+=@~-]{1,128}")
# W3C Trace Context, section 3.2.2; a later version may have more at the end.
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-((?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")


class RequestIdMaker:
    """Makes identifiers that no other process makes."""

    def __init__(self) -> None:
        self._prefix = os.urandom(8).hex()
        self._numbers = itertools.count(1)

    def __call__(self) -> str:
        """Return the next one."""
        return f"{self._prefix}{next(self._numbers):016x}"


def is_request_id(text: str) -> bool:
    """Tell whether what a client sent may be taken for an identifier."""
    return _IDENTIFIER.fullmatch(text) is not None


def trace_of(traceparent: str) -> str:
    """Return the trace that a ``traceparent`` header names; empty when it names none."""
    found = _TRACEPARENT.fullmatch(traceparent)
    return found[1] if found else ""
