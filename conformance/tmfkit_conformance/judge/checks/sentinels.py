"""What became of the records that lasted through the run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.judge import round_trip
from tmfkit_conformance.judge.checks.queries import is_alternatives
from tmfkit_conformance.judge.compare import is_equal
from tmfkit_conformance.judge.evidence import Evidence, failed, skip
from tmfkit_conformance.payloads.attributes import is_state
from tmfkit_conformance.record import paging
from tmfkit_conformance.rules.lifecycle import Sentinels, Watched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tmfkit_conformance.record.exchange import Exchange
    from tmfkit_conformance.rules.probes import Step

__all__ = ["sentinels"]

_BREAKDOWNS: Final = (500, 501, 505)
"""Statuses that say nothing of a passing moment, as those of gateways and of maintenance do."""


def sentinels(evidence: Evidence) -> str:
    """Hold every record that was made in the course of the run against what was seen of it at the end; fail a loss.

    What was answered at the end with credentials, rate or a passing trouble proves nothing: then the row is a skip.

    Returns:
        A remark: what changed by itself, and nobody asked for. Empty where nothing did.
    """
    watched = evidence.facts(Watched)
    if watched is None:
        names = (resource.name for resource in evidence.contract.resources)
        if any(evidence.all(Sentinels.MADE.of(name)) for name in names):
            skip("the run ended before the records that were made at its start could be looked at again")
        return ""
    looks = [_Look(evidence, name) for name in watched.resources]
    for look in looks:
        look.at_reads()
        look.at_lists()
        if look.name in watched.filtered:
            look.at_filtered_lists()
    unseen = dict.fromkeys(what for look in looks for what in look.unseen)
    if unseen:
        skip(f"a record of the run could not be looked at again at its end: {'; '.join(unseen)}")
    return "; ".join(dict.fromkeys(remark for look in looks for remark in look.remarks))


@dataclass
class _Look:
    """What was seen of one record.

    Attributes:
        evidence: What was recorded.
        name: Name of the record in the steps.
        unseen: Answers that prove nothing, in words.
        remarks: What changed by itself.
    """

    evidence: Evidence
    name: str
    unseen: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.resource = Sentinels.resource_of(self.name)
        self.made = self._need(Sentinels.MADE.of(self.name))

    def at_reads(self) -> None:
        """Fail a record that cannot be read any more, or not as it was."""
        if not self.evidence.contract.action("retrieve", self.resource):
            return
        first = self._need(Sentinels.FIRST_READ.of(self.name))
        self._need(Sentinels.READ.of(self.name))
        if not first.is_success:
            return
        changed = set[str]()
        reads = self.evidence.all(Sentinels.READ.of(self.name))
        for read in reads:
            if read.is_gone:
                failed(f"{self._what} is gone {self._age(read)}: {self.evidence.answered(read)}")
            changed |= self._changed(first, read) if read.is_success else set()
        self._is_served(reads[-1], "can be read no more")
        if changed:
            self.remarks.append(
                f"In the {self.resource} made in the course of the run, {', '.join(sorted(changed))} changed by itself"
            )

    def at_lists(self) -> None:
        """Fail a list that is none any more, or from which the record has gone."""
        if not self.evidence.contract.action("list", self.resource):
            return
        first = self._need(Sentinels.FIRST_LIST.of(self.name))
        self._need(Sentinels.LIST.of(self.resource))
        if not first.is_success or not isinstance(first.answer, list):
            return
        looks = list(_looks(self.evidence.all(Sentinels.LIST.of(self.resource))))
        answered = [pages for pages in looks if pages[0].is_success]
        for pages in answered:
            if not isinstance(pages[0].answer, list):
                failed(f"{self.evidence.asked(pages[0])} is answered with no JSON array {self._age(pages[0])}")
        if not self._is_served(looks[-1][0], "is in a list that is given no more") or not self._was_listed:
            return
        absences = [pages for pages in answered if self._is_absent(pages)]
        if answered[-1] in absences:
            failed(f"{self._what} is in the list no more {self._age(answered[-1][0])}")
        if absences:
            self.remarks.append(f"The list left out a {self.resource} for a while")

    def at_filtered_lists(self) -> None:
        """Fail a record that a filter by one of its texts does not give, though it is in the list."""
        self._need(Sentinels.FILTERED.of(self.name))
        looks = list(_looks(self.evidence.all(Sentinels.FILTERED.of(self.name))))
        whole = [pages for pages in looks if paging.is_whole(pages)]
        if self._was_listed and whole and self.made.identifier not in paging.identifiers(whole[-1]):
            failed(f"{self._what} is not given for {urlsplit(whole[-1][0].request.url).query}")

    def _need(self, step: Step) -> Exchange:
        """Return the first exchange of a step, whatever came of it; without one nothing is proven."""
        return self.evidence.optional(step) or skip(f"what was recorded lacks the step {step.name!r}")

    def _is_served(self, last: Exchange, otherwise: str) -> bool:
        """Say whether the last look was served; fail one that was refused, or broke down for good."""
        if last.is_success:
            return True
        if last.is_refusal or last.status in _BREAKDOWNS:
            failed(f"{self._what} {otherwise} {self._age(last)}: {self.evidence.answered(last)}")
        self.unseen.append(self.evidence.answered(last))
        return False

    def _changed(self, first: Exchange, read: Exchange) -> set[str]:
        """Return what a record shows otherwise than at first, of what the client did not send; fail where it did."""
        contract, before = self.evidence.contract, first.answer
        if not isinstance(before, dict):
            return set()
        after = read.answer if isinstance(read.answer, dict) else {}
        told = after.get("id", self.made.identifier)
        if str(told) != str(before.get("id", self.made.identifier)):
            failed(f"{self._what} is read as another {self._age(read)}, with the id {told!r:.200}")
        schema = contract.resource(self.resource).schema
        sent = {attribute for attribute in self.made.request.json if not self._is_state(attribute)}
        for attribute in sorted(sent & before.keys()):
            now = after.get(attribute, pointers.ABSENT)
            known = round_trip.schema_at(contract, schema, f"/{pointers.escaped(attribute)}")
            if round_trip.kept(contract, known, before[attribute], now) is None:
                what = "is not there any more" if now is pointers.ABSENT else "is another"
                failed(f"In {self._what[:1].lower()}{self._what[1:]}, /{attribute} {what} {self._age(read)}")
        others = {*before, *after} - sent
        return {each for each in others if not is_equal(before.get(each), after.get(each))}

    def _is_state(self, attribute: str) -> bool:
        """Say whether an attribute holds a state: by its name, or because a notification tells of its change as one."""
        contract = self.evidence.contract
        told = {pointer for event in contract.events if event.resource == self.resource for pointer in event.attributes}
        own = round_trip.canonical(contract, contract.resource(self.resource).schema, {attribute: None})
        return any(is_state(each) or f"/{each}" in told for each in own)

    @property
    def _was_listed(self) -> bool:
        return self.made.identifier in paging.identifiers(self.evidence.all(Sentinels.FIRST_LIST.of(self.name)))

    def _is_absent(self, pages: list[Exchange]) -> bool:
        """Say whether a look at the list shows that the record is not in it."""
        if self.made.identifier in paging.identifiers(pages):
            return False
        asked = [one for one in self.evidence.all(Sentinels.BY_ID.of(self.name)) if one.sequence > pages[0].sequence]
        if paging.is_whole(pages) or is_alternatives(self.made.identifier):
            return paging.is_whole(pages)
        return _is_answered_with_nothing(asked[:1])

    @property
    def _what(self) -> str:
        return f"The {self.resource} {self.made.identifier!r}, made in the course of the run,"

    def _age(self, seen: Exchange) -> str:
        return f"after {seen.started - self.made.started:.1f} s"


def _looks(exchanges: list[Exchange]) -> Iterator[list[Exchange]]:
    """Yield the pages of each look at a list: a first page is one whose address is that of the first look."""
    pages: list[Exchange] = []
    for exchange in exchanges:
        if pages and exchange.request.url == pages[0].request.url:
            yield pages
            pages = []
        pages.append(exchange)
    if pages:
        yield pages


def _is_answered_with_nothing(asked: list[Exchange]) -> bool:
    return bool(asked) and asked[0].is_success and asked[0].answer == []
