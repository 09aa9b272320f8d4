"""``tmfkit-server``: parses the command line and starts the server."""

from __future__ import annotations

import asyncio
import sys
from importlib import metadata
from pathlib import Path
from typing import NoReturn

import click

from tmfkit_server.app import check_extensions, check_store, create_snapshot, create_source, create_store
from tmfkit_server.asgi import serve
from tmfkit_server.errors import OperatorError, ServerError, SettingsError, StoreError, StoreUnreachable
from tmfkit_server.retry_limits import RetryLimits
from tmfkit_server.settings import (
    DEFAULT_MAX_BODY_BYTES,
    Settings,
    api_key_lines,
    api_keys,
    base_paths,
    callback_networks,
    callback_secrets,
    channels,
    is_private,
)
from tmfkit_server.transfer import Bar, back_up_to, export_to, import_from

__all__ = ["main"]

_RETRY_LIMITS = RetryLimits()


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
    help="Credential with its role: reader, user or admin; repeatable. TMFKIT_API_KEYS holds several, separated by"
    " blanks.",
)
@click.option(
    "--api-key-file",
    "key_file",
    type=click.Path(path_type=Path),
    envvar="TMFKIT_API_KEY_FILE",
    metavar="FILE",
    help="File with more credentials, one ROLE:KEY a line; also from TMFKIT_API_KEY_FILE.",
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
@click.option(
    "--channel",
    "channel_texts",
    multiple=True,
    envvar="TMFKIT_CHANNELS",
    metavar="TYPE=URL",
    help="Where messages of type SMS, Email or MobileApp go: an Apprise URL with {receiver} in it; repeatable."
    " TMFKIT_CHANNELS holds several, separated by blanks.",
)
@click.option(
    "--channel-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File with further channels, one to a line.",
)
@click.option(
    "--outbox",
    default="",
    envvar="TMFKIT_OUTBOX",
    metavar="FOLDER",
    help="Where messages go for which there is no channel: else STORE.outbox, or tmfkit-outbox here.",
)
@click.option(
    "--send-timeout-seconds",
    default=5.0,
    show_default=True,
    type=click.FloatRange(0, 60),
    help="How long a client waits for the first attempt to send a message.",
)
@click.option(
    "--send-retry-seconds",
    default=60.0,
    show_default=True,
    type=click.FloatRange(0, 3600, min_open=True),
    help="How long a message rests after the first attempt that failed; twice as long after each further one.",
)
@click.option(
    "--keep-card-numbers",
    is_flag=True,
    help="Store the numbers of payment cards whole, not with their last four digits only. PCI DSS then applies to the"
    " store, its backups and whatever gets notifications.",
)
@click.option(
    "--allow-callbacks",
    "network_texts",
    multiple=True,
    envvar="TMFKIT_ALLOW_CALLBACKS",
    metavar="CIDR",
    help="Network that listeners may be in although it is not public; repeatable. TMFKIT_ALLOW_CALLBACKS holds several,"
    " separated by blanks. A server on loopback calls loopback.",
)
@click.option(
    "--callback-secret",
    "secret_texts",
    multiple=True,
    envvar="TMFKIT_CALLBACK_SECRET",
    metavar="SECRET",
    help="Sign notifications with whsec_BASE64, or with what stands in file:PATH; repeatable while secrets change."
    " Better from TMFKIT_CALLBACK_SECRET, or as a file.",
)
@click.option(
    "--delivery-attempts",
    default=_RETRY_LIMITS.attempts,
    show_default=True,
    type=click.IntRange(1),
    help="Failed attempts after which a notification becomes a dead letter, while its listener takes others.",
)
@click.option(
    "--delivery-hours",
    default=_RETRY_LIMITS.hours,
    show_default=True,
    type=click.FloatRange(0),
    help="Hours after which it becomes one in any case.",
)
def run(
    *,
    host: str,
    port: int,
    store: str,
    workers: int,
    key_texts: tuple[str, ...],
    key_file: Path | None,
    public_url: str,
    path_texts: tuple[str, ...],
    max_body_bytes: int,
    channel_texts: tuple[str, ...],
    channel_file: Path | None,
    outbox: str,
    send_timeout_seconds: float,
    send_retry_seconds: float,
    keep_card_numbers: bool,
    network_texts: tuple[str, ...],
    secret_texts: tuple[str, ...],
    delivery_attempts: int,
    delivery_hours: float,
) -> None:
    """Serve every API until interrupted."""
    try:
        settings = Settings(
            host=host,
            port=port,
            store=store,
            workers=workers,
            api_keys=api_keys([*key_texts, *_keys_in(key_file)]),
            public_url=public_url,
            base_paths=base_paths(path_texts),
            max_body_bytes=max_body_bytes,
            channels=channels(channel_texts, channel_file),
            outbox=outbox,
            send_timeout_seconds=send_timeout_seconds,
            send_retry_seconds=send_retry_seconds,
            keep_card_numbers=keep_card_numbers,
            allowed_callbacks=callback_networks(network_texts),
            callback_secrets=callback_secrets(secret_texts),
            retry_limits=RetryLimits(delivery_attempts, delivery_hours),
        )
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
        if not settings.is_lasting:
            remedy = "Use tinydb:PATH or postgresql://USER@HOST/DATABASE"
            raise SettingsError(f"--store {store}", "it ends with the command", remedy)
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


def _keys_in(file: Path | None) -> list[str]:
    if file is None:
        return []
    lines = api_key_lines(file)
    if not is_private(file):
        click.echo(f"tmfkit-server: --api-key-file {file}: others can get at it. Set its mode to 600.", err=True)
    return lines


def _bar(label: str, length: int) -> Bar:
    return click.progressbar(length=length, label=label, file=sys.stderr)


def _give_up(exc: ServerError) -> NoReturn:
    click.echo(f"tmfkit-server: {exc}", err=True)
    sys.exit(exc.exit_status if isinstance(exc, OperatorError) else 3)


if __name__ == "__main__":
    main()
