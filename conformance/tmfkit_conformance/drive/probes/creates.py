"""Creates that differ in one attribute."""

from __future__ import annotations

from typing import Any

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.drive.probes.registry import probe, under
from tmfkit_conformance.drive.session import Session
from tmfkit_conformance.rules.attributes import (
    OPTIONAL,
    VALUES,
    ClientId,
    DemandedTwice,
    Minus,
    ReadOnly,
    Tried,
    Values,
    With,
)
from tmfkit_conformance.rules.probes import Step

__all__: list[str] = []


@probe(With)
def with_attribute(session: Session, subject: str) -> None:
    """Create with the subject, under the row's condition, read back; where that is refused, create without it."""
    payloads = session.payloads
    made = session.created_beside(With.CREATE, payloads.telling(subject), With.CONTROL, payloads.beside(subject))
    session.call("retrieve", With.READ, identifier=made.identifier)
    value = payloads.demanding(subject)
    session.note(DemandedTwice(demanding=value is not pointers.ABSENT, longer=False))
    if value is pointers.ABSENT:
        return
    is_taken = _sent_and_read(session, subject, value, With.DEMANDING, With.DEMANDING_READ)
    if is_taken and isinstance(value, str):
        session.note(DemandedTwice(demanding=True, longer=True))
        _sent_and_read(session, subject, payloads.longer(subject), With.LONGER, With.LONGER_READ)


def _sent_and_read(session: Session, subject: str, value: Any, create: Step, read: Step) -> bool:
    """Create with a value for the subject, and read back; return whether it was taken."""
    if isinstance(value, str) and subject[1:] in session.marks.carriers.get(session.resource_name, ()):
        value = f"{session.naming.text_of_its_own()} {value}"  # by it the run knows the record again
    made = session.call("create", create, body=session.payloads.holding(subject, value))
    if not made.is_success or not made.identifier:
        return False
    session.call("retrieve", read, identifier=made.identifier)
    return True


@probe(Minus)
def minus(session: Session, subject: str) -> None:
    """Create the smallest with the subject and without it (under the row's condition, if it has one), read back."""
    payloads, body = session.payloads, session.payloads.without_attribute(subject)
    condition = OPTIONAL.given_of(session.row) if session.is_for_one_row else None
    if condition:
        body = pointers.without(under(session, condition, body), payloads.spoken(subject))
    session.call("create", Minus.CONTROL, body=payloads.ensured(body, subject))
    made = session.created(Minus.CREATE, body)
    session.call("retrieve", Minus.READ, identifier=made.identifier)


@probe(Values)
def values(session: Session, subject: str) -> None:
    """Create with each of the row's values; one that a create refuses is tried by patch."""
    payloads = session.payloads
    chosen = VALUES.expect_of(session.row).values
    session.note(Tried(len(chosen)))
    for index, value in enumerate(chosen):
        made = session.call("create", Values.CREATE.of(index), body=payloads.holding(subject, value))
        if not made.is_success:
            made = session.created(Values.PLAIN.of(index), payloads.with_attribute(subject))
            session.call(
                "patch", Values.PATCH.of(index), identifier=made.identifier, body=session.change(subject, value)
            )
        session.call("retrieve", Values.READ.of(index), identifier=made.identifier)


@probe(ReadOnly)
def read_only(session: Session, subject: str) -> None:
    """Create with a value of our own for the subject, read back."""
    earlier = f"{session.contents.day(subject, years=(2001, 2009))}T00:00:00Z"
    value = earlier if session.is_date_time(subject) else session.payloads.value(subject, 1)
    control = session.created(ReadOnly.CONTROL)
    session.call("retrieve", ReadOnly.CONTROL_READ, identifier=control.identifier)
    made = session.call("create", ReadOnly.CREATE, body=pointers.with_value(session.payloads.minimal(), subject, value))
    if made.is_success:
        session.call("retrieve", ReadOnly.READ, identifier=made.identifier)


@probe(ClientId)
def client_id(session: Session, _subject: str) -> None:
    """Create with an id of our own."""
    smallest = session.payloads.minimal()
    body = {**smallest, "id": session.unused_id()}
    session.created_beside(ClientId.CREATE, body, ClientId.CONTROL, smallest)
