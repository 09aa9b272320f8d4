"""Scenarios on sending messages; ``specs/scenarios.yaml`` says what each asks for."""

from __future__ import annotations

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.drive.probes.refusals import unknown_id
from tmfkit_conformance.drive.probes.registry import scenario
from tmfkit_conformance.drive.probes.sends import send, send_stored
from tmfkit_conformance.drive.session import Session

__all__: list[str] = []

for _name in ("send-new", "send-is-not-an-id"):
    scenario(_name)(send)
for _name in ("send-stored", "send-completes", "send-keeps-tokens"):
    scenario(_name)(send_stored)
for _name in ("send-unknown-id", "unknown-id-refused"):
    scenario(_name)(unknown_id)


@scenario("send-without-message")
def send_without_message(session: Session, _subject: str) -> None:
    """Send a message, and nothing."""
    session.call("send", "control", body=session.sendable(session.payloads.minimal()))
    session.call("send", "refused", body=b"", media_type="application/json")


@scenario("send-without-receiver")
def send_without_receiver(session: Session, _subject: str) -> None:
    """Send a message to somebody, and to nobody."""
    body = session.sendable(session.payloads.minimal())
    session.call("send", "control", body=body)
    session.call("send", "refused", body={**body, "receiver": []})


@scenario("send-empty-body")
@scenario("content-type-without-body")
def send_empty_body(session: Session, _subject: str) -> None:
    """Do the operation with no body, with and without a Content-Type."""
    action = session.operation.action
    for step, headers in {"without": {}, "with": {"Content-Type": "application/json"}}.items():
        session.call(action, step, identifier=session.made_for(session.operation), headers=headers)


@scenario("create-does-not-send")
def create_does_not_send(session: Session, _subject: str) -> None:
    """Create a message, read it."""
    body = session.sendable(session.payloads.minimal())
    made = session.created("create", body)
    session.call("retrieve", "read", identifier=made.identifier)


@scenario("send-with-value")
def send_with_value(session: Session, subject: str) -> None:
    """Send a message with each of the row's values."""
    for index, value in enumerate(session.condition["values"]):
        body = session.sendable(session.payloads.minimal(), value if subject == "/type" else "")
        body = pointers.with_value(body, session.payloads.spoken(subject), value)
        session.call("send", f"send-{index}", body=session.payloads.consistent(body))


@scenario("condition-by-the-send")
def condition_by_the_send(session: Session, subject: str) -> None:
    """Under the row's condition, create and send with the subject, and without it."""
    body = session.sendable(session.payloads.ensured(session.payloads.minimal(), subject))
    if session.condition.get("one-of"):
        body = pointers.with_value(body, session.condition["pointer"], session.condition["one-of"][0])
    session.call("send", "control", body=body)
    made = session.call("create", "refused", body=pointers.without(body, session.payloads.spoken(subject)))
    if made.is_success:
        session.call("send-stored", "refused-send", identifier=made.identifier)
