"""Scenarios on reading and lists; ``specs/scenarios.yaml`` says what each asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tmfkit_conformance.judge.compare import is_kept, is_same
from tmfkit_conformance.judge.evidence import Evidence, failed, moot, remarked
from tmfkit_conformance.judge.families.queries import ids, members
from tmfkit_conformance.judge.families.scenarios import accepted, scenario

if TYPE_CHECKING:
    from tmfkit_conformance.record.exchange import Exchange

__all__: list[str] = []


@scenario("fields-with-filter")
def _fields_with_filter(evidence: Evidence) -> None:
    made, seen = evidence.done("create"), evidence.step("list")
    found = members([seen])
    if not seen.is_success or ids([seen]) != [made.identifier]:
        _query_not_offered(
            evidence, seen, f"The list gave {len(found)} records instead of the one asked for (answered {seen.status})"
        )
    selected = next(
        part.partition("=")[2] for part in seen.request.url.partition("?")[2].split("&") if part.startswith("fields=")
    )
    others = sorted(name for name in found[0] if name not in ("id", "href", selected) and not name.startswith("@"))
    if others or selected not in found[0]:
        failed(f"The record has {', '.join(others)} as well" if others else f"The record lacks {selected}")


def _query_not_offered(evidence: Evidence, seen: Exchange, remark: str) -> None:
    if evidence.row.level == "may" and (seen.is_success or seen.status in (400, 501)):
        moot(f"Not offered: {remark}")
    failed(remark)


@scenario("filters-combine")
def _filters_combine(evidence: Evidence) -> None:
    one, other = evidence.done("create-a").identifier, evidence.done("create-b").identifier
    both, pages = ids(evidence.all("both")), evidence.all("list")
    if not {one, other} <= set(both):
        _query_not_offered(evidence, evidence.step("both"), "The first condition alone does not give both records")
    if ids(pages) != [one]:
        _query_not_offered(
            evidence, evidence.step("list"), f"Both conditions gave {len(ids(pages))} records instead of one"
        )


@scenario("filter-without-match")
def _filter_without_match(evidence: Evidence) -> None:
    seen = evidence.step("list")
    if str(seen.status) in evidence.row.expect.get("tolerate", ()):
        remarked(f"Answered {seen.status}, which an erratum tolerates ({', '.join(evidence.row.errata)})")
    if not seen.is_success:
        failed(f"A condition that nothing satisfies was answered {seen.status}")
    if seen.answer != []:
        _query_not_offered(evidence, seen, "The list gave records that do not satisfy the condition")


@scenario("fields-whole-attribute")
def _fields_whole_attribute(evidence: Evidence) -> None:
    whole, got = evidence.object("whole"), evidence.object("read")
    name = evidence.step("read").request.url.partition("fields=")[2]
    if not is_kept(whole.get(name), got.get(name)):
        failed(f"{name} was selected and is not there as a whole")


@scenario("all-without-fields")
def _all_without_fields(evidence: Evidence) -> None:
    sent, got = evidence.done("create").request.json, evidence.object("read")
    missing = [name for name in sent if name not in got]
    if missing:
        failed(f"A read without a selection lacks {', '.join(missing)}")


@scenario("created-is-listed")
def _created_is_listed(evidence: Evidence) -> None:
    made, pages = evidence.done("create"), evidence.all("list")
    if not pages or not pages[0].is_success:
        failed(f"The list was answered {pages[0].status if pages else 'nothing'}")
    if made.identifier not in ids(pages):
        failed("The resource just made is not in the list")


@scenario("created-once")
def _created_once(evidence: Evidence) -> None:
    first, second = evidence.done("create"), evidence.done("second")
    if first.identifier == second.identifier:
        failed("The same body sent twice gave one id")
    pages = evidence.all("list")
    name, _, token = pages[0].request.url.partition("?")[2].partition("=") if pages else ("", "", "")
    having = [member for member in members(pages) if member.get(name) == token]
    if len(having) > 1:
        failed(f"One create made {len(having)} resources")


@scenario("trailing-slash")
def _trailing_slash(evidence: Evidence) -> None:
    evidence.done("read")
    if not is_same(evidence.object("read"), evidence.step("slash").answer):
        failed(f"With a slash at the end the answer is {evidence.step('slash').status} and another one")


@scenario("not-a-resource")
def _not_a_resource(evidence: Evidence) -> None:
    evidence.done("control")
    if evidence.step("read").status != 404:
        failed(f"Answered {evidence.step('read').status} instead of 404")


@scenario("read-is-safe")
def _read_is_safe(evidence: Evidence) -> None:
    accepted(evidence, "first")
    accepted(evidence, "second")
    if not is_same(evidence.object("first"), evidence.object("second")):
        failed("Reading twice gave two different answers")


@scenario("reads-one-object")
def _reads_one_object(evidence: Evidence) -> None:
    for letter in "ab":
        made, read = evidence.done(f"create-{letter}"), evidence.step(f"read-{letter}")
        if not isinstance(read.answer, dict) or str(read.answer.get("id")) != made.identifier:
            failed(f"Reading {made.identifier!r} gave something else")


@scenario("filter-by-day")
def _filter_by_day(evidence: Evidence) -> None:
    made = evidence.done("create")
    before, after = evidence.all("before"), evidence.all("after")
    if made.identifier not in ids(before):
        _query_not_offered(evidence, evidence.step("before"), "A bare day before the value did not give the record")
    if made.identifier in ids(after):
        _query_not_offered(evidence, evidence.step("after"), "A bare day after the value gave the record")


@scenario("filter-loose")
def _filter_loose(evidence: Evidence) -> None:
    made = evidence.done("create")
    if made.identifier not in ids(evidence.all("list")):
        _query_not_offered(evidence, evidence.step("list"), "Quotes and the other letter case did not give the record")
