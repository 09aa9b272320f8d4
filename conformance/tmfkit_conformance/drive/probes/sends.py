"""Sending messages, only to configured or reserved receivers."""

from __future__ import annotations

from tmfkit_conformance.drive.probes.registry import probe
from tmfkit_conformance.drive.session import Session
from tmfkit_conformance.rules.operations import Send, SendStored

__all__: list[str] = []


@probe(Send)
def send(session: Session, _subject: str) -> None:
    """Send a new message."""
    session.call("send", Send.SEND, body=session.sendable(session.payloads.minimal()))


@probe(SendStored)
def send_stored(session: Session, _subject: str) -> None:
    """Create a message and send it by its id, with no body; read before and after."""
    made = session.created(SendStored.CREATE, session.sendable(session.payloads.minimal()))
    session.call("retrieve", SendStored.BEFORE, identifier=made.identifier)
    session.call("send-stored", SendStored.SEND, identifier=made.identifier)
    session.call("retrieve", SendStored.READ, identifier=made.identifier)
