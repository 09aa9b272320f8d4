"""What became of the records that lasted through the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.judge import round_trip
from tmfkit_conformance.judge.compare import is_kept
from tmfkit_conformance.judge.evidence import Evidence, failed, skip
from tmfkit_conformance.payloads.attributes import is_state
from tmfkit_conformance.record import paging
from tmfkit_conformance.rules.lifecycle import Sentinels, Watched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tmfkit_conformance.record.exchange import Exchange
    from tmfkit_conformance.rules.probes import Step

__all__ = ["sentinels"]

_GONE: Final = (404, 410)


def sentinels(evidence: Evidence) -> str:
    """Hold every record that was made at the start against what was seen of it at the end; fail a loss.

    Returns:
        A remark: what changed by itself, and nobody asked for. Empty where nothing did.
    """
    watched = evidence.facts(Watched)
    if watched is None:
        names = (resource.name for resource in evidence.contract.resources)
        if any(evidence.all(Sentinels.MADE.of(name)) for name in names):
            skip("the run ended before the records that were made at its start could be looked at again")
        return ""
    return "; ".join(remark for name in watched.resources for remark in _of(evidence, name, watched))


def _of(evidence: Evidence, name: str, watched: Watched) -> Iterator[str]:
    made = _need(evidence, Sentinels.MADE.of(name))
    changed = set[str]()
    if evidence.contract.action("retrieve", name):
        first = _need(evidence, Sentinels.FIRST_READ.of(name))
        _need(evidence, Sentinels.READ.of(name))
        for read in evidence.all(Sentinels.READ.of(name)) if first.is_success else ():
            changed |= _changed(evidence, name, made, first, read)
    if evidence.contract.action("list", name):
        _need(evidence, Sentinels.FIRST_LIST.of(name))
        _need(evidence, Sentinels.LIST.of(name))
        _need_listed(evidence, name, made)
    if name in watched.filtered:
        _need(evidence, Sentinels.FILTERED.of(name))
        _need_filtered(evidence, name, made)
    if changed:
        yield f"In the {name} made at the start, {', '.join(sorted(changed))} changed by itself"


def _need(evidence: Evidence, step: Step) -> Exchange:
    """Return the first exchange of a step, whatever came of it; without one nothing is proven."""
    return evidence.optional(step) or skip(f"what was recorded lacks the step {step.name!r}")


def _changed(evidence: Evidence, name: str, made: Exchange, first: Exchange, read: Exchange) -> set[str]:
    """Return what a record shows otherwise than at first, of what the client did not send; fail where it did."""
    before, age = first.answer, _age(made, read)
    if read.status in _GONE:
        failed(f"The {name} {made.identifier!r}, made at the start, is gone {age}: {evidence.answered(read)}")
    if not read.is_success or not isinstance(before, dict):
        return set()
    after = read.answer if isinstance(read.answer, dict) else {}
    schema = evidence.contract.resource(name).schema
    sent = {attribute for attribute in made.request.json if not _is_state(evidence, name, attribute)}
    for attribute in sorted(sent & before.keys()):
        now = after.get(attribute, pointers.ABSENT)
        known = round_trip.schema_at(evidence.contract, schema, f"/{pointers.escaped(attribute)}")
        if round_trip.kept(evidence.contract, known, before[attribute], now) is None:
            what = "is not there any more" if now is pointers.ABSENT else "is another"
            failed(f"In the {name} {made.identifier!r}, made at the start, /{attribute} {what} {age}")
    others = {*before, *after} - sent
    return {each for each in others if not _is_same(before.get(each), after.get(each))}


def _is_same(one: Any, other: Any) -> bool:
    return is_kept(one, other) and is_kept(other, one)


def _is_state(evidence: Evidence, name: str, attribute: str) -> bool:
    """Say whether an attribute holds a state: by its name, or because a notification tells of its change as one."""
    told = {pointer for event in evidence.contract.events if event.resource == name for pointer in event.attributes}
    own = round_trip.canonical(evidence.contract, evidence.contract.resource(name).schema, {attribute: None})
    return any(is_state(each) or f"/{each}" in told for each in own)


def _need_listed(evidence: Evidence, name: str, made: Exchange) -> None:
    """Fail a record that was in the list at first and is in it no more."""
    if made.identifier not in paging.identifiers(evidence.all(Sentinels.FIRST_LIST.of(name))):
        return
    for pages in _looks(evidence, Sentinels.LIST.of(name)):
        found = paging.identifiers(pages)
        asked = [one for one in evidence.all(Sentinels.BY_ID.of(name)) if one.sequence > pages[0].sequence][:1]
        if made.identifier in found or not (paging.is_whole(pages) or _is_answered_with_nothing(asked)):
            continue
        failed(f"The {name} {made.identifier!r}, made at the start, is in the list no more {_age(made, pages[0])}")


def _need_filtered(evidence: Evidence, name: str, made: Exchange) -> None:
    """Fail a record that a filter by one of its texts does not give, though it is in the list."""
    if made.identifier not in paging.identifiers(evidence.all(Sentinels.FIRST_LIST.of(name))):
        return
    for pages in _looks(evidence, Sentinels.FILTERED.of(name)):
        if paging.is_whole(pages) and made.identifier not in paging.identifiers(pages):
            query = pages[0].request.url.partition("?")[2]
            failed(f"The {name} {made.identifier!r}, made at the start, is not given for {query}")


def _looks(evidence: Evidence, step: Step) -> Iterator[list[Exchange]]:
    """Yield the pages of each look at a list: a first page is one whose address is that of the first look."""
    pages: list[Exchange] = []
    for exchange in evidence.all(step):
        if pages and exchange.request.url == pages[0].request.url:
            yield pages
            pages = []
        pages.append(exchange)
    if pages:
        yield pages


def _is_answered_with_nothing(asked: list[Exchange]) -> bool:
    return bool(asked) and asked[0].is_success and asked[0].answer == []


def _age(made: Exchange, seen: Exchange) -> str:
    return f"after {seen.started - made.started:.1f} s"
