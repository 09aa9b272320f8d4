"""Failures that prove nothing: the target was lost, cannot reach the listener, or demands what the document lets it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tmfkit_conformance.judge.evidence import Evidence, OutcomeReached
from tmfkit_conformance.judge.verdict import Outcome
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.rules.operations import HeardAt
from tmfkit_models.contracts import MAKES_RESOURCE

__all__ = ["excused"]

_UNREACHED = (
    "The kit lacked a way to be reached: the target took registrations, and no notification came in the whole run; "
    "configure --listener-url (the address under which the target reaches the kit)"
)


def excused(settled: OutcomeReached, evidence: Evidence, bundle: Bundle) -> OutcomeReached:
    """Return the outcome, a skip where a failure has its cause in what is to be configured."""
    if settled.outcome is not Outcome.FAIL:
        return settled
    lost_since = bundle.run.get("lost_since", 0)
    if lost_since and any(number >= lost_since for number in evidence.used):
        return OutcomeReached(Outcome.SKIP, f"The target was lost: from exchange {lost_since} on it served nothing")
    if _needs_notifications(evidence) and is_unreached(bundle):
        return OutcomeReached(Outcome.SKIP, _UNREACHED)
    demand = _demand(evidence, bundle)
    if demand is not None and _is_refused_for(demand, evidence):
        return OutcomeReached(Outcome.SKIP, _configuration(evidence, demand))
    return settled


def is_unreached(bundle: Bundle) -> bool:
    """Say whether nothing came from a target that took registrations, and nobody vouched for the listener's address."""
    if bundle.notifications or bundle.run.get("listener_vouched", False) or not bundle.run.get("listener", False):
        return False
    return any(exchange.is_success and _is_registration(exchange.request.json) for exchange in bundle.exchanges)


def _is_registration(body: Any) -> bool:
    return isinstance(body, dict) and "callback" in body


def _needs_notifications(evidence: Evidence) -> bool:
    events = {event.type for event in evidence.contract.events}
    facts = evidence.probe.facts
    return evidence.row.operation in {"*", *events} or (facts is not None and issubclass(facts, HeardAt))


def _demand(evidence: Evidence, bundle: Bundle) -> Mapping[str, Any] | None:
    """Return what the target demands of the resource, where the document lets it and an attribute is known."""
    name = evidence.operation.resource or evidence.contract.resources[0].name
    demand = bundle.run.get("demanded", {}).get(name)
    is_allowed = evidence.contract.resource(name).may_demand_more
    return demand if is_allowed and demand and demand.get("attributes") else None


def _is_refused_for(demand: Mapping[str, Any], evidence: Evidence) -> bool:
    """Say whether the failure is that of a create in which what is demanded is missing."""
    makes = {one.id for one in evidence.contract.operations if one.action in MAKES_RESOURCE}
    return any(
        exchange.operation in makes
        and exchange.is_refusal
        and isinstance(exchange.request.json, dict)
        and not set(demand["attributes"]) <= set(exchange.request.json)
        for exchange in evidence.exchanges
        if exchange.sequence in evidence.used
    )


def _configuration(evidence: Evidence, demand: Mapping[str, Any]) -> str:
    name = evidence.operation.resource or evidence.contract.resources[0].name
    entry = json.dumps({name: demand["attributes"]}, ensure_ascii=False)
    return (
        f"The kit lacked configuration: the target demands {', '.join(demand['attributes'])}, and the document lets it "
        f"demand more than its own mandatory attributes ('{demand['words']}'); configure `payloads: {entry}`"
    )
