"""Patches, done rightly, and what they leave as it was."""

from __future__ import annotations

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.drive.probes.registry import plain_attribute, probe
from tmfkit_conformance.drive.session import Session

__all__: list[str] = []


@probe("patch")
def patch(session: Session, _subject: str) -> None:
    """Create with every attribute, change one, read back."""
    attribute = plain_attribute(session)
    made = session.created("create", session.payloads.with_attribute(attribute))
    session.call("retrieve", "before", identifier=made.identifier)
    session.patch("patch", made.identifier, session.change(attribute))
    session.call("retrieve", "read", identifier=made.identifier)


@probe("patch-to")
def patch_to(session: Session, subject: str) -> None:
    """Create with the subject, patch it to another value, read back."""
    body, other = session.payloads.with_attribute(subject), session.payloads.with_attribute(subject, 1)
    made = session.created("create", body)
    name = pointers.parts(session.payloads.spoken(subject))[0]
    needed = {needed: value for needed, value in other.items() if needed not in body}
    session.patch("patch", made.identifier, {name: other[name], **needed})
    session.call("retrieve", "read", identifier=made.identifier)


@probe("patch-media")
def patch_media(session: Session, subject: str) -> None:
    """Patch one attribute with the media type in the subject, read back."""
    attribute = plain_attribute(session)
    made = session.created("create", session.payloads.with_attribute(attribute))
    change = session.change(attribute)
    operations = [
        {"op": "replace", "path": session.payloads.spoken(attribute), "value": session.payloads.value(attribute, 1)}
    ]
    partial = subject in ("application/merge-patch+json", "application/json")
    session.call(
        "patch", "patch", identifier=made.identifier, body=change if partial else operations, media_type=subject
    )
    session.call("retrieve", "read", identifier=made.identifier)
