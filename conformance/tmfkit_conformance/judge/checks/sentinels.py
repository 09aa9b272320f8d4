"""What became of the records that lasted through the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.judge import round_trip
from tmfkit_conformance.judge.compare import is_kept
from tmfkit_conformance.judge.evidence import Evidence, failed
from tmfkit_conformance.payloads.attributes import is_state
from tmfkit_conformance.record import paging
from tmfkit_conformance.rules.lifecycle import Sentinels

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
    names = (resource.name for resource in evidence.contract.resources)
    return "; ".join(remark for name in names for remark in _of(evidence, name))


def _of(evidence: Evidence, name: str) -> Iterator[str]:
    made = evidence.optional(Sentinels.MADE.of(name))
    if made is None or not made.is_success:
        return
    first = evidence.optional(Sentinels.FIRST_READ.of(name))
    changed = set[str]()
    for read in evidence.all(Sentinels.READ.of(name)) if first and first.is_success else ():
        changed |= _changed(evidence, name, made, first, read)
    _need_listed(evidence, name, made)
    if changed:
        yield f"In the {name} made at the start, {', '.join(sorted(changed))} changed by itself"


def _changed(evidence: Evidence, name: str, made: Exchange, first: Exchange | None, read: Exchange) -> set[str]:
    """Return what a record shows otherwise than at first, of what the client did not send; fail where it did."""
    before, age = first.answer if first else None, _age(made, read)
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
