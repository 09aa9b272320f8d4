"""Messages that may be sent: to the configured receivers, else to addresses that belong to nobody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tmfkit_conformance.payloads.contents import Contents

__all__ = ["sendable"]

_RECEIVERS = {
    "Email": ("email", "{name}@example.com"),
    "SMS": ("phoneNumber", "+120255501{number}"),
    "MobileApp": ("appUserId", "{name}"),
}
"""Message type → the member of a receiver that is its address, and addresses that belong to nobody."""


def sendable(receivers: Mapping[str, str], kind: str, contents: Contents) -> dict[str, Any]:
    """Return what makes a message of one type harmless to send.

    Its content has a token, so that it can be seen what becomes of it.

    Args:
        receivers: Message type → address, as configured.
        kind: Message type; when empty the first that has a configured address, else ``Email``.
        contents: What texts and addresses are drawn from.

    Source: RFC 2606 §3 (``example.com``); the telephone number is of the range kept for fiction.
    """
    kind = kind or next(iter(receivers), "Email")
    member, form = _RECEIVERS[kind]
    name, placeholder = contents.name("receiver"), f"${contents.name('placeholder').capitalize()}"
    reserved = form.format(name=name, number=f"{contents.number('receiver', 0, 99):02}")
    return {
        "type": kind,
        "content": f"Dear {placeholder}, this is about {contents.text('message', 0)}.",
        "CommunicationRequestCharacteristic": [{"name": placeholder, "value": name.capitalize()}],
        "receiver": [
            {"id": contents.digits("receiver", 8), "name": name.capitalize(), member: receivers.get(kind, reserved)}
        ],
    }
