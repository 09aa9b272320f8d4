"""Verdicts side by side: those a bundle has recorded and those it gives now, those of several reports."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tmfkit_conformance.errors import UsageError
from tmfkit_conformance.judge.verdict import Judgement
from tmfkit_conformance.record.bundle import Bundle

__all__ = ["Difference", "SavedReport", "changes", "recomputed"]

_NONE = "(none)"


@dataclass(frozen=True, slots=True)
class Difference:
    """One requirement whose verdicts differ.

    Attributes:
        requirement: Id of the row.
        verdicts: What each side says, ``(none)`` where a side does not have the row.
    """

    requirement: str
    verdicts: tuple[str, ...]


@dataclass(frozen=True)
class SavedReport:
    """A ``report.json`` read back, as far as a comparison needs it.

    Attributes:
        path: Where it was read from.
        api: Id of the API.
        verdict: Verdict of the run.
        kit_version: Version of the kit that made it.
        contract_sha256: Digest of the contract that it was judged by.
        bundle_sha256: Digest of the bundle that it was made from.
        verdicts: Id of the requirement → its verdict.
    """

    path: Path
    api: str
    verdict: str
    kit_version: str
    contract_sha256: str
    bundle_sha256: str
    verdicts: dict[str, str]

    @classmethod
    def read(cls, path: Path) -> SavedReport:
        """Read a report.

        Raises:
            UsageError: There is no such file, or it is not a report of this kit.
        """
        try:
            plain = json.loads(path.read_bytes())
            verdicts = {row["id"]: row["verdict"] for row in plain["requirements"]}
            names = ("api", "verdict", "kit_version", "contract_sha256", "bundle_sha256")
            return cls(path, verdicts=verdicts, **{name: str(plain[name]) for name in names})
        except (OSError, ValueError, KeyError, TypeError) as exc:
            problem = f"cannot be read as a report ({type(exc).__name__}: {exc})"
            raise UsageError(str(path), problem, "Give the report.json that `run` wrote") from exc


def changes(reports: Sequence[SavedReport]) -> tuple[Difference, ...]:
    """Return the requirements whose verdicts differ between reports, in the order in which the reports name them.

    Raises:
        UsageError: The reports are about different APIs.
    """
    apis = sorted({report.api for report in reports})
    if len(apis) > 1:
        raise UsageError(
            str(reports[-1].path),
            f"the reports are about different APIs ({', '.join(apis)})",
            "Compare reports of one API",
        )
    names = dict.fromkeys(name for report in reports for name in report.verdicts)
    found = (Difference(name, tuple(report.verdicts.get(name, _NONE) for report in reports)) for name in names)
    return tuple(difference for difference in found if len(set(difference.verdicts)) > 1)


def recomputed(bundle: Bundle, judgement: Judgement) -> tuple[Difference, ...]:
    """Return where a bundle's recorded verdicts are not those that it gives now.

    Everything counts: the outcome, the remark, and which exchanges and notifications show it.
    """
    recorded = {str(row.get("id")): row for row in bundle.verdicts}
    given = {verdict.requirement: verdict.to_json() for verdict in judgement.verdicts}
    names = dict.fromkeys([*recorded, *given])
    return tuple(
        _difference(name, recorded.get(name), given.get(name))
        for name in names
        if recorded.get(name) != given.get(name)
    )


def _difference(name: str, recorded: dict[str, Any] | None, given: dict[str, Any] | None) -> Difference:
    labels = tuple(row["verdict"] if row else _NONE for row in (recorded, given))
    if recorded and given and labels[0] == labels[1]:
        parts = [key for key in given if recorded.get(key) != given[key]]
        labels = (labels[0], f"{labels[1]}, but for {' and '.join(parts)}")
    return Difference(name, labels)
