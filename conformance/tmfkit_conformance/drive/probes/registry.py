"""Where probes are found by name, and the choices that several of them share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tmfkit_conformance.drive.session import ProbeAborted, Session
from tmfkit_conformance.payloads.attributes import plain_attributes
from tmfkit_conformance.rules.members import Condition
from tmfkit_conformance.rules.probes import Probe

__all__ = [
    "PROBES",
    "array_attribute",
    "plain_attribute",
    "probe",
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


def array_attribute(session: Session) -> str:
    """Return the pointer of an attribute that is an array; ProbeAborted when the resource has none."""
    contract, resource = session.contract, session.contract.resource(session.resource_name)
    for name, schema in contract.attributes(resource.create).items():
        if contract.resolve(schema).get("type") == "array":
            return f"/{name}"
    raise ProbeAborted(f"{resource.name} has no attribute that is an array")


def under(session: Session, given: Condition, body: dict[str, Any]) -> dict[str, Any]:
    """Return *body* changed so that the condition of a row holds."""
    made = session.payloads.under(given.rule(), body)
    if made is None:
        raise ProbeAborted(f"the contract lists no value for {given.pointer} under which the condition holds")
    return made
