"""Registering, unregistering, and what listeners receive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tmfkit_conformance.drive.probes.registry import plain_attribute, probe
from tmfkit_conformance.drive.session import ProbeAborted, Session
from tmfkit_conformance.payloads.attributes import is_state
from tmfkit_conformance.payloads.configured import OverrideInTheWay
from tmfkit_conformance.record.exchange import Exchange, Notification
from tmfkit_conformance.rules.operations import Events, HeardOfAnother, Register, Triggers, Unregister
from tmfkit_conformance.rules.updates import PATCHABLE
from tmfkit_models.contracts import Event

__all__ = ["heard", "triggered"]


def _nothing(_event: Event, _identifier: str) -> None:
    """Do nothing further."""


@probe(Register)
def register(session: Session, _subject: str) -> None:
    """Register a callback and take it back."""
    session.registered(Register.REGISTER)
    session.unregistered(Register.UNDONE)


@probe(Unregister)
def unregister(session: Session, _subject: str) -> None:
    """Register a callback, unregister it."""
    session.registered(Unregister.REGISTER)
    session.unregistered(Unregister.UNREGISTER)


@probe(Events)
def events(session: Session, _subject: str) -> None:
    """Register a callback, do what each notification is about, wait for all of them."""
    registration = session.registered(Events.REGISTER)
    callback = registration.request.json["callback"]
    session.note(HeardOfAnother(callback, another=""))
    since: dict[tuple[Event, str], float] = {}

    def change_another(event: Event, identifier: str) -> None:
        changed = _changed_another(session, callback, event, identifier)
        if changed is not None:
            since[event, identifier] = changed.started
            session.note(HeardOfAnother(callback, another=session.resource_name))

    expected = triggered(session, change_another)

    def is_told(received: tuple[Notification, ...]) -> bool:
        told = {one: [note.started for note in heard(received, callback, *one)] for one in expected}
        return all(told[one] and told[one][-1] > since.get(one, 0.0) for one in expected)

    session.listener.wait(is_told, seconds=session.settings.event_seconds)
    session.unregistered(Events.UNDONE)


def _changed_another(session: Session, callback: str, event: Event, identifier: str) -> Exchange | None:
    """Change another attribute than the usual one, once the change of that was told; None where it is not taken."""
    pointer = _another(session)
    if not pointer or not session.listener.wait(
        lambda received: bool(heard(received, callback, event, identifier)), seconds=session.settings.event_seconds
    ):
        return None
    patched = session.patch(Events.ANOTHER, identifier, session.change(pointer))
    return patched if patched.is_success else None


def _another(session: Session) -> str:
    """Return the pointer of an attribute that can be patched, other than the usual one; empty without one.

    One that every record has comes first, as a target may lack the others; a state has notifications of its own.
    """
    usual, payloads = plain_attribute(session), session.payloads
    patch = session.contract.action("patch", session.resource_name)
    rows = (row for row in session.contract.requirements if row.kind == PATCHABLE.name and not row.reason)
    own = (row.subject for row in rows if patch is not None and row.operation == patch.id)
    free = [each for each in own if each.count("/") == 1 and each != usual and not payloads.is_configured(each)]
    small = payloads.minimal()
    found = sorted(
        (each for each in free if not is_state(each[1:])), key=lambda each: payloads.spoken(each)[1:] not in small
    )
    return next((each for each in found if _is_changed_alone(session, each, small)), "")


def _is_changed_alone(session: Session, pointer: str, small: dict[str, Any]) -> bool:
    """Say whether another value is known for an attribute, and makes no further attributes necessary."""
    try:
        body = session.payloads.holding(pointer, session.payloads.another(pointer))
    except OverrideInTheWay:
        return False
    return {*body} <= {*small, session.payloads.spoken(pointer)[1:]}


def heard(received: tuple[Notification, ...], callback: str, event: Event, identifier: str) -> list[Notification]:
    """Return the notifications of one type about one resource that came to a callback."""
    return [
        note
        for note in received
        if note.came_to(callback) and note.event_type == event.type and note.mentions(identifier)
    ]


def triggered(session: Session, further: Callable[[Event, str], None] = _nothing) -> list[tuple[Event, str]]:
    """Do all that a hub tells of, and something *further* after a change; return what is to be heard of which id."""
    own = session.operation.resource
    names = [resource.name for resource in session.contract.resources if own in ("", resource.name)]
    return [expected for name in names for expected in _triggered(session, name, further)]


def _triggered(session: Session, resource: str, further: Callable[[Event, str], None]) -> list[tuple[Event, str]]:
    """Do everything that the events of a resource are about; return what is to be heard of which id."""
    with session.about(resource):
        made = session.created(Triggers.TRIGGER.of("create"))
        session.call("retrieve", Triggers.READ.of("create"), identifier=made.identifier)
        wanted = [event for event in session.contract.events if event.resource == resource]
        for event in wanted:
            if event.on == "change":
                session.patch(Triggers.TRIGGER.of("change"), made.identifier, session.change(plain_attribute(session)))
                further(event, made.identifier)
                session.call("retrieve", Triggers.READ.of("change"), identifier=made.identifier)
            elif event.on == "state-change":
                _change_state(session, made.identifier, event)
        if any(event.on == "delete" for event in wanted):
            session.call("retrieve", Triggers.READ.of("delete"), identifier=made.identifier)
            session.call("delete", Triggers.TRIGGER.of("delete"), identifier=made.identifier)
        return [(event, made.identifier) for event in wanted]


def _change_state(session: Session, identifier: str, event: Event) -> None:
    """Give the attribute of a state change a value, and then another."""
    if not event.attributes:
        raise ProbeAborted(f"the contract does not say which attribute {event.type} is about")
    for variant in (0, 1):
        session.patch(
            Triggers.TRIGGER.of("state-change"),
            identifier,
            session.change(event.attributes[0], session.payloads.value(event.attributes[0], variant)),
        )
    session.call("retrieve", Triggers.READ.of("state-change"), identifier=identifier)
