"""Whether what the kit said of a target is right; only public things are looked at: exit status, text, report."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tmfkit_conformance.selftest.catalogue.entries import Behaviour, Fault, NoApi

__all__ = ["Ran", "problems"]

_SETTLED: Final = frozenset({"not-applicable", "pass", "pass-with-remark"})
_BAD: Final = frozenset({"fail", "blocked"})
_LAST: Final = 300
"""Characters of an error text that are quoted."""


@dataclass(frozen=True)
class Ran:
    """A run of the kit that is over.

    Attributes:
        status: Exit status; None when it was ended because it took too long.
        output: What it printed.
        errors: What it printed as errors.
        seconds: How long it took.
        report: Its report.json; empty when it wrote none.
    """

    status: int | None
    output: str
    errors: str
    seconds: float
    report: Mapping[str, Any]


def problems(entry: Behaviour | NoApi | Fault, ran: Ran, *, whole: bool = True) -> tuple[str, ...]:
    """Return what the kit did wrong at a target; nothing when it was right.

    Args:
        entry: The entry of the catalogue.
        ran: The run against its target.
        whole: Whether the whole register was driven.
    """
    if ran.status is None:
        return (f"the kit was not done after {ran.seconds:.0f} s",)
    if isinstance(entry, NoApi):
        return tuple(_of_no_api(entry, ran))
    if isinstance(entry, Fault):
        return tuple(_of_fault(entry, ran))
    return tuple(_of_behaviour(entry, ran, whole=whole))


def _of_behaviour(entry: Behaviour, ran: Ran, *, whole: bool) -> Iterator[str]:
    if not ran.report:
        yield f"no report, exit status {ran.status}: {ran.errors.strip()[-_LAST:]}"
        return
    for row in ran.report["requirements"]:
        is_wrong = row["verdict"] not in _SETTLED if row["level"] == "must" else row["verdict"] == "error"
        if is_wrong:
            yield f"{row['id']} {row['verdict']}: {row['remark']}"
    if whole and (ran.status != 0 or ran.report["verdict"] != "conformant"):
        yield f"{ran.report['verdict']}, exit status {ran.status}"
    if ran.seconds > entry.seconds:
        yield f"it took {ran.seconds:.0f} s, {entry.seconds:.0f} s are allowed"
    if entry.megabytes and ran.report.get("megabytes", 0) > entry.megabytes:
        yield f"it took {ran.report['megabytes']} MB, {entry.megabytes} MB are allowed"


def _of_no_api(entry: NoApi, ran: Ran) -> Iterator[str]:
    said = ran.errors.lower()
    if ran.status != entry.status:
        yield f"exit status {ran.status} instead of {entry.status}: {(ran.errors or ran.output).strip()[-_LAST:]}"
    for part in entry.says:
        if part.lower() not in said:
            yield f"{part!r} is not said: {ran.errors.strip()[-_LAST:]}"
    if ran.report:
        yield f"there is a verdict: {ran.report.get('verdict')}"
    if ran.seconds > entry.seconds:
        yield f"it took {ran.seconds:.0f} s, {entry.seconds:.0f} s are allowed"


def _of_fault(entry: Fault, ran: Ran) -> Iterator[str]:
    if not ran.report:
        yield f"no report, exit status {ran.status}: {ran.errors.strip()[-_LAST:]}"
        return
    # An option that is not offered has no cause.
    wrong = [row["id"] for row in ran.report["requirements"] if row["verdict"] in _BAD and row["level"] != "may"]
    if (ran.status, ran.report["verdict"]) != (1, entry.verdict):
        yield f"{ran.report['verdict']}, exit status {ran.status}, instead of {entry.verdict}"
    causes = ran.report.get("causes")
    if causes is None:
        yield f"the report has no causes; {len(wrong)} rows failed: {', '.join(wrong[:8])}"
        return
    if len(causes) != 1:
        yield f"{len(causes)} causes instead of one: {json.dumps(causes)[:_LAST]}"
    named = {row for cause in causes for row in cause["rows"]}
    if missing := [row for row in wrong if row not in named]:
        yield f"no cause names {', '.join(missing[:8])}"
    text = json.dumps(causes, ensure_ascii=False).lower()
    for part in entry.shows:
        if part.lower() not in text:
            yield f"{part!r} is in no cause: {text[:_LAST]}"
