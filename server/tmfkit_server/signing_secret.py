"""Secrets that notifications are signed with, as an operator writes them.

Source:
    Standard Webhooks, section "Signature scheme".
"""

from __future__ import annotations

import base64
import binascii

__all__ = ["secret_of"]

_PREFIX = "whsec_"
_FEWEST_BYTES, _MOST_BYTES = 24, 64


def secret_of(text: str) -> bytes:
    """Return the secret that a text of the form ``whsec_BASE64`` holds; ValueError when it holds none."""
    if not text.startswith(_PREFIX):
        raise ValueError(f"it does not begin with {_PREFIX}")
    try:
        secret = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except binascii.Error as exc:
        raise ValueError(f"what follows {_PREFIX} is no base64") from exc
    if not _FEWEST_BYTES <= len(secret) <= _MOST_BYTES:
        raise ValueError(f"it has {len(secret)} bytes, and has to have {_FEWEST_BYTES} to {_MOST_BYTES}")
    return secret
