"""The sound application that ``selftest`` and ``catalogue`` work with: one that is named, or the reference server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import click

from tmfkit_conformance.selftest.serving import REFERENCE, REFERENCE_KEYS, check_application

__all__ = ["sound_app", "sound_app_options"]

_HEADER: Final = "'NAME: VALUE'"
_OPTIONS: Final = (
    click.option(
        "--app",
        "factory",
        metavar="MODULE:NAME",
        help="Function that makes the application.  [default: the reference server]",
    ),
    click.option("--header", "headers", metavar=_HEADER, multiple=True, help="Header of every request."),
    click.option("--bearer", metavar="TOKEN", help="Token of an ordinary user."),
    click.option("--admin-header", "admin_headers", metavar=_HEADER, multiple=True, help="Header of an administrator."),
)


def sound_app_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that name an application, and the credentials that it knows."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def sound_app(factory: str | None, given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the application that is named, else the reference server with the credentials that it knows.

    Args:
        factory: What ``--app`` says, or None.
        given: The other options.

    Raises:
        UsageError: There is no such application.
    """
    if factory is None:
        return REFERENCE, {**given, **REFERENCE_KEYS}
    check_application(factory)
    return factory, dict(given)
