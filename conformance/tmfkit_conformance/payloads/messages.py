"""Messages that may be sent: to the configured receivers, else to addresses that belong to nobody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["sendable"]

_RECEIVERS = {
    "Email": ("email", "conformance@example.com"),
    "SMS": ("phoneNumber", "+12025550100"),
    "MobileApp": ("appUserId", "tmfkit-conformance"),
}
"""Message type → the member of a receiver that is its address, and an address that belongs to nobody."""


def sendable(receivers: Mapping[str, str], kind: str) -> dict[str, Any]:
    """Return what makes a message of one type harmless to send.

    Its content has a token, so that it can be seen what becomes of it.

    Args:
        receivers: Message type → address, as configured.
        kind: Message type; when empty the first that has a configured address, else ``Email``.

    Source: RFC 2606 §3 (``example.com``); the telephone number is of the range kept for fiction.
    """
    kind = kind or next(iter(receivers), "Email")
    member, reserved = _RECEIVERS[kind]
    return {
        "type": kind,
        "content": "Dear $Reader, this message is a conformance check.",
        "CommunicationRequestCharacteristic": [{"name": "$Reader", "value": "reader"}],
        "receiver": [{"id": "tmfkit", "name": "Conformance check", member: receivers.get(kind, reserved)}],
    }
