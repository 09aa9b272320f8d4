"""The option that names an API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from tmfkit_models import contracts

__all__ = ["api_option"]


def api_option(*, required: bool = True) -> Callable[[Any], Any]:
    """Return the option ``--api``, which hands the contract of the API to the command as ``contract``."""
    words = "The API; `list` names them all."
    return click.option("--api", "contract", callback=_loaded, metavar="ID", required=required, help=words)


def _loaded(_context: click.Context, _option: click.Parameter, name: str | None) -> contracts.Contract | None:
    """Load the contract; a usage error that lists the APIs when there is none of that name."""
    if name is None:
        return None
    try:
        return contracts.load(name)
    except contracts.ContractError as exc:
        raise click.BadParameter(str(exc)) from exc
