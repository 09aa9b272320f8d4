"""Whether the files of a report belong together, and what verdict their evidence gives.

Where kit, contract and judging libraries are those that the run was judged with, every file is made anew and compared
byte by byte. Elsewhere only verdicts can be compared, and what they were judged with is said.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tmfkit_conformance.errors import UsageError
from tmfkit_conformance.proof.attestation import Origin, origin_of
from tmfkit_conformance.proof.keys import PublicKeys
from tmfkit_conformance.proof.provenance import differences
from tmfkit_conformance.proof.reporting import rejudged
from tmfkit_conformance.record import reading
from tmfkit_conformance.record.bundle import LARGEST_BYTES, Bundle
from tmfkit_conformance.report.differences import Difference, SavedReport, recomputed, renamed
from tmfkit_conformance.report.folder import ATTESTATION, BUNDLE, FILES, RECEIPT, STATEMENT, rendered
from tmfkit_conformance.report.legible import shortened
from tmfkit_conformance.report.model import Report
from tmfkit_conformance.report.statement import statement_files
from tmfkit_models import contracts

__all__ = ["Verification", "saved_statement", "verified"]

_SHOWN: Final = 120
_OF_NOTHING: Final = hashlib.sha256().hexdigest()
"""Digest of the receipt of a run that made nothing; there need be no such file then."""

_LARGEST_STATEMENT_BYTES: Final = 4 * 1024 * 1024

_REPORT: Final = "report.json"
_STATEMENT: Final = "statement.json"


@dataclass(frozen=True)
class Verification:
    """What came of it.

    Attributes:
        report: The report that the bundle gives here and now.
        folder: Where the files are; None where a bundle alone was verified.
        judged_otherwise: What the run was judged with that is not what judges here; empty where all is the same.
        changes: Rows whose recorded verdicts are not those that the bundle gives now.
        blocked_now: Rows that are blocked now, which the kit of the bundle could not say.
        faults: What does not belong together.
        compared: Names of the files that were found to be right.
        origin: Who vouches for the files.
    """

    report: Report
    folder: Path | None
    judged_otherwise: tuple[str, ...]
    changes: tuple[Difference, ...]
    blocked_now: tuple[str, ...]
    faults: tuple[str, ...]
    compared: tuple[str, ...]
    origin: Origin

    @property
    def exit_status(self) -> int:
        """0 conformant, 1 not conformant or incomplete, 5 when something does not belong together."""
        if self.faults:
            return 5
        return 0 if self.report.exit_status == 0 else 1


def verified(path: Path, trusted: PublicKeys | None, *, is_to_be_filed: bool = False) -> Verification:
    """Verify a bundle, or the folder of a report.

    Args:
        path: The bundle or the folder. A ``bundle.zip`` beside a ``report.json`` stands for their folder.
        trusted: Keys one of which has to have signed the files; None asks for no signature.
        is_to_be_filed: Whether a signature that is there already does not matter, because it is replaced.

    Raises:
        UsageError: It cannot be read, is over a limit, or is about an API that this kit does not have.
    """
    folder = _folder_of(path)
    bundle_path = folder / BUNDLE if folder else path
    bundle = Bundle.read(bundle_path)
    contract = _contract_of(bundle, bundle_path)
    try:
        return _compared(bundle, contract, folder, trusted, is_to_be_filed=is_to_be_filed)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as exc:
        problem = f"holds what no run writes ({type(exc).__name__}: {exc})"
        raise UsageError(str(bundle_path), problem, "Give the files as `run` wrote them") from exc


def _compared(
    bundle: Bundle,
    contract: contracts.Contract,
    folder: Path | None,
    trusted: PublicKeys | None,
    *,
    is_to_be_filed: bool,
) -> Verification:
    report = rejudged(bundle, contract)
    others = _judged_otherwise(bundle, report.contract)
    changes = recomputed(bundle, report.judgement)
    faults = [] if others else list(_wrong_verdicts(changes))
    compared: dict[str, bytes] = {}
    if folder:
        checked = _saved_report(folder, bundle) if others else _files(folder, report, compared)
        stated = _statement(folder, report, compared, is_remade=not others)
        faults += [*checked, *stated, *_receipt(folder, bundle), *_strange(folder)]
    origin = Origin(is_signed=False) if is_to_be_filed else origin_of(folder, report, trusted)
    return Verification(
        report=report,
        folder=folder,
        judged_otherwise=tuple(others),
        changes=changes,
        blocked_now=renamed(bundle, report.judgement),
        faults=(*faults, *origin.faults),
        compared=tuple(compared),
        origin=origin,
    )


def _folder_of(path: Path) -> Path | None:
    if path.is_dir():
        return path
    return path.parent if path.name == BUNDLE and (path.parent / _REPORT).exists() else None


def _contract_of(bundle: Bundle, path: Path) -> contracts.Contract:
    try:
        return contracts.load(str(bundle.run.get("api")))
    except contracts.ContractError as exc:
        raise UsageError(str(path), str(exc), "Verify it with the kit that made it") from exc


def _judged_otherwise(bundle: Bundle, contract: contracts.Contract) -> list[str]:
    recorded = bundle.run.get("digests")
    if not isinstance(recorded, dict):
        made = bundle.run.get("kit_version")
        return [f"it was made with tmfkit {made}, which did not write down what it judged with"]
    return differences(recorded, contract)


def _wrong_verdicts(changes: tuple[Difference, ...]) -> Iterator[str]:
    for one in changes:
        yield f"{BUNDLE}: {one.requirement} is recorded as {' and computed as '.join(one.verdicts)}"


def _files(folder: Path, report: Report, compared: dict[str, bytes]) -> Iterator[str]:
    """Hold every file that a run writes against the one that its bundle gives."""
    yield from _held(folder, rendered(report), compared)


def _held(folder: Path, contents: Mapping[str, bytes], compared: dict[str, bytes]) -> Iterator[str]:
    for name, expected in contents.items():
        path = folder / name
        if not path.is_file():
            yield f"{name} is missing"
            continue
        found = path.read_bytes() if path.stat().st_size <= LARGEST_BYTES else b""
        if found == expected:
            compared[name] = found
        else:
            yield f"{name} is not what the bundle gives: {_first_difference(found, expected)}"


def _first_difference(found: bytes, expected: bytes) -> str:
    pairs = zip([*found.splitlines(), b""], [*expected.splitlines(), b""], strict=False)
    for number, (there, here) in enumerate(pairs, start=1):
        if there != here:
            return f"line {number} is {_quoted(there)}, and would be {_quoted(here)}"
    return f"it has {len(found):,} bytes, and would have {len(expected):,}"


def _quoted(line: bytes) -> str:
    return f"“{shortened(line.decode(errors='backslashreplace'), _SHOWN)}”"


def _saved_report(folder: Path, bundle: Bundle) -> Iterator[str]:
    """Hold a report that this kit cannot make again against its bundle: digest, verdicts, what they add up to."""
    saved = SavedReport.read(folder / _REPORT)
    if saved.bundle_sha256 != bundle.sha256:
        yield f"{_REPORT} was made from a bundle with sha256 {saved.bundle_sha256}; {BUNDLE} has {bundle.sha256}"
    recorded = {str(row.get("id")): str(row.get("verdict")) for row in bundle.verdicts}
    for name in dict.fromkeys([*recorded, *saved.verdicts]):
        if recorded.get(name) != saved.verdicts.get(name):
            yield f"{_REPORT}: {name} is {saved.verdicts.get(name)}, and {recorded.get(name)} in {BUNDLE}"
    if saved.verdict != saved.added_up:
        yield f"{_REPORT}: the verdict is {saved.verdict}, and its rows add up to {saved.added_up}"


def saved_statement(folder: Path) -> dict[str, Any] | None:
    """Return the statement of a folder; None where there is none.

    Raises:
        UsageError: It cannot be read, or is over a limit.
    """
    path = folder / _STATEMENT
    if not path.is_file():
        return None
    try:
        plain = reading.file_value(path, most_bytes=_LARGEST_STATEMENT_BYTES)
        return {**plain, "issued": str(plain["issued"]), "key": str(plain["key"])}
    except (OSError, ValueError, KeyError, TypeError) as exc:
        problem = f"cannot be read as a statement ({type(exc).__name__}: {exc})"
        raise UsageError(str(path), problem, "Make it again with `statement`") from exc


def _statement(folder: Path, report: Report, compared: dict[str, bytes], *, is_remade: bool) -> Iterator[str]:
    """Hold the files of a statement against those that the bundle gives, for the same day and key."""
    saved = saved_statement(folder)
    if saved is None:
        yield from (f"{name} is there without {_STATEMENT}" for name in STATEMENT if (folder / name).exists())
    elif is_remade:
        contents = statement_files(report, issued=saved["issued"], key=saved["key"])
        yield from _held(folder, contents, compared)
    elif (saved.get("bundle_sha256"), saved.get("verdict")) != (report.bundle.sha256, _recorded_verdict(folder)):
        yield f"{_STATEMENT} speaks of another bundle, or of another verdict than {_REPORT}"


def _recorded_verdict(folder: Path) -> str:
    return SavedReport.read(folder / _REPORT).verdict


def _receipt(folder: Path, bundle: Bundle) -> Iterator[str]:
    expected = bundle.run.get("receipt_sha256")
    path = folder / RECEIPT
    if not expected:
        return
    if not path.is_file():
        if expected != _OF_NOTHING:
            yield f"{RECEIPT} is missing"
        return
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != expected:
            yield f"{RECEIPT} is not the one that the run wrote"


def _strange(folder: Path) -> Iterator[str]:
    for path in sorted(folder.iterdir()):
        if path.name not in (*FILES, ATTESTATION):
            yield f"{shortened(path.name, _SHOWN)} is no file of a report"
