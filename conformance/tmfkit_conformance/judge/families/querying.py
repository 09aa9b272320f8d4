"""Scenarios on reading and lists; ``specs/scenarios.yaml`` says what each asks for."""

from __future__ import annotations

from tmfkit_conformance.judge.compare import is_kept, is_same
from tmfkit_conformance.judge.evidence import Evidence, failed, remarked, unproven
from tmfkit_conformance.judge.families.queries import listed, members, need_every_page, not_offered
from tmfkit_conformance.judge.families.scenarios import accepted, scenario

__all__: list[str] = []


@scenario("fields-with-filter")
def _fields_with_filter(evidence: Evidence) -> None:
    made, seen = evidence.done("create"), evidence.step("list")
    found = members([seen])
    if not seen.is_success or [str(member.get("id")) for member in found] != [made.identifier]:
        not_offered(
            evidence, seen, f"The list gave {len(found)} records instead of the one asked for (answered {seen.status})"
        )
    selected = next(
        part.partition("=")[2] for part in seen.request.url.partition("?")[2].split("&") if part.startswith("fields=")
    )
    others = sorted(name for name in found[0] if name not in ("id", "href", selected) and not name.startswith("@"))
    if others or selected not in found[0]:
        failed(f"The record has {', '.join(others)} as well" if others else f"The record lacks {selected}")


@scenario("filters-combine")
def _filters_combine(evidence: Evidence) -> None:
    one, other = evidence.done("create-a").identifier, evidence.done("create-b").identifier
    if not {one, other} <= set(listed(evidence, "both")):
        need_every_page(evidence, "both")
        not_offered(evidence, evidence.step("both"), "The first condition alone does not give both records")
    found = listed(evidence, "list")
    if found != [one]:
        not_offered(evidence, evidence.step("list"), f"Both conditions gave {len(found)} records instead of one")


@scenario("filter-without-match")
def _filter_without_match(evidence: Evidence) -> None:
    if not listed(evidence, "control"):
        unproven("the list is empty without a condition as well")
    seen = evidence.step("list")
    if str(seen.status) in evidence.row.expect.get("tolerate", ()):
        remarked(f"Answered {seen.status}, which an erratum tolerates ({', '.join(evidence.row.errata)})")
    if not seen.is_success:
        failed(f"A condition that nothing satisfies was answered {seen.status}")
    if not isinstance(seen.answer, list):
        failed("The answer is no JSON array")
    if seen.answer:
        not_offered(evidence, seen, "The list gave records that do not satisfy the condition")


@scenario("fields-whole-attribute")
def _fields_whole_attribute(evidence: Evidence) -> None:
    whole, got = evidence.object("whole"), evidence.object("read")
    name = evidence.step("read").request.url.partition("fields=")[2]
    if whole.get(name) is None:
        unproven(f"{name} is not there without a selection either")
    if not is_kept(whole[name], got.get(name)):
        failed(f"{name} was selected and is not there as a whole")


@scenario("all-without-fields")
def _all_without_fields(evidence: Evidence) -> None:
    missing = evidence.lost(evidence.done("create").request.json, evidence.object("read"))
    if missing:
        failed(f"A read without a selection lacks {', '.join(missing)}")


@scenario("created-is-listed")
def _created_is_listed(evidence: Evidence) -> None:
    made = evidence.done("create")
    if made.identifier in listed(evidence, "before"):
        failed(f"{made.identifier!r} was in the list before it was made, so the list is not of what was made")
    if made.identifier not in listed(evidence, "list"):
        need_every_page(evidence, "list")
        failed("The resource just made is not in the list")


@scenario("created-once")
def _created_once(evidence: Evidence) -> None:
    first, second = evidence.done("create"), evidence.done("second")
    if first.identifier == second.identifier:
        failed("The same body sent twice gave one id")
    listed(evidence, "list")
    name, _, token = evidence.step("list").request.url.partition("?")[2].partition("=")
    having = [member for member in members(evidence.all("list")) if member.get(name) == token]
    if not having:
        unproven("what was created is not on the pages looked at")
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
    made = evidence.done("create")
    accepted(evidence, "first")
    accepted(evidence, "second")
    if not is_same(evidence.object("first"), evidence.object("second")):
        failed("Reading twice gave two different answers")
    evidence.about("first", made)


@scenario("reads-one-object")
def _reads_one_object(evidence: Evidence) -> None:
    for letter in "ab":
        made, read = evidence.done(f"create-{letter}"), evidence.step(f"read-{letter}")
        if not isinstance(read.answer, dict) or str(read.answer.get("id")) != made.identifier:
            failed(f"Reading {made.identifier!r} gave something else")


@scenario("filter-by-day")
def _filter_by_day(evidence: Evidence) -> None:
    made = evidence.done("create")
    if made.identifier not in listed(evidence, "before"):
        need_every_page(evidence, "before")
        not_offered(evidence, evidence.step("before"), "A bare day before the value did not give the record")
    if made.identifier in listed(evidence, "after"):
        not_offered(evidence, evidence.step("after"), "A bare day after the value gave the record")


@scenario("filter-loose")
def _filter_loose(evidence: Evidence) -> None:
    made = evidence.done("create")
    if made.identifier not in listed(evidence, "list"):
        need_every_page(evidence, "list")
        not_offered(evidence, evidence.step("list"), "Quotes and the other letter case did not give the record")
