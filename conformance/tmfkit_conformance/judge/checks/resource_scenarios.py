"""Scenarios on what is created and read back; ``specs/scenarios.yaml`` says what each asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.judge.checks.attributes import sent_at, shown
from tmfkit_conformance.judge.checks.controls import need_deleted_refused, taken
from tmfkit_conformance.judge.checks.queries import is_listed
from tmfkit_conformance.judge.checks.refusals import refused
from tmfkit_conformance.judge.checks.scenarios import accepted, scenario
from tmfkit_conformance.judge.checks.sentinels import sentinels
from tmfkit_conformance.judge.compare import is_kept, is_same
from tmfkit_conformance.judge.evidence import Evidence, blocked, failed, not_applicable, pass_with_remark, skip
from tmfkit_conformance.judge.excuses import need_not_offer
from tmfkit_conformance.rules.answers import UnknownId
from tmfkit_conformance.rules.lifecycle import (
    ANY_JSON_VALUE,
    CREATED_IS_READABLE,
    CURRENT_FIRST,
    DELETE_ONE_OF_TWO,
    DELETED_IS_GONE,
    ELEMENT_IDS_DIFFER,
    FULL_CREATE,
    MINIMAL_CREATE,
    NO_TUNNELLED_METHODS,
    REFERENCES_AS_SENT,
    REFERRED_CLASSES,
    VALUE_KEPT,
    AnyJsonValue,
    CurrentFirst,
    DeleteOneOfTwo,
    ElementIdsDiffer,
    MinimalCreate,
    NoTunnelledMethods,
    Readable,
    ReferencesAsSent,
    ReferredClasses,
)
from tmfkit_conformance.rules.operations import CreatedAndRead, CreateFull, Delete
from tmfkit_conformance.rules.refusals import UNKNOWN_ID_REFUSED, UNLISTED_VALUE, UnlistedValue
from tmfkit_conformance.rules.sending import SEND_UNKNOWN_ID

if TYPE_CHECKING:
    from tmfkit_conformance.record.exchange import Exchange

__all__: list[str] = []


@scenario(CREATED_IS_READABLE)
def _created_is_readable(evidence: Evidence) -> None:
    second = evidence.step(Readable.SECOND)
    _reads_as_sent(evidence, second if second.is_success else evidence.succeeded(Readable.CREATE))
    if remark := sentinels(evidence):
        pass_with_remark(remark)


@scenario(FULL_CREATE)
def _full_create(evidence: Evidence) -> None:
    _reads_as_sent(evidence, taken(evidence, CreateFull.CREATE, CreateFull.CONTROL, "every attribute"))


def _reads_as_sent(evidence: Evidence, made: Exchange) -> None:
    read = evidence.step(CreatedAndRead.READ)
    if not read.is_success:
        failed(f"The resource just made cannot be read (answered {read.status})")
    lost = evidence.lost(made.request.json, evidence.object(CreatedAndRead.READ))
    if lost:
        failed(f"Sent, and not read back as sent: {', '.join(lost)}")


@scenario(MINIMAL_CREATE)
def _minimal_create(evidence: Evidence) -> None:
    made = accepted(evidence, MinimalCreate.CREATE)
    if not made.identifier:
        failed(f"The create was answered {made.status}, and nothing in the answer tells the id of what was made")
    read = evidence.step(MinimalCreate.READ)
    if not read.is_success:
        failed(f"The resource just made cannot be read (answered {read.status})")
    shown = [evidence.resource_at(MinimalCreate.READ, made)]
    for answer in [made.answer, *shown] if isinstance(made.answer, dict) else shown:
        faults, _ = evidence.shape.faults(answer, evidence.resource_schema)
        if faults:
            failed(f"A create with no more than the mandatory attributes was answered with {'; '.join(faults)}")


@scenario(NO_TUNNELLED_METHODS)
def _no_tunnelled_methods(evidence: Evidence) -> None:
    made = evidence.succeeded(NoTunnelledMethods.CREATE)
    before = evidence.resource_at(NoTunnelledMethods.BEFORE, made)
    for step in (NoTunnelledMethods.GET, NoTunnelledMethods.POST):
        if evidence.optional(step) is None:
            evidence.step(step)
    read = evidence.step(NoTunnelledMethods.READ)
    if not read.is_success:
        what = "is gone" if read.is_gone else "can no longer be read"
        failed(f"The resource {what} after a GET and a POST (answered {read.status})")
    if not is_same(before, evidence.object(NoTunnelledMethods.READ)):
        failed("The resource is not as it was before a GET and a POST")


@scenario(DELETED_IS_GONE)
def _deleted_is_gone(evidence: Evidence) -> None:
    made, before, deleted = (
        evidence.succeeded(Delete.CREATE),
        evidence.succeeded(Delete.BEFORE),
        evidence.step(Delete.DELETE),
    )
    if not deleted.is_success:
        if str(deleted.status) in evidence.tolerated:
            not_applicable(f"The delete was answered {deleted.status}, which an erratum tolerates")
        blocked(evidence.answered(deleted), deleted)
    read = evidence.step(Delete.READ)
    if not read.is_gone:
        failed(f"After the delete, a read is answered {read.status} (before it, {before.status})")
    if evidence.contract.action("list", evidence.operation.resource) is None:
        return
    pages = evidence.all(Delete.LIST)
    if pages and need_not_offer(pages[0], evidence):
        pass_with_remark(f"A read no longer finds it; there is no list to look at: {evidence.answered(pages[0])}")
    if is_listed(evidence, made.identifier, Delete.LIST, Delete.BY_ID):
        failed("After the delete, the resource is still in the list")


@scenario(DELETE_ONE_OF_TWO)
def _delete_one_of_two(evidence: Evidence) -> None:
    deleted = evidence.step(DeleteOneOfTwo.DELETE)
    if not deleted.is_success:
        blocked(evidence.answered(deleted), deleted)
    for when, age in (("before", "older"), ("after", "younger")):
        other = evidence.step(DeleteOneOfTwo.OTHER.of(age))
        if not other.is_success:
            what = "is gone as well" if other.is_gone else f"can no longer be read (answered {other.status})"
            failed(f"The resource that was made {when} the one that was addressed {what}")
    read = evidence.step(DeleteOneOfTwo.READ)
    if not read.is_gone:
        failed(f"The resource that was addressed is still there (a read is answered {read.status})")


@scenario(REFERENCES_AS_SENT, VALUE_KEPT)
def _references_as_sent(evidence: Evidence) -> None:
    made = taken(evidence, ReferencesAsSent.CREATE, ReferencesAsSent.CONTROL, evidence.row.subject)
    got = evidence.object(ReferencesAsSent.READ)
    if not evidence.keeps(evidence.row.subject, made.request.json, got):
        failed(evidence.loss(made.request.json, got, evidence.row.subject))


@scenario(ANY_JSON_VALUE)
def _any_json_value(evidence: Evidence) -> None:
    for kind in AnyJsonValue.CREATE.parameters:
        made = taken(evidence, AnyJsonValue.CREATE.of(kind), AnyJsonValue.CONTROL, f"a value of the type {kind}")
        sent = sent_at(evidence, made, evidence.row.subject)[1]
        back = evidence.value(evidence.object(AnyJsonValue.READ.of(kind)), evidence.row.subject)
        if not is_kept(sent, back):
            failed(f"A value of the type {kind} was read back as {shown(back)}")


@scenario(REFERRED_CLASSES)
def _referred_classes(evidence: Evidence) -> None:
    for number, _value in enumerate(REFERRED_CLASSES.given_of(evidence.row).values):
        made = taken(evidence, ReferredClasses.CREATE.of(number), ReferredClasses.CONTROL, "the class")
        sent, back = (
            _referred(value, evidence.row.subject)
            for value in (made.request.json, evidence.object(ReferredClasses.READ.of(number)))
        )
        if not sent or sent != back:
            failed(f"@referredType {sent!r} was read back as {back!r}")


def _referred(body: object, pointer: str) -> list[object]:
    """Return the classes that a reference, or each of a list of references, names."""
    return [*pointers.select(body, f"{pointer}/@referredType"), *pointers.select(body, f"{pointer}/*/@referredType")]


@scenario(CURRENT_FIRST)
def _current_first(evidence: Evidence) -> None:
    made = evidence.succeeded(CurrentFirst.CREATE.of("first"))
    now = evidence.value(made.request.json, evidence.row.subject)[0]["validFor"]
    alone = []
    for order in ("first", "last"):
        sent = evidence.value(evidence.succeeded(CurrentFirst.CREATE.of(order)).request.json, evidence.row.subject)
        back = evidence.value(evidence.object(CurrentFirst.READ.of(order)), evidence.row.subject)
        in_force = (now, sent[0]["validFor"])  # by its period, or as the first that was sent
        alike = [any(is_kept(period, one.get("validFor")) for period in in_force) for one in _objects(back)]
        if alike == [True] and len(back) == 1:
            alone.append(order)
            continue
        if not isinstance(back, list) or len(back) < 2:
            found = len(back) if isinstance(back, list) else 0
            blocked(f"two members of {evidence.row.subject} were sent and {found} read back, so nothing has an order")
        if not is_kept(now, back[0].get("validFor") if isinstance(back[0], dict) else None):
            if order == "last":
                pass_with_remark(
                    "The list keeps the order it was sent in; the one in force is first only when it was sent first"
                )
            failed("The first of the list is not the one in force")
    if alone:
        not_applicable("The target shows one alone, in force or sent first, so that nothing has an order")


def _objects(members: object) -> list[dict[str, Any]]:
    return [member for member in members if isinstance(member, dict)] if isinstance(members, list) else []


@scenario(UNLISTED_VALUE)
def _unlisted_value(evidence: Evidence) -> None:
    evidence.succeeded(UnlistedValue.CONTROL)
    seen = evidence.step(UnlistedValue.REFUSED)
    if seen.is_success:
        sent = sent_at(evidence, seen, evidence.row.subject)[1]
        if is_kept(sent, evidence.value(evidence.object(UnlistedValue.READ), evidence.row.subject)):
            failed(f"A value that the document does not list was taken: {sent!r}")
        return
    refused(evidence)


@scenario(ELEMENT_IDS_DIFFER)
def _element_ids_differ(evidence: Evidence) -> None:
    evidence.succeeded(ElementIdsDiffer.CREATE)
    elements = pointers.select(evidence.object(ElementIdsDiffer.READ), f"{evidence.row.subject}/*")
    if len(elements) < 2:
        skip(f"two elements were sent, and {len(elements)} came back")
    found = [str(value) for value in pointers.select(elements, "/*/id") if value is not None]
    if not found:
        not_applicable("The target gives elements no ids, and need not")
    if len(set(found)) < len(found):
        failed("Two elements have the same id")


@scenario(SEND_UNKNOWN_ID, UNKNOWN_ID_REFUSED)
def _unknown_id_refused(evidence: Evidence) -> None:
    refused(evidence, UnknownId.UNKNOWN)
    need_deleted_refused(evidence)
