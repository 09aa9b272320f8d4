"""Scenarios on hubs and notifications; ``specs/scenarios.yaml`` says what each asks for."""

from __future__ import annotations

from tmfkit_conformance.drive.probes.hubs import events
from tmfkit_conformance.drive.probes.registry import scenario
from tmfkit_conformance.drive.session import Ended, Session

__all__: list[str] = []

for _name in (
    "event-carries-whole",
    "event-set-complete",
    "event-by-post",
    "event-header",
    "event-any-2xx",
):
    scenario(_name)(events)


@scenario("hub-delivers")
def hub_delivers(session: Session, _subject: str) -> None:
    """Register, create, wait."""
    callback = session.registered("register", "delivers").request.json["callback"]
    session.fact("callback", callback)
    made = session.created("create")
    session.await_notification(callback, made.identifier)
    session.unregistered("undone")


@scenario("hub-own-resource-only")
def hub_own_resource_only(session: Session, _subject: str) -> None:
    """Register, create another resource and then one of the hub's own, wait for what is told of the latter."""
    callback = session.registered("register", "own").request.json["callback"]
    session.fact("callback", callback)
    others = [one.name for one in session.contract.resources if one.name != session.operation.resource]
    if not session.operation.resource or not others:
        raise Ended("the hub is one for all resources")
    session.created("create-other", resource=others[0])
    made = session.created("create")
    session.await_notification(callback, made.identifier)
    session.pause(0.2)  # what is told of the other resource may come a little later
    session.unregistered("undone")


@scenario("hub-callback-only")
def hub_callback_only(session: Session, _subject: str) -> None:
    """Register with a callback and nothing else."""
    session.registered("register", "callback-only")
    session.unregistered("undone")


@scenario("hub-repeats-callback")
def hub_repeats_callback(session: Session, _subject: str) -> None:
    """Register without and with a query."""
    session.registered("register", "repeats")
    session.unregistered("undone")
    event = session.contract.events[0].type
    session.registered("register-query", "repeats", query=f"eventType={event}")
    session.unregistered("undone-query")


@scenario("hub-registers-again")
def hub_registers_again(session: Session, _subject: str) -> None:
    """Register, unregister, register."""
    callback = session.registered("register", "again").request.json["callback"]
    session.unregistered("unregister")
    again = session.call("register", "again", body={"callback": callback}, resource=session.operation.resource)
    if again.is_success and again.identifier:
        session.call("unregister", "undone", identifier=again.identifier, resource=session.operation.resource)


@scenario("hub-one-listener")
@scenario("hub-frees-the-place")
def hub_one_listener(session: Session, _subject: str) -> None:
    """Register two callbacks; where the second is refused, take the first back and try again."""
    resource = session.operation.resource
    first = session.registered("first", "one")
    body = {"callback": session.callback("other")}
    second = session.call("register", "second", body=body, resource=resource)
    if first.identifier:
        session.call("unregister", "unregister", identifier=first.identifier, resource=resource)
    if not second.is_success:
        second = session.call("register", "third", body=body, resource=resource)
    if second.is_success and second.identifier:
        session.call("unregister", "undone", identifier=second.identifier, resource=resource)


@scenario("hub-removed-is-silent")
def hub_removed_is_silent(session: Session, _subject: str) -> None:
    """Register and unregister a callback, register another, create, wait until the other has heard."""
    removed = session.registered("register-removed", "removed").request.json["callback"]
    session.unregistered("unregister")
    callback = session.registered("register", "other").request.json["callback"]
    session.fact("callback", callback)
    session.fact("removed", removed)
    made = session.created("create")
    session.await_notification(callback, made.identifier)
    session.pause(0.2)  # a notification to the removed callback may come a little later than the other
    session.unregistered("undone")
