"""``plan``, ``list`` and ``explain``: what can be said without a target."""

from __future__ import annotations

from collections.abc import Iterable

import click

from tmfkit_conformance.commands.api import api_option
from tmfkit_conformance.errors import UsageError
from tmfkit_conformance.report import register
from tmfkit_conformance.rules.register import KINDS
from tmfkit_conformance.rules.rule import LEVELS
from tmfkit_models import contracts

__all__ = ["explain_command", "list_command", "plan_command"]

_LEVEL = click.Choice(LEVELS)
_KIND = click.Choice(sorted(KINDS))


@click.command("plan")
@api_option()
def plan_command(contract: contracts.Contract) -> None:
    """Show which probe settles which requirement."""
    _echo(register.plan_lines(contract))


@click.command("list")
@api_option(required=False)
@click.option("--level", "levels", type=_LEVEL, multiple=True, help="Only requirements of this level.")
@click.option("--kind", "kinds", type=_KIND, metavar="KIND", multiple=True, help="Only requirements of this kind.")
def list_command(contract: contracts.Contract | None, levels: tuple[str, ...], kinds: tuple[str, ...]) -> None:
    """List the APIs, or the requirements of one."""
    if contract is None:
        if levels or kinds:
            raise click.UsageError("--level and --kind choose among the requirements of an API: give --api as well")
        _echo(register.api_lines(contracts.load(api) for api in contracts.apis()))
        return
    wanted = (row for row in contract.requirements if row.level in (levels or LEVELS) and row.kind in (kinds or KINDS))
    _echo(register.requirement_lines(wanted))


@click.command("explain")
@click.argument("requirement_id", metavar="ID")
def explain_command(requirement_id: str) -> None:
    """Explain a requirement.

    Says what it demands, where the document says so, how it is read and how it is checked.
    """
    for contract in map(contracts.load, contracts.apis()):
        for row in contract.requirements:
            if row.id == requirement_id:
                _echo(register.explain_lines(contract, row))
                return
    raise UsageError(requirement_id, "no API has this requirement", "`list --api ID` names those there are")


def _echo(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)
