"""Checks of what an answer looks like: status, headers, media type, body."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Never
from urllib.parse import parse_qs, urlsplit

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.judge.checks.controls import need_deleted_refused
from tmfkit_conformance.judge.checks.links import leads_to_made
from tmfkit_conformance.judge.checks.registry import check
from tmfkit_conformance.judge.compare import instant, is_there
from tmfkit_conformance.judge.evidence import Evidence, blocked, failed, not_applicable, pass_with_remark, passed, skip
from tmfkit_conformance.judge.not_json import not_json
from tmfkit_conformance.record.wire import last_segment
from tmfkit_conformance.rules.answers import (
    ACCEPT,
    BODY,
    CONSUMES,
    HEADER,
    PRODUCES,
    STATUS,
    BodyForm,
    Deleted,
    PatchMedia,
    Refused,
    Repeated,
    UnknownId,
)
from tmfkit_conformance.rules.operations import Create, CreatedAndRead, ReadBack
from tmfkit_conformance.rules.probes import Probe, Step

if TYPE_CHECKING:
    from tmfkit_conformance.record.exchange import Exchange

__all__ = ["has_type", "written"]

_ANSWERED_BY_STATUS = ("replace", "send", "send-stored")
"""Actions of which the documents show answers without a body, or say nothing of one."""

_CONTROLS: Mapping[type[Probe], Step] = {
    Refused: Refused.CONTROL,
    UnknownId: UnknownId.CONTROL,
    Deleted: Deleted.CONTROL,
    Repeated: Repeated.FIRST,
}
"""Probe that ends in a refusal → the step that is its control."""


@check(STATUS)
def status(evidence: Evidence) -> None:
    """The answer has the status of the row, or one that an erratum tolerates."""
    row, seen = evidence.row, evidence.step(evidence.own_step)
    situation = STATUS.given_of(row).situation
    if situation != "valid":
        evidence.succeeded(_CONTROLS[evidence.probe])  # a refusal counts only beside a control that succeeds
    if seen.is_refusal and situation == "unknown-id":
        need_deleted_refused(evidence)
    if str(seen.status) == row.subject:
        passed()
    if str(seen.status) in evidence.tolerated:
        pass_with_remark(f"Answered {seen.status}, which an erratum tolerates ({', '.join(row.errata) or row.basis})")
    if situation == "repeated" and seen.is_success:
        not_applicable("The second request was accepted, so there is no refusal to judge")
    if row.subject == "206" and _has_no_pages(evidence, seen):
        not_applicable("Not offered: more was given than the page that was asked for")
    if row.subject == "206" and seen.status == 200:
        failed("A page was asked for and a part of the whole was given, with 200")
    failed(f"Answered {seen.status} instead of {row.subject}")


def _has_no_pages(evidence: Evidence, seen: Exchange) -> bool:
    """Say whether a list has more members than the ``limit`` that was asked for, and the target need not know it."""
    limit = next(iter(parse_qs(urlsplit(seen.request.url).query).get("limit", ())), "")
    is_known = seen.is_success and limit.isdecimal() and isinstance(seen.answer, list)
    return evidence.row.level == "may" and is_known and len(seen.answer) > int(limit)


@check(HEADER)
def header(evidence: Evidence) -> None:
    """The answer carries the header; one that leads somewhere leads to the thing that was made."""
    row = evidence.row
    name, step = row.subject, evidence.own_step
    seen = evidence.step(Create.CREATE if Create.FOLLOW.has(step) else step)
    if not seen.is_success:
        blocked(evidence.answered(seen), seen)
    if seen.status == 204 and evidence.operation.action == "register":
        not_applicable("The registration was answered 204, which the document allows as well and which names nothing")
    if _has_no_pages(evidence, seen):
        not_applicable("Not offered: more was given than the page that was asked for")
    value = seen.response.header(name) if seen.response else None
    if not value or not value.strip():
        _other_header(evidence, seen)
    leads_to = HEADER.expect_of(row).leads_to
    if leads_to == "resource":
        is_create = evidence.operation.action == "create"
        leads_to_made(evidence, seen, value, evidence.own_step if is_create else ReadBack.READ)
    if leads_to == "subscription" and last_segment(value) != seen.identifier:
        failed(f"{name} is {value!r}, which does not end in the id of the subscription, {seen.identifier!r}")
    passed()


def _other_header(evidence: Evidence, seen: Exchange) -> Never:
    """Take a header that an erratum tolerates in place of the row's."""
    others = [name for name in evidence.tolerated if seen.response and seen.response.header(name)]
    if others:
        pass_with_remark(
            f"The answer has {others[0]} instead, which an erratum tolerates ({', '.join(evidence.row.errata)})"
        )
    failed(f"The answer has no {evidence.row.subject} header")


