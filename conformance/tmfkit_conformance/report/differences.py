"""Verdicts side by side: those a bundle has recorded and those it gives now, those of several reports."""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import jsonschema_rs

from tmfkit_conformance.errors import UsageError
from tmfkit_conformance.judge.verdict import Judgement, Outcome, Verdict
from tmfkit_conformance.record import reading
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.report.legible import shortened
from tmfkit_conformance.rules.rule import LEVELS

__all__ = ["NONE", "Difference", "SavedReport", "aligned", "changes", "recomputed", "renamed"]

NONE: Final = "(none)"
"""What stands where a report does not have a row."""

_LARGEST_BYTES: Final = 64 * 1024 * 1024
"""Size of a report that is read; that of the largest API with all phases has some two million bytes."""

_SHOWN: Final = 200
_TEXTS: Final = ("api", "verdict", "kit_version", "contract_sha256", "bundle_sha256")

_FIRST_OUTCOMES = tuple(outcome.label for outcome in Outcome if outcome is not Outcome.BLOCKED)
"""Outcomes of a kit that did not yet write into a bundle which ones it has."""


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
        causes: How many causes it names; None for a report of a kit that knew none.
        added_up: What its rows add up to, which the verdict has to be.
        name: What a reader knows it by: the product where one is named, else the address, and when it was tested.
        rows: Its rows.
        members: All that it says, as it says it.
    """

    path: Path
    api: str
    verdict: str
    kit_version: str
    contract_sha256: str
    bundle_sha256: str
    verdicts: dict[str, str]
    causes: int | None = None
    added_up: str = ""
    name: str = ""
    rows: tuple[dict[str, Any], ...] = ()
    members: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> SavedReport:
        """Read a report.

        Raises:
            UsageError: There is no such file, or it is not a report of this kit.
        """
        try:
            plain = reading.file_value(path, most_bytes=_LARGEST_BYTES)
            _check_form(plain)
        except (OSError, ValueError) as exc:
            problem = f"cannot be read as a report ({type(exc).__name__}: {exc})"
            raise UsageError(str(path), problem, "Give the report.json that `run` wrote") from exc
        return cls(
            path,
            verdicts={row["id"]: row["verdict"] for row in plain["requirements"]},
            causes=len(plain["causes"]) if "causes" in plain else None,
            added_up=_added_up(plain),
            name=_name(plain),
            rows=tuple(plain["requirements"]),
            members=plain,
            **{name: plain[name] for name in _TEXTS},
        )


def _check_form(plain: Any) -> None:
    """Refuse what is not of the form of a report, as far as it is read.

    Raises:
        ValueError: It is not.
    """
    for error in _validator().iter_errors(plain):
        where = "/".join(map(str, error.instance_path)) or "the whole file"
        raise ValueError(f"{where}: {shortened(error.message, _SHOWN)}")


@functools.cache
def _validator() -> jsonschema_rs.Draft202012Validator:
    text: Mapping[str, Any] = {"type": "string"}
    row = {
        "type": "object",
        "required": ["id", "level", "verdict"],
        "properties": {
            "id": text,
            "level": {"enum": list(LEVELS)},
            "verdict": {"enum": [outcome.label for outcome in Outcome]},
            "text": text,
        },
    }
    return jsonschema_rs.Draft202012Validator(
        {
            "type": "object",
            "required": [*_TEXTS, "requirements"],
            "properties": {
                **dict.fromkeys((*_TEXTS, "base_url", "started"), text),
                "verdict": {"enum": ["conformant", "not-conformant", "incomplete"]},
                "requirements": {"type": "array", "items": row},
                "causes": {"type": "array", "items": {"type": "object"}},
                "interrupted": {"type": "boolean"},
                "subject": {"type": "object", "properties": {"product": text, "version": text}},
            },
        }
    )


def _added_up(plain: Mapping[str, Any]) -> str:
    """Return the verdict that the rows of a report give; an interrupted run is incomplete."""
    if plain.get("interrupted"):
        return "incomplete"
    rows = [(row["id"], row["level"], Outcome.from_label(row["verdict"])) for row in plain["requirements"]]
    if any(outcome is Outcome.ERROR for _, _, outcome in rows):
        return str(plain["verdict"])  # kits have added up their own failures in two ways
    verdicts = tuple(Verdict(name, outcome) for name, _, outcome in rows)
    return Judgement(verdicts).overall(name for name, level, _ in rows if level == "must")


def _name(plain: Mapping[str, Any]) -> str:
    subject = plain.get("subject", {})
    product = f"{subject.get('product', '')} {subject.get('version', '')}".strip() or plain.get("base_url", "")
    return f"{product}, {plain['started'][:10]}" if plain.get("started") else product


def changes(reports: Sequence[SavedReport]) -> tuple[Difference, ...]:
    """Return the requirements whose verdicts differ between reports, in the order in which the reports name them.

    Raises:
        UsageError: The reports are about different APIs.
    """
    return tuple(difference for difference in aligned(reports) if len(set(difference.verdicts)) > 1)


def aligned(reports: Sequence[SavedReport]) -> tuple[Difference, ...]:
    """Return every requirement with its verdict in each report, in the order in which the reports name them.

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
    return tuple(Difference(name, tuple(report.verdicts.get(name, NONE) for report in reports)) for name in names)


