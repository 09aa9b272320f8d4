"""Where probes are found by name, and the choices that several of them share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.drive.session import ProbeAborted, Session
from tmfkit_conformance.payloads.attributes import is_state, optional_attributes, plain_attributes
from tmfkit_conformance.payloads.configured import OverrideInTheWay
from tmfkit_conformance.rules.attributes import asked_for_below
from tmfkit_conformance.rules.members import Condition
from tmfkit_conformance.rules.probes import Probe
from tmfkit_conformance.rules.updates import PATCHABLE

__all__ = [
    "PROBES",
    "another_attribute",
    "array_attribute",
    "plain_attribute",
    "probe",
    "removable_attribute",
    "under",
]

Driver = Callable[[Session, str], None]
PROBES: dict[type[Probe], Driver] = {}
"""Probe → what drives it."""


def probe(driven: type[Probe]) -> Callable[[Driver], Driver]:
    """Register a function as the driver of a probe; it is given the session and the probe's subject."""

    def register(driver: Driver) -> Driver:
        PROBES[driven] = driver
        return driver

    return register


def plain_attribute(session: Session) -> str:
    """Return the pointer of an attribute with free text that a client may set and change.

    Raises:
        ProbeAborted: The resource has none.
    """
    found = plain_attributes(session.contract, session.contract.resource(session.resource_name))
    if not found:
        raise ProbeAborted(f"{session.resource_name} has no attribute with free text that can be changed")
    return next((name for name in found if not session.payloads.is_configured(name)), found[0])


def another_attribute(session: Session) -> str:
    """Return the pointer of an attribute that can be patched, other than the usual one; empty without one.

    One that every record has comes first, as a target may lack the others; a state has notifications of its own.
    """
    usual, payloads = plain_attribute(session), session.payloads
    patch = session.contract.action("patch", session.resource_name)
    rows = (row for row in session.contract.requirements if row.kind == PATCHABLE.name and not row.reason)
    own = (row.subject for row in rows if patch is not None and row.operation == patch.id)
    free = [each for each in own if each.count("/") == 1 and each != usual and not payloads.is_configured(each)]
    small = payloads.minimal()
    found = sorted(
        (each for each in free if not is_state(each[1:])), key=lambda each: payloads.spoken(each)[1:] not in small
    )
    return next((each for each in found if _is_changed_alone(session, each, small)), "")


def _is_changed_alone(session: Session, pointer: str, small: dict[str, Any]) -> bool:
    """Say whether another value is known for an attribute, and makes no further attributes necessary."""
    try:
        body = session.payloads.holding(pointer, session.payloads.another(pointer))
    except OverrideInTheWay:
        return False
    return {*body} <= {*small, session.payloads.spoken(pointer)[1:]}


def array_attribute(session: Session) -> str:
    """Return the pointer of an attribute that is an array; ProbeAborted when the resource has none."""
    contract, resource = session.contract, session.contract.resource(session.resource_name)
    for name, schema in contract.attributes(resource.create).items():
        if contract.resolve(schema).get("type") == "array":
            return f"/{name}"
    raise ProbeAborted(f"{resource.name} has no attribute that is an array")


def removable_attribute(session: Session, subject: str, *, strictly: bool = False) -> str:
    """Return the pointer of an attribute that may be taken away: the subject, or another where the target demands it.

    A vendor may make attributes mandatory; those are configured for every create, or were found at first contact.

    Args:
        session: The session.
        subject: Pointer of the row's subject.
        strictly: Whether an array stands in for an array only, and what is none for what is none.

    Returns:
        The pointer; empty where the target demands every attribute that would do.
    """
    contract, resource = session.contract, session.contract.resource(session.resource_name)
    payloads, demanded = session.payloads, session.demanded.get(resource.name, ())
    lesser = (*asked_for_below(contract, resource.name, "must"), *session.refused.get(resource.name, ()))
    others = [
        one for one in optional_attributes(contract, resource, like=subject, strictly=strictly) if one not in lesser
    ]
    free = (one for one in (subject, *others) if not payloads.is_in_every_body(one))
    return next((one for one in free if pointers.parts(payloads.spoken(one))[0] not in demanded), "")


def under(session: Session, given: Condition, body: dict[str, Any]) -> dict[str, Any]:
    """Return *body* changed so that the condition of a row holds."""
    made = session.payloads.under(given.rule(), body)
    if made is None:
        raise ProbeAborted(f"the contract lists no value for {given.pointer} under which the condition holds")
    return made
