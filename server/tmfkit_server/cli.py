"""``tmfkit-server``: parses the command line and starts the server."""

from __future__ import annotations

import asyncio
import sys
from importlib import metadata
from pathlib import Path
from typing import NoReturn

import click

from tmfkit_server.app import check_store, create_snapshot, create_source, create_store
from tmfkit_server.asgi import serve
from tmfkit_server.errors import OperatorError, ServerError, StoreError, StoreUnreachable
from tmfkit_server.settings import DEFAULT_MAX_BODY_BYTES, Settings, api_keys, base_paths
from tmfkit_server.transfer import Bar, back_up_to, export_to, import_from

__all__ = ["main"]


@click.group()
@click.version_option(metadata.version("tmfkit"), prog_name="tmfkit-server")
def main() -> None:
    """Reference server for TM Forum APIs."""


@main.command()
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on; others than loopback need an API key."
)
@click.option(
    "--port",
    default=8080,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to listen on; 0 picks a free one.",
)
@click.option(
    "--store",
    default="memory:",
    show_default=True,
    envvar="TMFKIT_STORE",
    help="Where to keep everything: memory:, tinydb:PATH or postgresql://USER@HOST/DATABASE; also from TMFKIT_STORE.",
)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1),
    help="Worker processes; more than one with PostgreSQL only.",
)
@click.option(
    "--api-key",
    "key_texts",
    multiple=True,
    envvar="TMFKIT_API_KEYS",
    metavar="ROLE:KEY",
    help="Credential with its role, user or admin; repeatable. TMFKIT_API_KEYS holds several, separated by blanks.",
)
@click.option(
    "--public-url", default="", metavar="URL", help="Scheme and host that hrefs begin with; else those of the request."
)
@click.option(
    "--base-path", "path_texts", multiple=True, metavar="API=PATH", help="Other base path of an API; repeatable."
)
@click.option(
    "--max-body-bytes",
    default=DEFAULT_MAX_BODY_BYTES,
    show_default=True,
    type=click.IntRange(1),
    help="Largest request body.",
)
def run(
    *,
    host: str,
    port: int,
    store: str,
    workers: int,
    key_texts: tuple[str, ...],
    public_url: str,
    path_texts: tuple[str, ...],
    max_body_bytes: int,
) -> None:
    """Serve every API until interrupted."""
    try:
        settings = Settings(
            host=host,
            port=port,
            store=store,
            workers=workers,
            api_keys=api_keys(key_texts),
            public_url=public_url,
            base_paths=base_paths(path_texts),
            max_body_bytes=max_body_bytes,
        )
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
    help="The store: tinydb:PATH or postgresql://USER@HOST/DATABASE; also from TMFKIT_STORE.",
)


@main.command("export")
@_STORE
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
def export_command(store: str, file: Path) -> None:
    """Write everything in a store to FILE as JSON lines; - is stdout. A server may be running on it."""
    try:
        count = asyncio.run(export_to(file, create_source(Settings(store=store)), bar=_bar))
    except (OperatorError, StoreError) as exc:
        _give_up(exc)
    click.echo(f"{count:,} entries exported to {file}", err=str(file) == "-")


@main.command("import")
@_STORE
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def import_command(store: str, file: Path) -> None:
    """Read the export FILE into a store that is new, or has nothing in it."""
    try:
        settings = Settings(store=store)
        count = asyncio.run(import_from(file, create_store(settings), bar=_bar))
    except (OperatorError, StoreError) as exc:
        _give_up(exc)
    click.echo(f"{count:,} entries imported into {settings.store_name}")


@main.command()
@_STORE
@click.argument("file", type=click.Path(path_type=Path))
def backup(store: str, file: Path) -> None:
    """Copy the file of a store to FILE, which is a store in its turn. A server may be running on it; tinydb: only."""
    try:
        asyncio.run(back_up_to(file, create_snapshot(Settings(store=store)), bar=_bar))
    except OperatorError as exc:
        _give_up(exc)
    click.echo(f"{store} backed up to {file}")


def _bar(label: str, length: int) -> Bar:
    return click.progressbar(length=length, label=label, file=sys.stderr)


def _give_up(exc: ServerError) -> NoReturn:
    click.echo(f"tmfkit-server: {exc}", err=True)
    sys.exit(exc.exit_status if isinstance(exc, OperatorError) else 3)


if __name__ == "__main__":
    main()
