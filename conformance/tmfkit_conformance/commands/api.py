"""The options that name an API, or several."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from tmfkit_models import contracts

__all__ = ["api_option", "apis_option"]


def api_option(*, required: bool = True) -> Callable[[Any], Any]:
    """Return the option ``--api``, which hands the contract of the API to the command as ``contract``."""
    words = "The API; `list` names them all."
    return click.option("--api", "contract", callback=_loaded, metavar="ID", required=required, help=words)


def apis_option() -> Callable[[Any], Any]:
    """Return the option ``--api`` that may be repeated; the command is handed the contracts as ``chosen_apis``."""
    words = "Only this API; `list` names them all."
    return click.option("--api", "chosen_apis", callback=_all_loaded, metavar="ID", multiple=True, help=words)


def _all_loaded(
    context: click.Context, option: click.Parameter, names: tuple[str, ...]
) -> tuple[contracts.Contract, ...]:
    """Load the contracts; a usage error that lists the APIs when there is none of a name."""
    return tuple(contract for name in names if (contract := _loaded(context, option, name)))


def _loaded(_context: click.Context, _option: click.Parameter, name: str | None) -> contracts.Contract | None:
    """Load the contract; a usage error that lists the APIs when there is none of that name."""
    if name is None:
        return None
    try:
        return contracts.load(name)
    except contracts.ContractError as exc:
        raise click.BadParameter(str(exc)) from exc
