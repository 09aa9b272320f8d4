"""Scenarios on patches and replacements; ``specs/scenarios.yaml`` says what each asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.judge.checks.answers import written
from tmfkit_conformance.judge.checks.attributes import sent_at
from tmfkit_conformance.judge.checks.scenarios import accepted, scenario
from tmfkit_conformance.judge.compare import is_same
from tmfkit_conformance.judge.evidence import Evidence, blocked, failed, not_applicable, pass_with_remark, skip
from tmfkit_conformance.judge.round_trip import schema_at
from tmfkit_conformance.rules.attributes import asked_for_below
from tmfkit_conformance.rules.refusals import COLLECTION_DELETE_REFUSED, PUT_REFUSED, MethodRefused
from tmfkit_conformance.rules.updates import (
    DELETE_IGNORES_FIELDS,
    JSON_PATCH_ADD_MEMBER,
    JSON_PATCH_REMOVE,
    JSON_PATCH_REPLACE,
    MERGE_ARRAY_REPLACES,
    MERGE_NULL_REMOVES,
    MERGE_OBJECT_MERGES,
    PATCH_KEEPS_OTHERS,
    PATCH_LASTS,
    PATCH_ONE_OF_TWO,
    REPLACE_CLEARS,
    REPLACE_KEEPS_ID,
    REPLACE_TAKES_ALL,
    STATUS_MOVES,
    UNDEFINED_ATTRIBUTE,
    DeleteIgnoresFields,
    JsonPatchAddMember,
    MergeArrayReplaces,
    MergeObjectMerges,
    Moved,
    Patched,
    PatchedAs,
    PatchKeepsOthers,
    PatchOneOfTwo,
    Removes,
    Removing,
    ReplaceClears,
    ReplaceTakesAll,
    StatusMoves,
    TakenAway,
    UndefinedAttribute,
)

if TYPE_CHECKING:
    from tmfkit_conformance.record.exchange import Exchange

__all__: list[str] = []

_BY_JSON_PATCH = (JSON_PATCH_REPLACE.name, JSON_PATCH_ADD_MEMBER.name, JSON_PATCH_REMOVE.name)


@scenario(PATCH_KEEPS_OTHERS)
def _patch_keeps_others(evidence: Evidence) -> None:
    how = evidence.facts(PatchedAs)  # a bundle of an earlier kit has none
    is_full = how is not None and how.full
    several = evidence.optional(PatchKeepsOthers.SEVERAL)
    made = several if is_full and several and several.is_success and several.identifier else None
    made = made or evidence.succeeded(PatchKeepsOthers.FULL if is_full else PatchKeepsOthers.CREATE)
    patched = evidence.succeeded(PatchKeepsOthers.FULL_PATCH if is_full else PatchKeepsOthers.PATCH)
    before = evidence.object(PatchKeepsOthers.FULL_BEFORE if is_full else PatchKeepsOthers.BEFORE)
    after = evidence.object(PatchKeepsOthers.FULL_READ if is_full else PatchKeepsOthers.READ)
    if evidence.lost(patched.request.json, after):
        blocked(f"{evidence.asked(patched)} changed nothing, so it cannot be seen what it leaves alone", patched)
    # Names that are the contract's or the kit's own: what else a target keeps is its own affair.
    known = {*evidence.contract.attributes(evidence.resource_schema), *made.request.json}
    times = _server_times(evidence)
    others = known - set(patched.request.json) - times
    if not others & set(before):
        skip("the resource has no other attributes that could have changed")
    if changed := _changed(before, after, others, apart_from=times):
        failed(f"Changed as well: {', '.join(changed)}")
    if how and how.another:
        after = _after_another(evidence, known, times, after)
    for media_type in how.media_types if how else ():
        before, after = after, evidence.object(PatchKeepsOthers.READ_AS.of(media_type))
        patched = evidence.succeeded(PatchKeepsOthers.PATCH_AS.of(media_type))
        changed = _changed(before, after, others, apart_from=times)
        if changed and not evidence.lost(written(patched), after):  # one without effect has rows of its own
            failed(f"By {media_type}, changed as well: {', '.join(changed)}")


def _after_another(evidence: Evidence, known: set[str], times: set[str], before: dict[str, Any]) -> dict[str, Any]:
    """Return the record as it is after the patch of another attribute; fail where that changed one beside it."""
    patched = evidence.succeeded(PatchKeepsOthers.PATCH_ANOTHER)
    after = evidence.object(PatchKeepsOthers.READ_ANOTHER)
    changed = _changed(before, after, known - set(patched.request.json) - times, apart_from=times)
    if changed and not evidence.lost(patched.request.json, after):  # one without effect has rows of its own
        failed(f"By a patch of {', '.join(patched.request.json)}, changed as well: {', '.join(changed)}")
    return after


def _changed(before: dict[str, Any], after: dict[str, Any], names: set[str], *, apart_from: set[str]) -> list[str]:
    """Return the attributes that changed; times that the server keeps are left out wherever they stand."""
    return [name for name in sorted(names) if not _is_same_member(before, after, name, apart_from)]


def _is_same_member(before: dict[str, Any], after: dict[str, Any], name: str, apart_from: set[str]) -> bool:
    one, other = ({name: whole.get(name)} for whole in (before, after))
    return is_same(one, other, apart_from=apart_from)


@scenario(PATCH_LASTS, JSON_PATCH_REPLACE)
def _patch_lasts(evidence: Evidence) -> None:
    patched = evidence.step(Patched.PATCH)
    if not patched.is_success:
        _not_offered(evidence, patched)
    lost = evidence.lost(written(patched), evidence.object(Patched.READ))
    if lost:
        failed(f"Not as it was patched: {', '.join(lost)}")


def _not_offered(evidence: Evidence, seen: Exchange) -> None:
    if evidence.row.scenario in _BY_JSON_PATCH and evidence.row.level != "must" and seen.status in (400, 415, 501):
        not_applicable(f"JSON Patch is not offered (answered {seen.status})")
    failed(evidence.answered(seen))


@scenario(PATCH_ONE_OF_TWO)
def _patch_one_of_two(evidence: Evidence) -> None:
    evidence.succeeded(PatchOneOfTwo.PATCH)
    made = evidence.succeeded(PatchOneOfTwo.CREATE.of("b"))
    before, other = evidence.resource_at(PatchOneOfTwo.BEFORE, made), evidence.object(PatchOneOfTwo.OTHER)
    # Held against the state before the patch, not against what was sent: what a create lost has rows of its own.
    if not is_same(before, other, apart_from=_server_times(evidence)):
        failed("The resource that was not addressed was changed as well")
    _patch_lasts(evidence)


@scenario(MERGE_NULL_REMOVES, JSON_PATCH_REMOVE, REPLACE_CLEARS)
def _removed(evidence: Evidence) -> None:
    taken = evidence.facts(TakenAway)  # a bundle of an earlier kit has none
    subject = taken.attribute if taken else evidence.row.subject
    made = evidence.succeeded(Removing.CREATE)
    if not subject:
        not_applicable("The target demands every attribute that might be taken away")
    changed = _change(evidence)
    if not changed.is_success:
        _not_offered(evidence, changed)
    nothing: tuple[object, ...] = (pointers.ABSENT, None, [], {}, "")
    before, after = (evidence.value(evidence.object(step), subject) for step in (Removing.BEFORE, Removing.READ))
    if before in nothing:
        blocked(f"{subject} was sent on create and is not there before it is taken away", made)
    if after not in nothing:
        failed(f"{subject} is still there")
    if evidence.row.scenario == MERGE_NULL_REMOVES.name:
        _need_end_removed(evidence)
    if subject != evidence.row.subject:
        pass_with_remark(f"The target demands {evidence.row.subject}; {subject} was taken away in its place")


def _need_end_removed(evidence: Evidence) -> None:
    """Fail a null for the end of a period that was taken and changed nothing."""
    before, ended, after = map(evidence.optional, (Removes.PERIOD_BEFORE, Removes.PERIOD_PATCH, Removes.PERIOD_READ))
    if not before or not ended or not after or not ended.is_success:
        return
    pointer = f"/{next(iter(ended.request.json))}/endDateTime"
    end, left = (pointers.get(one.answer, pointer) for one in (before, after))
    if end not in (pointers.ABSENT, None, "") and end == left:
        failed(f"{pointer} is still there, which a null inside its object was to remove")


def _change(evidence: Evidence) -> Exchange:
    if evidence.row.scenario == REPLACE_CLEARS.name:
        return evidence.optional(ReplaceClears.REPLACE) or evidence.step(ReplaceClears.REPLACE)
    return evidence.step(Removes.PATCH)


@scenario(MERGE_ARRAY_REPLACES)
def _merge_array_replaces(evidence: Evidence) -> None:
    patched = accepted(evidence, MergeArrayReplaces.PATCH)
    spoken, sent = sent_at(evidence, patched, evidence.row.subject)
    got = evidence.object(MergeArrayReplaces.READ)
    if not evidence.keeps(evidence.row.subject, patched.request.json, got):
        back = evidence.value(got, evidence.row.subject)
        failed(f"{spoken} holds {len(back) if isinstance(back, list) else 'no list'} members, and {len(sent)} was sent")


@scenario(MERGE_OBJECT_MERGES)
def _merge_object_merges(evidence: Evidence) -> None:
    created, patched = evidence.succeeded(MergeObjectMerges.CREATE), accepted(evidence, MergeObjectMerges.PATCH)
    spoken, sent = sent_at(evidence, patched, evidence.row.subject)
    before = evidence.value(created.request.json, evidence.row.subject)
    whole = pointers.with_value(patched.request.json, spoken, {**before, **sent})
    got = evidence.object(MergeObjectMerges.READ)
    if not evidence.keeps(evidence.row.subject, whole, got):
        failed(evidence.loss(whole, got, evidence.row.subject))


@scenario(JSON_PATCH_ADD_MEMBER)
def _json_patch_add_member(evidence: Evidence) -> None:
    patched = evidence.step(JsonPatchAddMember.PATCH)
    if not patched.is_success:
        _not_offered(evidence, patched)
    created = evidence.succeeded(JsonPatchAddMember.CREATE).request.json
    spoken, before = evidence.spelt(created, evidence.row.subject), evidence.value(created, evidence.row.subject)
    whole = pointers.with_value(created, spoken, [*before, patched.request.json[0]["value"]])
    if not evidence.keeps(evidence.row.subject, whole, evidence.object(JsonPatchAddMember.READ)):
        failed(f"{spoken} does not hold the members there were and the one added")


@scenario(REPLACE_TAKES_ALL)
def _replace_takes_all(evidence: Evidence) -> None:
    replaced = accepted(evidence, ReplaceTakesAll.REPLACE)
    sent = {name: value for name, value in replaced.request.json.items() if name not in ("id", "href")}
    lost = evidence.lost(sent, evidence.object(ReplaceTakesAll.READ))
    if lost:
        failed(f"Not replaced: {', '.join(lost)}")


@scenario(REPLACE_KEEPS_ID)
def _replace_keeps_id(evidence: Evidence) -> None:
    made = evidence.succeeded(ReplaceTakesAll.CREATE)
    accepted(evidence, ReplaceTakesAll.REPLACE)
    got = evidence.object(ReplaceTakesAll.READ)
    if str(got.get("id")) != made.identifier:
        failed(f"The id became {got.get('id')!r}")
    href = evidence.object(ReplaceTakesAll.BEFORE).get("href")
    if got.get("href") != href:
        failed(f"The href {href!r} became {got.get('href')!r}")


def _server_times(evidence: Evidence) -> set[str]:
    """Return the names of the times that the server keeps: those it makes, and those that it may have seen itself.

    The second are date-times whose row about a create is below must: the target may have values of its own there. The
    time of creation is none of them: no change moves it.
    """
    contract, schema = evidence.contract, evidence.resource_schema
    weaker = asked_for_below(contract, evidence.operation.resource, "must")
    seen = {pointer for pointer in weaker if schema_at(contract, schema, pointer).get("format") == "date-time"}
    resolved = {name: contract.resolve(one) for name, one in contract.attributes(schema).items()}
    made = {name: str(one.get("x-tmf-generated", "")) for name, one in resolved.items()}
    moving = {name for name, kind in made.items() if kind.endswith("-time")} | {
        pointer.rpartition("/")[2] for pointer in seen
    }
    return {name for name in moving if made.get(name) != "creation-time"}


@scenario(STATUS_MOVES)
def _status_moves(evidence: Evidence) -> None:
    evidence.succeeded(StatusMoves.CREATE)
    pointer = evidence.row.subject or "/status"
    refusals = []
    facts = evidence.facts(Moved)
    for number in range(evidence.tried(facts.moves if facts else 0)):
        patched = evidence.step(StatusMoves.PATCH.of(number))
        if patched.is_refusal:
            refusals.append(patched)
            continue
        if not patched.is_success:
            failed(f"The move was answered {patched.status}")
        sent = sent_at(evidence, patched, pointer)[1]
        back = evidence.value(evidence.object(StatusMoves.READ.of(number)), pointer)
        if back != sent:
            failed(f"The move to {sent!r} was answered {patched.status} and reads back as {back!r}")
    if refusals:
        not_applicable(f"The target does not allow this transition (answered {refusals[0].status})")


@scenario(UNDEFINED_ATTRIBUTE)
def _undefined_attribute(evidence: Evidence) -> None:
    made, patched = evidence.succeeded(UndefinedAttribute.CREATE), evidence.step(UndefinedAttribute.PATCH)
    if patched.status >= 500:
        failed(f"An attribute that the document does not define was answered {patched.status}")
    if not evidence.step(UndefinedAttribute.READ).is_success:
        failed("After the patch the resource cannot be read any more")
    evidence.resource_at(UndefinedAttribute.READ, made)


@scenario(PUT_REFUSED, COLLECTION_DELETE_REFUSED)
def _method_refused(evidence: Evidence) -> None:
    evidence.succeeded(MethodRefused.BEFORE)
    seen = evidence.step(MethodRefused.REFUSED)
    if seen.status != 501 and not 400 <= seen.status < 500:
        failed(f"{seen.request.method} was answered {seen.status} instead of a refusal")
    if not is_same(evidence.object(MethodRefused.BEFORE), evidence.object(MethodRefused.READ)):
        failed("The request was refused, and the resource was changed all the same")


@scenario(DELETE_IGNORES_FIELDS)
def _delete_ignores_fields(evidence: Evidence) -> None:
    evidence.succeeded(DeleteIgnoresFields.CONTROL)
    seen = evidence.step(DeleteIgnoresFields.DELETE)
    if seen.status == 400:
        pass_with_remark("A selection on a delete is refused with 400, which the document does not rule out")
    if not seen.is_success:
        failed(f"Answered {seen.status}")
    if seen.response and seen.response.body:
        failed("The answer has a body")
