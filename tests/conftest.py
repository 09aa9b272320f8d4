"""Fixtures that several test folders share: a running server, a listener for notifications."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import hypothesis
import psycopg
import pytest
from httpx._config import DEFAULT_TIMEOUT_CONFIG

from harness.database import database
from patience import PATIENCE_SECONDS

_COMMAND = [sys.executable, "-c", "from tmfkit_server.cli import main; main()", "run", "--port", "0"]
_ANNOUNCEMENT = "tmfkit-server listening on "

# Requests that name no time-out.
for _part in ("connect", "read", "write", "pool"):
    setattr(DEFAULT_TIMEOUT_CONFIG, _part, PATIENCE_SECONDS)
hypothesis.settings.register_profile("steady", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("steady")


@contextlib.contextmanager
def running_server(*options: str) -> Iterator[str]:
    """Run ``tmfkit-server run`` on a free port; give its URL, and ask for a clean end afterwards."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TMFKIT_")}
    outbox = tempfile.TemporaryDirectory()
    environment |= {"TMFKIT_OUTBOX": outbox.name, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen([*_COMMAND, *options], stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith(_ANNOUNCEMENT), f"the server did not start: {line!r}"
        url = line.removeprefix(_ANNOUNCEMENT).strip()
        # The socket listens already; the answer comes as soon as the application has started.
        assert httpx.get(f"{url}/health/live").status_code == 200
        yield url
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) == 0
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
        outbox.cleanup()


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """URL of a server with the memory store and without credentials."""
    with running_server() as url:
        yield url


@pytest.fixture(scope="session")
def start_server() -> Callable[..., contextlib.AbstractContextManager[str]]:
    """Starts further servers, with options of their own."""
    return running_server


@pytest.fixture(scope="session")
def postgres_databases() -> Iterator[Callable[[], str]]:
    """Makes empty databases, on the server of ``TMFKIT_TEST_POSTGRES_URL`` or on one of the tests' own."""
    names = (f"tmfkit_test_{uuid.uuid4().hex}" for _ in itertools.count())
    if given := os.environ.get("TMFKIT_TEST_POSTGRES_URL"):
        yield from _databases_of(given, names)
        return
    # What outlives a power failure is none of these tests' business.
    with database(settings={"fsync": "off"}) as cluster:
        yield lambda: cluster.new_database(next(names))


def _databases_of(url: str, names: Iterator[str]) -> Iterator[Callable[[], str]]:
    made: list[str] = []

    def make() -> str:
        made.append(next(names))
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {made[-1]} ENCODING 'UTF8' TEMPLATE template0".encode())
        return urlunsplit(urlsplit(url)._replace(path=f"/{made[-1]}"))

    yield make
    with psycopg.connect(url, autocommit=True) as connection:
        for name in made:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def postgres_url(postgres_databases: Callable[[], str]) -> str:
    """Address of an empty database."""
    return postgres_databases()


@dataclass
class Listener:
    """A listener for notifications.

    It answers ``status``, or what ``answer`` makes of a notification; ``raw`` has the headers and bodies as they came.
    """

    url: str
    status: int = 201
    answer: Callable[[dict[str, Any]], int] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    _arrived: queue.SimpleQueue[dict[str, Any]] = field(default_factory=queue.SimpleQueue)

    def take(self, notification: dict[str, Any]) -> None:
        self._arrived.put(notification)

    def next(self) -> dict[str, Any]:
        """Return the next notification; ``queue.Empty`` when none comes."""
        return self._arrived.get(timeout=PATIENCE_SECONDS)

    def is_silent(self) -> bool:
        return self._arrived.empty()


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A listener on a free port that answers 201."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            notification = json.loads(body)
            status = heard.answer(notification) if heard.answer else heard.status
            # Before the answer: after it the next notification may come, in another thread, and overtake this one.
            heard.raw.append((dict(self.headers), body))
            heard.take(notification)
            self.send_response(status)
            for name, value in heard.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    heard = Listener(f"http://127.0.0.1:{server.server_port}/listener")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield heard
    server.shutdown()
    server.server_close()
    thread.join()


# What takes longest begins first, so that no process is left alone with it at the end.
_LONGEST = (
    "test_server_bounded_searches", "test_certify", "test_catalogue", "test_sdk_faults_facade", "test_server_addresses",
    "test_server_sending", "test_server_health", "test_sixth_api", "test_server_postgres", "test_server_tokens",
    "test_check", "test_server_connections", "test_drive_targets", "test_sdk_cli", "test_server_transfer",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first."""
    ranks = {name: rank for rank, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path.stem, len(ranks)))
