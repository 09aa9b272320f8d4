"""What an option of the kit may do about a cause: a target may be sound, and the kit look elsewhere or too soon."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.judge.round_trip import spelt
from tmfkit_conformance.judge.symptoms import Symptom
from tmfkit_conformance.judge.traces import Traces, kind_of
from tmfkit_conformance.payloads.attributes import values_needed
from tmfkit_conformance.rules.attributes import ATTRIBUTE, VALUES
from tmfkit_conformance.rules.operations import HeardAt
from tmfkit_conformance.rules.rule import Case
from tmfkit_conformance.rules.updates import PATCHABLE

__all__ = ["remedy"]

_NOT_THERE: Final = (404, 405, 501)
_RULES: Final = (400, 409, 422)
"""What a body is refused with that breaks a rule of the target's own."""

_OF_RULES: Final = ("answer", "refused attribute")
"""Symptoms that may come of such a rule."""

_LACKING: Final = re.compile("mandatory|missing|required|lack|absent", re.IGNORECASE)
_OF_ATTRIBUTES: Final = (ATTRIBUTE.name, VALUES.name, PATCHABLE.name)
"""Kinds of rows whose request differs from its control in the value of one attribute."""

_UNHEARD: Final = ("silent", "no event", "means")


def remedy(cases: Sequence[Case], symptom: Symptom, traces: Traces) -> str:
    """Return what an option may do about a cause; nothing where none may.

    Args:
        cases: The rows that suffer from it, the one that says it first.
        symptom: What is wrong.
        traces: What the whole run shows.
    """
    case, operation = cases[0], traces.operations.get(symptom.operation)
    settings: Mapping[str, Any] = traces.run.get("settings", {})
    if operation and kind_of(operation) == "hub" and symptom.status in _NOT_THERE and not settings.get("hub_urls"):
        parts = urlsplit(str(traces.run.get("base_url", "")))
        example = f"{parts.scheme}://{parts.netloc}/api/hub"
        return f"If the hub is at another address, name it with --hub-url, for example --hub-url {example}"
    if {symptom.operation, case.requirement.operation} & set(traces.run.get("unseen", ())):
        waited = settings.get("settle_seconds", 0)
        return f"If the target needs longer than {waited:g} s until writes are seen, give more seconds with --settle"
    is_of_a_rule = symptom.key[0] in _OF_RULES and symptom.status in _RULES
    if is_of_a_rule and (entry := _entry(cases, symptom, traces)):
        return f"Send exchange {symptom.exchange} again by hand; for a rule of its own, configure {entry}"
    facts = case.probe.probe.facts if case.probe else None
    is_about_hearing = facts is not None and issubclass(facts, HeardAt) and symptom.key[0] in _UNHEARD
    if is_about_hearing or "heard nothing" in symptom.summary:
        waited = settings.get("event_seconds", 0)
        return f"If notifications need longer than {waited:g} s, give more seconds with --event-timeout"
    return ""


def _entry(cases: Sequence[Case], symptom: Symptom, traces: Traces) -> str:
    """Return the entry of the configuration with which a refused body would be taken.

    A value that was sent and may be the one that is refused is replaced by ``values``, what is lacking stands in
    ``payloads``.
    """
    exchange = traces.exchanges[symptom.exchange]
    resource, sent = traces.resource_of(exchange), exchange.request.json
    if not resource or not isinstance(sent, dict):
        return ""
    named = [f"/{name}" for name in sent if re.search(rf"\b{re.escape(name)}\b", symptom.words)]
    if not named and _LACKING.search(symptom.words):
        return f"what it demands under `payloads.{resource}`"
    rows = sorted((case.requirement for case in cases), key=lambda row: row.kind not in _OF_ATTRIBUTES)
    subjects = [row.subject for row in rows if row.subject.startswith("/")]
    schema = traces.contract.resource(resource).schema
    own = [one for one in subjects if pointers.select(sent, spelt(traces.contract, schema, sent, one))]
    meant = [one for one in own if not named or f"/{one.split('/')[1]}" in named] or named
    meant = [symptom.lost] if symptom.lost else meant
    if not meant:
        return f"it under `payloads.{resource}`"
    count = values_needed(traces.contract, resource, meant[0])
    return f"{count} values that it takes under `values.{resource}.{meant[0]}`"
