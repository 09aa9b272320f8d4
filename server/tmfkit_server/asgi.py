"""Running the application under gunicorn's own ASGI worker."""

from __future__ import annotations

import asyncio
import logging
import math
import os
from typing import Any

import click
import falcon.asgi
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped]

from tmfkit_server.app import GIVE_UP, check_store, create_app
from tmfkit_server.errors import StoreDamaged, StoreUnusable
from tmfkit_server.settings import Settings
from tmfkit_server.worker import LIMITS, BoundedWorker

__all__ = ["WORKER", "serve"]

WORKER: type | str = BoundedWorker
"""Class of worker; the yardstick of the benchmarks runs under gunicorn's own."""

_LONGEST_REQUEST_LINE_BYTES = 8190
_SILENCE_SECONDS = 120
_LOOK_AGAIN_SECONDS = 0.25
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
            "worker_class": WORKER,
            # "auto" cancels a start-up of more than 30 s and then serves without the store.
            "asgi_lifespan": "on",
            "control_socket_disable": True,
            # A large store is read before the first heartbeat.
            "timeout": _SILENCE_SECONDS,
            # Who may say what clients called is a setting of ours; gunicorn would believe whoever is on this machine.
            "forwarded_allow_ips": "",
            "limit_request_line": _LONGEST_REQUEST_LINE_BYTES,
            # gunicorn knows whole seconds only.
            "keepalive": math.ceil(self._settings.connection_limits.keep_alive_seconds),
            "loglevel": "warning",
            "when_ready": _print_address,
            "post_worker_init": self._wait_for_store,
        }
        for name, value in options.items():
            self.cfg.set(name, value)
        setattr(self.cfg, LIMITS, self._settings.connection_limits)

    def load(self) -> falcon.asgi.App[Any, Any]:
        """Build the application, in each worker."""
        return create_app(self._settings)

    def _wait_for_store(self, worker: Any) -> None:
        """Wait for the worker that this one follows to let go of the store, or for an operator who puts it right."""
        said = ""
        # What may be late is waited for while requests are answered.
        while not self._settings.store_kind.may_be_late:
            try:
                check_store(self._settings)
            except StoreDamaged as exc:
                _LOG.error("%s", exc)
                raise SystemExit(GIVE_UP) from exc
            except StoreUnusable as exc:
                if str(exc) != said:
                    said = str(exc)
                    _LOG.error("%s It is tried again and again.", said)
            else:
                return
            # In the loop of the worker, which so hears of signals.
            worker.loop.run_until_complete(asyncio.sleep(_LOOK_AGAIN_SECONDS))
            if not worker.alive or worker.ppid != os.getppid():
                raise SystemExit(0)
            worker.notify()

    def run(self) -> None:
        """Run the master process until a signal ends it."""
        (Arbiter if self._settings.store_kind.takes_processes else _OneWorkerArbiter)(self).run()


class _OneWorkerArbiter(Arbiter):  # type: ignore[misc]
    """gunicorn's master process when the store belongs to one worker."""

    def handle_ttin(self) -> None:
        """Refuse one more worker, which would wait for the store without end."""
        _LOG.warning("SIGTTIN ignored: the store belongs to one process")


def serve(settings: Settings) -> None:
    """Serve until a signal ends it; ends the process."""
    _log_to_stderr()
    _Gunicorn(settings).run()


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
