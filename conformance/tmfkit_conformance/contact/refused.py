"""Is anything refused that may be? The body with everything goes without it for the rest of the run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.contact.complaints import complaint
from tmfkit_conformance.drive.session import Session
from tmfkit_conformance.record.exchange import Exchange
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
    if not optional or _are_named(session, resource, optional):
        return
    of_first_level = [pointer for pointer in optional if pointer.count("/") == 1]
    # A target may demand within an attribute what the document leaves to it.
    for which, some in (("that a must asks for", optional), ("whose members a must asks for", of_first_level)):
        session.refused[resource.name] = tuple(some)
        if _sent(session, resource, f"everything {which}").is_success:
            session.refused[resource.name] = _tried_each(session, resource, some)
            return
    session.refused[resource.name] = ()


def _are_named(session: Session, resource: Resource, optional: Sequence[str]) -> bool:
    """Leave out what a target names when it refuses, one after the other; tell whether it takes the rest at last."""
    refused: list[str] = []
    what = "everything"
    while not (answer := _sent(session, resource, what)).is_success:
        words = set(re.findall(r"\w+", complaint(answer).words))
        left = (pointer for pointer in optional if not any(_is_in(pointer, one) for one in refused))
        named = next((pointer for pointer in left if pointer.rpartition("/")[2] in words), "")
        if not named:
            session.refused[resource.name] = ()
            return False
        refused.append(named)
        session.refused[resource.name] = tuple(refused)
        what = f"everything but {', '.join(refused)}"
    return True


def _tried_each(session: Session, resource: Resource, optional: Sequence[str]) -> tuple[str, ...]:
    """Return which of some attributes, without which the body is taken, are refused each by itself."""
    refused: list[str] = []
    for pointer in optional:
        session.refused[resource.name] = tuple(one for one in optional if not _is_in(one, pointer))
        is_tried = not any(_is_in(pointer, one) for one in refused)
        if is_tried and not _sent(session, resource, f"{pointer} as well").is_success:
            refused.append(pointer)
    return tuple(refused)


def _is_in(pointer: str, other: str) -> bool:
    return f"{pointer}/".startswith(f"{other}/")


def _sent(session: Session, resource: Resource, what: str) -> Exchange:
    """Create with everything but what is left out by now."""
    body: dict[str, Any] = session.payloads_of(resource.name).full()
    return session.call(
        "create", Everything.CREATE.of(f"{resource.name} with {what}"), body=body, resource=resource.name
    )
