"""``tmfkit-server``: parses the command line and starts the server."""

from __future__ import annotations

import asyncio
import sys
from importlib import metadata
from pathlib import Path
from typing import Any, NoReturn

import click

from tmfkit_server.app import check_extensions, check_store, create_store
from tmfkit_server.asgi import serve
from tmfkit_server.errors import OperatorError, ServerError, SettingsError, StoreError, StoreUnreachable
from tmfkit_server.network import is_loopback
from tmfkit_server.setting_values import is_private
from tmfkit_server.settings import Settings, run_options
from tmfkit_server.storage.stores import StoreKind, kind_of, written_forms
from tmfkit_server.transfer import Bar, back_up_to, export_to, import_from

__all__ = ["main"]


@click.group()
@click.version_option(metadata.version("tmfkit"), prog_name="tmfkit-server")
def main() -> None:
    """Reference server for TM Forum APIs."""


@main.command(params=run_options())
def run(**given: Any) -> None:
    """Serve every API until interrupted."""
    try:
        settings = Settings.from_options(given)
        _warn_of_readers(given["api_key_file"])
        _warn_of_addresses(settings)
        check_extensions(settings)
        check_store(settings)
    except StoreUnreachable as exc:
        click.echo(f"tmfkit-server: {exc} Until it answers, requests are answered with 503.", err=True)
    except OperatorError as exc:
        _give_up(exc)
    serve(settings)


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
    try:
        count = asyncio.run(export_to(file, _kind(store).source_of(store), bar=_bar))
    except (OperatorError, StoreError) as exc:
        _give_up(exc)
    click.echo(f"{count:,} entries exported to {file}", err=str(file) == "-")


@main.command("import")
@_STORE
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def import_command(store: str, file: Path) -> None:
    """Read the export FILE into a store that is new, or has nothing in it."""
    try:
        kind = _kind(store)
        if not kind.is_lasting:
            remedy = f"Use {written_forms(are_lasting=True)}"
            raise SettingsError(f"--store {store}", "it ends with the command", remedy)
        count = asyncio.run(import_from(file, create_store(Settings(store=store)), bar=_bar))
    except (OperatorError, StoreError) as exc:
        _give_up(exc)
    click.echo(f"{count:,} entries imported into {kind.shown(store)}")


@main.command()
@_STORE
@click.argument("file", type=click.Path(path_type=Path))
def backup(store: str, file: Path) -> None:
    """Copy the file of a store to FILE, which is a store in its turn. A server may be running on it; tinydb: only."""
    try:
        asyncio.run(back_up_to(file, _kind(store).snapshot_of(store), bar=_bar))
    except OperatorError as exc:
        _give_up(exc)
    click.echo(f"{store} backed up to {file}")


def _kind(store: str) -> StoreKind:
    kind = kind_of(store)
    kind.check(store)
    return kind


def _warn_of_readers(key_file: Path | None) -> None:
    if key_file is not None and not is_private(key_file):
        click.echo(f"tmfkit-server: --api-key-file {key_file}: others can get at it. Set its mode to 600.", err=True)


def _warn_of_addresses(settings: Settings) -> None:
    if not settings.public_url and not is_loopback(settings.host):
        said = (
            f"--host {settings.host} without --public-url: every href begins with what the client called the server by"
        )
        click.echo(f"tmfkit-server: {said}. Give --public-url https://HOST.", err=True)


def _bar(label: str, length: int) -> Bar:
    return click.progressbar(length=length, label=label, file=sys.stderr)


def _give_up(exc: ServerError) -> NoReturn:
    click.echo(f"tmfkit-server: {exc}", err=True)
    sys.exit(exc.exit_status if isinstance(exc, OperatorError) else 3)


if __name__ == "__main__":
    main()
