"""Scenarios on reading and lists; ``specs/scenarios.yaml`` says what each asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.judge.checks.queries import (
    beside_selection,
    is_alternatives,
    is_listed,
    is_shown,
    listed,
    members,
    need_every_page,
    not_offered,
)
from tmfkit_conformance.judge.checks.scenarios import accepted, scenario
from tmfkit_conformance.judge.compare import is_kept, is_same
from tmfkit_conformance.judge.evidence import Evidence, failed, not_applicable, pass_with_remark, skip
from tmfkit_conformance.rules.operations import CreateFull
from tmfkit_conformance.rules.queries import (
    ALL_WITHOUT_FIELDS,
    CREATED_IS_LISTED,
    CREATED_ONCE,
    FIELDS_WHOLE_ATTRIBUTE,
    FIELDS_WITH_FILTER,
    FILTER_BY_DAY,
    FILTER_LOOSE,
    FILTER_WITHOUT_MATCH,
    FILTERS_COMBINE,
    NOT_A_RESOURCE,
    READ_IS_SAFE,
    READS_ONE_OBJECT,
    TRAILING_SLASH,
    CreatedIsListed,
    CreatedOnce,
    FieldsWholeAttribute,
    FieldsWithFilter,
    FilterByDay,
    FilterLoose,
    FiltersCombine,
    FilterWithoutMatch,
    NotAResource,
    ReadIsSafe,
    ReadsOneObject,
    TrailingSlash,
)

if TYPE_CHECKING:
    from tmfkit_conformance.record.exchange import Exchange

__all__: list[str] = []

_ALTERNATIVES: Final = "An id has a comma, which stands between alternatives in a condition"


@scenario(FIELDS_WITH_FILTER)
def _fields_with_filter(evidence: Evidence) -> None:
    made, seen = evidence.succeeded(FieldsWithFilter.CREATE), evidence.step(FieldsWithFilter.LIST)
    found = members([seen])
    if seen.is_success and not found and is_alternatives(made.identifier):
        not_applicable(_ALTERNATIVES)
    # What was not selected need not be shown, the id included.
    if not seen.is_success or [str(member.get("id", made.identifier)) for member in found] != [made.identifier]:
        not_offered(
            evidence, seen, f"The list gave {len(found)} records instead of the one asked for (answered {seen.status})"
        )
    selected = next(
        part.partition("=")[2] for part in seen.request.url.partition("?")[2].split("&") if part.startswith("fields=")
    )
    others, further = beside_selection(evidence, found[0], {selected})
    if others:
        failed(f"The record has {', '.join(others)} as well")
    if not is_kept(made.request.json.get(selected), found[0].get(selected)):
        failed(f"{selected} is {found[0].get(selected)!r:.200} in the record")
    if further:
        pass_with_remark(f"The record has {', '.join(further)} as well, which the document does not rule out")


@scenario(FILTERS_COMBINE)
def _filters_combine(evidence: Evidence) -> None:
    one, other = (
        evidence.succeeded(FiltersCombine.CREATE.of("a")).identifier,
        evidence.succeeded(FiltersCombine.CREATE.of("b")).identifier,
    )
    if not {one, other} <= set(listed(evidence, FiltersCombine.BOTH)):
        need_every_page(evidence, FiltersCombine.BOTH)
        not_offered(
            evidence, evidence.step(FiltersCombine.BOTH), "The first condition alone does not give both records"
        )
    found = listed(evidence, FiltersCombine.LIST)
    if not found and is_alternatives(one):
        not_applicable(_ALTERNATIVES)
    if found != [one]:
        not_offered(
            evidence, evidence.step(FiltersCombine.LIST), f"Both conditions gave {len(found)} records instead of one"
        )


@scenario(FILTER_WITHOUT_MATCH)
def _filter_without_match(evidence: Evidence) -> None:
    if not listed(evidence, FilterWithoutMatch.CONTROL):
        skip("the list is empty without a condition as well")
    seen = evidence.step(FilterWithoutMatch.LIST)
    if str(seen.status) in evidence.tolerated:
        pass_with_remark(f"Answered {seen.status}, which an erratum tolerates ({', '.join(evidence.row.errata)})")
    if not seen.is_success:
        not_offered(evidence, seen, f"A condition that nothing satisfies was answered {seen.status}")
    if not isinstance(seen.answer, list):
        failed("The answer is no JSON array")
    if seen.answer:
        not_offered(evidence, seen, "The list gave records that do not satisfy the condition")


@scenario(FIELDS_WHOLE_ATTRIBUTE)
def _fields_whole_attribute(evidence: Evidence) -> None:
    whole, got = evidence.object(FieldsWholeAttribute.WHOLE), evidence.object(FieldsWholeAttribute.READ)
    name = evidence.step(FieldsWholeAttribute.READ).request.url.partition("fields=")[2]
    if whole.get(name) is None:
        skip(f"{name} is not there without a selection either")
    made = evidence.optional(FieldsWholeAttribute.CREATE)
    if not is_shown(whole[name], pointers.get(made.request.json, f"/{name}") if made else None, got.get(name)):
        failed(f"{name} was selected and is not there as a whole")


@scenario(ALL_WITHOUT_FIELDS)
def _all_without_fields(evidence: Evidence) -> None:
    missing = evidence.lost(evidence.succeeded(CreateFull.CREATE).request.json, evidence.object(CreateFull.READ))
    if missing:
        failed(f"A read without a selection lacks {', '.join(missing)}")


@scenario(CREATED_IS_LISTED)
def _created_is_listed(evidence: Evidence) -> None:
    made = evidence.succeeded(CreatedIsListed.CREATE)
    if made.identifier in listed(evidence, CreatedIsListed.BEFORE):
        failed(f"{made.identifier!r} was in the list before it was made, so the list is not of what was made")
    if any(_ids_of(page).count(made.identifier) > 1 for page in evidence.all(CreatedIsListed.LIST)):
        failed(f"Two records in the list have the id {made.identifier!r}")
    if not is_listed(evidence, made.identifier, CreatedIsListed.LIST, CreatedIsListed.BY_ID):
        failed("The resource just made is not in the list")
    beside = CreatedIsListed.BESIDE.parameters
    if not any(evidence.all(CreatedIsListed.BESIDE.of(letter)) for letter in beside):
        return  # a bundle of an earlier kit has none
    for letter in beside:
        other, by_id = evidence.succeeded(CreatedIsListed.BESIDE.of(letter)), CreatedIsListed.BESIDE_BY_ID.of(letter)
        if not is_listed(evidence, other.identifier, CreatedIsListed.LIST, by_id):
            failed(f"Of three resources that were made, {other.identifier!r} is not in the list")


def _ids_of(page: Exchange) -> list[str]:
    return [str(member.get("id")) for member in members([page])]


@scenario(CREATED_ONCE)
def _created_once(evidence: Evidence) -> None:
    first, second = evidence.succeeded(CreatedOnce.CREATE), evidence.succeeded(CreatedOnce.SECOND)
    if first.identifier == second.identifier:
        failed("The same body sent twice gave one id")
    listed(evidence, CreatedOnce.LIST)
    name, _, token = evidence.step(CreatedOnce.LIST).request.url.partition("?")[2].partition("=")
    having = [member for member in members(evidence.all(CreatedOnce.LIST)) if member.get(name) == token]
    if not having:
        skip("what was created is not on the pages looked at")
    if len(having) > 1:
        failed(f"One create made {len(having)} resources")


@scenario(TRAILING_SLASH)
def _trailing_slash(evidence: Evidence) -> None:
    evidence.succeeded(TrailingSlash.READ)
    if not is_same(evidence.object(TrailingSlash.READ), evidence.step(TrailingSlash.SLASH).answer):
        failed(f"With a slash at the end the answer is {evidence.step(TrailingSlash.SLASH).status} and another one")


@scenario(NOT_A_RESOURCE)
def _not_a_resource(evidence: Evidence) -> None:
    evidence.succeeded(NotAResource.CONTROL)
    if evidence.step(NotAResource.READ).status != 404:
        failed(f"Answered {evidence.step(NotAResource.READ).status} instead of 404")


@scenario(READ_IS_SAFE)
def _read_is_safe(evidence: Evidence) -> None:
    made = evidence.succeeded(ReadIsSafe.CREATE)
    accepted(evidence, ReadIsSafe.FIRST)
    accepted(evidence, ReadIsSafe.SECOND)
    if not is_same(evidence.object(ReadIsSafe.FIRST), evidence.object(ReadIsSafe.SECOND)):
        failed("Reading twice gave two different answers")
    evidence.resource_at(ReadIsSafe.FIRST, made)


@scenario(READS_ONE_OBJECT)
def _reads_one_object(evidence: Evidence) -> None:
    for letter in "ab":
        made, read = evidence.succeeded(ReadsOneObject.CREATE.of(letter)), evidence.step(ReadsOneObject.READ.of(letter))
        if not isinstance(read.answer, dict) or str(read.answer.get("id")) != made.identifier:
            failed(f"Reading {made.identifier!r} gave something else")


@scenario(FILTER_BY_DAY)
def _filter_by_day(evidence: Evidence) -> None:
    made = evidence.succeeded(FilterByDay.CREATE)
    if made.identifier not in listed(evidence, FilterByDay.BEFORE):
        need_every_page(evidence, FilterByDay.BEFORE)
        not_offered(evidence, evidence.step(FilterByDay.BEFORE), "A bare day before the value did not give the record")
    if made.identifier in listed(evidence, FilterByDay.AFTER):
        not_offered(evidence, evidence.step(FilterByDay.AFTER), "A bare day after the value gave the record")


@scenario(FILTER_LOOSE)
def _filter_loose(evidence: Evidence) -> None:
    made = evidence.succeeded(FilterLoose.CREATE)
    if made.identifier not in listed(evidence, FilterLoose.LIST):
        need_every_page(evidence, FilterLoose.LIST)
        not_offered(
            evidence, evidence.step(FilterLoose.LIST), "Quotes and the other letter case did not give the record"
        )
