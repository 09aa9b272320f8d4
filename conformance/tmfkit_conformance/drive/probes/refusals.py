"""Requests that are to be refused, each beside a control that differs in one thing and succeeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.drive.probes.registry import array_attribute, plain_attribute, probe, under
from tmfkit_conformance.drive.session import ProbeAborted, Session
from tmfkit_conformance.payloads.attributes import plain_attributes
from tmfkit_conformance.record.exchange import Exchange
from tmfkit_conformance.rules.answers import Deleted, Refused, Repeated, UnknownId
from tmfkit_conformance.rules.members import Condition
from tmfkit_conformance.rules.probes import Step
from tmfkit_conformance.rules.refusals import (
    ANY_OF,
    CONDITIONAL,
    AnyOf,
    Conditional,
    Marked,
    PatchNot,
    PatchWithout,
    Without,
)
from tmfkit_models.contracts import Action, ContractError

__all__: list[str] = []


@probe(Without)
def without(session: Session, subject: str) -> None:
    """Send a body with the subject, and the same without it; an array gets a faulty second member as well.

    Where an attribute of a create is left out, a text that is nowhere else tells whether something came into being.
    """
    action, payloads = session.operation.action, session.payloads
    if action == "register":
        session.registered(Without.CONTROL)
        session.unregistered(Without.CONTROL_UNDONE)
        session.call(action, Without.REFUSED, body={})
        return
    made = session.created(Without.CREATE) if action == "replace" else None
    identifier = made.identifier if made else ""
    body = session.sendable(payloads.with_attribute(subject)) if action == "send" else payloads.with_attribute(subject)
    marker = _marker(session, subject) if action == "create" else {}
    body |= marker
    control = session.call(action, Without.CONTROL, identifier=identifier, body=body)
    spoken = payloads.spoken(subject)
    session.call(action, Without.REFUSED, identifier=identifier, body=pointers.without(body, spoken))
    if marker and control.identifier:
        _look_for(session, marker, control.identifier)
    if "/*/" in spoken:
        members, _, rest = spoken.rpartition("/*/")
        second = pointers.with_value(
            body,
            members,
            _with_faulty_second(pointers.get(body, members), f"/{rest}"),
        )
        session.call(action, Without.REFUSED_SECOND, identifier=identifier, body=second)


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
    marker = {free[0]: session.naming.text_of_its_own()}
    session.note(Marked(marker))
    return marker


def _look_for(session: Session, marker: Mapping[str, str], control: str) -> None:
    """List what has the marker, and take away what is there beside the control."""
    listed = session.call("list", Without.LISTED, query=marker)
    members = listed.answer if isinstance(listed.answer, list) else []
    alike = [member for member in members if isinstance(member, dict) and marker.items() <= member.items()]
    for identifier in (str(member["id"]) for member in alike if member.get("id")):
        if identifier != control:
            session.call("delete", Without.TAKEN_AWAY, identifier=identifier)


@probe(PatchWithout)
def patch_without(session: Session, subject: str) -> None:
    """Patch with a whole value, and with one whose element lacks the subject; read after each."""
    payloads = session.payloads
    made = session.created(PatchWithout.CREATE)
    whole = payloads.patching(subject, 0)
    name = pointers.parts(payloads.spoken(subject))[0]
    session.patch(PatchWithout.CONTROL, made.identifier, {name: whole[name]})
    session.call("retrieve", PatchWithout.BEFORE, identifier=made.identifier)
    session.patch(PatchWithout.REFUSED, made.identifier, {name: _lacking(whole, payloads.spoken(subject))[name]})
    session.call("retrieve", PatchWithout.READ, identifier=made.identifier)


@probe(AnyOf)
def any_of(session: Session, subject: str) -> None:
    """Send the object with each of the members alone, and with none of them."""
    payloads, members = session.payloads, ANY_OF.expect_of(session.row).members
    patched = session.created(AnyOf.CREATE).identifier if session.operation.action == "patch" else ""
    whole = payloads.patching(subject, 0) if patched else payloads.with_attribute(subject)
    for member in members:
        whole = payloads.ensured(whole, f"{subject}/{member}")
    spoken = payloads.spoken(subject)
    for kept in (*members, ""):
        body = whole
        for member in members:
            if member != kept:
                pointer = f"{spoken}/{member}"
                body = _lacking(body, pointer) if patched else pointers.without(body, pointer)
        _create_or_patch(session, AnyOf.WITH.of(kept) if kept else AnyOf.REFUSED, patched, body, subject)


@probe(Conditional)
def conditional(session: Session, subject: str) -> None:
    """Bring the condition about, send the body with the subject and without it."""
    payloads = session.payloads
    condition = CONDITIONAL.given_of(session.row)
    body = payloads.ensured(under(session, condition, payloads.with_attribute(subject)), subject)
    patched = session.created(Conditional.CREATE).identifier if session.operation.action == "patch" else ""
    _create_or_patch(session, Conditional.CONTROL, patched, body, subject, condition)
    bare = pointers.without(body, payloads.spoken(subject))
    _create_or_patch(session, Conditional.REFUSED, patched, bare, subject, condition)


@probe(PatchNot)
def patch_not(session: Session, subject: str) -> None:
    """Patch something that may be changed, then the subject, and read by the old id.

    Where the media type is refused, the other one of a partial object is taken; an id is tried with both.
    """
    attribute = plain_attribute(session)
    made = session.created(PatchNot.CREATE, session.payloads.with_attribute(attribute))
    first, *others = session.partial_media
    change = session.change(attribute, of=made.identifier)
    control = session.patch(PatchNot.CONTROL, made.identifier, change)
    if others and not control.is_success:
        first, *others = others
        session.patch(PatchNot.CONTROL_OTHER, made.identifier, change, media_type=first)
    session.call("retrieve", PatchNot.BEFORE, identifier=made.identifier)
    value = session.other_value(subject, of=made.identifier)
    session.patch(PatchNot.REFUSED, made.identifier, session.change(subject, value), media_type=first)
    session.call("retrieve", PatchNot.READ, identifier=made.identifier)
    if subject == "/id" and others:
        changes = session.change(subject, session.other_value(subject, of=made.identifier))
        session.patch(PatchNot.REFUSED_OTHER, made.identifier, changes, media_type=others[0])
        session.call("retrieve", PatchNot.READ_OTHER, identifier=made.identifier)


@probe(Refused)
def refused(session: Session, subject: str) -> None:
    """Send a request that is in order, and one with the fault that the subject names."""
    action = session.operation.action
    if subject == "bad-query":
        session.call(action, Refused.CONTROL)  # no document has to define the parameter that is faulty
        session.call(action, Refused.REFUSED, query={"limit": session.contents.name("limit")})
        return
    if action == "register":
        session.registered(Refused.CONTROL)
        session.unregistered(Refused.CONTROL_UNDONE)
        body: dict[str, Any] = {"callback": session.callback()}
        session.call(action, Refused.REFUSED, body=_faulty(session, subject, body, "/callback"))
        return
    identifier = session.created(Refused.CREATE).identifier if action in ("patch", "replace") else ""
    attribute = plain_attribute(session)
    body = session.change(attribute, of=identifier) if action == "patch" else session.payloads.with_attribute(attribute)
    if action == "send":
        body = session.sendable(body)
    media_type = session.patch_media if action == "patch" else ""
    session.call(action, Refused.CONTROL, identifier=identifier, body=body, media_type=media_type)
    session.call(
        action,
        Refused.REFUSED,
        identifier=identifier,
        body=_faulty(session, subject, body, attribute),
        media_type=media_type,
    )


@probe(UnknownId)
def unknown_id(session: Session, _subject: str) -> None:
    """Do the operation on something that is there, and on an id that nothing has."""
    identifier = session.made_for(session.operation, UnknownId.CREATE)
    _on_item(session, UnknownId.CONTROL, identifier)
    _on_item(session, UnknownId.UNKNOWN, session.unused_id())
    if session.operation.action in ("patch", "replace") and session.contract.action("delete", session.resource_name):
        _change_deleted(session, identifier)


def _change_deleted(session: Session, identifier: str) -> None:
    """Delete what was there, and change it once it is gone; what that brings back is taken away again."""
    if not session.call("delete", UnknownId.DELETE, identifier=identifier).is_success:
        return
    if not session.call("retrieve", UnknownId.GONE, identifier=identifier).is_gone:
        return
    if _on_item(session, UnknownId.CHANGE_GONE, identifier).is_success:
        session.call("delete", UnknownId.TAKEN_AWAY, identifier=identifier)


@probe(Deleted)
def deleted(session: Session, _subject: str) -> None:
    """Do the operation on something that has just been taken away."""
    identifier = session.made_for(session.operation, Deleted.CREATE)
    undo: Action = "unregister" if session.operation.action == "unregister" else "delete"
    session.call(undo, Deleted.CONTROL, identifier=identifier, resource=session.operation.resource)
    _on_item(session, Deleted.AGAIN, identifier)


@probe(Repeated)
def repeated(session: Session, _subject: str) -> None:
    """Do the same twice: register one callback, or create with one id."""
    if session.operation.action == "register":
        first = session.registered(Repeated.FIRST)
        session.call("register", Repeated.SECOND, body=first.request.json, resource=session.operation.resource)
        session.unregistered(Repeated.UNDONE)
        return
    body = {**session.payloads.minimal(), "id": session.unused_id()}
    session.created(Repeated.FIRST, body)
    session.call("create", Repeated.SECOND, body=body)


def _on_item(session: Session, step: Step, identifier: str) -> Exchange:
    action = session.operation.action
    attribute = plain_attribute(session) if action == "patch" else ""
    smallest = session.payloads.minimal() if action == "replace" else None
    body = session.change(attribute, of=identifier) if attribute else smallest
    media_type = session.patch_media if attribute else ""
    return session.call(
        action, step, identifier=identifier, body=body, media_type=media_type, resource=session.operation.resource
    )


def _faulty(session: Session, fault: str, body: dict[str, Any], attribute: str) -> Any:
    if fault == "malformed-body":
        return f'{{"{session.contents.name("member")}": '.encode()
    spoken = session.payloads.spoken(attribute)
    if fault == "wrong-type":
        try:
            array = spoken if spoken == "/callback" else session.payloads.spoken(array_attribute(session))
            return {**body, pointers.parts(array)[0]: 7}
        except ProbeAborted:
            return pointers.with_value(
                body, spoken, {session.contents.name("member"): [session.contents.name("value")]}
            )
    mandatory = session.contract.required(session.operation.request_schema)
    if not mandatory:
        raise ProbeAborted("the contract has no mandatory attribute here")
    return {name: value for name, value in body.items() if name != session.payloads.spoken(f"/{mandatory[0]}")[1:]}


def _create_or_patch(
    session: Session,
    step: Step,
    patched: str,
    body: Mapping[str, Any],
    subject: str,
    condition: Condition | None = None,
) -> None:
    if not patched:
        session.call("create", step, body=dict(body))
        return
    try:
        name = pointers.parts(session.payloads.spoken(subject))[0]
        changes = {name: body[name]} if name in body else {}
        if condition:
            other = pointers.parts(session.payloads.spoken(condition.pointer))[0]
            changes.update({other: body[other]} if other in body else {})
        session.patch(step, patched, changes or {name: None})
    except ContractError as exc:
        raise ProbeAborted(str(exc)) from exc


def _lacking(body: dict[str, Any], spoken: str) -> dict[str, Any]:
    """Return *body* without *spoken*; a member of an object is null, which in a merge patch takes it away."""
    return pointers.without(body, spoken) if "/*/" in spoken else pointers.with_value(body, spoken, None)


def _with_faulty_second(members: list[Any], rest: str) -> list[Any]:
    return [members[0], pointers.without(members[0], rest)]