def _is_of_older_kit(bundle: Bundle) -> bool:
    """Say whether the kit that made a bundle had fewer outcomes than this one: then its words are not these either."""
    return not {outcome.label for outcome in Outcome} <= set(bundle.run.get("outcomes", ()))


def recomputed(bundle: Bundle, judgement: Judgement) -> tuple[Difference, ...]:
    """Return where a bundle's recorded verdicts are not those that it gives now.

    Everything counts: the outcome, the remark, and which exchanges and notifications show it. Of a bundle of an older
    kit the outcome alone counts, and one that this kit did not have is none that differs from a skip or a fail.
    """
    recorded = {str(row.get("id")): row for row in bundle.verdicts}
    given = {verdict.requirement: verdict.to_json() for verdict in judgement.verdicts}
    differ = functools.partial(_is_other_outcome, bundle) if _is_of_older_kit(bundle) else operator.ne
    names = dict.fromkeys([*recorded, *given])
    return tuple(
        _difference(name, recorded.get(name), given.get(name))
        for name in names
        if differ(recorded.get(name), given.get(name))
    )


def renamed(bundle: Bundle, judgement: Judgement) -> tuple[str, ...]:
    """Return the requirements that have an outcome now that the kit which made the bundle did not have."""
    if not _is_of_older_kit(bundle):
        return ()
    recorded = {str(row.get("id")): row for row in bundle.verdicts}
    given = ((verdict.requirement, verdict.outcome.label) for verdict in judgement.verdicts)
    return tuple(name for name, label in given if name in recorded and _is_new_name(bundle, recorded[name], label))


def _is_other_outcome(bundle: Bundle, recorded: dict[str, Any] | None, given: dict[str, Any] | None) -> bool:
    if recorded is None or given is None:
        return True
    return recorded["verdict"] != given["verdict"] and not _is_new_name(bundle, recorded, given["verdict"])


def _is_new_name(bundle: Bundle, recorded: dict[str, Any], label: str) -> bool:
    """Say whether an outcome stands where an older kit could say only that a row was skipped or had failed."""
    known = bundle.run.get("outcomes", _FIRST_OUTCOMES)
    return label not in known and recorded["verdict"] in (Outcome.SKIP.label, Outcome.FAIL.label)


def _difference(name: str, recorded: dict[str, Any] | None, given: dict[str, Any] | None) -> Difference:
    labels = tuple(row["verdict"] if row else NONE for row in (recorded, given))
    if recorded and given and labels[0] == labels[1]:
        parts = [key for key in given if recorded.get(key) != given[key]]
        labels = (labels[0], f"{labels[1]}, but for {' and '.join(parts)}")
    return Difference(name, labels)
