"""Finds out under which media type the target takes a partial object, where no must row of the document names one."""

from __future__ import annotations

from tmfkit_conformance.drive.probes.registry import plain_attribute
from tmfkit_conformance.drive.session import Session
from tmfkit_conformance.rules.contact import Dialect
from tmfkit_models.contracts import Resource

__all__ = ["find_media"]

_UNSUPPORTED = 415


def find_media(session: Session, resource: Resource) -> None:
    """Keep to the first media type that a patch is not refused for.

    Args:
        session: The session; it keeps the media type.
        resource: A resource whose smallest body was taken.
    """
    with session.about(resource.name):
        if session.contract.action("patch", resource.name) is None or len(session.open_media) < 2:
            return
        made = session.call("create", Dialect.CREATE.of(f"{resource.name} to be patched"), body=_body(session))
        changes = session.change(plain_attribute(session), of=made.identifier)
        for media_type in session.open_media if made.is_success and made.identifier else ():
            step = Dialect.PATCH.of(f"{resource.name} as {media_type}")
            if session.patch(step, made.identifier, changes, media_type=media_type).status != _UNSUPPORTED:
                session.media[resource.name] = media_type
                return


def _body(session: Session) -> dict[str, object]:
    return session.payloads.with_attribute(plain_attribute(session))
