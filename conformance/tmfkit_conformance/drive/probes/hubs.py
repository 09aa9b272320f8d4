"""Registering, unregistering, and what listeners receive."""

from __future__ import annotations

from tmfkit_conformance.drive.probes.registry import plain_attribute, probe
from tmfkit_conformance.drive.session import ProbeAborted, Session
from tmfkit_conformance.record.exchange import Notification
from tmfkit_conformance.rules.operations import Events, HeardAt, Register, Triggers, Unregister
from tmfkit_models.contracts import Event

__all__ = ["heard", "triggered"]


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
    session.note(HeardAt(callback))
    expected = triggered(session)
    session.listener.wait(
        lambda received: all(heard(received, callback, event, identifier) for event, identifier in expected),
        seconds=session.settings.event_seconds,
    )
    session.unregistered(Events.UNDONE)


def heard(received: tuple[Notification, ...], callback: str, event: Event, identifier: str) -> list[Notification]:
    """Return the notifications of one type about one resource that came to a callback."""
    return [
        note
        for note in received
        if note.came_to(callback) and note.event_type == event.type and note.mentions(identifier)
    ]


def triggered(session: Session) -> list[tuple[Event, str]]:
    """Do everything that a hub tells of; return what is to be heard of which id."""
    own = session.operation.resource
    names = [resource.name for resource in session.contract.resources if own in ("", resource.name)]
    return [expected for name in names for expected in _triggered(session, name)]


def _triggered(session: Session, resource: str) -> list[tuple[Event, str]]:
    """Do everything that the events of a resource are about; return what is to be heard of which id."""
    with session.about(resource):
        made = session.created(Triggers.TRIGGER.of("create"))
        session.call("retrieve", Triggers.READ.of("create"), identifier=made.identifier)
        wanted = [event for event in session.contract.events if event.resource == resource]
        for event in wanted:
            if event.on == "change":
                session.patch(Triggers.TRIGGER.of("change"), made.identifier, session.change(plain_attribute(session)))
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
