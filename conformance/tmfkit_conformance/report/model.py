"""What every report says, in one object: the verdicts of a run beside the rows they are about.

The object holds nothing that is not in the bundle, the judgement or the contract, so the same bundle always gives the
same reports.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tmfkit_conformance.errors import KitDefect
from tmfkit_conformance.judge.unserved import Unserved, unserved
from tmfkit_conformance.judge.verdict import Cause, Judgement, Outcome, Verdict
from tmfkit_conformance.plan import plan
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.report.circumstances import Circumstances
from tmfkit_conformance.report.declared import Declared
from tmfkit_conformance.rules.rule import LEVELS, Case
from tmfkit_models.contracts import Contract, Requirement

__all__ = ["NOT_SETTLEABLE", "Line", "Report", "SelfTestRow"]

NOT_SETTLEABLE = "not-settleable"
"""Standing of a row that nothing outside the target can settle."""


@dataclass(frozen=True, slots=True)
class SelfTestRow:
    """One broken variant of the reference server, and whether the check of the requirement catches it."""

    requirement: str
    variant: str
    caught: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One requirement with its verdict."""

    case: Case
    verdict: Verdict

    @property
    def requirement(self) -> Requirement:
        """The row of the register."""
        return self.case.requirement

    @property
    def outcome(self) -> Outcome:
        """The outcome of its check."""
        return self.verdict.outcome

    @property
    def standing(self) -> str:
        """The outcome's label, or ``not-settleable`` for a row that no check can settle."""
        if self.case.probe is None and self.outcome is Outcome.NOT_APPLICABLE:
            return NOT_SETTLEABLE
        return self.outcome.label

    @property
    def remark(self) -> str:
        """What is to be said about the verdict; the register's reason where no check can settle the row."""
        return self.verdict.remark or self.requirement.reason

    def to_json(self) -> dict[str, Any]:
        """Return the line as a JSON object."""
        row, verdict = self.requirement, self.verdict
        return {
            "id": row.id,
            "level": row.level,
            "kind": row.kind,
            "operation": row.operation,
            "subject": row.subject,
            "text": row.text,
            "source": {"section": row.section, "line": row.line, "basis": row.basis},
            "errata": list(row.errata),
            "probe": self.case.probe.key if self.case.probe else "",
            "settleable": self.case.probe is not None,
            "verdict": verdict.outcome.label,
            "remark": self.remark,
            "exchanges": list(verdict.exchanges),
            "notifications": list(verdict.notifications),
        }


