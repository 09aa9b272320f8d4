"""Checks of what an answer looks like: status, headers, media type, body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Never

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.judge.compare import instant, is_kept
from tmfkit_conformance.judge.evidence import Evidence, failed, moot, passed, remarked, unproven
from tmfkit_conformance.judge.families.registry import check

if TYPE_CHECKING:
    from tmfkit_conformance.record.exchange import Exchange

__all__ = ["has_type"]

_CONTROLS = ("control", "create", "first")


@check("status")
def status(evidence: Evidence) -> None:
    """The answer has the status of the row, or one that an erratum tolerates."""
    row, seen = evidence.row, evidence.step(evidence.case.step)
    given = row.given if isinstance(row.given, str) and row.given else "valid"
    if given not in ("valid", "repeated") and 400 <= int(row.subject) < 500:
        _control(evidence, seen)
    tolerated = row.expect.get("tolerate", ())
    if str(seen.status) == row.subject:
        passed()
    if str(seen.status) in tolerated:
        remarked(f"Answered {seen.status}, which an erratum tolerates ({', '.join(row.errata) or row.basis})")
    if given == "repeated" and seen.is_success:
        moot("The second request was accepted, so there is no refusal to judge")
    if row.subject == "206" and seen.status == 200:
        failed("A page was asked for and a part of the whole was given, with 200")
    failed(f"Answered {seen.status} instead of {row.subject}")


def _control(evidence: Evidence, seen: Exchange) -> None:
    """A refusal counts only beside a control that succeeds."""
    control = next((exchange for step in _CONTROLS for exchange in evidence.all(step)), None)
    if control is None or not control.is_success:
        unproven(
            "the control, a request that is in order, was refused as well"
            if control
            else "there was no control to compare with"
        )
    if seen.status in (401, 403, 408, 429):
        unproven(f"answered {seen.status}, which speaks of credentials, time or rate and not of the request")


@check("header")
def header(evidence: Evidence) -> None:
    """The answer carries the header; one that leads somewhere leads to the thing that was made."""
    row = evidence.row
    name, step = row.subject, evidence.case.step
    main = (
        "page" if step == "page" else {"create": "create", "register": "register"}.get(evidence.operation.action, step)
    )
    seen = evidence.step(main)
    if not seen.is_success:
        unproven(f"the {evidence.operation.action} was answered {seen.status}")
    if seen.status == 204 and evidence.operation.action == "register":
        moot("The registration was answered 204, which the document allows as well and which names nothing")
    value = seen.response.header(name) if seen.response else None
    if not value or not value.strip():
        _other_header(evidence, seen)
    leads_to = row.expect.get("leads-to")
    if leads_to == "resource":
        _leads_to_resource(evidence, seen, value)
    if leads_to == "subscription" and value.rstrip("/").rsplit("/", 1)[-1] != _id_in_body(seen):
        failed(f"{name} is {value!r}, which does not end in the id of the subscription, {_id_in_body(seen)!r}")
    passed()


def _other_header(evidence: Evidence, seen: Exchange) -> Never:
    """Take a header that an erratum tolerates in place of the row's."""
    others = [name for name in evidence.row.expect.get("tolerate", ()) if seen.response and seen.response.header(name)]
    if others:
        remarked(f"The answer has {others[0]} instead, which an erratum tolerates ({', '.join(evidence.row.errata)})")
    failed(f"The answer has no {evidence.row.subject} header")


def _leads_to_resource(evidence: Evidence, made: Exchange, value: str) -> None:
    followed = evidence.maybe(evidence.case.step) if evidence.operation.action == "create" else evidence.step("read")
    if followed is None or not followed.is_success:
        failed(f"{evidence.row.subject} is {value!r}; reading it gave {followed.status if followed else 'nothing'}")
    got = followed.answer.get("id") if isinstance(followed.answer, dict) else None
    if str(got) != made.identifier:
        failed(f"{evidence.row.subject} leads to the id {got!r}, not to the one made, {made.identifier!r}")


def _id_in_body(exchange: Exchange) -> str:
    return str(exchange.answer["id"]) if isinstance(exchange.answer, dict) and "id" in exchange.answer else ""


@check("produces")
def produces(evidence: Evidence) -> None:
    """The answer has the media type of the row."""
    seen = evidence.done(evidence.case.step)
    if seen.response is None or (not seen.response.body and seen.status == 204):
        moot("The answer has no body, which the document allows as well")
    if not seen.response.body:
        failed("The answer has no body")
    if seen.response.media_type != evidence.row.subject.lower():
        failed(f"The answer is declared {seen.response.media_type or 'nothing'}, not {evidence.row.subject}")
    if evidence.row.subject.endswith("json") and not seen.response.is_json:
        failed("The answer is declared JSON and is not")
    passed()


