"""Signatures of notifications, as the Standard Webhooks specification has them.

Source:
    Standard Webhooks, sections "Webhook headers" and "Signature scheme": HMAC-SHA256 over id, timestamp and body.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence

__all__ = ["signature_headers"]


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
