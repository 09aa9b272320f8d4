"""The statement of conformance: what a run came to, frozen, for whoever files it.

One page to print, Markdown, JSON (``docs/schemas/statement.schema.json``) and a badge, all made from one object.
Besides the report it holds only the day on which it was issued and the key that is going to sign it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from markupsafe import escape

from tmfkit_conformance.errors import UsageError
from tmfkit_conformance.judge.verdict import Outcome
from tmfkit_conformance.report import wording
from tmfkit_conformance.report.folder import STATEMENT
from tmfkit_conformance.report.html import environment
from tmfkit_conformance.report.legible import marked, one_line
from tmfkit_conformance.report.model import NOT_SETTLEABLE, Report
from tmfkit_conformance.rules.phases import PHASES

__all__ = ["badge", "statement", "statement_files"]

_FORM: Final = "tmfkit-statement-1"
"""Name of the form of ``statement.json``."""

_UNTESTED: Final = (Outcome.SKIP.label, Outcome.BLOCKED.label, Outcome.NOT_APPLICABLE.label, NOT_SETTLEABLE)
_COLOURS: Final = {"conformant": "#146c2e", "not-conformant": "#a31621", "incomplete": "#7a5200"}
_LETTER_WIDTH: Final = 6.6
_PADDING: Final = 9


def statement(report: Report, *, issued: str, key: str) -> dict[str, Any]:
    """Return the statement on a run.

    Args:
        report: The report of the run.
        issued: Day on which the statement is made, ``YYYY-MM-DD``.
        key: Id of the key that is going to sign it; empty for none.

    Raises:
        UsageError: The run does not say what product was tested, or by whom.
    """
    it, contract = report.circumstances, report.contract
    for option, said in (("--subject", it.product), ("--operator", it.operator)):
        if not said:
            remedy = f"Run again with {option}; a statement names only what the run has recorded"
            raise UsageError(option, "the run does not say it, and a statement needs it", remedy)
    return {
        "form": _FORM,
        "verdict": report.verdict,
        "meaning": wording.in_short(report),
        "product": it.product,
        "product_version": it.version,
        "operator": it.operator,
        "target": report.base_url,
        "api": contract.id,
        "document": {"number": contract.number, "title": contract.title, "release": contract.release},
        "contract_sha256": contract.sha256,
        "run_started": it.started,
        "run_ended": it.ended,
        "issued": issued,
        "musts": {name: count for name, count in report.counts("must").items() if count},
        "waivers": report.declared.to_json()["waivers"],
        "not_tested": _not_tested(report),
        "phases_left_out": [phase for phase in PHASES if phase not in report.phases],
        "kit_version": report.kit_version,
        "kit_sha256": it.digests.get("kit", ""),
        "bundle_sha256": report.bundle.sha256,
        "key": key,
    }


def statement_files(report: Report, *, issued: str, key: str) -> dict[str, bytes]:
    """Return the files of the statement on a run; the same run, day and key always give the same bytes.

    Raises:
        UsageError: The run does not say what product was tested, or by whom.
    """
    plain = statement(report, issued=issued, key=key)
    shown = {
        **plain,
        "title": wording.TITLES[report.verdict],
        "named": wording.document(report.contract),
        "musts": _counted(plain["musts"]),
    }
    contents = (
        environment().get_template("statement.html.j2").render(shown, period=report.circumstances.period),
        _markdown(shown, report.circumstances.period),
        json.dumps(plain, indent=2) + "\n",
        badge(report),
    )
    return dict(zip(STATEMENT, (content.encode() for content in contents), strict=True))


def badge(report: Report) -> str:
    """Return the badge of a run, an SVG image: the document on the left, the verdict on the right."""
    left = f"{report.contract.number} {report.contract.release}"
    right = wording.TITLES[report.verdict].lower()
    first, second = (round(len(text) * _LETTER_WIDTH) + 2 * _PADDING for text in (left, right))
    label = f"{left}: {right}"
    text = 'text-anchor="middle" font-family="Verdana, DejaVu Sans, sans-serif" font-size="11" fill="#fff"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{first + second}" height="22" role="img"'
        f' aria-label="{escape(label)}">\n<title>{escape(label)}</title>\n'
        f'<rect width="{first}" height="22" fill="#3b4148"/>\n'
        f'<rect x="{first}" width="{second}" height="22" fill="{_COLOURS[report.verdict]}"/>\n'
        f'<text x="{first / 2:g}" y="15" {text}>{escape(left)}</text>\n'
        f'<text x="{first + second / 2:g}" y="15" {text}>{escape(right)}</text>\n</svg>\n'
    )


def _not_tested(report: Report) -> list[dict[str, Any]]:
    """Return the musts that no check settled, those with the same reason together."""
    found: dict[tuple[str, str], list[str]] = {}
    for line in report.level("must"):
        if line.standing in _UNTESTED:
            found.setdefault((line.standing, one_line(line.remark)), []).append(line.requirement.id)
    return [{"standing": standing, "why": why, "requirements": rows} for (standing, why), rows in found.items()]


def _counted(musts: dict[str, int]) -> str:
    said = (f"{musts[name]:,} {words}" for name, words in wording.STANDINGS.items() if musts.get(name))
    return ", ".join(said)


def _markdown(shown: dict[str, Any], period: str) -> str:
    facts = {
        "Product": f"{shown['product']}, version {shown['product_version']}",
        "Document": f"{shown['named']} ({shown['api']})",
        "Target": shown["target"],
        "Run": f"{period}, by {shown['operator']}",
        "Issued": shown["issued"],
        "Musts": shown["musts"],
        "Phases left out": ", ".join(shown["phases_left_out"]) or "none",
        "Contract": f"sha256 {shown['contract_sha256']}",
        "Kit": f"tmfkit {shown['kit_version']}, sha256 {shown['kit_sha256']}",
        "Evidence": f"bundle.zip, sha256 {shown['bundle_sha256']}",
        "Key": shown["key"] or "none",
    }
    lines = [f"# {shown['title']}", "", marked(shown["meaning"]), "", "| | |", "|---|---|"]
    lines += [f"| {name} | {marked(value)} |" for name, value in facts.items()]
    lines += _section("Waived", (_waived(entry) for entry in shown["waivers"]))
    lines += _section("Not tested", (_untested(entry) for entry in shown["not_tested"]))
    return "\n".join([*lines, ""])


def _section(title: str, entries: Iterable[str]) -> list[str]:
    listed = [f"- {marked(entry)}" for entry in entries]
    return ["", f"## {title}", "", *(listed or ["Nothing."])]


def _waived(entry: dict[str, Any]) -> str:
    needed = "" if entry["needed"] else "; not needed, the row holds"
    return f"{entry['row']}: {entry['reason']} ({entry['owner']}, until {entry['expires']}, {entry['issue']}{needed})"


def _untested(entry: dict[str, Any]) -> str:
    return f"{', '.join(entry['requirements'])} ({wording.STANDINGS[entry['standing']]}): {entry['why']}"
