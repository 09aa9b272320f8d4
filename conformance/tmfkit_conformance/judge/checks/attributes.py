"""Checks of single attributes: kept, made, optional, given a default."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.judge.checks.answers import has_type
from tmfkit_conformance.judge.checks.controls import in_order, taken
from tmfkit_conformance.judge.checks.demanding import demanding
from tmfkit_conformance.judge.checks.links import leads_to_made
from tmfkit_conformance.judge.checks.registry import check
from tmfkit_conformance.judge.compare import instant, is_kept
from tmfkit_conformance.judge.evidence import Evidence, failed, not_applicable, pass_with_remark, passed, skip
from tmfkit_conformance.judge.round_trip import schema_at
from tmfkit_conformance.rules.attributes import (
    ATTRIBUTE,
    CLIENT_ID,
    DEFAULT,
    GENERATED,
    OPTIONAL,
    READ_ONLY,
    VALUES,
    ClientId,
    CreateTwice,
    Minus,
    ReadOnly,
    Touch,
    Tried,
    Values,
    With,
)
from tmfkit_conformance.rules.operations import Create, CreatedAndRead

if TYPE_CHECKING:
    from tmfkit_conformance.record.exchange import Exchange

__all__ = ["sent_at", "shown"]


def sent_at(evidence: Evidence, exchange: Exchange, pointer: str) -> tuple[str, Any]:
    """Return where *pointer* stood in a request, in the names that were sent, and the value there.

    An alias of the attribute counts: the driver writes the name that the target takes.
    """
    spoken = evidence.spelt(exchange.request.json, pointer)
    return spoken, pointers.get(exchange.request.json, spoken)


def shown(value: Any) -> str:
    """Return a value as a remark shows it, cut where it is long."""
    return "nothing" if value is pointers.ABSENT else repr(value)[:200]


@check(ATTRIBUTE)
def attribute(evidence: Evidence) -> None:
    """What was sent on create is read back equal, and of the type of the table."""
    row = evidence.row
    other = evidence.optional(With.OTHER)
    is_begun = other is not None and other.is_success  # in the state in which a record has to begin
    made = other if other and is_begun else taken(evidence, With.CREATE, With.CONTROL, row.subject)
    got = evidence.object(With.READ)
    spoken, back = evidence.spelt(made.request.json, row.subject), evidence.value(got, row.subject)
    if not evidence.keeps(row.subject, made.request.json, got):
        failed(evidence.loss(made.request.json, got, row.subject))
    kind = ATTRIBUTE.expect_of(row).type
    members = back if isinstance(back, list) else [back]
    if not evidence.ways and not all(has_type(member, kind) for member in members):
        failed(f"{spoken} was read back as {shown(back)}, which is no {kind}")
    if is_begun:
        pass_with_remark(f"{evidence.answered(evidence.step(With.CREATE))}; made with another one, it keeps it")
    if remark := demanding(evidence):
        pass_with_remark(remark)
    passed()


@check(VALUES)
def values(evidence: Evidence) -> None:
    """Each value is accepted and read back."""
    facts = evidence.facts(Tried)
    for number in range(evidence.tried(facts.values if facts else 0)):
        taken = _last_try(evidence, number)
        sent = sent_at(evidence, taken, evidence.row.subject)[1]
        if not taken.is_success:
            failed(f"With the value {sent!r}, {evidence.answered(taken)}")
        got = evidence.object(Values.READ.of(number))
        if not evidence.keeps(evidence.row.subject, taken.request.json, got):
            failed(f"The value {sent!r} was read back as {shown(evidence.value(got, evidence.row.subject))}")
    passed()


def _last_try(evidence: Evidence, number: int) -> Exchange:
    """Return the create with a value; where it was refused, the patch to it, or the last move that tells.

    That is one to the value itself, else one on the way there that was refused.
    """
    made = evidence.step(Values.CREATE.of(number))
    if made.is_success:
        return made
    patched, moves = evidence.step(Values.PATCH.of(number)), evidence.all(Values.MOVE.of(number))
    if not moves:
        return patched
    value = sent_at(evidence, made, evidence.row.subject)[1]
    asked = [one for one in moves if sent_at(evidence, one, evidence.row.subject)[1] == value]
    refused = [one for one in moves if not one.is_success]
    return evidence.telling((asked or refused or [patched])[-1])


@check(OPTIONAL)
def optional(evidence: Evidence) -> None:
    """A create without the attribute is accepted."""
    made = evidence.step(Minus.CREATE)
    if not made.is_success:
        beside = in_order(evidence, Minus.CONTROL)
        failed(f"Without {evidence.row.subject}, {evidence.answered(made)}; with it, {beside.status}")
    passed()


@check(DEFAULT)
def default(evidence: Evidence) -> None:
    """A create without the attribute gives it the document's default."""
    evidence.succeeded(Minus.CREATE)
    back = evidence.value(evidence.object(Minus.READ), evidence.row.subject)
    wanted = DEFAULT.expect_of(evidence.row).value
    if back is pointers.ABSENT or not is_kept(wanted, back):
        failed(f"{evidence.row.subject} is {shown(back)} instead of {wanted!r}")
    passed()


