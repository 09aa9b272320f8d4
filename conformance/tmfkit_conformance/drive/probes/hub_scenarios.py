"""Scenarios on hubs and notifications; ``specs/scenarios.yaml`` says what each asks for."""

from __future__ import annotations

import time
from typing import Final

from tmfkit_conformance.drive.probes.hubs import heard, triggered
from tmfkit_conformance.drive.probes.registry import probe
from tmfkit_conformance.drive.session import ProbeAborted, Session
from tmfkit_conformance.record.exchange import Exchange, Notification
from tmfkit_conformance.rules.hubs import (
    HeardByBoth,
    HubCallbackOnly,
    HubDelivers,
    HubOneListener,
    HubOwnResourceOnly,
    HubRegistersAgain,
    HubRemovedIsSilent,
    HubRepeatsCallback,
    RemovedFrom,
)
from tmfkit_conformance.rules.operations import HeardAt

__all__: list[str] = []

_MORE_SECONDS: Final = (0.05, 0.2)
"""For how long a further notification of a type is waited for, once there is one of each: at least, and at most."""


@probe(HubDelivers)
def hub_delivers(session: Session, _subject: str) -> None:
    """Register, and another one beside it, do what each notification is about, wait for all at both."""
    first = session.registered(HubDelivers.REGISTER)
    callback = first.request.json["callback"]
    # At a hub that tells no ids, another registration could not be taken back.
    second = _second(session) if first.identifier else None
    told = [callback, second.request.json["callback"]] if second else [callback]
    session.note(HeardByBoth(callback, told[1] if second else "", heard=_heard(session, told)))
    session.unregistered(HubDelivers.UNDONE)
    if second and second.identifier:
        resource = session.operation.resource
        session.call("unregister", HubDelivers.UNDONE_SECOND, identifier=second.identifier, resource=resource)


def _heard(session: Session, callbacks: list[str]) -> int:
    """Do what each notification is about, wait for all at every callback; return how many have arrived by then.

    There may be several of one type, and how many there are only the target knows: they are waited for as long again,
    within limits, and until every callback has been told of as many.
    """
    expected, _ = triggered(session)
    began, (least, most) = time.monotonic(), _MORE_SECONDS
    arrived = 0

    def is_everywhere(received: tuple[Notification, ...]) -> bool:
        nonlocal arrived
        arrived = len(received)
        told = [
            [_names(heard(received, each, event, identifier)) for event, identifier in expected] for each in callbacks
        ]
        return all(all(one) and [*map(len, one)] == [*map(len, told[0])] for one in told)

    if session.listener.wait(is_everywhere, seconds=session.settings.event_seconds):
        session.pause(min(most, max(least, time.monotonic() - began)))
        session.listener.wait(is_everywhere, seconds=session.settings.event_seconds)
    return arrived


def _names(notes: list[Notification]) -> set[str]:
    """Return what tells events of one type apart: their ids, else all that they say."""
    ids = (note.json.get("eventId") if isinstance(note.json, dict) else None for note in notes)
    return {str(note.body if name is None else name) for note, name in zip(notes, ids, strict=True)}


def _second(session: Session) -> Exchange | None:
    """Register another callback; None where that is refused."""
    body = {"callback": session.callback()}
    second = session.call("register", HubDelivers.SECOND, body=body, resource=session.operation.resource)
    return second if second.is_success else None


@probe(HubOwnResourceOnly)
def hub_own_resource_only(session: Session, _subject: str) -> None:
    """Register, create another resource and then one of the hub's own, wait for what is told of the latter."""
    callback = session.registered(HubOwnResourceOnly.REGISTER).request.json["callback"]
    session.note(HeardAt(callback))
    others = [one.name for one in session.contract.resources if one.name != session.operation.resource]
    if not session.operation.resource or not others:
        raise ProbeAborted("the hub is one for all resources")
    session.created(HubOwnResourceOnly.CREATE_OTHER, resource=others[0])
    made = session.created(HubOwnResourceOnly.CREATE)
    session.await_notification(callback, made.identifier)
    session.pause(0.2)  # what is told of the other resource may come a little later
    session.unregistered(HubOwnResourceOnly.UNDONE)


@probe(HubCallbackOnly)
def hub_callback_only(session: Session, _subject: str) -> None:
    """Register with a callback and nothing else."""
    session.registered(HubCallbackOnly.REGISTER)
    session.unregistered(HubCallbackOnly.UNDONE)


@probe(HubRepeatsCallback)
def hub_repeats_callback(session: Session, _subject: str) -> None:
    """Register without and with a query."""
    session.registered(HubRepeatsCallback.REGISTER)
    session.unregistered(HubRepeatsCallback.UNDONE)
    event = session.contract.events[0].type
    session.registered(HubRepeatsCallback.REGISTER_QUERY, query=f"eventType={event}")
    session.unregistered(HubRepeatsCallback.UNDONE_QUERY)


@probe(HubRegistersAgain)
def hub_registers_again(session: Session, _subject: str) -> None:
    """Register, unregister, register."""
    callback = session.registered(HubRegistersAgain.REGISTER).request.json["callback"]
    session.unregistered(HubRegistersAgain.UNREGISTER)
    again = session.call(
        "register", HubRegistersAgain.AGAIN, body={"callback": callback}, resource=session.operation.resource
    )
    if again.is_success and again.identifier:
        session.call(
            "unregister", HubRegistersAgain.UNDONE, identifier=again.identifier, resource=session.operation.resource
        )


@probe(HubOneListener)
def hub_one_listener(session: Session, _subject: str) -> None:
    """Register two callbacks; where the second is refused, take the first back and try again."""
    resource = session.operation.resource
    first = session.registered(HubOneListener.FIRST)
    body = {"callback": session.callback()}
    second = session.call("register", HubOneListener.SECOND, body=body, resource=resource)
    if first.identifier:
        session.call("unregister", HubOneListener.UNREGISTER, identifier=first.identifier, resource=resource)
    if not second.is_success:
        second = session.call("register", HubOneListener.THIRD, body=body, resource=resource)
    if second.is_success and second.identifier:
        session.call("unregister", HubOneListener.UNDONE, identifier=second.identifier, resource=resource)


@probe(HubRemovedIsSilent)
def hub_removed_is_silent(session: Session, _subject: str) -> None:
    """Register and unregister a callback, register another, create, wait until the other has heard."""
    removed = session.registered(HubRemovedIsSilent.REGISTER_REMOVED).request.json["callback"]
    session.unregistered(HubRemovedIsSilent.UNREGISTER)
    callback = session.registered(HubRemovedIsSilent.REGISTER).request.json["callback"]
    session.note(RemovedFrom(callback, removed))
    made = session.created(HubRemovedIsSilent.CREATE)
    session.await_notification(callback, made.identifier)
    session.pause(0.2)  # a notification to the removed callback may come a little later than the other
    session.unregistered(HubRemovedIsSilent.UNDONE)
