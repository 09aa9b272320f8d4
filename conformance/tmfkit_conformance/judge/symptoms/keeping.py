"""Symptoms of what a target keeps: nothing, not all, under another id, the same for two creates."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.judge.answered import asked
from tmfkit_conformance.judge.losses import How, Loss, losses
from tmfkit_conformance.judge.round_trip import canonical
from tmfkit_conformance.judge.symptoms import answers
from tmfkit_conformance.judge.symptoms.answers import is_due
from tmfkit_conformance.judge.symptoms.form import Symptom, at, seen
from tmfkit_conformance.judge.traces import Traces, is_whole
from tmfkit_conformance.judge.verdict import Verdict
from tmfkit_conformance.record.exchange import Exchange
from tmfkit_conformance.record.wire import last_segment
from tmfkit_conformance.rules.rule import Case

__all__ = ["doubled", "lost", "not_stored", "of_run", "unlisted"]

_ALIKE: Final[Mapping[How, str]] = {
    "falsy": "false and 0 are not kept",
    "shorter": "Lists lose members",
    "longer": "Lists gain members",
    "cut": "Texts are cut",
    "garbled": "Texts are not kept where they are not ASCII",
    "text": "Numbers and truths come back as texts",
    "instant": "Date-times come back as other instants",
}
"""What may happen to one member after the other for one reason, wherever it stands."""

_WRITES: Final = ("create", "patch", "replace")


def not_stored(case: Case, verdict: Verdict, traces: Traces) -> Iterator[Symptom]:
    """Yield that nothing that is made can be found, where the row looked for it."""
    for exchange in seen(verdict, traces):
        found = None if is_due(case, exchange) else answers.not_stored(exchange, traces)
        yield from (found,) if found else ()


def doubled(case: Case, _verdict: Verdict, traces: Traces) -> Iterator[Symptom]:
    """Yield that two creates gave one id, where the probe of the row made both."""
    for exchange in traces.by_probe.get(case.probe.key if case.probe else "", ()):
        if exchange.sequence in traces.doubled:
            what = f"{asked(traces.contract, exchange)} gives the id of what is there already, {exchange.identifier!r}"
            yield at(exchange, ("doubled", traces.resource_of(exchange)), what)


def of_run(_case: Case, verdict: Verdict, traces: Traces) -> Iterator[Symptom]:
    """Yield what holds for the whole run, where the row met with it."""
    for exchange in seen(verdict, traces):
        operation = traces.operations.get(exchange.operation)
        place = asked(traces.contract, exchange).partition("?")[0]
        if exchange.operation in traces.idle and exchange.is_success:
            yield at(exchange, ("idle",), f"{place} is answered {exchange.status} and changes nothing")
        elif operation and operation.action == "list" and exchange.is_success and not isinstance(exchange.answer, list):
            yield at(exchange, ("no list", operation.id), f"{place} is not answered with a JSON array")
        elif _is_of_another(exchange, traces):
            told = exchange.answer.get("id")
            what = f"{place} gives the id {told!r} where {last_segment(exchange.request.url)!r} was asked for"
            yield at(exchange, ("another id", traces.resource_of(exchange)), what)


def _is_of_another(exchange: Exchange, traces: Traces) -> bool:
    """Say whether reading by an id that a create had given gave something with another id."""
    if exchange.request.method != "GET" or not exchange.is_success or not isinstance(exchange.answer, dict):
        return False
    wanted = last_segment(exchange.request.url)
    told = exchange.answer.get("id")
    return wanted in traces.given_ids and told is not None and str(told) != wanted


def unlisted(_case: Case, verdict: Verdict, traces: Traces) -> Iterator[Symptom]:
    """Yield that a list never shows what was just made, where the row met with it."""
    for exchange in seen(verdict, traces):
        if exchange.operation in traces.lists_without_new:
            place = asked(traces.contract, exchange).partition("?")[0]
            yield at(exchange, ("list without new", exchange.operation), f"{place} never shows what was just made")


def lost(case: Case, verdict: Verdict, traces: Traces) -> Iterator[Symptom]:
    """Yield the first member that was written and is not read back as it was, of those that a row speaks of.

    What the row started from is looked at as well: a check of what is there need not look at it.
    """
    own = traces.by_probe.get(case.probe.key, ()) if case.probe else ()
    held = {one.sequence: one for one in seen(verdict, traces)}
    looked_at = held | {one.sequence: one for one in own}
    sent = [one for _, one in sorted(looked_at.items())]
    exchanges = [one for one in sent if one.is_success and not is_due(case, one)]
    for number, write in enumerate(exchanges):
        operation = traces.operations.get(write.operation)
        if operation is None or operation.action not in _WRITES:
            continue
        later_on, told = exchanges[number + 1 :], _told(verdict, write, traces)
        for back in _reads_after(write, later_on, traces, held):
            found = [one for one in _losses(write, back, later_on, traces) if _concerns(case, one, told)]
            if found and (refused := _done_though_refused(write, back, found[0], sent, traces)):
                what = f"{asked(traces.contract, refused)} changes what is there although it is refused: {found[0]}"
                yield at(back, ("refused and done", refused.request.method), what, lost=found[0].pointer)
            elif found and (later := _taken_away(write, back, later_on, traces)):
                does = "takes away" if found[0].got is pointers.ABSENT or found[0].how == "shorter" else "changes"
                what = f"{asked(traces.contract, later)} {does} what it does not name: {found[0]}"
                yield at(back, ("takes away", later.request.method), what, lost=found[0].pointer)
            elif found:
                yield _loss(min(found, key=lambda one: not _is_about(case, one)), back, operation.resource)


def _losses(write: Exchange, back: Exchange, later: Sequence[Exchange], traces: Traces) -> list[Loss]:
    """Return what is not read back of a body, apart from what was written again before it was read."""
    if not isinstance(write.request.json, dict):
        return []
    place = last_segment(back.request.url)
    writes = [one for one in later if one.sequence < back.sequence and one.request.method != "GET"]
    between = [one for one in writes if last_segment(one.request.url) == place]
    if any(one.request.method == "PUT" for one in between):
        return []  # nothing of what was written before it is to be there
    again = {name for one in between for name in pointers.first_names(one.request.json)}
    asked_for = {name: value for name, value in write.request.json.items() if name not in {*again, "id", "href"}}
    return _lost(traces, write, asked_for, back.answer)


def _lost(traces: Traces, write: Exchange, sent: Any, got: Any) -> list[Loss]:
    """Return what is not read back of what was sent in a write, in the contract's own names."""
    resource = traces.operations[write.operation].resource
    schema = traces.contract.resource(resource).schema if resource else ""
    return list(losses(*(canonical(traces.contract, schema, body) for body in (sent, got))))