@dataclass(frozen=True)
class Report:
    """A run, judged.

    Attributes:
        contract: The contract that it was judged by.
        bundle: The evidence.
        judgement: The verdicts and findings.
        lines: One line for every row of the register, in its order.
        self_test: Which broken servers this kit is known to catch; empty when that was not run.
    """

    contract: Contract
    bundle: Bundle
    judgement: Judgement
    lines: tuple[Line, ...]
    self_test: tuple[SelfTestRow, ...] = ()

    @classmethod
    def of(
        cls, bundle: Bundle, judgement: Judgement, contract: Contract, *, self_test: tuple[SelfTestRow, ...] = ()
    ) -> Report:
        """Put the verdicts beside the rows they are about.

        Raises:
            KitDefect: A row of the register has no verdict.
        """
        verdicts = {verdict.requirement: verdict for verdict in judgement.verdicts}
        cases = plan(contract)
        for case in cases:
            if case.requirement.id not in verdicts:
                raise KitDefect(case.requirement.id, "the judge gave no verdict", "Report it with the bundle")
        return cls(
            contract, bundle, judgement, tuple(Line(case, verdicts[case.requirement.id]) for case in cases), self_test
        )

    @property
    def verdict(self) -> str:
        """``conformant``, ``not-conformant`` or ``incomplete``, which an interrupted run always is."""
        return (
            "incomplete"
            if self.is_interrupted
            else self.judgement.overall(line.requirement.id for line in self.level("must"))
        )

    @property
    def exit_status(self) -> int:
        """What the command ends with.

        4 when a check of the kit itself failed, whatever else was found; 3 when the run was interrupted; 0 conformant;
        1 not conformant or incomplete.
        """
        if any(line.outcome is Outcome.ERROR for line in self.lines):
            return 4
        if self.is_interrupted:
            return 3
        return 0 if self.verdict == "conformant" else 1

    @property
    def gate_status(self) -> int:
        """What ``run`` ends with: as the verdict has it, but for what was declared.

        With the gate ``waivers`` it is 0 when every must that failed is waived, whatever is left open. A waiver that is
        not needed and a claim that is not met, or could not be tested, make it 1.
        """
        decisive = {line.requirement.id: line.outcome for line in self.level("must")}
        is_waived = self.bundle.run.get("gate") == "waivers" and self.declared.excuses(decisive)
        status = 0 if self.exit_status == 1 and is_waived else self.exit_status
        return 1 if status == 0 and not self.declared.is_kept else status

    @functools.cached_property
    def declared(self) -> Declared:
        """The waivers and claims of the run, held against what was found."""
        outcomes = {line.requirement.id: line.outcome for line in self.lines}
        return Declared.of(self.bundle, self.contract, outcomes)

    @property
    def is_interrupted(self) -> bool:
        """Whether the run was broken off from outside before its end."""
        return bool(self.bundle.run.get("interrupted"))

    @property
    def contact(self) -> tuple[str, ...]:
        """What the first contact with the target showed, a sentence each."""
        return tuple(map(str, self.bundle.run.get("contact", ())))

    @property
    def causes(self) -> tuple[Cause, ...]:
        """Why rows failed or are open, in the order in which they are told."""
        return self.judgement.causes

    def lines_of(self, cause: Cause) -> tuple[Line, ...]:
        """Return the lines that suffer from a cause, the one that says it first."""
        return tuple(self._line_of[row] for row in cause.rows if row in self._line_of)

    def _number_of(self, line: Line) -> int:
        return self.caused[line.requirement.id][0] if line.requirement.id in self.caused else 0

    @functools.cached_property
    def _line_of(self) -> dict[str, Line]:
        return {line.requirement.id: line for line in self.lines}

    @functools.cached_property
    def caused(self) -> dict[str, tuple[int, Cause]]:
        """Id of a row → the number of its cause, and the cause."""
        return {row: (number, cause) for number, cause in enumerate(self.causes, 1) for row in cause.rows}

    @property
    def base_url(self) -> str:
        """Address of the target."""
        return str(self.bundle.run.get("base_url", ""))

    @property
    def kit_version(self) -> str:
        """Version of the kit that made the bundle."""
        return str(self.bundle.run.get("kit_version", ""))

    @functools.cached_property
    def unserved(self) -> Unserved | None:
        """How everything was answered, when nothing was answered with success."""
        return unserved(self.bundle)

    @property
    def phases(self) -> tuple[str, ...]:
        """The phases that were run."""
        return tuple(self.bundle.run.get("phases", ()))

    @property
    def dialect(self) -> Mapping[str, Mapping[str, str]]:
        """Resource → attribute → the other name of the document under which the target takes it."""
        return {name: spoken for name, spoken in self.bundle.run.get("dialect", {}).items() if spoken}

    @functools.cached_property
    def circumstances(self) -> Circumstances:
        """When, of what and by whom the run was made, and with which settings."""
        return Circumstances.of(self.bundle)

    @property
    def configured(self) -> tuple[str, ...]:
        """What the vendor configured for bodies, one line an entry."""
        return tuple(self.bundle.run.get("configured", ()))

    @property
    def left_behind(self) -> tuple[str, ...]:
        """Addresses of what the run made at the target and could not delete again."""
        return tuple(self.bundle.run.get("left_behind", ()))

    @property
    def seconds(self) -> float:
        """How long the run took, in seconds."""
        return float(self.bundle.run.get("seconds", 0.0))

    def level(self, level: str) -> tuple[Line, ...]:
        """Return the lines of one level."""
        return tuple(line for line in self.lines if line.requirement.level == level)

    def lines_with(self, *outcomes: Outcome, levels: tuple[str, ...] = LEVELS) -> tuple[Line, ...]:
        """Return the lines with one of these outcomes, of these levels."""
        return tuple(line for line in self.lines if line.outcome in outcomes and line.requirement.level in levels)

    def counts(self, level: str) -> dict[str, int]:
        """Return standing → number of lines of one level, every standing named."""
        counted = Counter(line.standing for line in self.level(level))
        return {standing: counted[standing] for standing in [*(outcome.label for outcome in Outcome), NOT_SETTLEABLE]}

    def to_json(self) -> dict[str, Any]:
        """Return ``report.json``."""
        contract, counts = self.contract, self.counts("must")
        return {
            "verdict": self.verdict,
            "api": contract.id,
            "document": {"number": contract.number, "title": contract.title, "release": contract.release},
            "kit_version": self.kit_version,
            "contract_sha256": contract.sha256,
            "bundle_sha256": self.bundle.sha256,
            "base_url": self.base_url,
            **self.circumstances.to_json(),
            "configured": list(self.configured),
            **self.declared.to_json(),
            "unserved": self.unserved.answers if self.unserved else {},
            "interrupted": self.is_interrupted,
            "contact": list(self.contact),
            "phases": list(self.phases),
            "dialect": {name: dict(spoken) for name, spoken in self.dialect.items()},
            "left_behind": list(self.left_behind),
            "seconds": self.seconds,
            "exchanges": len(self.bundle.exchanges),
            "notifications": len(self.bundle.notifications),
            "summary": {level: _by_outcome(self.level(level)) for level in LEVELS},
            "musts": {
                "settled": sum(
                    counts[outcome.label] for outcome in (Outcome.PASS, Outcome.PASS_WITH_REMARK, Outcome.FAIL)
                ),
                "skipped": counts["skip"],
                "blocked": counts["blocked"],
                "not_applicable": counts["not-applicable"],
                "not_settleable": counts[NOT_SETTLEABLE],
                "errors": counts["error"],
            },
            "causes": [{"number": number, **cause.to_json()} for number, cause in enumerate(self.causes, 1)],
            "requirements": [{**line.to_json(), "cause": self._number_of(line)} for line in self.lines],
            "findings": [asdict(finding) for finding in self.judgement.findings],
            "coverage": self.judgement.coverage,
            "self_test": [asdict(row) for row in self.self_test],
        }


def _by_outcome(lines: tuple[Line, ...]) -> dict[str, int]:
    counted = Counter(line.outcome for line in lines)
    return {outcome.label: counted[outcome] for outcome in Outcome}
