"""``catalogue``: proves that the kit is right about targets that are unusual, none at all, or wrong in one thing."""

from __future__ import annotations

import signal
from typing import Any

import click
from rich.console import Console

from tmfkit_conformance.commands.api import apis_option
from tmfkit_conformance.commands.options import given_settings
from tmfkit_conformance.commands.sound_app import sound_app, sound_app_options
from tmfkit_conformance.report.console import RunProgress
from tmfkit_conformance.report.register import columns
from tmfkit_conformance.selftest.catalogue.register import GROUPS
from tmfkit_conformance.selftest.catalogue_trials import Attempt, Trial, attempts, tried
from tmfkit_models.contracts import Contract

__all__ = ["catalogue_command"]


@click.command("catalogue")
@sound_app_options
@apis_option()
@click.option("--group", "groups", type=click.Choice(list(GROUPS)), multiple=True, help="Only entries of this group.")
@click.option("--entry", "entries", metavar="ID", multiple=True, help="Only this entry.")
@click.option("--list", "only_list", is_flag=True, help="List the entries, and try none.")
def catalogue_command(
    factory: str | None,
    chosen_apis: tuple[Contract, ...],
    groups: tuple[str, ...],
    entries: tuple[str, ...],
    *,
    only_list: bool,
    **given: Any,
) -> int:
    """Prove that the kit is right about targets that are not ours.

    Serves a sound application with unusual but allowed behaviours around it, and demands that each is conformant; asks
    for an API where none is, and demands exit status 2 or 3 with the sentence that helps; takes one thing away from the
    application, and demands one cause.

    Exit status: 0 when every entry is as it should be, 1 when one of them is not.
    """
    # Whoever ends this by SIGTERM means the servers as well.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    chosen = _chosen(groups, entries, chosen_apis)
    if only_list:
        rows = ((attempt.label, attempt.entry.words, attempt.because) for attempt in chosen)
        for line in columns([("Entry", "It is", "It may be so for"), *rows]):
            click.echo(line)
        return 0
    app, given = sound_app(factory, given)
    trials = _trials(app, given_settings(given), chosen)
    return _print(groups or tuple(GROUPS), trials)


def _chosen(groups: tuple[str, ...], wanted: tuple[str, ...], apis: tuple[Contract, ...]) -> list[Attempt]:
    found = [
        entry
        for name, entries in GROUPS.items()
        if not groups or name in groups
        for entry in entries
        if not wanted or entry.id in wanted
    ]
    if unknown := set(wanted) - {entry.id for entry in found}:
        raise click.UsageError(f"there is no entry {', '.join(sorted(unknown))}; --list names them")
    return attempts(found, [contract.id for contract in apis])


def _trials(factory: str, told: dict[str, Any], chosen: list[Attempt]) -> list[Trial]:
    found = []
    with RunProgress(Console(stderr=True)) as progress:
        progress("catalogue", 0, len(chosen))
        for done, trial in enumerate(tried(factory, told, chosen), start=1):
            found.append(trial)
            progress("catalogue", done, len(chosen))
    return sorted(found, key=lambda trial: chosen.index(trial.attempt))


def _print(groups: tuple[str, ...], trials: list[Trial]) -> int:
    rows = [("Group", "tried", "as they should be")]
    for name in groups:
        of_group = [trial for trial in trials if trial.attempt.entry in GROUPS[name]]
        right = sum(not trial.problems for trial in of_group)
        rows.append((name, str(len(of_group)), str(right)))
    for line in columns(rows):
        click.echo(line)
    for trial in trials:
        for problem in trial.problems:
            click.echo(f"{trial.attempt.label}: {' '.join(problem.split())}")
    return 1 if any(trial.problems for trial in trials) else 0
