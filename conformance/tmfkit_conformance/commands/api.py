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
    return click.option("--api", "contract", type=_ApiName(), metavar="ID", required=required, help=words)


class _ApiName(click.ParamType[contracts.Contract]):
    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> contracts.Contract:
        """Load the contract; a usage error that lists the APIs when there is none of that name."""
        try:
            return contracts.load(value)
        except contracts.ContractError as exc:
            self.fail(str(exc), param, ctx)