@check(PRODUCES)
def produces(evidence: Evidence) -> None:
    """The answer has the media type of the row."""
    seen = evidence.succeeded(evidence.own_step)
    if seen.response is None or _may_be_empty(evidence, seen):
        not_applicable("The answer has no body, which the document allows as well")
    if not seen.response.body:
        failed("The answer has no body")
    if seen.response.media_type != evidence.row.subject.lower():
        failed(f"The answer is declared {seen.response.media_type or 'nothing'}, not {evidence.row.subject}")
    if evidence.row.subject.endswith("json") and not seen.response.is_json:
        failed("The answer is declared JSON and is not")
    passed()


@check(ACCEPT)
def accept(evidence: Evidence) -> None:
    """A request with this Accept header is served."""
    seen = evidence.step(evidence.own_step)
    if seen.status == 406:
        failed(f"Answered 406 to Accept: {evidence.row.subject}")
    if not seen.is_success:
        blocked(evidence.answered(seen), seen)
    passed()


@check(CONSUMES)
def consumes(evidence: Evidence) -> None:
    """A body of this media type is taken and takes effect."""
    action = evidence.operation.action
    seen = evidence.step(evidence.own_step)
    if str(seen.status) in evidence.tolerated:
        pass_with_remark(f"Answered {seen.status}, which an erratum tolerates")
    if not seen.is_success:
        if evidence.row.level != "must" and seen.status in (400, 415, 501):
            not_applicable(f"{evidence.row.subject} is not offered (answered {seen.status})")
        _refused_type(evidence, seen)
    if action in ("create", "patch", "replace"):
        lost = evidence.lost(written(seen), evidence.object(ReadBack.READ))
        if lost:
            failed(f"Answered {seen.status}, and it is not read back: {', '.join(lost)}")
    passed()


def _refused_type(evidence: Evidence, seen: Exchange) -> Never:
    """Fail a media type that was refused, unless the same is refused in another one as well, or it is not the type."""
    words = f"A body of type {evidence.row.subject} was answered {seen.status}"
    beside = evidence.optional(PatchMedia.CONTROL) if evidence.probe is PatchMedia else None
    if beside is not None and not beside.is_success:
        blocked(f"{words}, and one of another type {beside.status}")
    if beside is None and seen.status != 415 and seen.is_refusal:
        blocked(f"{words}, which does not speak of its type")
    failed(words if beside is None else f"{words}; one of another type, {beside.status}")


def written(exchange: Exchange) -> dict[str, Any]:
    """Return what a request writes, as an object: JSON Patch operations on first-level attributes as a partial one."""
    sent = exchange.request.json
    return {pointers.parts(one["path"])[0]: one["value"] for one in sent} if isinstance(sent, list) else sent


def _may_be_empty(evidence: Evidence, seen: Exchange) -> bool:
    """Say whether an answer has no body, and need not have one: 204, or where no must asks for what is in it."""
    is_free = evidence.operation.action in _ANSWERED_BY_STATUS and evidence.row.level != "must"
    return seen.status == 204 or (is_free and seen.response is not None and not seen.response.body)


@check(BODY)
def body(evidence: Evidence) -> None:
    """The body of the answer has the form of the row."""
    seen = evidence.succeeded(evidence.own_step)
    form = BODY.expect_of(evidence.row).form
    if form != "empty" and _may_be_empty(evidence, seen):
        not_applicable(f"The answer is {seen.status} and has no body, which the document allows as well")
    _FORMS[form](evidence, seen)
    passed()


def _array(_evidence: Evidence, seen: Exchange) -> None:
    if not isinstance(seen.answer, list):
        failed("The answer is no JSON array")


def _object(_evidence: Evidence, seen: Exchange) -> None:
    if not isinstance(seen.answer, dict):
        failed("The answer is no JSON object")


def _empty(_evidence: Evidence, seen: Exchange) -> None:
    if seen.response and seen.response.body:
        failed(f"The answer has a body of {len(seen.response.body)} bytes")


def _members(evidence: Evidence, seen: Exchange) -> list[dict[str, Any]]:
    """Return the resources that an answer holds; an empty list, where something was made before, proves nothing."""
    if evidence.operation.action == "list":
        _array(evidence, seen)
        if not seen.answer:
            skip("the list is empty, and there is at least what this check made")
    members = seen.answer if evidence.operation.action == "list" else [seen.answer]
    if not all(isinstance(member, dict) for member in members):
        failed("The answer is no JSON object" if members == [seen.answer] else "A member of the list is no JSON object")
    return list(members)


