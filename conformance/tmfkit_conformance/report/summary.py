"""``summary.md``: what a run came to, in Markdown, for a pull request or the log of a pipeline."""

from __future__ import annotations

from collections.abc import Iterator

from tmfkit_conformance.judge.verdict import Cause, Outcome
from tmfkit_conformance.report import wording
from tmfkit_conformance.report.legible import marked, shortened
from tmfkit_conformance.report.model import Report
from tmfkit_conformance.rules.rule import LEVELS

__all__ = ["summary_markdown"]

_MOST_CAUSES = 10
_MOST_ROWS = 5
_LIMIT = 300


def summary_markdown(report: Report) -> str:
    """Return the summary of a run: verdict, counts, causes with their first rows, waivers."""
    lines = [
        f"## {wording.TITLES[report.verdict]}: {marked(wording.document(report.contract))}",
        "",
        marked(wording.in_short(report)),
        "",
        *_counts(report),
        *_causes(report),
        *_waivers(report),
        "",
        f"{marked(report.base_url)}, tmfkit {marked(report.kit_version)}, bundle sha256 `{report.bundle.sha256[:16]}…`",
        "",
    ]
    return "\n".join(lines)


def _counts(report: Report) -> Iterator[str]:
    named = [name for name in wording.STANDINGS if any(report.counts(level)[name] for level in LEVELS)]
    heads = {**wording.STANDINGS, Outcome.FAIL.label: "does not hold"}  # only a must is said to have failed
    yield f"| | {' | '.join(heads[name] for name in named)} |"
    yield f"|---|{'---|' * len(named)}"
    for level in LEVELS:
        counts = report.counts(level)
        yield f"| {level} | {' | '.join(f'{counts[name]:,}' for name in named)} |"


def _causes(report: Report) -> Iterator[str]:
    if not report.causes:
        return
    yield ""
    yield f"### {wording.causes_title(report.causes)}"
    yield ""
    for number, cause in enumerate(report.causes[:_MOST_CAUSES], 1):
        yield from _cause(report, number, cause)
    if len(report.causes) > _MOST_CAUSES:
        yield ""
        yield f"{len(report.causes) - _MOST_CAUSES:,} more causes in report.html."


def _cause(report: Report, number: int, cause: Cause) -> Iterator[str]:
    title, whose = wording.cause_title(report, cause), wording.WHOSE[cause.whose]
    said, first = (marked(shortened(text, _LIMIT)) for text in (cause.summary, cause.first))
    yield f"{number}. **{title}**: {said}. {whose}. {first}."
    rows = ", ".join(f"`{row}`" for row in cause.rows[:_MOST_ROWS])
    more = f" and {len(cause.rows) - _MOST_ROWS:,} more" if len(cause.rows) > _MOST_ROWS else ""
    yield f"   {rows}{more}"


def _waivers(report: Report) -> Iterator[str]:
    if not report.declared.waivers:
        return
    yield ""
    yield "### Waived, which changes no verdict"
    yield ""
    for waiver in report.declared.waivers:
        needless = "; **not needed, the row holds**" if waiver.row in report.declared.needless else ""
        until = f"{marked(waiver.owner)}, until {waiver.expires}, {marked(waiver.issue)}"
        yield f"- `{waiver.row}` {marked(waiver.reason)} ({until}{needless})"
