"""Before the first probe: what is there already, and which attributes keep a mark of the run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tmfkit_conformance.drive.session import Session
from tmfkit_conformance.record import paging
from tmfkit_conformance.record.exchange import Exchange
from tmfkit_conformance.rules.rule import PlannedProbe
from tmfkit_conformance.rules.upkeep import Marking, WhatIsThere

__all__ = ["look_around", "try_marks"]

_SECONDS: Final = 10.0
"""For how long what is there is listed."""


def look_around(session: Session, resources: Sequence[str]) -> None:
    """List what is there before anything is made, for ten seconds at the most; it is never touched."""
    share = _SECONDS / len(resources)
    with session.probing(PlannedProbe(WhatIsThere, "")):
        for resource in resources:
            if session.contract.action("list", resource):
                pages = session.walked(WhatIsThere.LIST.of(resource), resource=resource, seconds=share, all_pages=True)
                session.ledger.was_there(resource, paging.identifiers(pages))


def try_marks(session: Session, resources: Sequence[str]) -> None:
    """Make a record of each resource with a mark in every candidate, else in each; keep to those that come back."""
    with session.probing(PlannedProbe(Marking, "")):
        for resource in resources:
            candidates = session.marks.candidates(resource)
            trials = [candidates, *((one,) for one in candidates if len(candidates) > 1)]
            for number, carriers in enumerate(trials if candidates else []):
                session.marks.carriers[resource] = carriers
                made = _marked(session, resource, number)
                session.marks.carriers[resource] = _kept(session, made, resource, carriers, number)
                if made.is_success:
                    break


def _marked(session: Session, resource: str, number: int) -> Exchange:
    """Create with marks in all carriers."""
    payloads = session.payloads_of(resource)
    body = session.marks.marked_everywhere(resource, payloads.minimal(), payloads)
    return session.call("create", Marking.CREATE.of(f"{resource} {number}"), body=body, resource=resource)


def _kept(session: Session, made: Exchange, resource: str, carriers: tuple[str, ...], number: int) -> tuple[str, ...]:
    """Return the carriers that a read gives back with their marks."""
    if not made.is_success or not made.identifier or not session.contract.action("retrieve", resource):
        return ()
    step = Marking.READ.of(f"{resource} {number}")
    read = session.call("retrieve", step, identifier=made.identifier, resource=resource)
    record = read.answer if read.is_success and isinstance(read.answer, dict) else {}
    spoken = session.payloads_of(resource).spoken
    return tuple(one for one in carriers if session.marks.text in str(record.get(spoken(f"/{one}")[1:])))
