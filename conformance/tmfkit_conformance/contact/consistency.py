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


def measure(session: Session, resource: Resource) -> None:
    """Measure how late writes of a resource are seen; reads by id are waited for by the session itself.

    Args:
        session: The session; it keeps the greatest lag.
        resource: A resource whose smallest body was taken.
    """
    name, path = resource.name, resource.collection
    made = session.call("create", Consistency.CREATE.of(path), body=session.payloads_of(name).minimal(), resource=name)
    written = time.monotonic()
    if not made.is_success or not made.identifier:
        return
    session.call("retrieve", Consistency.READ.of(path), identifier=made.identifier, resource=name)
    _measure_list(session, resource, made.identifier, written)
    delete = session.contract.action("delete", name)
    if delete is None or ("admin" in delete.roles and not session.settings.admin_headers):
        return
    session.call("delete", Consistency.DELETE.of(path), identifier=made.identifier, resource=name)
    session.call("retrieve", Consistency.GONE.of(path), identifier=made.identifier, resource=name)


def _measure_list(session: Session, resource: Resource, identifier: str, written: float) -> None:
    """List until the new thing is there, where all pages can be looked at and so one has to have it."""
    limit = session.settings.settle_seconds
    was_missing = False
    while True:
        step = Consistency.LIST.of(resource.collection)
        pages = session.walked(step, resource=resource.name, seeking=(identifier,))
        took = time.monotonic() - written
        if identifier in paging.identifiers(pages):
            session.settling.saw(took if was_missing else 0.0)
            return
        if not paging.is_whole(pages) or not limit or took > limit + _MARGIN_SECONDS:
            return
        was_missing = True
        time.sleep(_STEP_SECONDS)
