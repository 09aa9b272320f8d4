"""Registering, unregistering, and what listeners receive."""

from __future__ import annotations

from collections.abc import Callable

from tmfkit_conformance.drive.probes.registry import another_attribute, plain_attribute, probe
from tmfkit_conformance.drive.session import ProbeAborted, Session
from tmfkit_conformance.payloads.configured import OverrideInTheWay
from tmfkit_conformance.record.exchange import Exchange, Notification
from tmfkit_conformance.rules.operations import Events, HeardOfAnother, Register, Triggers, Unregister
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

    expected, lacking = triggered(session, change_another)

    def is_told(received: tuple[Notification, ...]) -> bool:
        return all(_is_told(heard(received, callback, *one), since.get(one, 0.0)) for one in expected)

    session.listener.wait(is_told, seconds=session.settings.event_seconds)
    session.unregistered(Events.UNDONE)
    if lacking:
        raise ProbeAborted(f"The kit lacked {lacking[0]}")


def _is_told(told: list[Notification], since: float) -> bool:
    """Say whether a notification came later than an instant that is not one from before it, delivered again."""
    before = {note.event_id for note in told if note.started <= since} - {""}
    return any(note.started > since and note.event_id not in before for note in told)


def _changed_another(session: Session, callback: str, event: Event, identifier: str) -> Exchange | None:
    """Change another attribute than the usual one, once the change of that was told; None where it is not taken."""
    pointer = another_attribute(session)
    if not pointer or not session.listener.wait(
        lambda received: bool(heard(received, callback, event, identifier)), seconds=session.settings.event_seconds
    ):
        return None
    patched = session.patch(Events.ANOTHER, identifier, session.change(pointer, of=identifier))
    return patched if patched.is_success else None


def heard(received: tuple[Notification, ...], callback: str, event: Event, identifier: str) -> list[Notification]:
    """Return the notifications of one type about one resource that came to a callback."""
    return [
        note
        for note in received
        if note.came_to(callback) and note.event_type == event.type and note.mentions(identifier)
    ]


def triggered(
    session: Session, further: Callable[[Event, str], None] = _nothing
) -> tuple[list[tuple[Event, str]], list[str]]:
    """Do all that a hub tells of, and something *further* after a change.

    Returns:
        What is to be heard of which id, and what was lacking for the rest.
    """
    own = session.operation.resource
    expected: list[tuple[Event, str]] = []
    lacking: list[str] = []
    for resource in (one.name for one in session.contract.resources if own in ("", one.name)):
        with session.about(resource):
            made = session.created(Triggers.TRIGGER.of("create")).identifier
            session.call("retrieve", Triggers.READ.of("create"), identifier=made)
            wanted = [event for event in session.contract.events if event.resource == resource]
            for event in sorted(wanted, key=lambda one: one.on == "delete"):
                try:
                    _trigger(session, event, made, further)
                except OverrideInTheWay as lack:
                    lacking.append(str(lack))
                else:
                    expected.append((event, made))
    return expected, lacking


def _trigger(session: Session, event: Event, identifier: str, further: Callable[[Event, str], None]) -> None:
    """Do what an event of a record is about that has just been made, and read the record.

    Raises:
        OverrideInTheWay: The configuration has no value that would change the record.
    """
    if event.on == "change":
        change = session.change(plain_attribute(session), of=identifier)
        session.patch(Triggers.TRIGGER.of("change"), identifier, change)
        further(event, identifier)
        session.call("retrieve", Triggers.READ.of("change"), identifier=identifier)
    elif event.on == "state-change":
        _change_state(session, identifier, event)
    elif event.on == "delete":
        session.call("retrieve", Triggers.READ.of("delete"), identifier=identifier)
        session.call("delete", Triggers.TRIGGER.of("delete"), identifier=identifier)


def _change_state(session: Session, identifier: str, event: Event) -> None:
    """Give the attribute of a state change a value, and then another; not the one that it is shown with."""
    if not event.attributes:
        raise ProbeAborted(f"the contract does not say which attribute {event.type} is about")
    attribute = event.attributes[0]
    session.another(attribute, of=identifier)
    for value in (session.payloads.value(attribute, variant) for variant in (0, 1)):
        if session.is_change(attribute, value, of=identifier):
            session.patch(Triggers.TRIGGER.of("state-change"), identifier, session.change(attribute, value))
    session.call("retrieve", Triggers.READ.of("state-change"), identifier=identifier)
