"""What the files of a report say, held against their bundle, where they cannot be made anew.

Another kit writes other files, so that bytes prove nothing. What they repeat of the bundle has to be the same all the
same: the run, the recorded verdicts, what these add up to.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tmfkit_conformance.errors import UsageError
from tmfkit_conformance.judge.verdict import Judgement, Outcome, Verdict
from tmfkit_conformance.record.bundle import LARGEST_BYTES, Bundle
from tmfkit_conformance.report import wording
from tmfkit_conformance.report.differences import SavedReport
from tmfkit_conformance.report.folder import BUNDLE, RENDERED, STATEMENT
from tmfkit_conformance.report.legible import shortened
from tmfkit_conformance.report.model import Report
from tmfkit_conformance.report.statement import statement

__all__ = ["Contents"]

_REPORT: Final = "report.json"
_STATEMENT: Final = "statement.json"
_SHOWN: Final = 120

_OF_RUN: Final = (
    "api", "base_url", "bundle_sha256", "configured", "contact", "credentials", "dialect", "digests", "ended",
    "exchanges", "interrupted", "kit_version", "left_behind", "notifications", "operator", "phases", "seconds",
    "started", "subject",
)  # fmt: skip
"""Members of a report that repeat the bundle, whichever contract it was judged by."""

_OF_VERDICTS: Final = ("document", "musts", "summary", "verdict")
"""Members that follow from the recorded verdicts, by the contract that the run was judged by."""

_OF_ROW: Final = ("level", "verdict", "remark", "exchanges", "notifications")

_WORDED: Final = ("meaning", "issued", "key")
"""Members of a statement that do not follow from the bundle: words of a kit, the day, the key."""

_VERDICTS: Final[Mapping[str, tuple[str, ...]]] = {
    "report.html": ('<header class="verdict ([a-z-]+)">', "<h1>(.*?)</h1>", "<title>(.*?):"),
    "junit.xml": ('<property name="verdict" value="(.*?)"',),
    "summary.md": (r"\A## (.*?):",),
    "statement.html": ('<header class="([a-z-]+)">', '<p class="verdict">(.*?)</p>'),
    "statement.md": (r"\A# (.*?)\n",),
    "badge.svg": ('aria-label="[^"]*: (.*?)"', "<title>[^<]*: (.*?)</title>", r">([^<>]*)</text>\s*</svg>"),
}
"""File → where in it the verdict stands."""

_GREEN: Final = re.compile(r'<testcase\b[^>]*\bname="verdict"[^>]*/>')


@dataclass
class Contents:
    """Files that were not made anew, and what was found in them.

    Attributes:
        folder: Where they are.
        bundle: The evidence.
        report: The report that it gives here and now.
        whole: Names of the files all of whose members were held against the bundle, but for words.
        by_verdict: Names of those of which the verdict alone was.
        unread: Names of those in which no verdict was found.
        faults: What contradicts the bundle.
    """

    folder: Path
    bundle: Bundle
    report: Report
    whole: list[str] = field(default_factory=list)
    by_verdict: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def hold(self, stated: Mapping[str, Any] | None) -> None:
        """Hold every file against the bundle.

        Args:
            stated: What ``statement.json`` holds; None where there is none.

        Raises:
            UsageError: ``report.json`` cannot be read.
        """
        saved = SavedReport.read(self.folder / _REPORT)
        recorded = self._recorded()
        self.faults += [*self._in_report(saved, recorded), *self._in_rows(saved, recorded)]
        self.whole.append(_REPORT)
        if stated is not None:
            self.faults += self._in_statement(stated, saved, recorded)
            self.whole.append(_STATEMENT)
        for name in _VERDICTS:
            if name in RENDERED or (stated is not None and name in STATEMENT):
                self._hold_verdict(name, saved.verdict)

    def _recorded(self) -> Report | None:
        """Return the report that the recorded verdicts give; None where another contract than this one led to them."""
        contract = self.report.contract
        rows = {str(row.get("id")): row for row in self.bundle.verdicts}
        if self.bundle.run.get("contract_sha256") != contract.sha256 or {row.id for row in contract.requirements} != {
            *rows
        }:
            return None
        verdicts = (
            Verdict(
                name,
                Outcome.from_label(row["verdict"]),
                row.get("remark", ""),
                tuple(row.get("exchanges", ())),
                tuple(row.get("notifications", ())),
            )
            for name, row in rows.items()
        )
        return Report.of(self.bundle, Judgement(tuple(verdicts)), contract)

    def _in_report(self, saved: SavedReport, recorded: Report | None) -> Iterator[str]:
        here = self.report.to_json()
        expected = {name: here[name] for name in _OF_RUN}
        expected["contract_sha256"] = self.bundle.run.get("contract_sha256")
        if recorded is not None:
            there = recorded.to_json()
            expected |= {name: there[name] for name in _OF_VERDICTS}
        expected["waivers"] = self._waivers
        yield from _contradictions(_REPORT, saved.members, expected)
        claims = saved.members.get("claims", {})
        told = [claim for name in ("met", "unmet", "untested") for claim in claims.get(name, ())]
        if sorted(map(str, told)) != sorted(map(str, self.bundle.run.get("claims", ()))):
            yield f"{_REPORT}: the claims are not those of {BUNDLE}"
        if saved.verdict != saved.added_up:
            yield f"{_REPORT}: the verdict is {saved.verdict}, and its rows add up to {saved.added_up}"

    @property
    def _waivers(self) -> list[dict[str, Any]]:
        passed = {Outcome.PASS.label, Outcome.PASS_WITH_REMARK.label}
        standing = {str(row.get("id")): row.get("verdict") for row in self.bundle.verdicts}
        return [
            {**waiver, "needed": standing.get(waiver["row"]) not in passed}
            for waiver in self.bundle.run.get("waivers", ())
        ]

    def _in_rows(self, saved: SavedReport, recorded: Report | None) -> Iterator[str]:
        """Hold the rows of a report against the recorded verdicts; their levels, where the contract is this one."""
        lines = {} if recorded is None else {line.requirement.id: line.to_json() for line in recorded.lines}
        rows = {row["id"]: row for row in saved.rows}
        there = {str(row.get("id")): row for row in self.bundle.verdicts}
        for name in dict.fromkeys([*there, *rows]):
            told, kept = rows.get(name), there.get(name)
            verdicts = (told and told["verdict"], kept and kept.get("verdict"))
            if told is None or kept is None or verdicts[0] != verdicts[1]:
                yield f"{_REPORT}: {name} is {verdicts[0]}, and {verdicts[1]} in {BUNDLE}"
                continue
            expected = lines.get(name) or {**kept, "remark": kept.get("remark") or told.get("remark", "")}
            yield from _contradictions(
                f"{_REPORT}, {name}", told, {key: expected[key] for key in _OF_ROW if key in expected}
            )

    def _in_statement(self, stated: Mapping[str, Any], saved: SavedReport, recorded: Report | None) -> Iterator[str]:
        try:
            expected = statement(recorded or self.report, issued="", key="")
        except UsageError as exc:
            yield f"{_STATEMENT}: {exc.problem}"
            return
        of_verdicts = () if recorded else ("verdict", "musts", "not_tested", "document")
        expected |= {"contract_sha256": self.bundle.run.get("contract_sha256"), "waivers": self._waivers}
        for name in (*_WORDED, *of_verdicts):
            del expected[name]
        yield from _contradictions(_STATEMENT, stated, {**expected, "verdict": saved.verdict})

    def _hold_verdict(self, name: str, verdict: str) -> None:
        """Hold every place of a file where the verdict stands against the one that the rows add up to."""
        path = self.folder / name
        if not path.is_file():
            self.faults.append(f"{name} is missing")
            return
        text = path.read_text("utf-8", errors="replace") if path.stat().st_size <= LARGEST_BYTES else ""
        found = [re.search(pattern, text, re.DOTALL) for pattern in _VERDICTS[name]]
        if not all(found):
            self.unread.append(name)
            return
        self.by_verdict.append(name)
        allowed = {verdict, wording.TITLES[verdict], wording.TITLES[verdict].lower()}
        said = dict.fromkeys(html.unescape(match[1]) for match in found if match)
        if name == "junit.xml":
            said["conformant" if _GREEN.search(text) else "red"] = None
            allowed |= {"red"} if verdict != "conformant" else set()
        for word in said:
            if word not in allowed:
                self.faults.append(f"{name} says {shortened(word, _SHOWN)!r}, and the verdict is {verdict}")


def _contradictions(where: str, told: Mapping[str, Any], expected: Mapping[str, Any]) -> Iterator[str]:
    """Yield the members that are not as expected; one that is not there says nothing."""
    for name, value in expected.items():
        if name in told and not _is_within(told[name], value):
            there, here = (shortened(str(one), _SHOWN) for one in (told[name], value))
            yield f"{where}: {name} is {there}, and would be {here}"


def _is_within(told: Any, expected: Any) -> bool:
    """Say whether everything that is told is as expected; an earlier kit may tell less of an object."""
    if isinstance(told, dict) and isinstance(expected, dict):
        return all(name in expected and _is_within(value, expected[name]) for name, value in told.items())
    return bool(told == expected)