@check(CLIENT_ID)
def client_id(evidence: Evidence) -> None:
    """An id sent by the client is used."""
    made = taken(evidence, ClientId.CREATE, ClientId.CONTROL, "an id")
    if made.identifier != made.request.json["id"]:
        failed(f"The id {made.request.json['id']!r} was sent, and {made.identifier!r} was given")
    passed()


@check(READ_ONLY)
def read_only(evidence: Evidence) -> None:
    """A value that the client sends on create is refused or not taken."""
    evidence.succeeded(ReadOnly.CONTROL)
    made, subject = evidence.step(ReadOnly.CREATE), evidence.row.subject
    if made.is_refusal:
        passed()
    if not made.is_success:
        failed(f"Answered {made.status}")
    sent = pointers.get(made.request.json, subject)
    if is_kept(sent, pointers.get(evidence.object(ReadOnly.CONTROL_READ), subject)):
        skip(f"the value {sent!r} that was sent is the one that the target gives by itself")
    if is_kept(sent, pointers.get(evidence.resource_at(ReadOnly.READ, made), subject)):
        failed(f"The value {sent!r} that the client sent was taken")
    passed()


@check(GENERATED)
def generated(evidence: Evidence) -> None:
    """The server makes the value when none is sent."""
    form = GENERATED.expect_of(evidence.row).form
    if form == "unique":
        _unique(evidence)
    elif form == "later":
        _later(evidence)
    elif form == "location":
        _location(evidence)
    else:
        _made(evidence, form)
    passed()


def _made(evidence: Evidence, form: str) -> None:
    pointer, made = evidence.row.subject, evidence.succeeded(evidence.own_step)
    carrier = made if isinstance(made.answer, dict) else evidence.succeeded(CreatedAndRead.READ)
    back = pointers.get(made.answer if carrier is made else evidence.object(CreatedAndRead.READ), pointer)
    if back in (pointers.ABSENT, None, "", [], {}):
        if evidence.row.level == "may":
            not_applicable(f"The target does not make {pointer}, and need not")
        failed(f"{pointer} is missing in the answer")
    if isinstance(back, bool) and "boolean" not in _types_of(evidence, pointer):
        failed(f"{pointer} is {back!r} in the answer")
    if form != "date-time":
        return
    if instant(back) is None:
        failed(f"{pointer} is {back!r}, which is no date-time")
    schema = schema_at(evidence.contract, evidence.resource_schema, pointer)
    is_of_now = str(schema.get("x-tmf-generated", "")).endswith("-time")
    at = made.started + made.elapsed_ms / 1000
    if is_of_now and (remark := evidence.need_time(pointer, back, at, carrier)):
        pass_with_remark(remark)


def _types_of(evidence: Evidence, pointer: str) -> list[str]:
    named = schema_at(evidence.contract, evidence.resource_schema, pointer).get("type", "boolean")
    return [named] if isinstance(named, str) else list(named)


def _unique(evidence: Evidence) -> None:
    one, other = (evidence.succeeded(step).identifier for step in (CreateTwice.FIRST, CreateTwice.SECOND))
    if not one or not other:
        failed("A create was answered without an id")
    if one == other:
        failed(f"Two resources were given the same id, {one!r}")


def _later(evidence: Evidence) -> None:
    patched = evidence.succeeded(Touch.PATCH)
    before, after = (
        instant(pointers.get(evidence.object(step), evidence.row.subject)) for step in (Touch.BEFORE, Touch.AFTER)
    )
    if after is None:
        failed(f"{evidence.row.subject} is no date-time after the change (exchange {patched.sequence})")
    if before is not None and after - before <= timedelta(0):
        failed(f"{evidence.row.subject} did not move on with the change")


def _location(evidence: Evidence) -> None:
    made = evidence.succeeded(Create.CREATE)
    href = pointers.get(made.answer, evidence.row.subject)
    if href is pointers.ABSENT and "absent" in evidence.tolerated:
        errata = ", ".join(evidence.row.errata)
        pass_with_remark(f"The answer has no {evidence.row.subject}, which an erratum tolerates ({errata})")
    if not isinstance(href, str) or not href:
        failed(f"{evidence.row.subject} is missing in the answer")
    leads_to_made(evidence, made, href, Create.FOLLOW.of("href"))
