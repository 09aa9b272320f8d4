"""Patches, done rightly, and what they leave as it was."""

from __future__ import annotations

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.drive.probes.registry import plain_attribute, probe
from tmfkit_conformance.drive.session import Session
from tmfkit_conformance.payloads.attributes import plain_attributes
from tmfkit_conformance.rules.answers import PatchMedia
from tmfkit_conformance.rules.operations import Patch
from tmfkit_conformance.rules.refusals import PARTIAL
from tmfkit_conformance.rules.updates import PATCHABLE, PatchTo

__all__: list[str] = []


@probe(Patch)
def patch(session: Session, _subject: str) -> None:
    """Create, change one attribute, read back."""
    attribute = plain_attribute(session)
    made = session.created(Patch.CREATE, session.payloads.with_attribute(attribute))
    session.call("retrieve", Patch.BEFORE, identifier=made.identifier)
    session.patch(Patch.PATCH, made.identifier, session.change(attribute, of=made.identifier))
    session.call("retrieve", Patch.READ, identifier=made.identifier)


@probe(PatchTo)
def patch_to(session: Session, subject: str) -> None:
    """Create with the subject, patch it to another value, read back."""
    payloads = session.payloads
    body = payloads.minimal() if payloads.is_refused(subject) else payloads.with_attribute(subject)
    made = session.created(PatchTo.CREATE, body)
    second = session.another(subject, of=made.identifier)
    other = payloads.holding(subject, second)
    name = pointers.parts(payloads.spoken(subject))[0]
    needed = {needed: value for needed, value in other.items() if needed not in body}
    patched = session.patch(PatchTo.PATCH, made.identifier, {name: second, **needed})
    if not patched.is_success:
        _patch_control(session, subject, made.identifier)
    session.call("retrieve", PatchTo.READ, identifier=made.identifier)
    if patched.is_success and subject == plain_attribute(session):
        _empty(session, subject, made.identifier)


def _empty(session: Session, text: str, identifier: str) -> None:
    """Patch a text to an empty one, and of the attributes that have no must of their own a flag and a number."""
    session.patch(PatchTo.EMPTIED.of("text"), identifier, session.change(text, ""))
    session.call("retrieve", PatchTo.EMPTY_READ.of("text"), identifier=identifier)
    for kind, names, values in (("boolean", ("boolean",), (True, False)), ("number", ("integer", "number"), (3, 0))):
        pointer = next((one for one in _general(session) if session.type_of(one) in names), "")
        if not pointer:
            continue
        filled, empty = (session.change(pointer, session.payloads.literal(pointer, value)) for value in values)
        if session.patch(PatchTo.FILLED.of(kind), identifier, filled).is_success:
            session.patch(PatchTo.EMPTIED.of(kind), identifier, empty)
            session.call("retrieve", PatchTo.EMPTY_READ.of(kind), identifier=identifier)


def _general(session: Session) -> list[str]:
    """Return the pointers of what may be patched by a row below must, and is neither configured nor refused."""
    rows = (row for row in session.contract.requirements if row.kind == PATCHABLE.name and row.level != "must")
    own = (row.subject for row in rows if row.operation == session.operation.id and row.subject.count("/") == 1)
    return [one for one in own if not session.payloads.is_configured(one) and not session.payloads.is_refused(one)]


@probe(PatchMedia)
def patch_media(session: Session, subject: str) -> None:
    """Patch one attribute with the media type in the subject, read back."""
    attribute = plain_attribute(session)
    made = session.created(PatchMedia.CREATE, session.payloads.with_attribute(attribute))
    value = session.another(attribute, of=made.identifier)
    change = session.change(attribute, value)
    operations = [{"op": "replace", "path": session.payloads.spoken(attribute), "value": value}]
    partial = subject in PARTIAL
    body = change if partial else operations
    patched = session.call("patch", PatchMedia.PATCH, identifier=made.identifier, body=body, media_type=subject)
    others = [name for name in session.operation.consumes if name in PARTIAL and name != subject]
    if not patched.is_success and others:
        session.call("patch", PatchMedia.CONTROL, identifier=made.identifier, body=change, media_type=others[0])
    session.call("retrieve", PatchMedia.READ, identifier=made.identifier)


def _patch_control(session: Session, subject: str, identifier: str) -> None:
    """Patch another attribute than one whose patch was refused; where there is no other, with the value it has."""
    resource = session.contract.resource(session.resource_name)
    others = [name for name in plain_attributes(session.contract, resource) if name != subject]
    pointer = next((name for name in others if not session.payloads.is_configured(name)), "")
    change = (
        session.change(pointer, of=identifier) if pointer else session.change(subject, session.payloads.value(subject))
    )
    session.patch(PatchTo.CONTROL, identifier, change)
