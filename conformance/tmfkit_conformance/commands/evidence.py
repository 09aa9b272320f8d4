"""``verify`` and ``compare``: what can be said of runs that have been made."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import click

from tmfkit_conformance.errors import UsageError
from tmfkit_conformance.proof import keys
from tmfkit_conformance.proof.verification import Verification, verified
from tmfkit_conformance.report import wording
from tmfkit_conformance.report.comparison import comparison_page
from tmfkit_conformance.report.differences import SavedReport, changes
from tmfkit_conformance.report.legible import one_line
from tmfkit_conformance.report.model import Report
from tmfkit_conformance.report.register import columns
from tmfkit_conformance.report.wording import plural

__all__ = ["compare_command", "verify_command"]

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("verify")
@click.argument("path", metavar="BUNDLE_OR_FOLDER", type=click.Path(path_type=Path, exists=True))
@click.option("--trusted-keys", type=_FILE, metavar="PEM", help="Public keys, one of which has to have signed.")
def verify_command(path: Path, trusted_keys: Path | None) -> int:
    """Judge a run again, and hold its files against what its evidence gives.

    Computes the verdict from the recorded exchanges, without the target, and prints it. Of a folder every file is made
    anew and compared byte by byte, where this kit judges as the run was judged; else the verdicts are compared, and
    what is different about the kit is said.

    Exit status: 0 conformant, 1 not conformant or incomplete, 2 unreadable or over a limit, 5 the files do not belong
    together, or the signature that --trusted-keys asks for is missing or wrong.
    """
    found = verified(path, keys.trusted_keys(trusted_keys) if trusted_keys else None)
    for line in _verdict_lines(found.report):
        click.echo(line)
    for line in _comparison_lines(found):
        click.echo(line)
    click.echo(_origin_line(found))
    for fault in found.faults:
        click.echo(f"Does not belong together: {one_line(fault)}.")
    return found.exit_status


def _verdict_lines(report: Report) -> Iterator[str]:
    it = report.circumstances
    yield f"{wording.TITLES[report.verdict].upper()}  {report.contract.id} at {one_line(report.base_url)}"
    product = f"{it.product}, version {it.version}" if it.product else "no product is named"
    yield one_line("; ".join(part for part in (product, it.operator and f"run by {it.operator}", it.period) if part))
    yield wording.in_short(report)


def _comparison_lines(found: Verification) -> Iterator[str]:
    """Say what was compared with what, and which verdicts this kit sees otherwise."""
    if found.judged_otherwise:
        made, own = one_line(found.report.kit_version), metadata.version("tmfkit")
        therefore = "" if found.compared else ", so that what files say is compared, and not their bytes"
        yield f"Judged with other means{therefore}: {'; '.join(map(one_line, found.judged_otherwise))}."
        if made != own:
            yield f"The bundle was made with tmfkit {made}; this is tmfkit {own}."
        yield from columns((one_line(one.requirement), " -> ".join(one.verdicts)) for one in found.changes)
        if found.blocked_now:
            rows = plural(len(found.blocked_now), "requirement")
            yield f"{rows} blocked now, which that kit could not say: {', '.join(map(one_line, found.blocked_now))}."
    changed = f"{len(found.changes):,} differ" if found.changes else "all computed again, none differs"
    yield f"{plural(len(found.report.bundle.verdicts), 'recorded verdict')}: {changed}."
    if found.compared:
        yield f"Made anew, the same to the byte: {', '.join(found.compared)}."
    if found.contents:
        yield f"Held against the bundle, but for their words: {', '.join(found.contents.whole)}."
        for words, names in (
            ("by their verdict alone", found.contents.by_verdict),
            ("not at all", found.contents.unread),
        ):
            if names:
                yield f"Checked {words}: {', '.join(names)}."
    if found.folder is None:
        yield "A bundle alone was looked at: give the folder to have the report checked as well."


def _origin_line(found: Verification) -> str:
    if found.origin.keys:
        return f"Signed by the trusted key {', '.join(found.origin.keys)}: its holder vouches for these files."
    if found.origin.is_signed:
        return "Origin not proven: there is a signature, and none of a key that is trusted (--trusted-keys)."
    return "Origin not proven: nobody has signed this."


@click.command("compare")
@click.argument("paths", metavar="REPORT...", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--html", "page", type=_FILE, help="Page to write: fixed, broken and unchanged, all side by side.")
def compare_command(paths: tuple[Path, ...], page: Path | None) -> None:
    """Compare the verdicts of reports.

    Shows side by side where those of two or more report.json, or their folders, differ: of runs of one implementation,
    the first one first, or of several implementations.
    """
    if len(paths) == 1:
        raise click.UsageError("give two or more report.json to compare")
    reports = [SavedReport.read(path / "report.json" if path.is_dir() else path) for path in paths]
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
    if page:
        _write(page, comparison_page(reports))
        click.echo(f"Written: {page}")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise UsageError(str(path), f"cannot be written ({exc.strerror or exc})", "Give another --html") from exc