def _taken_away(write: Exchange, back: Exchange, later: Sequence[Exchange], traces: Traces) -> Exchange | None:
    """Return the write in between that took away what had been kept; None where nothing of the kind is seen."""
    changes = [one for one in later if one.sequence < back.sequence and one.request.method == "PATCH"]
    if not changes or write.request.method != "POST":
        return None
    kept = _shown_before(changes[0], write, later)
    return changes[0] if kept and not _lost(traces, write, write.request.json, kept.answer) else None


def _done_though_refused(
    write: Exchange, back: Exchange, loss: Loss, sent: Sequence[Exchange], traces: Traces
) -> Exchange | None:
    """Return the patch between a write and a read that was refused, and names what was kept until then."""
    name, place = next(iter(pointers.parts(loss.pointer)), ""), last_segment(back.request.url)
    between = [one for one in sent if write.sequence < one.sequence < back.sequence]
    refused = [
        one
        for one in between
        if one.request.method == "PATCH"
        and one.is_refusal
        and last_segment(one.request.url) == place
        and name in pointers.first_names(one.request.json)
    ]
    if not refused:
        return None
    kept = _shown_before(refused[0], write, [one for one in between if one.is_success])
    there = _lost(traces, write, write.request.json, kept.answer) if kept else []
    return refused[0] if kept and loss.pointer not in {one.pointer for one in there} else None


def _shown_before(change: Exchange, write: Exchange, later: Sequence[Exchange]) -> Exchange | None:
    """Return what first showed a record after it was written, and before a change; the write's own answer at last."""
    earlier = [one for one in later if one.sequence < change.sequence and one.request.method == "GET"]
    return next((one for one in (*earlier, write) if isinstance(one.answer, dict)), None)


def _is_about(case: Case, loss: Loss) -> bool:
    """Say whether a loss is in what a row speaks of, or around it."""
    subject = case.requirement.subject
    return f"{loss.pointer}/".startswith(f"{subject}/") or f"{subject}/".startswith(f"{loss.pointer}/")


def _concerns(case: Case, loss: Loss, told: str) -> bool:
    """Say whether a row suffers from a loss: it is in its subject, or what the row tells names it.

    From another order a row suffers only that tells of it: a target may have an order of its own.
    """
    if loss.how == "order":
        return str(loss) in told
    named = re.escape(next(iter(pointers.parts(loss.pointer)), ""))
    is_told = bool(named) and re.search(rf"(?<!\w){named}(?!\w)", told) is not None
    return is_told or (case.requirement.subject.startswith("/") and _is_about(case, loss))


def _told(verdict: Verdict, write: Exchange, traces: Traces) -> str:
    """Return what a verdict tells: its remark, what it asked for, and the write that it says failed."""
    queries = [urlsplit(one.request.url).query for one in seen(verdict, traces)]
    root = [str(write.request.json)] if write.sequence == verdict.root else []
    return " ".join([verdict.remark, *queries, *root])


def _reads_after(
    write: Exchange, later: Sequence[Exchange], traces: Traces, held: Collection[int]
) -> Iterator[Exchange]:
    """Yield representations after a write, its own answer where nothing was read.

    First comes the last that the row was held against, then the last of all, then the first. They are of the record
    that was written, and whole.
    """
    identifier = write.identifier if write.request.method == "POST" else last_segment(write.request.url)
    reads = [
        one
        for one in later
        if one.operation in traces.operations
        and traces.operations[one.operation].action == "retrieve"
        and last_segment(one.request.url) == identifier
        and is_whole(one)
    ]
    shown = [one for one in reads if isinstance(one.answer, dict)] or [write]
    last_held = [one for one in shown if one.sequence in held][-1:]
    told = {one.sequence: one for one in (*last_held, shown[-1], *shown[:-1][:1])}
    yield from (one for one in told.values() if isinstance(one.answer, dict))


def _loss(loss: Loss, back: Exchange, resource: str) -> Symptom:
    if loss.how in _ALIKE:
        return at(back, ("kept otherwise", loss.how), f"{_ALIKE[loss.how]}: {loss}", lost=loss.pointer)
    return at(back, ("lost", resource, loss.pointer), f"{resource}: {loss}", lost=loss.pointer)
