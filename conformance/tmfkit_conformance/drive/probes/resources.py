"""Create, read, list and delete, done rightly."""

from __future__ import annotations

from typing import Any

from tmfkit_conformance.drive.probes.registry import plain_attribute, probe, scenario
from tmfkit_conformance.drive.session import Session

__all__: list[str] = []


@probe("create")
def create(session: Session, _subject: str) -> None:
    """Create with the mandatory attributes only, read back, follow the addresses that the answer gives."""
    made = session.created("create")
    session.call("retrieve", "read", identifier=made.identifier)
    for name in ("Location", "Content-Location"):
        address = made.response.header(name) if made.response else None
        if address:
            session.follow(address, f"follow-{name.lower()}")
    if isinstance(made.answer, dict) and isinstance(made.answer.get("href"), str):
        session.follow(made.answer["href"], "follow-href")


@probe("create-full")
@scenario("created-is-readable")
@scenario("full-create")
@scenario("all-without-fields")
def create_full(session: Session, _subject: str) -> None:
    """Create with every attribute, read back; the second values, which no mock server has in store."""
    made = session.created("create", session.payloads.full(1))
    session.call("retrieve", "read", identifier=made.identifier)


@probe("create-twice")
def create_twice(session: Session, _subject: str) -> None:
    """Create the same body twice."""
    session.created("first")
    session.created("second")


@probe("list")
def list_(session: Session, _subject: str) -> None:
    """Create one and list."""
    session.created("create")
    session.call("list", "list")


@probe("delete")
def delete(session: Session, _subject: str) -> None:
    """Create one, delete it, look for it."""
    made = session.created("create")
    session.call("retrieve", "before", identifier=made.identifier)
    session.call("delete", "delete", identifier=made.identifier)
    session.call("retrieve", "read", identifier=made.identifier)
    session.call("list", "list")


@probe("replace")
def replace(session: Session, subject: str) -> None:
    """Create one, replace it with other values, read back; the subject is the media type."""
    made = session.created("create", session.payloads.full())
    session.call("replace", "replace", identifier=made.identifier, body=session.payloads.full(1), media_type=subject)
    session.call("retrieve", "read", identifier=made.identifier)


@probe("accept")
def accept(session: Session, subject: str) -> None:
    """Do the operation with an Accept header that names one media type and no other."""
    operation = session.operation
    identifier = session.made_for(operation) if "{id}" in operation.path else ""
    body = _body(session) if operation.consumes else None
    media_type = session.patch_media if operation.action == "patch" else ""
    called = session.call(
        operation.action,
        "call",
        identifier=identifier,
        body=body,
        media_type=media_type,
        headers={"Accept": subject},
        resource=operation.resource,
    )
    if operation.action == "register" and called.is_success and called.identifier:
        session.call("unregister", "undone", identifier=called.identifier, resource=operation.resource)


def _body(session: Session) -> dict[str, Any]:
    """Return a body for the operation of the probe that is in order."""
    match session.operation.action:
        case "register":
            return {"callback": session.callback("accept")}
        case "patch":
            return session.change(plain_attribute(session))
        case "send":
            return session.sendable(session.payloads.minimal())
        case _:
            return session.payloads.minimal()


@probe("auth")
def auth(session: Session, subject: str) -> None:
    """Call the operation in the role of the subject; where it is to be refused, call it as admin afterwards."""
    settings = session.settings
    if not settings.admin_headers:
        session.lack("a second credential: configure `admin_headers` (or --admin-header)")
    refused = session.row.expect.get("form") == "refused"
    made = session.created("create")
    if refused or subject != "admin":
        session.call(session.operation.action, "call", identifier=made.identifier, admin=False)
        session.call("retrieve", "read", identifier=made.identifier)
    session.call(session.operation.action, "control" if refused else "call", identifier=made.identifier, admin=True)


@probe("touch")
def touch(session: Session, subject: str) -> None:
    """Create, wait until a clock of whole seconds has moved, change what moves the subject, read again."""
    schema = session.contract.at(session.contract.resource(session.resource_name).schema, subject)
    attribute = "/status" if schema.get("x-tmf-generated") == "status-time" else plain_attribute(session)
    made = session.created("create", session.payloads.with_attribute(attribute))
    session.call("retrieve", "before", identifier=made.identifier)
    session.pause(1.1)
    session.call("patch", "patch", identifier=made.identifier, body=session.change(attribute))
    session.call("retrieve", "after", identifier=made.identifier)
