"""Requests that were refused, held against their controls: what differs in one thing, and was taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Never

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.judge.evidence import Evidence, blocked, failed, skip
from tmfkit_conformance.payloads.attributes import values_needed
from tmfkit_conformance.rules.answers import UnknownId
from tmfkit_conformance.rules.attributes import With
from tmfkit_conformance.rules.probes import Step

if TYPE_CHECKING:
    from tmfkit_conformance.record.exchange import Exchange

__all__ = ["in_order", "need_deleted_refused", "taken", "taken_patch"]


def in_order(evidence: Evidence, step: Step) -> Exchange:
    """Return the exchange of a control that succeeded; without one the row is blocked."""
    seen = evidence.step(step)
    if seen.speaks_of_caller:  # of credentials that the kit has not
        skip(evidence.answered(seen))
    if not seen.is_success:
        blocked(f"Though in order, {evidence.answered(seen)}", seen)
    return seen


def taken(evidence: Evidence, step: Step, control: Step, what: str) -> Exchange:
    """Return the exchange of a create that was taken.

    One that was refused fails the row if its control, without *what*, was taken; else the row is blocked.
    """
    made = evidence.step(step)
    if not made.is_success:
        _refused(evidence, made, in_order(evidence, control), what)
    return made


def _refused(evidence: Evidence, made: Exchange, beside: Exchange, what: str) -> Never:
    subject = evidence.row.subject
    if evidence.probe is With and _has_another(evidence, made, beside):
        resource = evidence.operation.resource
        count, entry = values_needed(evidence.contract, resource, subject), f"values.{resource}.{subject}"
        skip(f"One value of {subject} was answered {made.status} and another was taken: give {count} under `{entry}`")
    failed(f"With {what}, {evidence.answered(made)}; without it, {beside.status}")


def _has_another(evidence: Evidence, made: Exchange, beside: Exchange) -> bool:
    """Say whether a control has the subject as well, with another value."""
    there, other = (evidence.value(one.request.json, evidence.row.subject) for one in (made, beside))
    return other is not pointers.ABSENT and other != there


def taken_patch(evidence: Evidence, step: Step, control: Step, what: str) -> Exchange:
    """Return the exchange of a patch that was taken; one that was refused is held against its control."""
    patched = evidence.step(step)
    if not patched.is_success:
        beside = in_order(evidence, control)
        failed(f"With {what}, {evidence.answered(patched)}; another patch, {beside.status}")
    return patched


def need_deleted_refused(evidence: Evidence) -> None:
    """Fail a change that was taken of something that was deleted, and no longer there: no id has been its own since."""
    changed = evidence.optional(UnknownId.CHANGE_GONE)
    if changed and changed.is_success:
        failed(f"{evidence.asked(changed)} of what was deleted was answered {changed.status}")
