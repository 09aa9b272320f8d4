"""Running the application under gunicorn's own ASGI worker."""

from __future__ import annotations

import errno
import logging
import math
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import click
from gunicorn import glogging  # type: ignore[import-untyped]
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped]

from tmfkit_server.app import GIVE_UP, AsgiApp, check_store, create_app
from tmfkit_server.errors import SettingsError, StoreDamaged, StoreUnusable
from tmfkit_server.logs import log_handler
from tmfkit_server.metrics_folder import metrics_folder
from tmfkit_server.network import Place, shown
from tmfkit_server.outages import OUTAGE
from tmfkit_server.settings import Settings
from tmfkit_server.worker import ENDING_SIGNALS, LIMITS, MOST_BODY_BYTES, TLS_CONTEXT, BoundedWorker

__all__ = ["WORKER", "check_address", "serve"]

WORKER: type | str = BoundedWorker
"""Class of worker; the yardstick of the benchmarks runs under gunicorn's own."""

_LONGEST_REQUEST_LINE_BYTES = 8190
_SILENCE_SECONDS = 120
_LOOK_AGAIN_SECONDS = 0.25
_LAST_SECONDS = 0.5
_LOG = logging.getLogger(__name__)


class _Gunicorn(BaseApplication):  # type: ignore[misc]
    """gunicorn, configured by our settings only: no configuration file, no environment of its own."""

    def __init__(self, settings: Settings, read_again: Callable[[Settings], Settings]) -> None:
        self._settings = settings
        self._read_again = read_again
        super().__init__()

    def load_config(self) -> None:
        """Hand our settings to gunicorn."""
        options: dict[str, Any] = {
            "bind": [shown(place) for place in _places(self._settings)],
            "logger_class": _log_class(self._settings),
            "workers": self._settings.workers,
            "worker_class": WORKER,
            # "auto" cancels a start-up of more than 30 s and then serves without the store.
            "asgi_lifespan": "on",
            "control_socket_disable": True,
            # A large store is read before the first heartbeat.
            "timeout": _SILENCE_SECONDS,
            # Who may say what clients called is a setting of ours; gunicorn would believe whoever is on this machine.
            "forwarded_allow_ips": "",
            # The worker looks into this parser, and "auto" takes another one where it is installed.
            "http_parser": "python",
            "limit_request_line": _LONGEST_REQUEST_LINE_BYTES,
            # gunicorn knows whole seconds only.
            "keepalive": math.ceil(self._settings.connection_limits.keep_alive_seconds),
            "loglevel": "warning",
            "when_ready": _print_address,
            "post_worker_init": self._wait_for_store,
            "worker_exit": _end_soon,
        }
        if self._settings.tls is not None:
            # By which gunicorn knows that there is TLS.
            options |= {"certfile": str(self._settings.tls.certificate), "keyfile": str(self._settings.tls.key)}
        for name, value in options.items():
            self.cfg.set(name, value)
        setattr(self.cfg, LIMITS, self._settings.connection_limits)
        setattr(self.cfg, MOST_BODY_BYTES, self._settings.max_body_bytes)
        setattr(self.cfg, TLS_CONTEXT, self._settings.tls.context if self._settings.tls else None)

    def read_again(self) -> bool:
        """Read the files that settings name again; tell whether they can be honoured, and say so when not."""
        try:
            self._settings = self._read_again(self._settings)
        except SettingsError as exc:
            _LOG.error("everything stays as it was: %s", exc)
            return False
        except Exception:  # noqa: BLE001 - logged with its trace; the master would end with it
            _LOG.exception("everything stays as it was: the settings cannot be read again")
            return False
        return True

    def load(self) -> AsgiApp:
        """Build the application, in each worker."""
        try:
            return create_app(self._settings)
        except Exception as exc:
            # gunicorn would print it.
            _LOG.exception("the application cannot be made")
            raise SystemExit(GIVE_UP) from exc

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
            time.sleep(_LOOK_AGAIN_SECONDS)
            if signal.sigpending() & ENDING_SIGNALS or worker.ppid != os.getppid():
                raise SystemExit(0)
            worker.notify()

    def run(self) -> None:
        """Run the master process until a signal ends it."""
        (_Arbiter if self._settings.store_kind.takes_processes else _OneWorkerArbiter)(self).run()


class _Arbiter(Arbiter):  # type: ignore[misc]
    """gunicorn's master process."""

    def spawn_worker(self) -> Any:
        """Start a worker; a signal that ends it may come before it is ready for signals."""
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)
        try:
            return super().spawn_worker()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING_SIGNALS)

    def handle_hup(self) -> None:
        """Have new workers take over, unless what they would start with cannot be."""
        if self.app.read_again():
            super().handle_hup()


class _OneWorkerArbiter(_Arbiter):
    """gunicorn's master process when the store belongs to one worker."""

    def handle_ttin(self) -> None:
        """Refuse one more worker, which would wait for the store without end."""
        _LOG.warning("SIGTTIN ignored: the store belongs to one process")


def check_address(settings: Settings) -> None:
    """See that the server can listen where it should; SettingsError when it cannot."""
    for place in _places(settings):
        _check_place(place)


def _places(settings: Settings) -> list[Place]:
    """Return where the server listens, where clients connect first."""
    return [(settings.host, settings.port), *([settings.management] if settings.management else [])]


def _check_place(place: Place) -> None:
    with socket.socket(socket.AF_INET6 if ":" in place[0] else socket.AF_INET) as probe:
        # As gunicorn does: connections of an earlier server that are being closed are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(place)
            probe.listen()
        except OSError as exc:
            where = shown(place)
            if exc.errno == errno.EADDRINUSE:
                raise SettingsError(where, "another process listens there", "End it, or choose another port") from exc
            problem = f"the server cannot listen there ({exc.strerror})"
            raise SettingsError(where, problem, "Choose an address of this machine and a port that is free") from exc


def serve(settings: Settings, read_again: Callable[[Settings], Settings] | None = None) -> None:
    """Serve until a signal ends it; ends the process.

    Args:
        settings: Settings.
        read_again: Makes new ones of those on HUP, when files that they name may have changed; None for settings that
            stay.
    """
    OUTAGE.share()
    with metrics_folder() if settings.management else nullcontext():
        _Gunicorn(settings, read_again or (lambda known: known)).run()


def _log_class(settings: Settings) -> type[glogging.Logger]:
    """Return gunicorn's logger, which writes as we do."""

    class Logger(glogging.Logger):  # type: ignore[misc]
        def setup(self, cfg: Any) -> None:
            super().setup(cfg)
            self.error_log.handlers = [log_handler(settings.log_format)]

    return Logger


def _end_soon(_arbiter: Any, _worker: Any) -> None:
    """See that the process of a worker that has stopped ends: Python waits for threads, and channels hang in theirs."""
    leaving = sys.exc_info()[1]
    status = leaving.code if isinstance(leaving, SystemExit) and isinstance(leaving.code, int) else 0

    def end() -> None:
        time.sleep(_LAST_SECONDS)
        os._exit(status)

    threading.Thread(target=end, name="end", daemon=True).start()


def _print_address(arbiter: Any) -> None:
    # The port that was bound, which with --port 0 nobody knows before.
    serving, *management = arbiter.LISTENERS
    click.echo(f"tmfkit-server listening on {serving}")
    for listener in management:
        click.echo(f"tmfkit-server management on {listener}")
