"""The ``Link`` header."""

from __future__ import annotations

import re

__all__ = ["next_link"]

_LINK = re.compile(r"<([^>]*)>((?:\s*;\s*[^\s=;,]+\s*(?:=\s*(?:\"(?:[^\"\\]|\\.)*\"|[^\s\";,]+))?)*)")
_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s\";,]+))", re.IGNORECASE)


def next_link(header: str) -> str | None:
    """Return the target of the link ``next``; None when there is none.

    Source:
        RFC 8288 section 3.
    """
    for target, parameters in _LINK.findall(header):
        found = _REL.search(parameters)
        if found is not None and "next" in (found[1] or found[2] or "").lower().split():
            return str(target)
    return None
