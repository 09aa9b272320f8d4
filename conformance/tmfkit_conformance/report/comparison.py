"""Reports beside each other as one HTML page: what was fixed, what broke, what is unchanged.

The first report is what the others are held against. Counts are shown and no percentages: rows do not weigh the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tmfkit_conformance.report import wording
from tmfkit_conformance.report.differences import NONE, Difference, SavedReport, aligned
from tmfkit_conformance.report.html import environment
from tmfkit_conformance.rules.rule import LEVELS

__all__ = ["comparison_page", "development"]

_HOLDS: Final = frozenset({"pass", "pass-with-remark"})
_GROUPS: Final = {
    "broken": "Broken: held in the first and fails in a later one",
    "fixed": "Fixed: did not hold in the first and holds in all later ones",
    "changed": "Changed otherwise",
    "unchanged": "Unchanged",
}


@dataclass(frozen=True, slots=True)
class _Row:
    """One requirement, and how it stands in each report."""

    requirement: str
    level: str
    text: str
    cells: tuple[tuple[str, str], ...]


def development(verdicts: Sequence[str]) -> str:
    """Return how a row developed from the first report on: ``broken``, ``fixed``, ``changed`` or ``unchanged``."""
    first, later = verdicts[0], verdicts[1:]
    if all(one == first for one in later):
        return "unchanged"
    if first in _HOLDS and "fail" in later:
        return "broken"
    if first not in _HOLDS and first != NONE and all(one in _HOLDS for one in later):
        return "fixed"
    return "changed"


def comparison_page(reports: Sequence[SavedReport]) -> str:
    """Return the page.

    Raises:
        UsageError: The reports are about different APIs.
    """
    rows = {row["id"]: row for report in reversed(reports) for row in report.rows}
    groups: dict[str, list[_Row]] = {name: [] for name in _GROUPS}
    for one in aligned(reports):
        groups[development(one.verdicts)].append(_row(one, rows[one.requirement]))
    return (
        environment()
        .get_template("comparison.html.j2")
        .render(
            reports=[_column(number, report) for number, report in enumerate(reports, 1)],
            groups=[(name, title, groups[name]) for name, title in _GROUPS.items()],
            api=reports[0].api,
            plural=wording.plural,
        )
    )


def _row(one: Difference, row: dict[str, str]) -> _Row:
    level = str(row.get("level", ""))
    cells = tuple((name, "not there" if name == NONE else wording.standing(level, name)) for name in one.verdicts)
    return _Row(one.requirement, level, str(row.get("text", "")), cells)


def _column(number: int, report: SavedReport) -> dict[str, object]:
    counted = {level: Counter(row["verdict"] for row in report.rows if row.get("level") == level) for level in LEVELS}
    return {
        "number": number,
        "name": report.name,
        "verdict": report.verdict,
        "title": wording.TITLES.get(report.verdict, report.verdict),
        "made": f"tmfkit {report.kit_version}, contract {report.contract_sha256[:12]}",
        "causes": "" if report.causes is None else wording.plural(report.causes, "cause"),
        "counts": {level: _said(level, counts) for level, counts in counted.items()},
    }


def _said(level: str, counts: Counter[str]) -> str:
    names = [name for name in wording.STANDINGS if counts[name]]
    return ", ".join(f"{counts[name]:,} {wording.standing(level, name, counts[name])}" for name in names)
