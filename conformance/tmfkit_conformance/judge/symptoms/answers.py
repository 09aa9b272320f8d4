"""Symptoms of an answer: none, a breakdown, a refusal where success is needed, success where a refusal is due."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tmfkit_conformance.judge.answered import asked
from tmfkit_conformance.judge.symptoms.form import Symptom, at, seen
from tmfkit_conformance.judge.target_words import is_telling, normalised, target_words
from tmfkit_conformance.judge.traces import Traces, kind_of
from tmfkit_conformance.judge.verdict import Verdict
from tmfkit_conformance.record.exchange import Exchange
from tmfkit_conformance.record.paging import is_tried
from tmfkit_conformance.rules.answers import Deleted, Refused, Repeated, UnknownId
from tmfkit_conformance.rules.attributes import With
from tmfkit_conformance.rules.hubs import HubOneListener
from tmfkit_conformance.rules.lifecycle import DeleteOneOfTwo, NoTunnelledMethods
from tmfkit_conformance.rules.operations import Delete
from tmfkit_conformance.rules.probes import Probe, Step
from tmfkit_conformance.rules.queries import NotAResource
from tmfkit_conformance.rules.refusals import AUTH, AnyOf, Auth, MethodRefused, Refusing, Without
from tmfkit_conformance.rules.rule import Case
from tmfkit_conformance.rules.sending import ConditionByTheSend
from tmfkit_conformance.rules.updates import UndefinedAttribute

__all__ = [
    "UNDELETED",
    "answer",
    "broken_down",
    "is_due",
    "not_stored",
    "not_there",
    "refused",
    "rooted",
    "taken",
    "unanswered",
]

_REFUSED: Final[Mapping[type[Probe], frozenset[Step]]] = {
    Refusing: frozenset({Refusing.REFUSED, Without.REFUSED_SECOND, ConditionByTheSend.REFUSED_SEND}),
    Refused: frozenset({Refused.REFUSED}),
    UnknownId: frozenset({UnknownId.UNKNOWN, UnknownId.GONE, UnknownId.CHANGE_GONE}),
    Deleted: frozenset({Deleted.AGAIN}),
    Repeated: frozenset({Repeated.SECOND}),
    AnyOf: frozenset({AnyOf.REFUSED}),
    MethodRefused: frozenset({MethodRefused.REFUSED}),
    NotAResource: frozenset({NotAResource.READ}),
    Delete: frozenset({Delete.READ}),
    DeleteOneOfTwo: frozenset({DeleteOneOfTwo.READ}),
    NoTunnelledMethods: frozenset({NoTunnelledMethods.GET, NoTunnelledMethods.POST}),
    HubOneListener: frozenset({HubOneListener.SECOND}),
    Auth: frozenset({Auth.CALL}),
}
"""Probe → the steps of it that are to be refused, or may be."""

_LET_BE: Final[Mapping[type[Probe], frozenset[Step]]] = {
    With: frozenset({With.DEMANDING, With.LONGER}),
    UndefinedAttribute: frozenset({UndefinedAttribute.PATCH}),
}
"""Probe → the steps of it whose refusal is no fault, and whose success is none."""

UNDELETED: Final = ("taken", "read of what is not there")
"""Key of the symptom that what was deleted is there still."""

_LONG_WORD: Final = 4
"""Letters of a word that may be one of a name."""

_GONE: Final = (UnknownId, Deleted, Delete, DeleteOneOfTwo)

_FAULTS: Final[Mapping[str, str]] = {
    "mandatory": "A body without a mandatory attribute",
    "sub-mandatory": "A body without a mandatory member of an attribute",
    "conditional": "A body without an attribute that a condition makes mandatory",
    "any-of": "A body with none of the members of which one has to be there",
    "non-patchable": "A patch of what may not be patched",
    "unlisted-value": "A value that the document does not list",
    "auth": "A call in a role that has no right to it",
}


def is_due(case: Case, exchange: Exchange) -> bool:
    """Say whether an exchange of a case is to be refused, or may be."""
    probe = case.probe.probe if case.probe else Probe
    if issubclass(probe, Auth) and AUTH.expect_of(case.requirement).form == "allowed":
        return False
    return _is_among(_REFUSED, case, exchange)


def _is_among(steps_of: Mapping[type[Probe], frozenset[Step]], case: Case, exchange: Exchange) -> bool:
    """Say whether an exchange of a case is of one of some steps."""
    probe = case.probe.probe if case.probe else Probe
    steps = (step for base, steps in steps_of.items() if issubclass(probe, base) for step in steps)
    return any(step.name == exchange.step for step in steps)


def rooted(_case: Case, verdict: Verdict, traces: Traces) -> Iterator[Symptom]:
    """Yield what the exchange shows that a blocked row starts from."""
    root = traces.exchanges.get(verdict.root)
    if root is not None and root.response is None:
        yield _silence(root, traces)
    elif root is not None and (found := not_stored(root, traces)):
        yield found
    elif root is not None and not root.is_success:
        yield answer(root, traces)


def not_stored(exchange: Exchange, traces: Traces) -> Symptom | None:
    """Return the symptom that nothing that is made can be found, where an exchange looked for it."""
    resource = traces.resource_of(exchange)
    if resource not in traces.not_stored or exchange.request.method == "POST":
        return None
    what = f"A {resource} that was made is not found: {asked(traces.contract, exchange)} is answered {exchange.status}"
    return at(exchange, ("not stored", resource), what)


def unanswered(_case: Case, verdict: Verdict, traces: Traces) -> Iterator[Symptom]:
    """Yield a breakdown of the target: no answer came, or nothing listens any more."""
    yield from (_silence(exchange, traces) for exchange in seen(verdict, traces) if exchange.response is None)


def _silence(exchange: Exchange, traces: Traces) -> Symptom:
    first = traces.breakdown(exchange)
    what = f"{asked(traces.contract, first)} got no answer ({first.error})"
    if first.is_out_of_reach:
        what = f"The target stopped listening ({first.error})"
    return at(first, ("silence", first.error.partition(":")[0]), what, is_crash=True)


def broken_down(case: Case, verdict: Verdict, traces: Traces) -> Iterator[Symptom]:
    """Yield a 5xx: where a refusal is due, all of them have one symptom."""
    for exchange in seen(verdict, traces):
        if not exchange.is_breakdown:
            continue
        if is_due(case, exchange):
            what = f"What is to be refused is answered {exchange.status}"
            yield at(exchange, ("refused by a breakdown", str(exchange.status)), what, is_crash=True)
        else:
            yield answer(exchange, traces)


def not_there(case: Case, verdict: Verdict, traces: Traces) -> Iterator[Symptom]:
    """Yield an operation that is not there, where the row met with it."""
    for exchange in seen(verdict, traces):
        if exchange.operation in traces.missing and not is_due(case, exchange):
            yield answer(exchange, traces)


def refused(case: Case, verdict: Verdict, traces: Traces) -> Iterator[Symptom]:
    """Yield an answer that is no success where one is needed; not where the row failed before, by what was taken."""
    for exchange in seen(verdict, traces):
        is_held = case.probe is not None and issubclass(case.probe.probe, (Auth, Refusing))
        if is_held and exchange.is_success and is_due(case, exchange):
            return
        is_needed = not (is_due(case, exchange) or _is_among(_LET_BE, case, exchange) or _is_tried(exchange, traces))
        if exchange.response and not exchange.is_success and is_needed:
            yield answer(exchange, traces)


def _is_tried(exchange: Exchange, traces: Traces) -> bool:
    """Say whether an exchange asked for what no row needs: one more page of a list that was answered."""
    beside = traces.by_probe.get(exchange.probe, ())
    earlier = [one for one in beside if one.step == exchange.step and one.sequence < exchange.sequence]
    return is_tried(exchange, [one for one in earlier if one.is_success])


def answer(exchange: Exchange, traces: Traces) -> Symptom:
    """Return the symptom of an answer that is no success."""
    operation, status = traces.operations.get(exchange.operation), exchange.status
    place = asked(traces.contract, exchange).partition("?")[0]
    if operation and operation.id in traces.missing:
        if operation.resource in traces.missing_resources:
            what = f"There is no {operation.resource}: {place} is answered {status}"
            return at(exchange, ("no resource", operation.resource), what)
        kind = kind_of(operation)
        where = "" if traces.lacks(kind) else operation.resource
        return at(exchange, ("no operation", where, kind), f"{place} is not there: answered {status}")
    words = target_words(exchange.response)
    culprit = traces.culprit(exchange)
    if culprit and not _tells_of(words, culprit):
        what = f"With {culprit} in the body, {place} is answered {status}"
        return at(exchange, ("refused attribute", traces.resource_of(exchange), culprit), what, lost=culprit)
    key = ("answer", str(status), normalised(words)) if is_telling(words) else ("answer", str(status), "", place)
    said = f' "{words}"' if words else ""
    return at(exchange, key, f"{place} is answered {status}{said}", is_crash=exchange.is_breakdown)


def _tells_of(words: str, pointer: str) -> bool:
    """Say whether words that a target refuses with have to do with an attribute, as far as a name can tell."""
    return any(len(word) >= _LONG_WORD and word.lower() in pointer.lower() for word in re.findall(r"\w+", words))


def taken(case: Case, verdict: Verdict, traces: Traces) -> Iterator[Symptom]:
    """Yield what was not refused, or with another status than it is to be."""
    for exchange in seen(verdict, traces):
        if not is_due(case, exchange) or exchange.response is None:
            continue
        status, (key, fault) = str(exchange.status), _fault(case, exchange)
        if exchange.is_success and _is_error(exchange.answer):
            what = f'Errors are answered {status}, like "{target_words(exchange.response)}"'
            yield at(exchange, ("error as success",), what)
        elif exchange.is_success:
            yield at(exchange, ("taken", key), f"{fault} is answered {status} instead of a refusal")
        elif status != (wanted := _wanted(case)) and wanted:
            what = f"{fault} is answered {status} instead of {wanted}"
            yield at(exchange, ("refused otherwise", key, status), what)


def _wanted(case: Case) -> str:
    """Return the status that a refusal is to have; empty where any will do."""
    probe, subject = case.probe.probe if case.probe else Probe, case.requirement.subject
    return "404" if issubclass(probe, _GONE) else subject if subject[:1] == "4" else ""


def _fault(case: Case, exchange: Exchange) -> tuple[str, str]:
    """Return what is wrong with a request that is to be refused: for a key, and in words."""
    row = case.requirement
    if named := _FAULTS.get(row.scenario or row.kind):
        return named, named
    if case.probe and issubclass(case.probe.probe, _GONE):
        way = "read" if exchange.request.method in ("GET", "HEAD") else "write"
        gone = "an unknown id" if exchange.step == UnknownId.UNKNOWN.name else "something deleted"
        return (f"{way} of what is not there" if exchange.is_success else "what is not there"), (
            f"{exchange.request.method} of {gone}"
        )
    situation = row.given if isinstance(row.given, str) else ""
    words = (
        f"{exchange.request.method} with {situation.replace('-', ' ') or row.scenario.replace('-', ' ') or 'a fault'}"
    )
    return words, words


def _is_error(answered: Any) -> bool:
    """Say whether an answer is an error of TMF630, whatever its status."""
    return isinstance(answered, dict) and "code" in answered and ("reason" in answered or "message" in answered)
