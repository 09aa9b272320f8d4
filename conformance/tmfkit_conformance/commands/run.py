"""``run``: checks an implementation."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from tmfkit_conformance.commands.api import api_option
from tmfkit_conformance.commands.options import given_settings, settings_for
from tmfkit_conformance.declarations.claims import read_claims
from tmfkit_conformance.declarations.waivers import read_waivers
from tmfkit_conformance.drive.interruption import Interruption
from tmfkit_conformance.proof.reporting import concluded
from tmfkit_conformance.report.console import RunProgress, print_summary
from tmfkit_conformance.report.folder import ReportFolder
from tmfkit_conformance.rules.phases import PHASES
from tmfkit_conformance.run import drive
from tmfkit_conformance.settings import MOST_PARALLEL, OAUTH_SECRET, Settings
from tmfkit_models.contracts import Contract

__all__ = ["run_command"]

_INTERRUPTED = 3
_SECONDS = click.FloatRange(min=0, min_open=True)
_FOLDER = click.Path(path_type=Path)
_FILE = click.Path(path_type=Path, dir_okay=False)
_GATES = ("verdict", "waivers")
_GATE = click.Choice(_GATES)


def _text(flag: str, metavar: str, words: str) -> Callable[[Any], Any]:
    return click.option(flag, metavar=metavar, help=words)


def _texts(flag: str, setting: str, metavar: str, words: str) -> Callable[[Any], Any]:
    return click.option(flag, setting, metavar=metavar, multiple=True, help=words)


def _switch(flag: str, setting: str, words: str, *, sets: bool) -> Callable[[Any], Any]:
    """Return an option that sets a setting to *sets* when it is there, and leaves it alone otherwise."""
    return click.option(flag, setting, flag_value=sets, default=None, help=words)


def _seconds(flag: str, setting: str, words: str) -> Callable[[Any], Any]:
    return click.option(flag, setting, type=_SECONDS, metavar="SECONDS", help=words)


def _number(flag: str, words: str, *, most: int | None = None) -> Callable[[Any], Any]:
    return click.option(flag, type=click.IntRange(min=1, max=most), metavar="N", help=words)


def _number_or_none(flag: str, setting: str, words: str) -> Callable[[Any], Any]:
    return click.option(flag, setting, type=click.FloatRange(min=0), metavar="N", help=words)


@click.command("run")
@api_option()
@_text("--base-url", "URL", "Base URL of the API under test.")
@_text("--subject", "PRODUCT/VERSION", "What is under test; a statement of conformance needs it.")
@_text("--operator", "NAME", "Who makes the run; a statement of conformance needs it.")
@_texts("--hub-url", "hub_urls", "[RESOURCE=]URL", "Where the hub is, if not under the base URL.")
@click.option("--config", type=_FILE, help="Configuration file; `init` writes one. Options win over it.")
@_texts("--header", "headers", "'NAME: VALUE'", "Header of every request.")
@click.option("--bearer", metavar="TOKEN", envvar="TMFKIT_BEARER", show_envvar=True, help="Token of an ordinary user.")
@_text("--bearer-command", "COMMAND", "Command that prints the token; run again when the token is refused.")
@_text("--oauth-token-url", "URL", "Token endpoint for OAuth 2.0 client credentials.")
@_text("--oauth-client-id", "ID", f"Id of the client there; its secret is read from {OAUTH_SECRET}.")
@_text("--oauth-client-secret-file", "FILE", "File with the secret, if it is not in the environment.")
@_text("--oauth-scope", "SCOPE", "Scope that is asked for.")
@_texts("--admin-header", "admin_headers", "'NAME: VALUE'", "Header of requests in the role of an administrator.")
@_text("--listener-bind", "HOST:PORT", "Where to listen for notifications.  [default: a free port of 127.0.0.1]")
@_text("--listener-url", "URL", "Address under which the target reaches the listener; you vouch for it.")
@_switch("--no-listener", "listener", "Open no listener; rules on notifications are skipped.", sets=False)
@click.option("--phase", "phases", type=click.Choice(PHASES), multiple=True, help="Phase to run.  [default: all]")
@_number("--max-examples", f"Generated requests for each operation.  [default: {Settings.max_examples}]")
@_number("--parallel", f"Probes that run at a time.  [default: {Settings.parallel}]", most=MOST_PARALLEL)
@_number("--list-pages", f"Pages of one list that are looked at.  [default: {Settings.list_pages}]")
@_switch("--allow-send", "allow_send", "Messages may be sent to other than reserved addresses.", sets=True)
@_switch("--allow-destructive", "allow_destructive", "Operations on whole collections may be called.", sets=True)
@_seconds("--timeout", "timeout_seconds", f"Longest wait for an answer.  [default: {Settings.timeout_seconds:g}]")
@_seconds(
    "--event-timeout", "event_seconds", f"Longest wait for a notification.  [default: {Settings.event_seconds:g}]"
)
@_number_or_none("--settle", "settle_seconds", f"Seconds to wait for a write.  [default: {Settings.settle_seconds:g}]")
@_number_or_none("--hold", "hold_seconds", f"Seconds a record has to last.  [default: {Settings.hold_seconds:g}]")
@_text("--seed", "TEXT", "What contents are drawn from: that of an earlier run repeats it.  [default: drawn]")
@_switch("--announce", "announce", "Requests say that they are from this kit.", sets=True)
@_number_or_none("--rate", "rate", "Requests a second at most.  [default: as many as the target answers]")
@_switch("--insecure", "verify_tls", "Do not verify the target's certificate.", sets=False)
@_text("--ca-file", "PEM", "Authority that signed the target's certificate.")
@_text("--client-certificate", "PEM", "The kit's own certificate.")
@_text("--client-key", "PEM", "Key of the kit's own certificate.")
@click.option("--waivers", type=_FILE, help="Rows that somebody answers for. They never change the verdict.")
@click.option("--claims", type=_FILE, help="What the target is said to offer; `init --probe URL` drafts it.")
@click.option("--gate", type=_GATE, default=_GATES[0], show_default=True, help="What the exit status tells.")
@click.option("--report", "folder", type=_FOLDER, required=True, metavar="DIR", help="Folder for the reports.")
def run_command(
    contract: Contract,
    config: Path | None,
    waivers: Path | None,
    claims: Path | None,
    gate: str,
    folder: Path,
    **given: Any,
) -> int:
    """Check an implementation.

    Writes report.html, report.json, junit.xml, summary.md, bundle.zip and receipt.txt into the folder given with
    --report. Nothing is sent that anyone could regret, and what a probe made is deleted when it is over. Ctrl-C ends
    the run, and what it made is deleted first.

    Exit status: 0 conformant, 1 not conformant or incomplete, 2 wrong usage or configuration, 3 could not run (no API
    there, not reachable), 4 defect of the kit. With `--gate waivers` it is 0 as well when every must that failed is
    waived, and some must holds. A waiver that is not needed, and a claim that is not met or could not be tested, make
    it 1.
    """
    settings = settings_for(contract, config=config, given=given_settings(given))
    declared = _declared(contract, waivers, claims, gate)
    reports = ReportFolder(folder)
    console = Console(stderr=True)
    announce = functools.partial(console.print, soft_wrap=True)
    with RunProgress(console) as progress, Interruption(announce) as interruption:
        bundle = drive(contract, settings, progress, receipt_path=reports.receipt, interruption=interruption)
    report = concluded(replace(bundle, run={**bundle.run, **declared}), contract)
    written = reports.write(report)
    print_summary(report, Console(highlight=False))
    click.echo(f"Written: {', '.join(map(str, written))}")
    return _INTERRUPTED if interruption.cause else report.gate_status


def _declared(contract: Contract, waivers: Path | None, claims: Path | None, gate: str) -> dict[str, Any]:
    """Return what the vendor declared, as a bundle has it.

    Raises:
        UsageError: A file cannot be used, or an entry is unknown or has expired.
    """
    waived = read_waivers(waivers, contract, datetime.now(UTC).date()) if waivers else ()
    claimed = read_claims(claims, contract) if claims else ()
    declared = {"waivers": [one.to_json() for one in waived], "claims": [asdict(one) for one in claimed]}
    return {**{name: entries for name, entries in declared.items() if entries}, "gate": gate}
