"""How fast is the target consistent? Something is made, read, listed and deleted, and each is waited for."""

from __future__ import annotations

import time
from typing import Final

from tmfkit_conformance.drive.session import Session
from tmfkit_conformance.record import paging
from tmfkit_conformance.rules.contact import Consistency
from tmfkit_models.contracts import Resource

__all__ = ["measure"]

_STEP_SECONDS: Final = 0.1
_MARGIN_SECONDS: Final = 0.25
"""Beyond the longest wait: a lag of exactly that much is to be seen."""


def measure(session: Session, resource: Resource) -> dict[str, str]:
    """Measure how late writes of a resource are seen; reads by id are waited for by the session itself.

    Args:
        session: The session; it keeps the greatest lag.
        resource: A resource whose smallest body was taken.

    Returns:
        Operations that did not show a write as long as they were waited for, each with a sentence that says so.
    """
    name, path = resource.name, resource.collection
    made = session.call("create", Consistency.CREATE.of(path), body=session.payloads_of(name).minimal(), resource=name)
    written = time.monotonic()
    if not made.is_success or not made.identifier:
        return {}
    unseen: dict[str, str] = {}
    listed = _measure_list(session, resource, made.identifier, written)  # first, or a short lag would not be seen
    read = session.call("retrieve", Consistency.READ.of(path), identifier=made.identifier, resource=name)
    if read.is_gone:
        unseen[read.operation] = _unseen(session, f"GET {path}/{{id}} does not show", "made")
    if listed:
        unseen[listed] = _unseen(session, f"GET {path} does not show", "made")
    delete = session.contract.action("delete", name)
    if delete is None or ("admin" in delete.roles and not session.settings.admin_headers):
        return unseen
    deleted = session.call("delete", Consistency.DELETE.of(path), identifier=made.identifier, resource=name)
    gone = session.call("retrieve", Consistency.GONE.of(path), identifier=made.identifier, resource=name)
    if deleted.is_success and gone.is_success:
        unseen[deleted.operation] = _unseen(session, f"GET {path}/{{id}} still shows", "deleted")
    return unseen


def _unseen(session: Session, what: str, how: str) -> str:
    seconds = session.settings.settle_seconds
    return f"{what} after {seconds:g} s what was {how}; if it needs longer, give more seconds with --settle."


def _measure_list(session: Session, resource: Resource, identifier: str, written: float) -> str:
    """List until the new thing is there, where all pages can be looked at and so one has to have it.

    Returns:
        The operation, where it did not show the thing in time; else nothing.
    """
    limit = session.settings.settle_seconds
    was_missing = False
    while True:
        step = Consistency.LIST.of(resource.collection)
        pages = session.walked(step, resource=resource.name, seeking=(identifier,))
        took = time.monotonic() - written
        if identifier in paging.identifiers(pages):
            session.settling.saw(took if was_missing else 0.0)
            return ""
        if not paging.is_whole(pages):
            return ""
        if not limit or took > limit + _MARGIN_SECONDS:
            return pages[0].operation
        was_missing = True
        time.sleep(_STEP_SECONDS)
