"""Running the application under gunicorn's own ASGI worker."""

from __future__ import annotations

import logging
from typing import Any

import click
import falcon.asgi
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped]

from tmfkit_server.app import TRY_AGAIN, check_store, create_app
from tmfkit_server.errors import StoreLocked, StoreUnreachable
from tmfkit_server.settings import Settings

__all__ = ["serve"]

_LONGEST_REQUEST_LINE_BYTES = 8190
_SILENCE_SECONDS = 120
# A new worker waits for the one that it follows, which gunicorn gives 30 s to end, or for the database.
_TAKE_OVER_SECONDS = 40
_LOG = logging.getLogger(__name__)


class _Gunicorn(BaseApplication):  # type: ignore[misc]
    """gunicorn, configured by our settings only: no configuration file, no environment of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Hand our settings to gunicorn."""
        host = f"[{self._settings.host}]" if ":" in self._settings.host else self._settings.host
        options: dict[str, Any] = {
            "bind": f"{host}:{self._settings.port}",
            "workers": self._settings.workers,
            "worker_class": "asgi",
            # "auto" cancels a start-up of more than 30 s and then serves without the store.
            "asgi_lifespan": "on",
            "control_socket_disable": True,
            # A large store is read before the first heartbeat.
            "timeout": _SILENCE_SECONDS,
            "limit_request_line": _LONGEST_REQUEST_LINE_BYTES,
            "loglevel": "warning",
            "when_ready": _print_address,
            "post_worker_init": lambda _: _wait_for_store(self._settings),
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> falcon.asgi.App[Any, Any]:
        """Build the application, in each worker."""
        return create_app(self._settings)

    def run(self) -> None:
        """Run the master process until a signal ends it."""
        (Arbiter if self._settings.is_shared else _OneWorkerArbiter)(self).run()


class _OneWorkerArbiter(Arbiter):  # type: ignore[misc]
    """gunicorn's master process when the store belongs to one worker."""

    def handle_ttin(self) -> None:
        """Refuse one more worker, which would wait for the store without end."""
        _LOG.warning("SIGTTIN ignored: the store belongs to one process")


def serve(settings: Settings) -> None:
    """Serve until a signal ends it; ends the process."""
    _log_to_stderr()
    _Gunicorn(settings).run()


def _wait_for_store(settings: Settings) -> None:
    try:
        check_store(settings, wait_seconds=_TAKE_OVER_SECONDS)
    except (StoreLocked, StoreUnreachable) as exc:
        _LOG.error("%s", exc)
        raise SystemExit(TRY_AGAIN) from exc


def _log_to_stderr() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.getLogger("tmfkit_server").addHandler(handler)
    # What a store found when it was opened, and what became of messages, is said even when all is well.
    for name in ("storage", "apis"):
        logging.getLogger(f"tmfkit_server.{name}").setLevel(logging.INFO)


def _print_address(arbiter: Any) -> None:
    # The port that was bound, which with --port 0 nobody knows before.
    for listener in arbiter.LISTENERS:
        click.echo(f"tmfkit-server listening on {listener}")
