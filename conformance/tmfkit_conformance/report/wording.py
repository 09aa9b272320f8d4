"""The words that reports share: what a verdict means, how a row is checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tmfkit_conformance.judge.unserved import Unserved
from tmfkit_conformance.judge.verdict import Cause, Outcome
from tmfkit_conformance.report.declared import Declared
from tmfkit_conformance.report.model import NOT_SETTLEABLE, Report
from tmfkit_conformance.rules.register import KINDS
from tmfkit_models.contracts import Contract, Requirement

__all__ = [
    "LEFT_BEHIND",
    "STANDINGS",
    "TITLES",
    "WHOSE",
    "cause_title",
    "causes_title",
    "check",
    "claims",
    "diagnosis",
    "document",
    "gate",
    "in_short",
    "meaning",
    "operation_title",
    "plural",
    "source",
    "standing",
]

TITLES: Final = {"conformant": "Conformant", "not-conformant": "Not conformant", "incomplete": "Incomplete"}
"""Verdict of a run → how it is written in a heading."""

STANDINGS: Final = {
    Outcome.PASS.label: "passed",
    Outcome.PASS_WITH_REMARK.label: "passed with a remark",
    Outcome.FAIL.label: "failed",
    Outcome.SKIP.label: "skipped",
    Outcome.BLOCKED.label: "blocked",
    Outcome.ERROR.label: "errors of the kit",
    Outcome.NOT_APPLICABLE.label: "not applicable",
    NOT_SETTLEABLE: "not settleable from outside",
}
"""Standing of a row → how it is written beside a count, in the order in which counts are given."""

_UNMET: Final = {"should": ("does not hold", "do not hold"), "may": ("not offered", "not offered")}
"""Level → what is said instead of “failed”, which only a must does: of one row, of several."""

WHOSE: Final = {
    "target": "The target's problem",
    "configuration": "A matter of configuration",
    "document": "The document's problem",
    "kit": "The kit's problem",
}
"""Whose problem a cause is → how that is written."""

LEFT_BEHIND = "The kit made these at the target and could not delete them; delete them by hand."


def check(row: Requirement) -> str:
    """Return how a row is checked, as a sentence without its full stop."""
    return row.procedure.rstrip(".") or KINDS[row.kind].words


def standing(level: str, name: str, count: int = 1) -> str:
    """Return how the standing *name* of *count* rows of a level is written; only a must is said to have failed."""
    if name == Outcome.FAIL.label and level in _UNMET:
        return _UNMET[level][count != 1]
    return STANDINGS[name]


def plural(count: int, noun: str) -> str:
    """Return ``1 must``, ``2 musts``, ``1,204 musts``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def causes_title(causes: Sequence[Cause]) -> str:
    """Return ``2 causes, 37 rows``."""
    return f"{plural(len(causes), 'cause')}, {plural(sum(len(cause.rows) for cause in causes), 'row')}"


def cause_title(report: Report, cause: Cause) -> str:
    """Return how many rows suffer from a cause, and how many of them are musts: ``35 rows, 28 musts``."""
    musts = sum(line.requirement.level == "must" for line in report.lines_of(cause))
    rows = plural(len(cause.rows), "row")
    return rows if not musts else f"{rows}, {plural(musts, 'must')}"


def operation_title(contract: Contract, name: str) -> str:
    """Return what the operation of a row is: ``POST /customer`` or the notification."""
    if name == "*":
        return "every notification"
    called = {operation.id: f"{operation.method} {operation.path}" for operation in contract.operations}
    return called.get(name, "notification")


def document(contract: Contract) -> str:
    """Return the document with its number and release: ``TMF629 Customer Management, release 4.0``."""
    is_in_title = contract.title.startswith(contract.number)
    return f"{'' if is_in_title else contract.number + ' '}{contract.title}, release {contract.release}"


def source(contract: Contract, row: Requirement) -> str:
    """Return where the document says what the row says."""
    return f"{contract.title}, release {contract.release}: {row.section} (line {row.line} of our text of it)"


