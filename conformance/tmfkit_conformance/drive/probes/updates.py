"""Patches, done rightly, and what they leave as it was."""

from __future__ import annotations

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.drive.probes.registry import plain_attribute, probe
from tmfkit_conformance.drive.session import Session
from tmfkit_conformance.rules.answers import PatchMedia
from tmfkit_conformance.rules.operations import Patch
from tmfkit_conformance.rules.updates import PatchTo

__all__: list[str] = []


@probe(Patch)
def patch(session: Session, _subject: str) -> None:
    """Create with every attribute, change one, read back."""
    attribute = plain_attribute(session)
    made = session.created(Patch.CREATE, session.payloads.with_attribute(attribute))
    session.call("retrieve", Patch.BEFORE, identifier=made.identifier)
    session.patch(Patch.PATCH, made.identifier, session.change(attribute))
    session.call("retrieve", Patch.READ, identifier=made.identifier)


@probe(PatchTo)
def patch_to(session: Session, subject: str) -> None:
    """Create with the subject, patch it to another value, read back."""
    body, other = session.payloads.with_attribute(subject), session.payloads.with_attribute(subject, 1)
    made = session.created(PatchTo.CREATE, body)
    name = pointers.parts(session.payloads.spoken(subject))[0]
    needed = {needed: value for needed, value in other.items() if needed not in body}
    session.patch(PatchTo.PATCH, made.identifier, {name: other[name], **needed})
    session.call("retrieve", PatchTo.READ, identifier=made.identifier)


@probe(PatchMedia)
def patch_media(session: Session, subject: str) -> None:
    """Patch one attribute with the media type in the subject, read back."""
    attribute = plain_attribute(session)
    made = session.created(PatchMedia.CREATE, session.payloads.with_attribute(attribute))
    change = session.change(attribute)
    operations = [
        {"op": "replace", "path": session.payloads.spoken(attribute), "value": session.payloads.value(attribute, 1)}
    ]
    partial = subject in ("application/merge-patch+json", "application/json")
    session.call(
        "patch",
        PatchMedia.PATCH,
        identifier=made.identifier,
        body=change if partial else operations,
        media_type=subject,
    )
    session.call("retrieve", PatchMedia.READ, identifier=made.identifier)
