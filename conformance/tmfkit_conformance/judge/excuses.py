"""Failures that prove nothing: the target was lost, cannot reach us, or does what the document lets it do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

from tmfkit_conformance.judge.compare import is_kept
from tmfkit_conformance.judge.evidence import Evidence, OutcomeReached
from tmfkit_conformance.judge.rows import Rows
from tmfkit_conformance.judge.target_words import normalised, target_words
from tmfkit_conformance.judge.verdict import Outcome
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.record.exchange import Exchange
from tmfkit_conformance.rules.attributes import VALUES
from tmfkit_conformance.rules.operations import HeardAt
from tmfkit_conformance.rules.refusals import UNLISTED_VALUE, UnlistedValue
from tmfkit_conformance.rules.rule import PlannedProbe
from tmfkit_conformance.rules.states import known_moves
from tmfkit_models.contracts import MAKES_RESOURCE

__all__ = ["excused", "need_not_offer"]

_UNREACHED = (
    "The kit lacked a way to be reached: the target took registrations, and no notification came in the whole run; "
    "configure --listener-url (the address under which the target reaches the kit)"
)


_NOT_THERE: Final = (404, 405, 501)
_CONFLICT: Final = 409


def excused(settled: OutcomeReached, evidence: Evidence, bundle: Bundle) -> OutcomeReached:
    """Return the outcome, a skip where a failure has its cause in what is to be configured.

    What needs an operation that a target need not offer, and does not, is not applicable.
    """
    if settled.outcome in (Outcome.FAIL, Outcome.BLOCKED):
        lacking = _not_offered(settled, evidence) or _not_taken(evidence, bundle)
        if lacking:
            return OutcomeReached(Outcome.NOT_APPLICABLE, lacking)
    if settled.outcome is Outcome.FAIL and (refused := _refused_move(evidence, bundle)):
        said = f"The target does not allow this transition: {evidence.answered(refused)}"
        return OutcomeReached(Outcome.NOT_APPLICABLE, said)
    demand = _demand(evidence, bundle)
    if settled.outcome in (Outcome.FAIL, Outcome.BLOCKED) and demand and _is_refused_for(demand, settled, evidence):
        return OutcomeReached(Outcome.SKIP, _configuration(evidence, demand))
    if settled.outcome is not Outcome.FAIL:
        return settled
    lost_since = bundle.run.get("lost_since", 0)
    if lost_since and any(number >= lost_since for number in evidence.used):
        return OutcomeReached(Outcome.SKIP, f"The target was lost: from exchange {lost_since} on it served nothing")
    if _needs_notifications(evidence) and is_unreached(bundle):
        return OutcomeReached(Outcome.SKIP, _UNREACHED)
    return settled


def _not_offered(settled: OutcomeReached, evidence: Evidence) -> str:
    """Say which operation the outcome rests on that is not offered, and need not be; nothing where there is none."""
    looked_at = [settled.root] if settled.root else evidence.used
    for exchange in evidence.exchanges:
        if exchange.sequence in looked_at and need_not_offer(exchange, evidence):
            is_about_it = exchange.operation == evidence.row.operation and settled.outcome is Outcome.FAIL
            if not is_about_it:
                return f"{evidence.answered(exchange)}: the document does not make every target offer it"
    return ""


def _refused_move(evidence: Evidence, bundle: Bundle) -> Exchange | None:
    """Return the refused move to a state, where the document does not say which moves a target has to allow.

    A state that is refused as a value that the document does not list, in the same words, is not known at all: unless
    the target never came to a state before it and refuses every move in those words.
    """
    row = evidence.row
    if row.kind != VALUES.name or not known_moves(evidence.contract, evidence.operation.resource, row.subject):
        return None
    tries = [one for one in evidence.exchanges if one.sequence in evidence.used]
    wanted = VALUES.expect_of(row).values
    asked = [one for one in tries if evidence.value(one.request.json, row.subject) in wanted]
    on_the_way = [one for one in tries if one not in asked]
    refused = [one for one in on_the_way if one.is_refusal]
    answers = [*(one.is_refusal for one in asked), *(one.is_refusal or one.is_success for one in on_the_way)]
    if not asked or not all(answers):
        return None
    probe = PlannedProbe(UnlistedValue, row.operation, row.subject, scenario=UNLISTED_VALUE)
    unlisted = [one for one in bundle.exchanges if one.probe == probe.key and one.step == UnlistedValue.REFUSED.name]
    said = {_without_value(evidence, one) for one in (*unlisted, *asked)}
    is_unknown = unlisted and len(said) == 1 and asked[-1].status != _CONFLICT
    is_every_move = refused and said.issuperset(_without_value(evidence, one) for one in refused)
    has_come = any(one.is_success and then in asked for one, then in pairwise(tries))
    return None if is_unknown and (has_come or not is_every_move) else [*asked, *refused][-1]


def _without_value(evidence: Evidence, exchange: Exchange) -> tuple[int, str]:
    """Return the status and the words of a refusal, without the value of the row's attribute that was sent."""
    sent = str(evidence.value(exchange.request.json, evidence.row.subject))
    return exchange.status, normalised(target_words(exchange.response).replace(sent, ""))


