"""``verify`` and ``compare``: what can be said of runs that have been made."""

from __future__ import annotations

import hashlib
from importlib import metadata
from pathlib import Path

import click

from tmfkit_conformance.errors import UsageError
from tmfkit_conformance.judge.engine import judge
from tmfkit_conformance.judge.verdict import Judgement
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.report.differences import SavedReport, changes, is_of_older_kit, recomputed, renamed
from tmfkit_conformance.report.legible import one_line
from tmfkit_conformance.report.register import columns
from tmfkit_conformance.report.wording import plural
from tmfkit_models import contracts

__all__ = ["compare_command", "verify_command"]

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("verify")
@click.argument("path", metavar="BUNDLE", type=_FILE)
@click.option("--report", type=_FILE, help="The report of the run.  [default: report.json beside the bundle]")
def verify_command(path: Path, report: Path | None) -> int:
    """Judge a bundle again.

    Computes the verdicts from the recorded exchanges, without the target, and compares them with those recorded. Where
    there is a report, the bundle has to be the very file that the report was made with.

    Exit status: 0 when they are exactly those recorded, 1 when one of them is not or the bundle is another file.
    """
    bundle = Bundle.read(path)
    is_original = _is_original(path, report)
    contract = _contract_of(bundle, path)
    recorded = bundle.run.get("contract_sha256")
    if recorded != contract.sha256:
        click.echo(f"The bundle was made with contract {one_line(str(recorded))}; this kit has {contract.sha256}.")
    judgement = judge(bundle, contract)
    _tell_kits(bundle, judgement)
    differences = recomputed(bundle, judgement)
    for line in columns((one_line(one.requirement), " -> ".join(one.verdicts)) for one in differences):
        click.echo(line)
    outcome = f"{len(differences):,} differ" if differences else "all computed again, none differs"
    target = one_line(str(bundle.run.get("base_url")))
    click.echo(f"{plural(len(bundle.verdicts), 'recorded verdict')} of {contract.id} at {target}: {outcome}.")
    return 0 if is_original and not differences else 1


@click.command("compare")
@click.argument("paths", metavar="REPORT...", type=_FILE, nargs=-1, required=True)
def compare_command(paths: tuple[Path, ...]) -> None:
    """Compare the verdicts of reports.

    Shows side by side where those of two or more report.json differ.
    """
    if len(paths) == 1:
        raise click.UsageError("give two or more report.json to compare")
    reports = [SavedReport.read(path) for path in paths]
    numbers = [f"[{number}]" for number in range(1, len(reports) + 1)]
    heads = (
        (
            number,
            str(one.path),
            one.verdict,
            "" if one.causes is None else plural(one.causes, "cause"),
            f"tmfkit {one.kit_version}",
            f"contract {one.contract_sha256[:12]}",
        )
        for number, one in zip(numbers, reports, strict=True)
    )
    found = changes(reports)
    table = [("", *numbers), *((one.requirement, *one.verdicts) for one in found)] if found else []
    for line in [*columns(heads), "", *columns(table)]:
        click.echo(line)
    click.echo(f"{plural(len(found), 'requirement')} with different verdicts." if found else "No verdict differs.")


def _is_original(path: Path, report: Path | None) -> bool:
    """Say whether the bundle is the file that the report was made with; without a report nothing speaks against it."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    beside = path.with_name("report.json")
    if report is None and not beside.exists():
        click.echo(f"There is no report.json beside the bundle to compare its digest with, sha256 {digest}.")
        return True
    saved = SavedReport.read(report or beside)
    if saved.bundle_sha256 == digest:
        click.echo(f"The bundle is the one that {saved.path} was made with, sha256 {digest}.")
        return True
    named = one_line(saved.bundle_sha256)
    click.echo(f"The bundle is not the one that {saved.path} was made with: sha256 {digest}, there {named}.")
    return False


def _tell_kits(bundle: Bundle, judgement: Judgement) -> None:
    """Name both kits where the bundle is of another one, and say what is compared then."""
    made, own = one_line(str(bundle.run.get("kit_version"))), metadata.version("tmfkit")
    if made == own and not is_of_older_kit(bundle):
        return
    click.echo(f"The bundle was made with tmfkit {made}; this is tmfkit {own}.")
    if is_of_older_kit(bundle):
        click.echo("That kit had fewer outcomes, so that outcomes are compared and words are not.")
    if names := renamed(bundle, judgement):
        rows = plural(len(names), "requirement")
        click.echo(f"{rows} blocked now, which that kit could not say: {', '.join(map(one_line, names))}.")


def _contract_of(bundle: Bundle, path: Path) -> contracts.Contract:
    try:
        return contracts.load(str(bundle.run.get("api")))
    except contracts.ContractError as exc:
        raise UsageError(str(path), str(exc), "Verify it with the kit that made it") from exc
