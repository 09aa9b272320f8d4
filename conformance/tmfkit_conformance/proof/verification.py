"""Whether the files of a report belong together, and what verdict their evidence gives.

Where kit, contract and judging libraries are those that the run was judged with, every file is made anew and compared
byte by byte; another Python makes no difference to them. Elsewhere what files say is held against the bundle, and what
they were judged with, and which were not compared whole, is said.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tmfkit_conformance.errors import UsageError
from tmfkit_conformance.proof.attestation import Origin, origin_of
from tmfkit_conformance.proof.contents import Contents
from tmfkit_conformance.proof.keys import PublicKeys
from tmfkit_conformance.proof.provenance import differences
from tmfkit_conformance.proof.reporting import rejudged
from tmfkit_conformance.record import reading
from tmfkit_conformance.record.bundle import LARGEST_BYTES, Bundle
from tmfkit_conformance.report.differences import Difference, recomputed, renamed
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
        compared: Names of the files that were made anew and are the same.
        contents: What was held of files that could not be made anew; None where all could.
        origin: Who vouches for the files.
    """

    report: Report
    folder: Path | None
    judged_otherwise: tuple[str, ...]
    changes: tuple[Difference, ...]
    blocked_now: tuple[str, ...]
    faults: tuple[str, ...]
    compared: tuple[str, ...]
    contents: Contents | None
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
    is_remade = not others or (not changes and all(one.startswith("python ") for one in others))
    faults = list(_wrong_verdicts(changes)) if not others else []
    compared: dict[str, bytes] = {}
    contents = Contents(folder, bundle, report) if folder and not is_remade else None
    stated = saved_statement(folder) if folder else None
    if folder:
        if contents:
            contents.hold(stated)
            faults += contents.faults
        else:
            faults += _held(folder, _made_anew(report, stated), compared)
        faults += [*_without_statement(folder, stated), *_receipt(folder, bundle), *_strange(folder)]
    origin = Origin(is_signed=False) if is_to_be_filed else origin_of(folder, report, trusted)
    if stated and origin.named and stated["key"] not in origin.named:
        said = f"names the key {shortened(stated['key'], _SHOWN)}" if stated["key"] else "names no key"
        faults.append(f"{_STATEMENT} {said}, and {ATTESTATION} is signed with {', '.join(origin.named)}")
    return Verification(
        report=report,
        folder=folder,
        judged_otherwise=tuple(others),
        changes=changes,
        blocked_now=renamed(bundle, report.judgement),
        faults=(*faults, *origin.faults),
        compared=tuple(compared),
        contents=contents,
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


def _made_anew(report: Report, stated: Mapping[str, Any] | None) -> dict[str, bytes]:
    """Return every file that a bundle gives; those of a statement for its day and key, where there is one."""
    if stated is None:
        return rendered(report)
    return {**rendered(report), **statement_files(report, issued=stated["issued"], key=stated["key"])}


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


def _without_statement(folder: Path, stated: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield the files of a statement that are there without the one that they are made of."""
    if stated is None:
        yield from (f"{name} is there without {_STATEMENT}" for name in STATEMENT if (folder / name).exists())


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