def _not_taken(evidence: Evidence, bundle: Bundle) -> str:
    """Say that a row speaks of a member of what the target was found to refuse on create, and may; else nothing."""
    is_create = evidence.operation.action in MAKES_RESOURCE
    for pointer in bundle.run.get("refused", {}).get(evidence.operation.resource, ()) if is_create else ():
        if evidence.row.subject.startswith(f"{pointer}/"):
            return f"The target refuses {pointer}, and need not take it"
    return ""


def need_not_offer(exchange: Exchange, evidence: Evidence) -> bool:
    """Say whether a request was refused as one of an operation that is not offered, and need not be.

    An erratum tolerates that it is not, or every row about it is a may.
    """
    if exchange.status not in _NOT_THERE or not exchange.operation:
        return False
    operation = evidence.contract.operation(exchange.operation)
    tolerated = Rows(evidence.contract).tolerated_statuses(operation)
    levels = {row.level for row in evidence.contract.requirements if row.operation == operation.id and not row.reason}
    says_no_such_thing = exchange.status == 404 and "{id}" in operation.path
    return str(exchange.status) in tolerated or (levels == {"may"} and not says_no_such_thing)


def is_unreached(bundle: Bundle) -> bool:
    """Say whether nothing came from a target that took registrations, and nobody vouched for the listener's address."""
    came = bundle.notifications or bundle.run.get("asked_at_callbacks")
    if came or bundle.run.get("listener_vouched", False) or not bundle.run.get("listener", False):
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


def _is_refused_for(demand: Mapping[str, Any], settled: OutcomeReached, evidence: Evidence) -> bool:
    """Say whether the failure is that of a create in which what is demanded is missing, or not known well enough."""
    is_known = demand.get("is_proven", True)
    makes = {one.id for one in evidence.contract.operations if one.action in MAKES_RESOURCE}
    # What a row waits for in vain is blocked by everything that was to bring it about.
    is_by_all = settled.outcome is Outcome.BLOCKED and not settled.root
    looked_at = {settled.root, *evidence.used, *(one.sequence for one in evidence.exchanges if is_by_all)}
    return any(
        exchange.operation in makes
        and exchange.is_refusal
        and isinstance(exchange.request.json, dict)
        and not (is_known and is_kept(demand["attributes"], exchange.request.json))
        for exchange in evidence.exchanges
        if exchange.sequence in looked_at
    )


def _configuration(evidence: Evidence, demand: Mapping[str, Any]) -> str:
    name = evidence.operation.resource or evidence.contract.resources[0].name
    entry = json.dumps({name: demand["attributes"]}, ensure_ascii=False)
    return (
        f"The kit lacked configuration: the target demands {', '.join(demand['attributes'])}, and the document lets it "
        f"demand more than its own mandatory attributes ('{demand['words']}'); configure `payloads: {entry}`"
    )
