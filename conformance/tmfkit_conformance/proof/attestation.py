"""``attestation.json``: who vouches for the files of a report.

An in-toto statement over the digests of all other files of the folder, whose predicate is a test result with details
of ours, in a DSSE envelope that is signed. It proves that the holder of the key has signed exactly these files. It does
not prove that the target was the product that the report names: only a run that the holder made itself shows that.

Source:
    in-toto Attestation Framework 1.0 (statement); predicate ``test-result`` 0.1; DSSE 1.0 (envelope).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import CryptoSigner

from tmfkit_conformance.errors import UsageError
from tmfkit_conformance.judge.verdict import Outcome
from tmfkit_conformance.proof.keys import PublicKeys
from tmfkit_conformance.record import reading
from tmfkit_conformance.report.folder import ATTESTATION, FILES
from tmfkit_conformance.report.legible import shortened
from tmfkit_conformance.report.model import Report

__all__ = ["Origin", "attest", "origin_of"]

_STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
_PREDICATE_TYPE: Final = "https://in-toto.io/attestation/test-result/v0.1"
_PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
_LARGEST_BYTES: Final = 4 * 1024 * 1024
_SHOWN: Final = 120


@dataclass(frozen=True)
class Origin:
    """Who vouches for the files of a folder.

    Attributes:
        is_signed: Whether there is an attestation.
        keys: Ids of the trusted keys that have signed it.
        named: Ids of the keys that it names, whoever has signed.
        faults: What is wrong with it: a bad signature, none of a trusted key, a file that is another one.
    """

    is_signed: bool
    keys: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


def attest(folder: Path, report: Report, signer: CryptoSigner) -> Path:
    """Sign the files of a folder; return the path of the attestation.

    Raises:
        UsageError: It cannot be written.
    """
    envelope = Envelope(_payload(folder, report), _PAYLOAD_TYPE, {})
    envelope.sign(signer)
    path = folder / ATTESTATION
    try:
        path.write_bytes(_written(envelope))
    except OSError as exc:
        raise UsageError(str(path), f"cannot be written ({exc.strerror or exc})", "Make room") from exc
    return path


def origin_of(folder: Path | None, report: Report, trusted: PublicKeys | None) -> Origin:
    """Check the attestation of a folder.

    Args:
        folder: The folder; None for a bundle alone, which has none.
        report: The report that the bundle gives.
        trusted: Keys one of which has to have signed; None asks for no signature.
    """
    path = folder / ATTESTATION if folder else None
    if folder is None or path is None or not path.is_file():
        missing = f"there is no {ATTESTATION}, and a signature is asked for"
        return Origin(is_signed=False, faults=() if trusted is None else (missing,))
    try:
        envelope = _read(path)
        statement = reading.value(envelope.payload)
        faults = tuple(_faults(folder, envelope, statement))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        why = shortened(f"{type(exc).__name__}: {exc}", _SHOWN)
        return Origin(is_signed=True, faults=(f"{ATTESTATION} cannot be read as an attestation ({why})",))
    if not faults and statement["predicate"]["details"] != _details(report):
        faults = (f"{ATTESTATION}: its details are not those of the run",)
    keys, untrusted = _signed_by(envelope, trusted)
    return Origin(is_signed=True, keys=keys, named=tuple(sorted(envelope.signatures)), faults=(*faults, *untrusted))


def _read(path: Path) -> Envelope:
    envelope = Envelope.from_dict(reading.file_value(path, most_bytes=_LARGEST_BYTES))
    if _written(envelope) != path.read_bytes():
        raise ValueError("it is not written as `sign` writes it")
    return envelope


def _signed_by(envelope: Envelope, trusted: PublicKeys | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the ids of the trusted keys that have signed, and what is wrong when none has."""
    if trusted is None:
        return (), ()
    try:
        return tuple(sorted(envelope.verify(list(trusted), 1))), ()
    except VerificationError:
        return (), (f"{ATTESTATION} is signed by none of the trusted keys, or the signature is not of these files",)


def _faults(folder: Path, envelope: Envelope, statement: dict[str, Any]) -> Iterator[str]:
    if envelope.payload_type != _PAYLOAD_TYPE or not envelope.signatures:
        yield f"{ATTESTATION} is no signed in-toto statement"
    if (statement["_type"], statement["predicateType"]) != (_STATEMENT_TYPE, _PREDICATE_TYPE):
        yield f"{ATTESTATION} is no statement of a test result"
    signed = {subject["name"]: subject["digest"]["sha256"] for subject in statement["subject"]}
    there = dict(_digests(folder))
    for name in dict.fromkeys([*signed, *there]):
        if name not in there:
            yield f"{shortened(str(name), _SHOWN)} was signed and is missing"
        elif name not in signed:
            yield f"{name} is there and was not signed"
        elif signed[name] != there[name]:
            yield f"{name} is not the file that was signed"


def _payload(folder: Path, report: Report) -> bytes:
    statement = {
        "_type": _STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in _digests(folder)],
        "predicateType": _PREDICATE_TYPE,
        "predicate": {
            "result": "PASSED" if report.exit_status == 0 else "FAILED",
            "configuration": [
                {"name": f"contract {report.contract.id}", "digest": {"sha256": report.contract.sha256}},
                {"name": f"tmfkit {report.kit_version}", "digest": {"sha256": report.circumstances.digests["kit"]}},
            ],
            "passedTests": _rows(report, Outcome.PASS),
            "warnedTests": _rows(report, Outcome.PASS_WITH_REMARK),
            "failedTests": _rows(report, Outcome.SKIP, Outcome.BLOCKED, Outcome.FAIL, Outcome.ERROR),
            "details": _details(report),
        },
    }
    return json.dumps(statement, sort_keys=True).encode()


def _rows(report: Report, *outcomes: Outcome) -> list[str]:
    """Return the ids of the musts with these outcomes; only musts decide."""
    return [line.requirement.id for line in report.lines_with(*outcomes, levels=("must",))]


def _details(report: Report) -> dict[str, Any]:
    """Return what the bundle says of its run: no matter by which kit it is judged."""
    run, it = report.bundle.run, report.circumstances
    return {
        "api": report.contract.id,
        "base_url": report.base_url,
        "bundle_sha256": report.bundle.sha256,
        "operator": it.operator,
        "product": it.product,
        "product_version": it.version,
        "run_started": it.started,
        "run_ended": it.ended,
        "kit_version": str(run.get("kit_version", "")),
        "digests": dict(it.digests),
    }


def _digests(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the names and digests of the files of a report that are in a folder."""
    for name in sorted(FILES):
        if (folder / name).is_file():
            with (folder / name).open("rb") as file:
                yield name, hashlib.file_digest(file, "sha256").hexdigest()


def _written(envelope: Envelope) -> bytes:
    return json.dumps(envelope.to_dict(), indent=2).encode() + b"\n"
