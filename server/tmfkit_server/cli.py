"""``tmfkit-server``: parses the command line and starts the server."""

from __future__ import annotations

import sys
from importlib import metadata

import click

from tmfkit_server.app import prepare_store
from tmfkit_server.asgi import serve
from tmfkit_server.errors import SettingsError, StoreError
from tmfkit_server.settings import DEFAULT_MAX_BODY_BYTES, Settings, api_keys, base_paths

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
        prepare_store(settings)
    except SettingsError as exc:
        click.echo(f"tmfkit-server: {exc}", err=True)
        sys.exit(2)
    except StoreError as exc:
        click.echo(f"tmfkit-server: {exc}", err=True)
        sys.exit(3)
    serve(settings)


if __name__ == "__main__":
    main()
