"""Checks of what is to be refused, each beside a control."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.judge.checks.attributes import sent_at
from tmfkit_conformance.judge.checks.controls import in_order
from tmfkit_conformance.judge.checks.registry import check
from tmfkit_conformance.judge.compare import is_kept, is_same
from tmfkit_conformance.judge.evidence import Evidence, blocked, failed, not_applicable, pass_with_remark, passed, skip
from tmfkit_conformance.rules.probes import Step
from tmfkit_conformance.rules.refusals import (
    ANY_OF,
    AUTH,
    CONDITIONAL,
    MANDATORY,
    NON_PATCHABLE,
    PARTIAL,
    SUB_MANDATORY,
    AnyOf,
    Auth,
    Marked,
    PatchNot,
    PatchWithout,
    Refusing,
    Without,
)
from tmfkit_conformance.rules.updates import PATCHABLE

if TYPE_CHECKING:
    from tmfkit_conformance.record.exchange import Exchange

__all__ = ["refused"]


def refused(evidence: Evidence, step: Step = Refusing.REFUSED, *, control: Step = Refusing.CONTROL) -> Exchange:
    """Return the exchange of a request that is to be refused, and was.

    Comes to an outcome when it was not: a refusal counts only beside a control that succeeds.
    """
    in_order(evidence, control)
    exchange = evidence.step(step)
    if str(exchange.status) in evidence.tolerated:
        pass_with_remark(f"Answered {exchange.status}, which an erratum tolerates ({', '.join(evidence.row.errata)})")
    if exchange.is_success:
        failed(f"Answered {exchange.status} instead of a refusal")
    if not exchange.is_refusal:
        failed(f"Answered {exchange.status} instead of a 4xx that speaks of the request")
    return exchange


@check(MANDATORY, SUB_MANDATORY)
def mandatory(evidence: Evidence) -> None:
    """A body without the attribute is refused; a refused patch changes nothing, a refused create makes nothing."""
    _need_kept(evidence)
    _need_patchable(evidence)
    refused(evidence)
    if strays := _made_all_the_same(evidence):
        failed(f"The create was refused, and {', '.join(strays)} came into being all the same")
    is_patch = evidence.operation.action == "patch"
    if "/*/" in evidence.row.subject and not is_patch:
        refused(evidence, Without.REFUSED_SECOND)
    if is_patch and not is_same(evidence.object(PatchWithout.BEFORE), evidence.object(PatchWithout.READ)):
        failed("The patch was refused, and the resource was changed all the same")
    passed()


def _need_kept(evidence: Evidence) -> None:
    """Of what a target does not keep, and need not, it need not know the members either."""
    control, name = evidence.optional(Refusing.CONTROL), pointers.parts(evidence.row.subject)[0]
    if control is None or not control.is_success or not isinstance(control.answer, dict):
        return
    is_dropped = evidence.is_dropped(control.request.json, control.answer, f"/{name}")
    if is_dropped and evidence.step(Refusing.REFUSED).is_success:
        not_applicable(f"The target does not keep {name}, and need not")


def _need_patchable(evidence: Evidence) -> None:
    """Of what a target does not let be changed, and need not, it need not know the members either."""
    control, name = evidence.optional(Refusing.CONTROL), pointers.parts(evidence.row.subject)[0]
    rows = (row for row in evidence.contract.requirements if row.kind == PATCHABLE.name)
    about = [row for row in rows if (row.operation, row.subject) == (evidence.row.operation, f"/{name}")]
    if (
        control
        and control.is_refusal
        and any(str(control.status) in PATCHABLE.expect_of(row).tolerate for row in about)
    ):
        not_applicable(f"The target does not let {name} be changed, and need not (answered {control.status})")


def _made_all_the_same(evidence: Evidence) -> list[str]:
    """Return the ids of what is listed with the text that only the control and the refused create had.

    A pass does not rest on the listing, which a target need not filter, nor offer.
    """
    if evidence.probe is not Without:
        return []
    marked = evidence.facts(Marked)
    listings = [one for one in evidence.exchanges if one.step == Without.LISTED.name and one.is_success]
    members = [member for exchange in listings if isinstance(exchange.answer, list) for member in exchange.answer]
    control = evidence.step(Without.CONTROL).identifier
    if marked is None or not control:
        return []
    found = [str(member["id"]) for member in members if is_kept(marked.marker, member) and member.get("id")]
    strays = [identifier for identifier in found if identifier != control]
    return strays if strays and evidence.all(Without.LISTED) else []


@check(CONDITIONAL)
def conditional(evidence: Evidence) -> None:
    """Under the condition, a body without the attribute is refused."""
    refused(evidence)
    passed()


@check(ANY_OF)
def any_of(evidence: Evidence) -> None:
    """An object with one of the members is taken, one with none is refused."""
    alone = {member: evidence.step(AnyOf.WITH.of(member)) for member in ANY_OF.expect_of(evidence.row).members}
    are_tolerated = all(str(exchange.status) in evidence.tolerated for exchange in alone.values())
    if not any(exchange.is_success for exchange in alone.values()) and not are_tolerated:
        refused_alone = next(iter(alone.values()))
        blocked(f"None of the members alone was taken: {evidence.answered(refused_alone)}", refused_alone)
    exchange = evidence.step(AnyOf.REFUSED)
    if exchange.is_success:
        failed(f"With none of the members it was answered {exchange.status} instead of a refusal")
    if not exchange.is_refusal:
        failed(f"With none of the members it was answered {exchange.status}")
    for member, seen in alone.items():
        if str(seen.status) in evidence.tolerated:
            pass_with_remark(f"With {member} alone it was answered {seen.status}, which an erratum tolerates")
        if not seen.is_success:
            failed(f"With {member} alone it was answered {seen.status}")
    passed()


@check(NON_PATCHABLE)
def non_patchable(evidence: Evidence) -> None:
    """Another value is refused, or accepted and not taken."""
    other = evidence.optional(PatchNot.CONTROL_OTHER)
    control = other if other and other.is_success else in_order(evidence, PatchNot.CONTROL)
    before = evidence.object(PatchNot.BEFORE)
    if evidence.lost(control.request.json, before):
        blocked(f"{evidence.asked(control)} of an attribute that may be changed changed nothing", control)
    _unchanged(evidence, before, PatchNot.REFUSED, PatchNot.READ)
    is_tried_twice = evidence.row.subject == "/id" and {*PARTIAL} <= {*evidence.operation.consumes}
    if is_tried_twice and control is not other:
        _unchanged(evidence, before, PatchNot.REFUSED_OTHER, PatchNot.READ_OTHER)
    passed()


def _unchanged(evidence: Evidence, before: dict[str, Any], patch: Step, after: Step) -> None:
    """Hold what is read after a patch of the subject against the value that was sent in it."""
    seen = evidence.step(patch)
    if not seen.is_success and not seen.is_refusal:
        failed(f"Answered {seen.status}")
    spoken, sent = sent_at(evidence, seen, evidence.row.subject)
    if is_kept(sent, evidence.value(before, evidence.row.subject)):
        skip(f"{spoken} had the value {sent!r} already")
    read = evidence.step(after)
    how = f"After the patch, sent as {seen.request.media_type},"
    if not read.is_success:
        failed(f"{how} the resource cannot be read by its id any more (answered {read.status})")
    if is_kept(sent, evidence.value(evidence.object(after), evidence.row.subject)):
        failed(f"{how} {spoken} is {sent!r}")


@check(AUTH)
def auth(evidence: Evidence) -> None:
    """The call in the role of the row is served, or refused and without effect."""
    call = evidence.step(Auth.CALL)
    # A control that found nothing any more shows nothing by itself, so that no verdict names it.
    controls = [one for one in evidence.exchanges if one.step == Auth.CONTROL.name]
    if str((*controls, call)[0].status) in evidence.tolerated:
        not_applicable(f"The operation is not offered, which an erratum tolerates (answered {call.status})")
    if AUTH.expect_of(evidence.row).form == "allowed":
        if not call.is_success:
            failed(f"The call was answered {call.status}")
        passed()
    if call.is_success:  # a control is not needed, nor has it anything left to work on
        failed(f"The call was answered {call.status} instead of a refusal")
    is_of_time = call.status in (408, 429)
    if 400 <= call.status < 500 and not is_of_time and _is_gone(evidence):  # nor has a control anything left then
        failed("The call was refused, and took effect all the same")
    in_order(evidence, Auth.CONTROL)
    if is_of_time:
        skip(f"the call was answered {call.status}, which speaks of time or rate")
    if not 400 <= call.status < 500:
        failed(f"Answered {call.status} instead of a 4xx")
    if not evidence.step(Auth.READ).is_success:
        failed("The call was refused, and took effect all the same")
    if evidence.optional(Auth.BEFORE) and not is_same(evidence.object(Auth.BEFORE), evidence.object(Auth.READ)):
        pass_with_remark("The call was refused, and the record is another one after it")
    passed()


def _is_gone(evidence: Evidence) -> bool:
    """Say whether a record that was there before the call of a role is there no more after it."""
    before, after = evidence.optional(Auth.BEFORE), evidence.step(Auth.READ)
    return before is not None and before.is_success and after.is_gone
