"""``tmfkit-server``: parses the command line and starts the server."""

from __future__ import annotations

import asyncio
import logging
import sys
from importlib import metadata
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

import click

from tmfkit_server.api_keys import ROLES, ApiKey, KeyFormError, new_key
from tmfkit_server.app import check_store, create_store
from tmfkit_server.asgi import check_address, serve
from tmfkit_server.errors import OperatorError, SettingsError, StoreError, StoreUnreachable
from tmfkit_server.logs import start_logging
from tmfkit_server.network import is_loopback
from tmfkit_server.reloading import initial_settings, later_settings
from tmfkit_server.setting_options import SettingsCommand, TolerantCommand, config_option, file_line
from tmfkit_server.settings import Settings, run_options
from tmfkit_server.storage.stores import StoreKind, kind_of, written_forms
from tmfkit_server.traces import warn_of_missing_extra
from tmfkit_server.transfer import Bar, back_up_to, export_to, import_from

__all__ = ["main"]

_LOG = logging.getLogger(__name__)


class _Commands(click.Group):
    """The commands; what an operator has to put right ends each of them, with one line for each thing."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except (OperatorError, StoreError) as exc:
            for line in str(exc).splitlines():
                click.echo(f"tmfkit-server: {line}", err=True)
            sys.exit(exc.exit_status if isinstance(exc, OperatorError) else 3)


@click.group(cls=_Commands)
@click.version_option(metadata.version("tmfkit"), prog_name="tmfkit-server")
def main() -> None:
    """Reference server for TM Forum APIs."""


def _options() -> list[click.Option]:
    return [config_option(), *run_options()]


@main.command(cls=SettingsCommand, params=_options())
def run(**given: Any) -> None:
    """Serve every API until interrupted."""
    start_logging(given["log_format"])
    settings = initial_settings(given)
    check_address(settings)
    _warn_of_addresses(settings)
    warn_of_missing_extra()
    try:
        check_store(settings)
    except StoreUnreachable as exc:
        _LOG.warning("%s Until it answers, requests are answered with 503.", exc)
    serve(settings, lambda known: later_settings(given, known))


@main.command(cls=SettingsCommand, params=_options())
def check(**given: Any) -> None:
    """Try the settings and the store as run would, change nothing, and say what was found."""
    start_logging(given["log_format"])
    settings = initial_settings(given)
    click.echo("settings: as they should be")
    click.echo(f"store: {settings.store_kind.inspect(settings.store)}")


@main.command("settings", cls=TolerantCommand, params=_options())
@click.pass_context
def settings_command(ctx: click.Context, /, problems: dict[str, str], **given: Any) -> None:
    """Show every setting, its value and where that comes from, as --config takes it; secrets stay out."""
    sound = {str(each.name): given[str(each.name)] for each in run_options() if each.key not in problems}
    problems |= Settings.problems_in(sound)
    for unknown in problems.keys() - {each.key for each in run_options()}:
        click.echo(f"# {problems[unknown]}")
    for heading, options in groupby(sorted(run_options(), key=attrgetter("group")), key=attrgetter("group")):
        click.echo(f"# {heading}")
        for option in options:
            click.echo(file_line(ctx, option, given[str(option.name)], problems.get(option.key, "")))
    if problems:
        raise SettingsError("settings", f"these cannot be honoured: {', '.join(problems)}", "See what is said of them")
    initial_settings(given)


@main.command("key")
@click.option("--role", type=click.Choice(ROLES), default="user", show_default=True, help="What who has it may do.")
@click.option("--name", default="", help="What logs call it.")
def key_command(role: str, name: str) -> None:
    """Make an API key: the key for the client, and the line for --api-key-file, which does not tell the key."""
    key = new_key()
    line = ApiKey.of(role, key, name).line
    try:
        ApiKey.parse(line)
    except KeyFormError as exc:
        raise SettingsError("--name", "it cannot be one", "Use up to 64 letters, digits and . _ @ -") from exc
    click.echo(f"key:  {key}\nline: {line}")


_STORE = click.option(
    "--store",
    required=True,
    metavar="STORE",
    envvar="TMFKIT_STORE",
    help=f"The store: {written_forms(are_lasting=True)}; also from TMFKIT_STORE.",
)


@main.command("export")
@_STORE
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
def export_command(store: str, file: Path) -> None:
    """Write everything in a store to FILE as JSON lines; - is stdout. A server may be running on it."""
    count = asyncio.run(export_to(file, _kind(store).source_of(store), bar=_bar))
    click.echo(f"{count:,} entries exported to {file}", err=str(file) == "-")


@main.command("import")
@_STORE
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def import_command(store: str, file: Path) -> None:
    """Read the export FILE into a store that is new, or has nothing in it."""
    kind = _kind(store)
    if not kind.is_lasting:
        remedy = f"Use {written_forms(are_lasting=True)}"
        raise SettingsError(f"--store {store}", "it ends with the command", remedy)
    count = asyncio.run(import_from(file, create_store(Settings(store=store)), bar=_bar))
    click.echo(f"{count:,} entries imported into {kind.shown(store)}")


@main.command()
@_STORE
@click.argument("file", type=click.Path(path_type=Path))
def backup(store: str, file: Path) -> None:
    """Copy the file of a store to FILE, which is a store in its turn. A server may be running on it; tinydb: only."""
    asyncio.run(back_up_to(file, _kind(store).snapshot_of(store), bar=_bar))
    click.echo(f"{store} backed up to {file}")


def _kind(store: str) -> StoreKind:
    kind = kind_of(store)
    kind.check(store)
    return kind


def _warn_of_addresses(settings: Settings) -> None:
    if not settings.public_url and not is_loopback(settings.host):
        said = "--host %s without --public-url: every href begins with what the client called the server by"
        _LOG.warning(f"{said}. Give --public-url https://HOST.", settings.host)


def _bar(label: str, length: int) -> Bar:
    return click.progressbar(length=length, label=label, file=sys.stderr)


if __name__ == "__main__":
    main()