def diagnosis(found: Unserved) -> str:
    """Say that nothing was answered with success, how it was answered, and what to look at."""
    answers = ", ".join(f"{status or 'no answer'} ×{count:,}" for status, count in found.answers.items())
    credentials = "the credentials (--bearer, --header)"
    remedy = (
        credentials
        if found.wants_only_credentials
        else f"--base-url and {credentials}"
        if found.wants_credentials
        else "--base-url"
    )
    return f"Nothing below {found.base_url} was answered with success: {answers}. Check {remedy}."


def claims(declared: Declared) -> list[tuple[str, list[str]]]:
    """Return the claims of a run by how they stand, in words; the met ones as a count, for there are many."""
    told = {
        "not met": declared.unmet,
        "not tested": declared.untested,
        "there and not claimed": declared.unclaimed,
    }
    met = [("met", [f"{len(declared.met):,}"])] if declared.met else []
    return [*met, *((words, list(map(str, named))) for words, named in told.items() if named)]


def gate(report: Report) -> str:
    """Say what the gate of waivers saw: how many musts failed, how many of these are waived, how many are open."""
    waived = {waiver.row for waiver in report.declared.waivers}
    failed = [line for line in report.level("must") if line.outcome is Outcome.FAIL]
    counts = report.counts("must")
    left_open = counts["skip"] + counts["blocked"]
    answered = sum(line.requirement.id in waived for line in failed)
    said = f"of {plural(len(failed), 'must')} that failed, {answered:,} {'is' if answered == 1 else 'are'} waived"
    return f"{said}; {left_open:,} left open, of which a waiver is not asked"


def in_short(report: Report) -> str:
    """Say what the verdict of a run rests on, in one sentence that stands by itself."""
    counts = report.counts("must")
    failed, passed = counts["fail"], counts["pass"] + counts["pass-with-remark"]
    open_ones = counts["skip"] + counts["blocked"] + counts["error"]
    if report.is_interrupted:
        return "The run was broken off, so nothing follows from it."
    if report.verdict == "conformant":
        return f"Every must of the document that could be checked holds for this target: {passed:,} in all."
    if report.verdict == "not-conformant":
        more = f" {open_ones:,} more could not be settled." if open_ones else ""
        settled, does = plural(failed + passed, "must"), "does" if failed == 1 else "do"
        return f"{failed:,} of {settled} that were settled {does} not hold for this target.{more}"
    if open_ones:
        return f"No must failed, and {open_ones:,} could not be settled: this is neither conformant nor not."
    return "No must was settled by a check, and nothing checked is never a pass."


def meaning(report: Report) -> str:
    """Say in plain words what the verdict of a run means."""
    counts = report.counts("must")
    errors = len(report.lines_with(Outcome.ERROR))
    failed, skipped, passed = (
        counts["fail"],
        counts["skip"] + counts["blocked"],
        counts["pass"] + counts["pass-with-remark"],
    )
    if errors:
        return (
            f"The kit itself failed in {plural(errors, 'check')}, so this verdict is worth nothing yet. "
            "Please report it with bundle.zip; the target is not to blame for it."
        )
    if report.is_interrupted:
        return (
            "The run was interrupted, so nothing follows from it: what was found until then is listed below. "
            "Run again to the end."
        )
    if report.verdict == "not-conformant":
        more = f", and {skipped:,} more could not be checked" if skipped else ""
        causes = sum(cause.is_failure and cause.level == "must" for cause in report.causes)
        why = " The reason is one." if causes == 1 and failed > 1 else ""
        return (
            f"{plural(failed, 'must')} of the document {'does' if failed == 1 else 'do'} not hold for this target{more}"
            f".{why} What is wrong is listed first, and below it every requirement with its own reason."
        )
    if report.verdict == "conformant":
        return (
            f"Every must of the document that could be checked here holds: {passed:,} in all. "
            "What does not apply to this target, or cannot be seen from outside, is counted below; "
            "it is no part of the verdict."
        )
    if skipped:
        return (
            f"No must failed, but {skipped:,} could not be checked: the kit lacked means (a credential, a listener, "
            "a configuration), or what a check starts from was refused. This is neither conformant nor not: "
            "see to what is listed under “Causes” and run again."
        )
    return (
        "No must was settled by a check, and nothing checked is never a pass. "
        "Run the phase “register” against the address of the API."
    )
