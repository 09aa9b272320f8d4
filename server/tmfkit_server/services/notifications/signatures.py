"""Signatures of notifications, as the Standard Webhooks specification has them.

Source:
    Standard Webhooks, sections "Webhook headers" and "Signature scheme": HMAC-SHA256 over id, timestamp and body.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence

__all__ = ["secret_of", "signature_headers"]

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


def signature_headers(secrets: Sequence[bytes], identifier: str, timestamp: int, content: bytes) -> Mapping[str, str]:
    """Return the headers that sign a body.

    Args:
        secrets: Each signs, so that a listener may know either the old or the new one.
        identifier: The same whenever the same notification is sent.
        timestamp: When it is sent, in seconds since 1970.
        content: The body.
    """
    signed = f"{identifier}.{timestamp}.".encode() + content
    digests = (hmac.digest(secret, signed, hashlib.sha256) for secret in secrets)
    signatures = " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)
    return {"webhook-id": identifier, "webhook-timestamp": str(timestamp), "webhook-signature": signatures}
