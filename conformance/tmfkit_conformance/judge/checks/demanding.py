"""What became of a demanding value: a long text in several scripts, a large integer, a list of several members."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any, Final

from tmfkit_conformance.judge import round_trip
from tmfkit_conformance.judge.evidence import Evidence, failed
from tmfkit_conformance.rules.attributes import Demanded, DemandedTwice, With

if TYPE_CHECKING:
    from tmfkit_conformance.record.exchange import Exchange
    from tmfkit_conformance.rules.probes import Step
    from tmfkit_models.contracts import Schema

__all__ = ["demanding"]

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
    remark = _held(evidence, With.DEMANDING, With.DEMANDING_READ)
    further = evidence.facts(DemandedTwice)  # a bundle of an earlier kit has none
    if further is None or not further.longer:
        return remark
    return "; ".join(part for part in (remark, _held(evidence, With.LONGER, With.LONGER_READ)) if part)


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
    if evidence.keeps(subject, _normal(body), _normal(got)):
        return f"{what} comes back in another Unicode normal form"
    if not _has_same_members(evidence, body, got):
        failed(f"Of {_small(what)}: {evidence.loss(body, got, subject)}")
    return f"{what} comes back in another order"


def _what(evidence: Evidence, sent: Exchange) -> str:
    value = evidence.value(sent.request.json, evidence.row.subject)
    if isinstance(value, str):
        return f"A text of {len(value)} characters in several scripts"
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
