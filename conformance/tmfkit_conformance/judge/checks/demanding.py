"""What became of a demanding value: a long text, a large integer, an offset, several members, a whole object."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any, Final

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.judge import round_trip
from tmfkit_conformance.judge.compare import instant, written_instant
from tmfkit_conformance.judge.evidence import Evidence, failed
from tmfkit_conformance.judge.losses import losses
from tmfkit_conformance.rules.attributes import ATTRIBUTE, Demanded, DemandedFurther, DemandedTwice, With
from tmfkit_conformance.rules.lifecycle import CURRENT_FIRST

if TYPE_CHECKING:
    from tmfkit_conformance.record.exchange import Exchange
    from tmfkit_conformance.rules.probes import Step
    from tmfkit_models.contracts import Requirement, Schema

__all__ = ["demanding"]

_ADDRESSES: Final = ("href", "url", "path")

_FORM: Final = "NFKC"
"""The widest normal form: texts that are the same in any of the four are the same in it."""


def demanding(evidence: Evidence) -> str:
    """Hold what came back of a demanding value against it; fail what was shortened, replaced or lost.

    Returns:
        A remark: that such a value is refused, or comes back in another Unicode normal form or another order. Empty
        where there is nothing to remark, and where the kit had no such value.
    """
    facts = evidence.facts(Demanded)
    if facts is None or not facts.demanding:
        return ""
    remarks = [_held(evidence, With.DEMANDING, With.DEMANDING_READ)]
    further = evidence.facts(DemandedTwice)  # a bundle of an earlier kit has none
    if further is not None and further.longer:
        remarks.append(_held(evidence, With.LONGER, With.LONGER_READ))
    beside = evidence.facts(DemandedFurther)
    if beside is not None and beside.less:
        less = evidence.step(With.LESS)
        if less.is_refusal and _is_ended(_sent(evidence, less)):
            failed(f"With its end alone, {evidence.answered(less)}; with its start alone, it is taken")
        remarks.append(_held(evidence, With.LESS, With.LESS_READ))
    if beside is not None and beside.zero:
        remarks.append(_held(evidence, With.ZERO, With.ZERO_READ))
    return "" if _is_led(evidence) else "; ".join(remark for remark in remarks if remark)


def _held(evidence: Evidence, create: Step, back: Step) -> str:
    """Hold what came back of a create against it; return a remark."""
    sent = evidence.step(create)
    what = _what(evidence, sent)
    if sent.is_breakdown:
        failed(f"At {_small(what)}, {evidence.answered(sent)}")
    if not sent.is_success or not sent.identifier:
        return f"{what} is not taken: {evidence.answered(sent)}"
    read = evidence.step(back)
    if not read.is_success:
        failed(f"What was created with {_small(what)} cannot be read: {evidence.answered(read)}")
    return _kept(evidence, sent, read.answer, what)


def _kept(evidence: Evidence, sent: Exchange, got: Any, what: str) -> str:
    subject, body = evidence.row.subject, sent.request.json
    if evidence.keeps(subject, body, got):
        return ""
    if _is_led(evidence) and _is_part(evidence.value(body, subject), evidence.value(got, subject)):
        return ""
    if evidence.keeps(subject, _normal(body), _normal(got)):
        return f"{what} comes back in another Unicode normal form"
    if _has_same_members(evidence, body, got):
        return f"{what} comes back in another order"
    left, remark = _own(evidence, evidence.without_optional_losses(body, got), got)
    if evidence.value(left, subject) is not pointers.ABSENT and not evidence.keeps(subject, left, got):
        failed(f"Of {_small(what)}: {evidence.loss(left, got, subject)}")
    return f"{what} comes back otherwise: {remark}" if remark else ""


def _is_led(evidence: Evidence) -> bool:
    """Say whether the subject is a list that begins with what is in force, of which a target may show that alone."""
    rows = (row for row in evidence.contract.requirements if row.scenario == CURRENT_FIRST.name)
    return any(row.subject == evidence.row.subject and _is_beside(evidence, row) for row in rows)


def _is_part(sent: Any, got: Any) -> bool:
    return isinstance(sent, list) and isinstance(got, list) and 0 < len(got) < len(sent)


def _own(evidence: Evidence, body: dict[str, Any], got: Any) -> tuple[dict[str, Any], str]:
    """Return a body without what other rows settle and without what may come back otherwise, and how that did.

    An address is the target's where it stores what it leads to; without a zone it is not told which instant is meant.
    """
    subject, remark = evidence.row.subject, ""
    rows = (row for row in evidence.contract.requirements if row.kind == ATTRIBUTE.name)
    below = [row.subject for row in rows if row.subject.startswith(f"{subject}/") and _is_beside(evidence, row)]
    body, got = (round_trip.canonical(evidence.contract, evidence.resource_schema, one) for one in (body, got))
    place = evidence.spelt(body, subject)
    for loss in losses(pointers.get(body, place), evidence.value(got, subject), place):
        back = written_instant(loss.got) if loss.how == "instant" else None
        is_address = loss.pointer.rpartition("/")[2] in _ADDRESSES and isinstance(loss.got, str)
        is_of_one = loss.got is pointers.ABSENT and bool(pointers.select(got, loss.pointer))  # another member has it
        if any(f"{loss.pointer}/".startswith(f"{one}/") for one in below) and not is_of_one:
            body = pointers.without(body, loss.pointer)
        elif is_address or (back is not None and not back.has_zone):
            body, remark = pointers.without(body, loss.pointer), remark or str(loss)
    return body, remark


def _is_beside(evidence: Evidence, row: Requirement) -> bool:
    """Say whether a row is about the resource of the evidence's own."""
    return evidence.contract.operation(row.operation).resource == evidence.operation.resource


def _sent(evidence: Evidence, sent: Exchange) -> Any:
    return evidence.value(sent.request.json, evidence.row.subject)


def _is_ended(value: Any) -> bool:
    """Say whether a value is a period with an end and no start."""
    return isinstance(value, dict) and set(value) == {"endDateTime"}


def _what(evidence: Evidence, sent: Exchange) -> str:
    value = _sent(evidence, sent)
    if isinstance(value, str):
        is_instant = instant(value) is not None
        return f"The instant {value}" if is_instant else f"A text of {len(value)} characters in several scripts"
    if isinstance(value, dict):
        return (
            f"A period with its end alone, {value['endDateTime']}" if _is_ended(value) else "A value with all members"
        )
    return f"A list of {len(value)} members" if isinstance(value, list) else f"The integer {value}"


def _small(words: str) -> str:
    return words[:1].lower() + words[1:]


def _normal(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _normal(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_normal(member) for member in value]
    return unicodedata.normalize(_FORM, value) if isinstance(value, str) else value


def _has_same_members(evidence: Evidence, body: Any, got: Any) -> bool:
    """Say whether a list came back with the members that were sent, whatever their order."""
    subject = evidence.row.subject
    members, back = evidence.value(evidence.without_optional_losses(body, got), subject), evidence.value(got, subject)
    if not isinstance(members, list) or not isinstance(back, list) or len(members) != len(back):
        return False
    items = round_trip.schema_at(evidence.contract, evidence.resource_schema, f"{subject}/*")
    left = list(back)
    for member in members:
        kept = (place for place, other in enumerate(left) if _is_kept(evidence, items, member, other))
        same = next(kept, None)
        if same is None:
            return False
        left.pop(same)
    return True


def _is_kept(evidence: Evidence, schema: Schema, sent: Any, got: Any) -> bool:
    return round_trip.kept(evidence.contract, schema, sent, got) is not None