def _schema(evidence: Evidence, seen: Exchange) -> None:
    if seen.response is None or not seen.response.is_json:
        failed(not_json(seen.response) if seen.response else "The answer is not JSON")
    members = _members(evidence, seen)
    component = evidence.operation.response_schema or evidence.resource_schema
    attributes, errata = evidence.contract.attributes(component), list[str]()
    for member in members:
        faults, used = evidence.shape.faults(member, component)
        if faults:
            failed("; ".join(faults))
        if not attributes.keys() & member.keys():
            skip("the answer has none of the attributes of the tables, so there is nothing to look at")
        errata += used
    if errata:
        pass_with_remark(f"The answer uses a form that is tolerated by {', '.join(sorted(set(errata)))}")


def _same_id(evidence: Evidence, seen: Exchange) -> None:
    _object(evidence, seen)
    asked = last_segment(seen.request.url)
    if str(seen.answer.get("id")) != asked:
        failed(f"The answer has the id {seen.answer.get('id')!r}, and {asked!r} was asked for")


def _own_href(evidence: Evidence, seen: Exchange) -> None:
    for member in _members(evidence, seen):
        href, identifier = member.get("href"), str(member.get("id"))
        if not isinstance(href, str) or last_segment(href) != identifier:
            failed(f"href is {href!r}, which does not end in the id {identifier!r}")


def _echo(evidence: Evidence, seen: Exchange) -> None:
    _object(evidence, seen)
    missing = evidence.lost(seen.request.json, seen.answer)
    if missing:
        failed(f"The answer does not repeat {', '.join(missing)} as sent")


def _whole(evidence: Evidence, seen: Exchange) -> None:
    _object(evidence, seen)
    whole = evidence.object(CreatedAndRead.CREATE if evidence.own_step == CreatedAndRead.READ else CreatedAndRead.READ)
    created = evidence.without_optional_losses(evidence.succeeded(CreatedAndRead.CREATE).request.json, seen.answer)
    known = {name: value for name, value in {**created, **whole}.items() if value is not None}
    missing = sorted(name for name in known if evidence.value(seen.answer, f"/{name}") in (pointers.ABSENT, None))
    if missing:
        failed(f"The answer lacks {', '.join(missing)}")
    for name in sorted(name for name in whole if whole[name] is not None):
        value = evidence.value(seen.answer, f"/{name}")
        if not is_there(value, whole[name]):
            failed(f"{name} is {value!r:.200} in the answer, and was {whole[name]!r:.200} in another one")


def _present(evidence: Evidence, seen: Exchange) -> None:
    found = pointers.select(seen.answer, evidence.row.subject)
    members = len(seen.answer) if isinstance(seen.answer, list) else 1
    if not found or len(found) < members or None in found:
        failed(f"{evidence.row.subject} is missing in the answer")
    wanted = BODY.expect_of(evidence.row).value
    if wanted is not None:
        for value in found:
            _typed(evidence, value, wanted)


def _typed(evidence: Evidence, value: Any, wanted: str) -> None:
    """Hold a value against the type of the table, or the forms that an erratum tolerates in its place."""
    if has_type(value, wanted):
        return
    errata = evidence.shape.tolerated(value, evidence.resource_schema, evidence.row.subject)
    if not errata:
        failed(f"{evidence.row.subject} is {value!r:.200}, which is no {wanted}")
    evidence.ways.append(f"in a form that is tolerated by {', '.join(errata)}")


_FORMS: Mapping[BodyForm, Callable[[Evidence, Exchange], None]] = {
    "array": _array,
    "object": _object,
    "empty": _empty,
    "schema": _schema,
    "same-id": _same_id,
    "own-href": _own_href,
    "echo": _echo,
    "whole": _whole,
    "present": _present,
}


def has_type(value: Any, name: str) -> bool:
    """Say whether a JSON value is of a type that the register names."""
    if name == "datetime":
        return instant(value) is not None
    if name in ("integer", "number"):
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return is_number and (name == "number" or isinstance(value, int) or value.is_integer())
    kinds: dict[str, type] = {"string": str, "uri": str, "boolean": bool, "object": dict}
    if name == "string":
        return isinstance(value, str) and value != ""
    return name == "any" or isinstance(value, kinds.get(name, dict))
