"""What an unsettled row suffers from: rows with one symptom have one cause.

A symptom is read from what was recorded; the words of a verdict count only where nothing else tells. What broke the
target down comes first, then what holds for the whole run, what was answered, what was kept, what was heard.
"""

from __future__ import annotations

from tmfkit_conformance.judge.symptoms import answers, hearing, keeping, own
from tmfkit_conformance.judge.symptoms.form import Symptom, normal, without_number
from tmfkit_conformance.judge.traces import Traces
from tmfkit_conformance.judge.verdict import Outcome, Verdict
from tmfkit_conformance.rules.rule import Case

__all__ = ["Symptom", "symptom"]

_READERS = (
    own.not_ours,
    answers.rooted,
    answers.unanswered,
    answers.broken_down,
    own.no_json,
    keeping.not_stored,
    keeping.doubled,
    keeping.unlisted,
    keeping.of_run,
    answers.not_there,
    answers.refused,
    answers.taken,
    keeping.lost,
    hearing.unheard,
    own.without_body,
    own.other_status,
)
"""What reads a symptom, in the order in which it is asked."""


def symptom(case: Case, verdict: Verdict, traces: Traces) -> Symptom:
    """Return what a row suffers from that was not settled.

    Args:
        case: The row, and what was to settle it.
        verdict: Its verdict: failed, blocked, skipped or an error.
        traces: What the whole run shows.
    """
    if verdict.outcome is Outcome.ERROR:
        return Symptom(("error", normal(verdict.remark)), f"The kit failed: {verdict.remark}")
    if verdict.outcome is Outcome.SKIP:
        means = Symptom(("means", normal(verdict.remark)), without_number(verdict.remark))
        behind = (one for read in (keeping.unlisted, keeping.lost) for one in read(case, verdict, traces))
        return next(behind, means)
    found = (one for read in _READERS for one in read(case, verdict, traces))
    return next(found, None) or own.told(case, verdict, traces)
