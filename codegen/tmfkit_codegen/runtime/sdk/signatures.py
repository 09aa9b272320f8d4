"""Signatures of notifications, verified.

Source:
    Standard Webhooks, sections "Webhook headers" and "Signature scheme": HMAC-SHA256 over id, timestamp and body.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence

from .errors import NotGenuine

__all__ = ["key_of", "verified_id"]


def key_of(secret: str) -> bytes:
    """Return the key that a secret ``whsec_…`` stands for.

    Raises:
        ValueError: It is none; the message does not show it.
    """
    if isinstance(secret, str) and secret.startswith("whsec_"):
        try:
            key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) >= 16:
            return key
    raise ValueError("a secret has to be whsec_ followed by at least 16 bytes in base64, as the server has it")


def verified_id(
    keys: Sequence[bytes], body: bytes, headers: Mapping[str, str], *, now: float, tolerance_seconds: float
) -> str:
    """Return the id of a notification whose signature one of *keys* has made.

    Args:
        keys: What may have signed.
        body: The body as it came.
        headers: Names in lower case.
        now: Seconds since 1970.
        tolerance_seconds: How far the time of the signature may lie from *now*.

    Raises:
        NotGenuine: It is not, or it was signed at another time.
    """
    identifier, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    signatures = headers.get("webhook-signature", "")
    if not (identifier and stamp and signatures):
        raise NotGenuine(
            "notification: a header is missing; it has to have webhook-id, webhook-timestamp and webhook-signature"
        )
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12):
        raise NotGenuine(f"notification {identifier}: webhook-timestamp is not a number of seconds")
    signed = f"{identifier}.{stamp}.".encode("latin-1", "replace") + body
    expected = [base64.b64encode(hmac.digest(key, signed, hashlib.sha256)) for key in keys]
    given = [
        each.removeprefix("v1,").encode("latin-1", "replace") for each in signatures.split() if each.startswith("v1,")
    ]
    if not any(hmac.compare_digest(one, other) for one in expected for other in given):
        raise NotGenuine(f"notification {identifier}: none of the secrets has made its signature")
    if abs(now - int(stamp)) > tolerance_seconds:
        raise NotGenuine(
            f"notification {identifier}: signed {abs(now - int(stamp)):.0f} s from now, more than "
            f"{tolerance_seconds:g} s; is a clock wrong, or was it recorded and sent again?"
        )
    return identifier
