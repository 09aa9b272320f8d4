"""The yardstick: ``falcon.asgi`` with constant bytes, under the very gunicorn that our server runs under.

``benchmarks.bare.main`` takes ``run --port P --workers N``, like our server; ``/bytes/N`` answers N bytes.
"""

from __future__ import annotations

import argparse
from typing import Any
from unittest import mock

import falcon
import falcon.asgi

from tmfkit_server import asgi
from tmfkit_server.settings import Settings

__all__ = ["create_app", "main"]


class _Bytes:
    """Answers bytes that are there already."""

    def __init__(self) -> None:
        self._held: dict[int, bytes] = {}

    async def on_get(self, _req: falcon.asgi.Request, resp: falcon.asgi.Response, *, size: int) -> None:
        resp.data = self._bytes(size)

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, *, size: int) -> None:
        await req.stream.read()
        resp.status = falcon.HTTP_201
        resp.data = self._bytes(size)

    async def on_delete(self, _req: falcon.asgi.Request, resp: falcon.asgi.Response, **_: int) -> None:
        resp.status = falcon.HTTP_204

    def _bytes(self, size: int) -> bytes:
        if size not in self._held:
            self._held[size] = b'"' + b"x" * (size - 2) + b'"'
        return self._held[size]


class _NoStore:
    """Takes part in the lifespan protocol, which our server demands."""

    async def process_startup(self, _scope: object, _event: object) -> None:
        return


def create_app(_settings: Settings) -> falcon.asgi.App[Any, Any]:
    """Return the yardstick application."""
    app: falcon.asgi.App[Any, Any] = falcon.asgi.App()
    app.add_middleware(_NoStore())
    app.add_route("/bytes/{size:int}", _Bytes())
    return app


def main() -> None:
    """Serve until a signal ends it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["run"])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    settings = Settings(port=options.port)
    # The settings refuse several workers for a store of one process; the yardstick has no store.
    object.__setattr__(settings, "workers", options.workers)
    with mock.patch.object(asgi, "create_app", create_app), mock.patch.object(asgi, "WORKER", "asgi"):
        asgi.serve(settings)
