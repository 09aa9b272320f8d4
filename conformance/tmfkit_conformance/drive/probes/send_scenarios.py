"""Scenarios on sending messages; ``specs/scenarios.yaml`` says what each asks for."""

from __future__ import annotations

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.drive.probes.registry import probe
from tmfkit_conformance.drive.session import Session
from tmfkit_conformance.rules.sending import (
    CONDITION_BY_THE_SEND,
    SEND_WITH_VALUE,
    ConditionByTheSend,
    CreateDoesNotSend,
    SendWithoutMessage,
    SendWithoutReceiver,
    SendWithValue,
    WithoutBody,
)

__all__: list[str] = []


@probe(SendWithoutMessage)
def send_without_message(session: Session, _subject: str) -> None:
    """Send a message, and nothing."""
    session.call("send", SendWithoutMessage.CONTROL, body=session.sendable(session.payloads.minimal()))
    session.call("send", SendWithoutMessage.REFUSED, body=b"", media_type="application/json")


@probe(SendWithoutReceiver)
def send_without_receiver(session: Session, _subject: str) -> None:
    """Send a message to somebody, and to nobody."""
    body = session.sendable(session.payloads.minimal())
    session.call("send", SendWithoutReceiver.CONTROL, body=body)
    nobody = pointers.with_value(body, session.payloads.spoken("/receiver"), [])
    session.call("send", SendWithoutReceiver.REFUSED, body=nobody)


@probe(WithoutBody)
def send_empty_body(session: Session, _subject: str) -> None:
    """Do the operation with no body, with and without a Content-Type."""
    action = session.operation.action
    for step, headers in {WithoutBody.WITHOUT: {}, WithoutBody.WITH: {"Content-Type": "application/json"}}.items():
        session.call(action, step, identifier=session.made_for(session.operation, WithoutBody.CREATE), headers=headers)


@probe(CreateDoesNotSend)
def create_does_not_send(session: Session, _subject: str) -> None:
    """Create a message, read it."""
    body = session.sendable(session.payloads.minimal())
    made = session.created(CreateDoesNotSend.CREATE, body)
    session.call("retrieve", CreateDoesNotSend.READ, identifier=made.identifier)


@probe(SendWithValue)
def send_with_value(session: Session, subject: str) -> None:
    """Send a message with each of the row's values."""
    for index, value in enumerate(SEND_WITH_VALUE.given_of(session.row).values):
        body = session.sendable(session.payloads.minimal(), value if subject == "/type" else "")
        body = pointers.with_value(body, session.payloads.spoken(subject), value)
        session.call("send", SendWithValue.SEND.of(index), body=session.payloads.consistent(body))


@probe(ConditionByTheSend)
def condition_by_the_send(session: Session, subject: str) -> None:
    """Under the row's condition, create and send with the subject, and without it."""
    body = session.sendable(session.payloads.ensured(session.payloads.minimal(), subject))
    condition = CONDITION_BY_THE_SEND.given_of(session.row)
    if condition.one_of:
        body = pointers.with_value(body, session.payloads.spoken(condition.pointer), condition.one_of[0])
    session.call("send", ConditionByTheSend.CONTROL, body=body)
    made = session.call(
        "create", ConditionByTheSend.REFUSED, body=pointers.without(body, session.payloads.spoken(subject))
    )
    if made.is_success:
        session.call("send-stored", ConditionByTheSend.REFUSED_SEND, identifier=made.identifier)
