"""``statement`` and ``sign``: what makes a report one that can be filed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from tmfkit_conformance.errors import UsageError
from tmfkit_conformance.proof import keys
from tmfkit_conformance.proof.attestation import attest
from tmfkit_conformance.proof.verification import Verification, saved_statement, verified
from tmfkit_conformance.report.folder import ATTESTATION, write_statement
from tmfkit_conformance.report.legible import one_line
from tmfkit_conformance.report.statement import statement_files

__all__ = ["sign_command", "statement_command"]

_FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("statement")
@click.argument("folder", type=_FOLDER)
@click.option("--key", type=_FILE, metavar="PEM", help="Key that is going to sign it, private or public.")
def statement_command(folder: Path, key: Path | None) -> int:
    """Make the statement of conformance of a run.

    Verifies the files of the report first, and writes statement.html (one page to print), statement.md, statement.json
    and badge.svg beside them. It names the product and the operator that the run has recorded, and is made before the
    report is signed, with the key that is going to sign it.

    Exit status: 0 written, whatever the verdict, 2 wrong usage, 5 the files do not belong together.
    """
    if (folder / ATTESTATION).exists():
        remedy = f"Take {ATTESTATION} away, and sign again afterwards"
        raise UsageError(str(folder), "is signed already, and a statement is signed with the rest", remedy)
    named = keys.public_key(key).keyid if key else ""
    found = _belonging(folder)
    if found.faults:
        return _told(found)
    issued = datetime.now(UTC).date().isoformat()
    written = write_statement(folder, statement_files(found.report, issued=issued, key=named))
    click.echo(f"Written: {', '.join(map(str, written))}")
    return 0


@click.command("sign")
@click.argument("folder", type=_FOLDER)
@click.option("--key", type=_FILE, required=True, metavar="PEM", help="Ed25519 private key.")
def sign_command(folder: Path, key: Path) -> int:
    """Sign the files of a report.

    Verifies them first, and writes attestation.json beside them: an in-toto statement over the digests of all files, in
    a DSSE envelope. A signature says who vouches for the files; it does not say that the target was the product.
    The passphrase of an encrypted key is read from TMFKIT_KEY_PASSPHRASE.

    Exit status: 0 signed, whatever the verdict, 2 wrong usage, 5 the files do not belong together.
    """
    signer = keys.signer(key)
    found = _belonging(folder)
    if found.faults:
        return _told(found)
    _check_key(folder, signer.public_key.keyid)
    path = attest(folder, found.report, signer)
    click.echo(f"Signed with the key {signer.public_key.keyid}.")
    click.echo(f"Written: {path}")
    return 0


def _told(found: Verification) -> int:
    for fault in found.faults:
        click.echo(f"Does not belong together: {one_line(fault)}.", err=True)
    return found.exit_status


def _check_key(folder: Path, key: str) -> None:
    """Refuse to sign a statement that names another key.

    Raises:
        UsageError: It does.
    """
    named = saved_statement(folder)
    if named is not None and named["key"] != key:
        said = f"names the key {named['key']}" if named["key"] else "says that it is not to be signed"
        raise UsageError(str(folder), f"its statement {said}", f"Make it again: `statement {folder} --key PEM`")


def _belonging(folder: Path) -> Verification:
    """Verify a folder that is about to be filed.

    Raises:
        UsageError: It was judged with other means than there are here, so that its files cannot be made anew.
    """
    found = verified(folder, None, is_to_be_filed=True)
    if found.judged_otherwise:
        problem = f"was judged with other means ({'; '.join(found.judged_otherwise)})"
        raise UsageError(str(folder), problem, "File it with the kit that made it")
    return found
