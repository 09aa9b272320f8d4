"""What an option of the kit may do about a cause: a target may be sound, and the kit look elsewhere or too soon."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from tmfkit_conformance.judge.symptoms import Symptom
from tmfkit_conformance.judge.traces import Traces, kind_of
from tmfkit_conformance.rules.operations import HeardAt
from tmfkit_conformance.rules.rule import Case

__all__ = ["remedy"]

_NOT_THERE: Final = (404, 405, 501)
_UNHEARD: Final = ("silent", "no event", "means")


def remedy(case: Case, symptom: Symptom, traces: Traces) -> str:
    """Return what an option may do about a cause; nothing where none may.

    Args:
        case: A row that suffers from it.
        symptom: What is wrong.
        traces: What the whole run shows.
    """
    operation = traces.operations.get(symptom.operation)
    settings: Mapping[str, Any] = traces.run.get("settings", {})
    if operation and kind_of(operation) == "hub" and symptom.status in _NOT_THERE and not settings.get("hub_urls"):
        parts = urlsplit(str(traces.run.get("base_url", "")))
        example = f"{parts.scheme}://{parts.netloc}/api/hub"
        return f"If the hub is at another address, name it with --hub-url, for example --hub-url {example}"
    if {symptom.operation, case.requirement.operation} & set(traces.run.get("unseen", ())):
        waited = settings.get("settle_seconds", 0)
        return f"If the target needs longer than {waited:g} s until writes are seen, give more seconds with --settle"
    facts = case.probe.probe.facts if case.probe else None
    is_about_hearing = facts is not None and issubclass(facts, HeardAt) and symptom.key[0] in _UNHEARD
    if is_about_hearing or "heard nothing" in symptom.summary:
        waited = settings.get("event_seconds", 0)
        return f"If notifications need longer than {waited:g} s, give more seconds with --event-timeout"
    return ""
