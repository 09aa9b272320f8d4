"""Checks of patches that are to take effect."""

from __future__ import annotations

from tmfkit_conformance.judge.checks.attributes import sent_at
from tmfkit_conformance.judge.checks.controls import taken_patch
from tmfkit_conformance.judge.checks.registry import check
from tmfkit_conformance.judge.compare import is_kept
from tmfkit_conformance.judge.evidence import Evidence, failed, pass_with_remark, passed, skip
from tmfkit_conformance.rules.updates import PATCHABLE, PatchTo

__all__: list[str] = []


@check(PATCHABLE)
def patchable(evidence: Evidence) -> None:
    """Patched to another value, the attribute reads back changed."""
    created, patched = evidence.succeeded(PatchTo.CREATE), evidence.step(PatchTo.PATCH)
    if str(patched.status) in evidence.tolerated:
        pass_with_remark(f"Answered {patched.status}, which an erratum tolerates ({', '.join(evidence.row.errata)})")
    taken_patch(evidence, PatchTo.PATCH, PatchTo.CONTROL, evidence.row.subject)
    spoken, sent = sent_at(evidence, patched, evidence.row.subject)
    if is_kept(sent, evidence.value(created.request.json, evidence.row.subject)):
        skip(f"{spoken} was patched to the value that it was created with")
    got = evidence.object(PatchTo.READ)
    if not evidence.keeps(evidence.row.subject, patched.request.json, got):
        failed(f"After the patch, {evidence.loss(patched.request.json, got, evidence.row.subject)}")
    if evidence.row.level == "must":
        _need_emptied(evidence)
    passed()


def _need_emptied(evidence: Evidence) -> None:
    """Fail an empty text, a false or a nought that was taken and changed nothing; one that is not shown is empty."""
    for kind in PatchTo.EMPTIED.parameters:
        emptied, read = (evidence.optional(step.of(kind)) for step in (PatchTo.EMPTIED, PatchTo.EMPTY_READ))
        filled = evidence.step(PatchTo.PATCH if kind == "text" else PatchTo.FILLED.of(kind)) if emptied else None
        if not emptied or not read or not filled or not emptied.is_success or not isinstance(read.answer, dict):
            continue
        for name, value in emptied.request.json.items():
            if is_kept(filled.request.json[name], read.answer.get(name)):
                was = read.answer[name]
                failed(f"{name} was patched to {value!r}, answered {emptied.status}, and is still {was!r:.100}")
