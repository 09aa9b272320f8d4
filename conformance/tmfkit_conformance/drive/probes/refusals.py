"""Requests that are to be refused, each beside a control that differs in one thing and succeeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.drive.probes.registry import array_attribute, plain_attribute, plain_attributes, probe, under
from tmfkit_conformance.drive.session import Ended, Session
from tmfkit_models.contracts import Action, ContractError

__all__: list[str] = []


@probe("without")
def without(session: Session, subject: str) -> None:
    """Send a body with the subject, and the same without it; an array gets a faulty second member as well.

    Where an attribute of a create is left out, a text that is nowhere else tells whether something came into being.
    """
    action, payloads = session.operation.action, session.payloads
    if action == "register":
        session.registered("control", "without")
        session.unregistered("control-undone")
        session.call(action, "refused", body={})
        return
    made = session.created("create") if action == "replace" else None
    identifier = made.identifier if made else ""
    body = session.sendable(payloads.with_attribute(subject)) if action == "send" else payloads.with_attribute(subject)
    marker = _marker(session, subject) if action == "create" else {}
    body |= marker
    control = session.call(action, "control", identifier=identifier, body=body)
    spoken = payloads.spoken(subject)
    session.call(action, "refused", identifier=identifier, body=pointers.without(body, spoken))
    if marker and control.identifier:
        _look_for(session, marker, control.identifier)
    if "/*/" in spoken:
        members, _, rest = spoken.rpartition("/*/")
        second = pointers.with_value(
            body,
            members.replace("/*", "/0"),
            _with_faulty_second(pointers.get(body, members.replace("/*", "/0")), f"/{rest}"),
        )
        session.call(action, "refused-second", identifier=identifier, body=second)


def _marker(session: Session, subject: str) -> dict[str, str]:
    """Return an attribute of the first level beside the subject, with a text that is nowhere else at the target.

    Returns:
        Nothing where there is no such attribute that may have any text, where the subject is no attribute of the first
        level, or where what is made cannot be listed.
    """
    resource = session.contract.resource(session.resource_name)
    names = [pointer[1:] for pointer in plain_attributes(session.contract, resource) if pointer != subject]
    configured = {*session.settings.payloads.get(resource.name, {}), *session.settings.values.get(resource.name, {})}
    free = [name for name in names if name not in configured and f"/{name}" not in configured]
    if not free or subject.count("/") > 1 or session.contract.action("list", resource.name) is None:
        return {}
    session.fact("marker", marker := {free[0]: session.unused_id()})
    return marker


def _look_for(session: Session, marker: Mapping[str, str], control: str) -> None:
    """List what has the marker, and take away what is there beside the control."""
    listed = session.call("list", "listed", query=marker)
    members = listed.answer if isinstance(listed.answer, list) else []
    alike = [member for member in members if isinstance(member, dict) and marker.items() <= member.items()]
    for identifier in (str(member["id"]) for member in alike if member.get("id")):
        if identifier != control:
            session.call("delete", "taken-away", identifier=identifier)


@probe("patch-without")
def patch_without(session: Session, subject: str) -> None:
    """Patch with a whole value, and with one whose element lacks the subject; read after each."""
    payloads = session.payloads
    made = session.created("create")
    whole = session.payloads.with_attribute(subject)
    name = pointers.parts(payloads.spoken(subject))[0]
    session.patch("control", made.identifier, {name: whole[name]})
    session.call("retrieve", "before", identifier=made.identifier)
    session.patch("refused", made.identifier, {name: _lacking(whole, payloads.spoken(subject))[name]})
    session.call("retrieve", "read", identifier=made.identifier)


@probe("any-of")
def any_of(session: Session, subject: str) -> None:
    """Send the object with each of the members alone, and with none of them."""
    payloads, members = session.payloads, session.row.expect["members"]
    whole = payloads.with_attribute(subject)
    for member in members:
        whole = payloads.ensured(whole, f"{subject}/{member}")
    spoken = payloads.spoken(subject)
    patched = session.created("create").identifier if session.operation.action == "patch" else ""
    for kept in (*members, ""):
        body = whole
        for member in members:
            if member != kept:
                pointer = f"{spoken}/{member}"
                body = _lacking(body, pointer) if patched else pointers.without(body, pointer)
        _create_or_patch(session, f"with-{kept}" if kept else "refused", patched, body, subject)


@probe("conditional")
def conditional(session: Session, subject: str) -> None:
    """Bring the condition about, send the body with the subject and without it."""
    payloads = session.payloads
    body = payloads.ensured(under(session, session.condition, payloads.with_attribute(subject)), subject)
    patched = session.created("create").identifier if session.operation.action == "patch" else ""
    _create_or_patch(session, "control", patched, body, subject)
    _create_or_patch(session, "refused", patched, pointers.without(body, payloads.spoken(subject)), subject)


@probe("patch-not")
def patch_not(session: Session, subject: str) -> None:
    """Patch something that may be changed, then the subject, and read by the old id."""
    attribute = plain_attribute(session)
    made = session.created("create", session.payloads.with_attribute(attribute))
    session.patch("control", made.identifier, session.change(attribute))
    before = session.call("retrieve", "before", identifier=made.identifier)
    value = session.other_value(subject)
    if value == pointers.get(before.answer, session.payloads.spoken(subject)):
        value = session.payloads.value(subject, 0)
    session.patch("refused", made.identifier, session.change(subject, value))
    session.call("retrieve", "read", identifier=made.identifier)


@probe("refused")
def refused(session: Session, subject: str) -> None:
    """Send a request that is in order, and one with the fault that the subject names."""
    action = session.operation.action
    if subject == "bad-query":
        session.call(action, "control", query={"limit": "1"})
        session.call(action, "refused", query={"limit": "minus-one"})
        return
    if action == "register":
        session.registered("control", "refused")
        session.unregistered("control-undone")
        body: dict[str, Any] = {"callback": session.callback("refused")}
        session.call(action, "refused", body=_faulty(session, subject, body, "/callback"))
        return
    identifier = session.created("create").identifier if action in ("patch", "replace") else ""
    attribute = plain_attribute(session)
    body = session.change(attribute) if action == "patch" else session.payloads.with_attribute(attribute)
    if action == "send":
        body = session.sendable(body)
    media_type = session.patch_media if action == "patch" else ""
    session.call(action, "control", identifier=identifier, body=body, media_type=media_type)
    session.call(
        action, "refused", identifier=identifier, body=_faulty(session, subject, body, attribute), media_type=media_type
    )


@probe("unknown-id")
def unknown_id(session: Session, _subject: str) -> None:
    """Do the operation on something that is there, and on an id that nothing has."""
    _on_item(session, "control", session.made_for(session.operation))
    _on_item(session, "unknown", session.unused_id())


@probe("deleted")
def deleted(session: Session, _subject: str) -> None:
    """Do the operation on something that has just been taken away."""
    identifier = session.made_for(session.operation)
    undo: Action = "unregister" if session.operation.action == "unregister" else "delete"
    session.call(undo, "control", identifier=identifier, resource=session.operation.resource)
    _on_item(session, "again", identifier)


@probe("repeated")
def repeated(session: Session, _subject: str) -> None:
    """Do the same twice: register one callback, or create with one id."""
    if session.operation.action == "register":
        first = session.registered("first", "repeated")
        session.call("register", "second", body=first.request.json, resource=session.operation.resource)
        session.unregistered("undone")
        return
    body = {**session.payloads.minimal(), "id": session.unused_id()}
    session.created("first", body)
    session.call("create", "second", body=body)


def _on_item(session: Session, step: str, identifier: str) -> None:
    action = session.operation.action
    attribute = plain_attribute(session) if action == "patch" else ""
    body = session.change(attribute) if attribute else session.payloads.minimal() if action == "replace" else None
    media_type = session.patch_media if attribute else ""
    session.call(
        action, step, identifier=identifier, body=body, media_type=media_type, resource=session.operation.resource
    )


def _faulty(session: Session, fault: str, body: dict[str, Any], attribute: str) -> Any:
    if fault == "malformed-body":
        return b'{"broken": '
    spoken = session.payloads.spoken(attribute)
    if fault == "wrong-type":
        try:
            return (
                {**body, pointers.parts(array_attribute(session))[0]: 7} if spoken != "/callback" else {"callback": 7}
            )
        except Ended:
            return pointers.with_value(body, spoken, {"wrong": ["type"]})
    mandatory = session.contract.required(session.operation.request_schema)
    if not mandatory:
        raise Ended("the contract has no mandatory attribute here")
    return {name: value for name, value in body.items() if name != session.payloads.spoken(f"/{mandatory[0]}")[1:]}


def _create_or_patch(session: Session, step: str, patched: str, body: Mapping[str, Any], subject: str) -> None:
    if not patched:
        session.call("create", step, body=dict(body))
        return
    try:
        name = pointers.parts(session.payloads.spoken(subject))[0]
        changes = {name: body[name]} if name in body else {}
        if session.condition:
            condition = pointers.parts(session.payloads.spoken(session.condition["pointer"]))[0]
            changes.update({condition: body[condition]} if condition in body else {})
        session.patch(step, patched, changes or {name: None})
    except ContractError as exc:
        raise Ended(str(exc)) from exc


def _lacking(body: dict[str, Any], spoken: str) -> dict[str, Any]:
    """Return *body* without *spoken*; a member of an object is null, which in a merge patch takes it away."""
    return pointers.without(body, spoken) if "/*/" in spoken else pointers.with_value(body, spoken, None)


def _with_faulty_second(members: list[Any], rest: str) -> list[Any]:
    return [members[0], pointers.without(members[0], rest)]
