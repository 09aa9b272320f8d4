"""``selftest``: proves that every check can fail."""

from __future__ import annotations

import signal
from collections.abc import Iterable
from typing import Any

import click
from rich.console import Console

from tmfkit_conformance.commands.api import apis_option
from tmfkit_conformance.commands.options import given_settings
from tmfkit_conformance.commands.sound_app import sound_app, sound_app_options
from tmfkit_conformance.report.console import RunProgress
from tmfkit_conformance.report.register import columns
from tmfkit_conformance.rules.register import KINDS
from tmfkit_conformance.selftest import table
from tmfkit_conformance.selftest.choice import Filter, attempts, chosen
from tmfkit_conformance.selftest.outcome import Shown
from tmfkit_conformance.selftest.trials import Trial, tried
from tmfkit_conformance.selftest.variants import Variant
from tmfkit_conformance.settings import Settings
from tmfkit_models import contracts
from tmfkit_models.contracts import Contract

__all__ = ["selftest_command"]

_KIND = click.Choice(sorted(KINDS))


@click.command("selftest")
@sound_app_options
@apis_option()
@click.option("--kind", "kinds", type=_KIND, metavar="KIND", multiple=True, help="Only requirements of this kind.")
@click.option("--requirement", "requirements", metavar="ID", multiple=True, help="Only this requirement.")
@click.option("--sample", type=click.IntRange(min=1), metavar="N", help="Only the first N of each kind.")
@click.option("--whole", is_flag=True, help="Drive the whole register against each, not only its own check.")
@click.option("--write", is_flag=True, help="Write the table of what is caught.")
def selftest_command(
    factory: str | None,
    chosen_apis: tuple[Contract, ...],
    kinds: tuple[str, ...],
    requirements: tuple[str, ...],
    sample: int | None,
    *,
    whole: bool,
    write: bool,
    **given: Any,
) -> int:
    """Prove that every check can fail.

    Serves a sound application with servers beside it that are broken in one thing each, one or more for every
    requirement that has a check, and demands that this check says so. For each kind of requirement there has to be one
    that nothing else says anything against: it is run against the whole register. Without --app it is the reference
    server, which comes with the extra `server`; else the credentials have to be of the application: an ordinary user's
    and, where an API has operations for administrators only, an administrator's.

    Exit status: 0 when every must is proven, 1 when one of them is not or the table is stale.
    """
    # Whoever ends this by SIGTERM means the servers as well.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    wanted = Filter(kinds, requirements, sample)
    choice = _chosen(chosen_apis or [contracts.load(api) for api in contracts.apis()], wanted)
    app, given = sound_app(factory, given)
    settings = Settings("", base_url="http://127.0.0.1").merged(given_settings(given))
    found = _shown(app, settings, choice, whole=whole)
    _print_table(found)
    faults = [fault for one in found for fault in one.faults()]
    if write:
        table.write({**table.read(), **{one.contract.id: one.table() for one in found}})
        click.echo(f"Written: {table.FILE}")
    else:
        faults += [f"The table is stale, run `selftest --write`: {line}" for one in found for line in one.stale()]
    for fault in faults:
        click.echo(fault)
    return 1 if faults else 0


def _chosen(apis: Iterable[Contract], wanted: Filter) -> list[tuple[Contract, list[Variant]]]:
    """Return the broken servers that are wanted, of each API that has some."""
    found = [(contract, chosen(contract, wanted)) for contract in apis]
    if not any(servers for _, servers in found):
        raise click.UsageError("no requirement with a check is of this kind, or has this id")
    return [(contract, servers) for contract, servers in found if servers]


def _shown(
    factory: str, settings: Settings, choice: list[tuple[Contract, list[Variant]]], *, whole: bool
) -> list[Shown]:
    """Try the broken servers, and put together what was shown of each API."""
    known = table.read()
    planned = [
        attempt
        for contract, servers in choice
        for attempt in attempts(contract, servers, known.get(contract.id, {}), whole=whole)
    ]
    trials: dict[str, list[Trial]] = {contract.id: [] for contract, _ in choice}
    with RunProgress(Console(stderr=True)) as progress:
        progress("selftest", 0, len(planned))
        for done, trial in enumerate(tried(factory, settings, planned), start=1):
            trials[trial.attempt.api].append(trial)
            progress("selftest", done, len(planned))
    return [
        Shown.of(contract, servers, trials[contract.id], known.get(contract.id, {})) for contract, servers in choice
    ]


def _print_table(found: list[Shown]) -> None:
    rows = [(one.contract.id, *(f"{count:,}" for count in one.counts.values())) for one in found]
    for line in columns([("API", *found[0].counts), *rows]):
        click.echo(line)
    for one in found:
        for kind, is_settled in one.kinds_without_exemplar().items():
            if is_settled:
                click.echo(f"{one.contract.id}: whatever breaks a requirement of kind {kind} breaks others with it.")
        for variant in one.not_caught:
            if one.level(variant) != "must":
                click.echo(f"{variant.id} ({one.level(variant)}) is not proven: a server that {variant.breaks.words}.")
