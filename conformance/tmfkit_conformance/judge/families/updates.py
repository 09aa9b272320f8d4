"""Checks of patches that are to take effect."""

from __future__ import annotations

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.judge.compare import is_kept
from tmfkit_conformance.judge.evidence import Evidence, failed, passed, remarked
from tmfkit_conformance.judge.families.attributes import sent_at, shown
from tmfkit_conformance.judge.families.registry import check

__all__: list[str] = []


@check("patchable")
def patchable(evidence: Evidence) -> None:
    """Patched to another value, the attribute reads back changed."""
    evidence.done("create")
    patched = evidence.step("patch")
    if str(patched.status) in evidence.row.expect.get("tolerate", ()):
        remarked(f"Answered {patched.status}, which an erratum tolerates ({', '.join(evidence.row.errata)})")
    if not patched.is_success:
        failed(f"A patch of {evidence.row.subject} was answered {patched.status}")
    spoken, sent = sent_at(evidence, patched, evidence.row.subject)
    back = pointers.get(evidence.object("read"), spoken)
    unwrapped = back[0] if isinstance(back, list) and len(back) == 1 and not isinstance(sent, list) else back
    if not is_kept(sent, unwrapped):
        failed(f"{spoken} was patched to {sent!r:.200} and read back as {shown(back)}")
    if unwrapped is not back:
        remarked("Given back as a list of one, which an erratum tolerates")
    passed()
