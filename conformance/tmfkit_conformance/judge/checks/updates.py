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
    passed()
