"""Create, read, list and delete, done rightly."""

from __future__ import annotations

from typing import Any

from tmfkit_conformance.drive.probes.queries import look_for
from tmfkit_conformance.drive.probes.registry import plain_attribute, probe
from tmfkit_conformance.drive.session import Session
from tmfkit_conformance.rules.answers import Accept
from tmfkit_conformance.rules.attributes import CreateTwice, Touch
from tmfkit_conformance.rules.operations import Create, CreateFull, Delete, List, Replace
from tmfkit_conformance.rules.refusals import AUTH, Auth

__all__: list[str] = []


@probe(Create)
def create(session: Session, _subject: str) -> None:
    """Create with the mandatory attributes only, read back, follow the addresses that the answer gives."""
    made = session.created(Create.CREATE)
    session.call("retrieve", Create.READ, identifier=made.identifier)
    for name in ("Location", "Content-Location"):
        address = made.response.header(name) if made.response else None
        if address:
            session.follow_as_given(address, Create.FOLLOW.of(name.lower()))
    if isinstance(made.answer, dict) and isinstance(made.answer.get("href"), str):
        session.follow_as_given(made.answer["href"], Create.FOLLOW.of("href"))


@probe(CreateFull)
def create_full(session: Session, _subject: str) -> None:
    """Create with every attribute, read back; the second values, which no mock server has in store."""
    full, smallest = session.payloads.full(1), session.payloads.minimal()
    made = session.created_beside(CreateFull.CREATE, full, CreateFull.CONTROL, smallest)
    session.call("retrieve", CreateFull.READ, identifier=made.identifier)


@probe(CreateTwice)
def create_twice(session: Session, _subject: str) -> None:
    """Create the same body twice."""
    first = session.created(CreateTwice.FIRST)
    session.created(CreateTwice.SECOND, first.request.json)


@probe(List)
def list_(session: Session, _subject: str) -> None:
    """Create two and list."""
    session.created(List.BESIDE)
    session.created(List.CREATE)
    session.call("list", List.LIST)


@probe(Delete)
def delete(session: Session, _subject: str) -> None:
    """Create one, delete it, look for it."""
    made = session.created(Delete.CREATE)
    session.call("retrieve", Delete.BEFORE, identifier=made.identifier)
    session.call("delete", Delete.DELETE, identifier=made.identifier)
    session.call("retrieve", Delete.READ, identifier=made.identifier)
    if session.contract.action("list", session.resource_name):
        look_for(session, made.identifier, Delete.LIST, Delete.BY_ID)


@probe(Replace)
def replace(session: Session, subject: str) -> None:
    """Create one, replace it with other values, read back; the subject is the media type."""
    made = session.created(Replace.CREATE)
    session.call(
        "replace", Replace.REPLACE, identifier=made.identifier, body=session.payloads.minimal(1), media_type=subject
    )
    session.call("retrieve", Replace.READ, identifier=made.identifier)


@probe(Accept)
def accept(session: Session, subject: str) -> None:
    """Do the operation with an Accept header that names one media type and no other."""
    operation = session.operation
    identifier = session.made_for(operation, Accept.CREATE) if "{id}" in operation.path else ""
    body = _body(session, identifier) if operation.consumes else None
    media_type = session.patch_media if operation.action == "patch" else ""
    called = session.call(
        operation.action,
        Accept.CALL,
        identifier=identifier,
        body=body,
        media_type=media_type,
        headers={"Accept": subject},
        resource=operation.resource,
    )
    if operation.action == "register" and called.is_success and called.identifier:
        session.call("unregister", Accept.UNDONE, identifier=called.identifier, resource=operation.resource)


def _body(session: Session, identifier: str) -> dict[str, Any]:
    """Return a body for the operation of the probe that is in order."""
    match session.operation.action:
        case "register":
            return {"callback": session.callback()}
        case "patch":
            return session.change(plain_attribute(session), of=identifier)
        case "send":
            return session.sendable(session.payloads.minimal())
        case _:
            return session.payloads.minimal()


@probe(Auth)
def auth(session: Session, subject: str) -> None:
    """Call the operation in the role of the subject; where it is to be refused, call it as admin afterwards."""
    expected = AUTH.expect_of(session.row)
    is_refused = expected.form == "refused"
    made = session.created(Auth.CREATE)
    if not session.settings.admin_headers:
        # What nobody is offered needs no credentials to be seen.
        alone = session.call(session.operation.action, Auth.CALL, identifier=made.identifier, admin=False)
        if str(alone.status) not in expected.tolerate:
            session.lack("a second credential: configure `admin_headers` (or --admin-header)")
        return
    if is_refused or subject != "admin":
        session.call("retrieve", Auth.BEFORE, identifier=made.identifier)
        session.call(session.operation.action, Auth.CALL, identifier=made.identifier, admin=False)
        session.call("retrieve", Auth.READ, identifier=made.identifier)
    session.call(
        session.operation.action, Auth.CONTROL if is_refused else Auth.CALL, identifier=made.identifier, admin=True
    )


@probe(Touch)
def touch(session: Session, subject: str) -> None:
    """Create, wait until a clock of whole seconds has moved, change what moves the subject, read again."""
    schema = session.contract.at(session.contract.resource(session.resource_name).schema, subject)
    attribute = "/status" if schema.get("x-tmf-generated") == "status-time" else plain_attribute(session)
    made = session.created(Touch.CREATE, session.payloads.with_attribute(attribute))
    session.call("retrieve", Touch.BEFORE, identifier=made.identifier)
    session.pause(1.1)
    changes = session.change(attribute, of=made.identifier)
    session.call("patch", Touch.PATCH, identifier=made.identifier, body=changes)
    session.call("retrieve", Touch.AFTER, identifier=made.identifier)