@check("accept")
def accept(evidence: Evidence) -> None:
    """A request with this Accept header is served."""
    seen = evidence.step(evidence.case.step)
    if seen.status == 406:
        failed(f"Answered 406 to Accept: {evidence.row.subject}")
    if not seen.is_success:
        unproven(f"answered {seen.status}, so nothing was served")
    passed()


@check("consumes")
def consumes(evidence: Evidence) -> None:
    """A body of this media type is taken and takes effect."""
    action = evidence.operation.action
    step = action if action in ("create", "register", "patch", "replace", "send") else evidence.case.step
    seen = evidence.step(step)
    tolerated = evidence.row.expect.get("tolerate", ())
    if str(seen.status) in tolerated:
        remarked(f"Answered {seen.status}, which an erratum tolerates")
    if not seen.is_success:
        if evidence.row.level != "must" and seen.status in (400, 415, 501):
            moot(f"{evidence.row.subject} is not offered (answered {seen.status})")
        failed(f"A body of type {evidence.row.subject} was answered {seen.status}")
    if action == "patch":
        _took_effect(evidence, seen)
    passed()


def _took_effect(evidence: Evidence, seen: Exchange) -> None:
    sent = seen.request.json
    changes = (
        {change["path"]: change["value"] for change in sent}
        if isinstance(sent, list)
        else {f"/{name}": value for name, value in sent.items()}
    )
    got = evidence.object("read")
    for path, value in changes.items():
        if not is_kept(value, pointers.get(got, path)):
            failed(f"Answered {seen.status}, and {path} was not changed")


@check("body")
def body(evidence: Evidence) -> None:
    """The body of the answer has the form of the row."""
    seen = evidence.done(evidence.case.step)
    form = evidence.row.expect.get("form", "present")
    if form != "empty" and seen.status == 204:
        moot("The answer is 204, which the document allows as well and which has no body")
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


def _schema(evidence: Evidence, seen: Exchange) -> None:
    if seen.response is None or not seen.response.is_json:
        failed("The answer is not JSON")
    members = seen.answer if isinstance(seen.answer, list) else [seen.answer]
    component = evidence.operation.response_schema or evidence.resource_schema
    errata: list[str] = []
    for member in members:
        faults, used = evidence.shape.faults(member, component)
        if faults:
            failed("; ".join(faults))
        errata += used
    if errata:
        remarked(f"The answer uses a form that is tolerated by {', '.join(sorted(set(errata)))}")


def _same_id(evidence: Evidence, seen: Exchange) -> None:
    _object(evidence, seen)
    asked = seen.request.url.partition("?")[0].rstrip("/").rsplit("/", 1)[-1]
    if str(seen.answer.get("id")) != asked:
        failed(f"The answer has the id {seen.answer.get('id')!r}, and {asked!r} was asked for")


def _own_href(_evidence: Evidence, seen: Exchange) -> None:
    for member in seen.answer if isinstance(seen.answer, list) else [seen.answer]:
        href, identifier = (member.get("href"), str(member.get("id"))) if isinstance(member, dict) else (None, "")
        if not isinstance(href, str) or href.rstrip("/").rsplit("/", 1)[-1] != identifier:
            failed(f"href is {href!r}, which does not end in the id {identifier!r}")


def _echo(_evidence: Evidence, seen: Exchange) -> None:
    sent = seen.request.json
    missing = [
        name
        for name, value in sent.items()
        if not (isinstance(seen.answer, dict) and is_kept(value, seen.answer.get(name)))
    ]
    if missing:
        failed(f"The answer does not repeat {', '.join(missing)} as sent")


def _whole(evidence: Evidence, seen: Exchange) -> None:
    _object(evidence, seen)
    stored = (
        (evidence.maybe("read") or evidence.maybe("before"))
        if evidence.case.step != "read"
        else evidence.maybe("create")
    )
    whole = stored.answer if stored and isinstance(stored.answer, dict) else None
    if whole is None:
        unproven("there is no other answer with the whole resource to compare with")
    missing = sorted(name for name in whole if name not in seen.answer)
    if missing:
        failed(f"The answer lacks {', '.join(missing)}")


def _present(evidence: Evidence, seen: Exchange) -> None:
    found = pointers.select(seen.answer, evidence.row.subject)
    members = len(seen.answer) if isinstance(seen.answer, list) else 1
    if not found or len(found) < members:
        failed(f"{evidence.row.subject} is missing in the answer")
    wanted = evidence.row.expect.get("value")
    for value in found:
        if isinstance(wanted, str) and not has_type(value, wanted):
            failed(f"{evidence.row.subject} is {value!r}, which is no {wanted}")


_FORMS = {
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
        return (
            isinstance(value, (int, float))
            and not isinstance(value, bool)
            and (name == "number" or value == int(value))
        )
    kinds: dict[str, type] = {"string": str, "uri": str, "boolean": bool, "object": dict}
    if name == "string":
        return isinstance(value, str) and value != ""
    return name == "any" or isinstance(value, kinds.get(name, dict))
