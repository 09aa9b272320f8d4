"""Is anything refused that may be? The body with everything goes without it for the rest of the run."""

from __future__ import annotations

from typing import Any

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.drive.session import Session
from tmfkit_conformance.rules.attributes import asked_for_below
from tmfkit_conformance.rules.contact import Everything
from tmfkit_models.contracts import Resource

__all__ = ["find_refused"]


def find_refused(session: Session, resource: Resource) -> None:
    """Find which attributes that no must row asks for make a target refuse a body with everything, and leave them out.

    Args:
        session: The session; what is refused it keeps.
        resource: The resource, whose smallest body is taken.
    """
    full = session.payloads_of(resource.name).full()
    spoken = session.payloads_of(resource.name).spoken
    below = asked_for_below(session.contract, resource.name, "must")
    optional = [pointer for pointer in below if pointers.select(full, spoken(pointer))]
    if not optional or _is_taken(session, resource, "everything"):
        return
    session.refused[resource.name] = tuple(optional)
    refused: list[str] = []
    for pointer in optional if _is_taken(session, resource, "everything that a must asks for") else ():
        session.refused[resource.name] = tuple(one for one in optional if not _is_in(one, pointer))
        if not any(_is_in(pointer, one) for one in refused) and not _is_taken(session, resource, f"{pointer} as well"):
            refused.append(pointer)
    session.refused[resource.name] = tuple(refused)


def _is_in(pointer: str, other: str) -> bool:
    return f"{pointer}/".startswith(f"{other}/")


def _is_taken(session: Session, resource: Resource, what: str) -> bool:
    body: dict[str, Any] = session.payloads_of(resource.name).full()
    step = Everything.CREATE.of(f"{resource.name} with {what}")
    return session.call("create", step, body=body, resource=resource.name).is_success
