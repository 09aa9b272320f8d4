"""Symptoms of notifications: none, not of all kinds, of a kind that the document has not, without their resource."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tmfkit_conformance.judge.symptoms.answers import UNDELETED, answer
from tmfkit_conformance.judge.symptoms.form import Symptom, seen
from tmfkit_conformance.judge.traces import Traces
from tmfkit_conformance.judge.verdict import Verdict
from tmfkit_conformance.rules.hubs import EVENT, EVENT_MEMBER
from tmfkit_conformance.rules.operations import HeardAt
from tmfkit_conformance.rules.rule import Case

__all__ = ["unheard"]

_CHANGES: Final = ("change", "state-change")


def unheard(case: Case, verdict: Verdict, traces: Traces) -> Iterator[Symptom]:
    """Yield what is wrong with the notifications of a row that is about them."""
    facts = case.probe.probe.facts if case.probe else None
    if case.probe is None or facts is None or not issubclass(facts, HeardAt):
        return
    if refused := traces.untriggered(case):
        yield answer(refused, traces)
    last = next(iter(seen(verdict, traces)[-1:]), None)
    number, operation = (last.sequence, last.operation) if last else (0, "")
    for key, summary in _faults(case, verdict, traces):
        yield Symptom(key, summary, number, operation)


def _faults(case: Case, verdict: Verdict, traces: Traces) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the key and the words of every fault, the most general first."""
    if not traces.notifications:
        yield ("silent",), "No notification arrived at all"
        return
    coded = sorted({note.coding for note in traces.notifications})
    if all(coded):
        yield ("coded",), f"Notifications come in the content coding {coded[0]!r}, and are answered 415"
        return
    arrived = traces.heard_by(case)
    own = [event for event in traces.contract.events if traces.is_triggered(case, event)]
    strange = sorted(arrived - {event.type for event in traces.contract.events})
    missing = [event for event in own if event.type not in arrived]
    if missing and all(event.on == "delete" and event.resource in traces.undeleted for event in missing):
        yield UNDELETED, f"A {missing[0].resource} that was deleted is there still"
    if strange and (missing or not own):
        yield ("event type",), f"Notifications come with the eventType {strange[0]!r}, which the document has not"
    if missing:
        changes = all(event.on in _CHANGES for event in missing)
        kinds = ", ".join(dict.fromkeys(event.on.replace("-", " of ") for event in missing))
        key = "changes" if changes else kinds
        yield ("no event", key), f"No notification arrives of: {kinds}"
    row = case.requirement
    is_of_payload = row.kind == EVENT.name or (row.kind == EVENT_MEMBER.name and row.subject.count("/") > 1)
    if is_of_payload and "is not of type" not in verdict.remark:
        yield ("event payload",), verdict.remark
