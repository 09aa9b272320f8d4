"""``Idempotency-Key``: reading it, and saying that an answer was given before."""

from __future__ import annotations

import re

import falcon.asgi

from tmfkit_server.errors import InvalidHeader

__all__ = ["idempotency_key", "mark_replayed"]

_HEADER = "Idempotency-Key"
_LONGEST_KEY = 255
# A text of RFC 9651 §3.3.3, as the draft has it, or what many clients send: the same without its quotes.
_QUOTED = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"', re.ASCII)
_BARE = re.compile(r"[!#-+\--:<-\[\]-~]+", re.ASCII)


def idempotency_key(req: falcon.asgi.Request) -> str | None:
    """Return the key of a request, None when it has none.

    Raises:
        InvalidHeader: It is no key, or too long a one.

    Source:
        draft-ietf-httpapi-idempotency-key-header-07, section 2.1.
    """
    header = req.get_header(_HEADER)
    if header is None:
        return None
    text = header.strip()
    if found := _QUOTED.fullmatch(text):
        key = re.sub(r"\\(.)", r"\1", found[1])
    elif _BARE.fullmatch(text):
        key = text
    else:
        raise InvalidHeader(_HEADER, 'it has to be one text in quotes, such as "0b7bb1fd-6bb2-4d5c"')
    if not 0 < len(key) <= _LONGEST_KEY:
        raise InvalidHeader(_HEADER, f"it has to have 1 to {_LONGEST_KEY} characters")
    return key


def mark_replayed(resp: falcon.asgi.Response) -> None:
    """Say that the answer is that to the first request with the key."""
    resp.set_header("Idempotent-Replayed", "true")
