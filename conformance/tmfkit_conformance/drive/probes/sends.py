"""Sending messages, only to configured or reserved receivers."""

from __future__ import annotations

from tmfkit_conformance.drive.probes.registry import probe
from tmfkit_conformance.drive.session import Session

__all__: list[str] = []


@probe("send")
def send(session: Session, _subject: str) -> None:
    """Send a new message."""
    session.call("send", "send", body=session.sendable(session.payloads.minimal()))


@probe("send-stored")
def send_stored(session: Session, _subject: str) -> None:
    """Create a message and send it by its id, with no body; read before and after."""
    made = session.created("create", session.sendable(session.payloads.full()))
    session.call("retrieve", "before", identifier=made.identifier)
    session.call("send-stored", "send", identifier=made.identifier)
    session.call("retrieve", "read", identifier=made.identifier)
