"""A store with the servers on it: what can be killed, and how it comes back."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from faultlab.client import Client
from harness.database import Database, database
from harness.errors import HarnessError
from harness.process import ServerProcess
from harness.tmfkit import CUSTOMER, tmfkit_server
from tmfkit_server.storage.stores import STORES

__all__ = ["PROGRAM", "PostgresStage", "Stage", "TinydbStage", "postgres_stage", "store_in", "tinydb_stage"]

PROGRAM = ("-m", "tmfkit_server.cli")
_FILE, _DATABASE = STORES["tinydb"], STORES["postgresql"]
_BACK_SECONDS = 30.0
_LONGEST_START_SECONDS = 0.8
_WORKER_START_SECONDS = 6.0


def store_in(file: Path) -> str:
    """Return the address of the store in a file."""
    return _FILE.at(str(file))


class Stage(Protocol):
    """Servers on one store."""

    @property
    def name(self) -> str:
        """Name of the store."""

    @property
    def servers(self) -> Sequence[ServerProcess]:
        """The servers."""

    @property
    def is_readable_meanwhile(self) -> bool:
        """Whether it can be read while nothing can be written."""

    def kill(self, chance: random.Random) -> str:
        """Kill something with SIGKILL; return what."""

    def restore(self) -> None:
        """Bring back whatever is down, and wait until every server answers from the store."""


class TinydbStage:
    """One server on one file."""

    name = _FILE.schemes[0]
    is_readable_meanwhile = True

    def __init__(self, folder: Path, program: Sequence[str] = PROGRAM) -> None:
        """Describe the stage.

        Args:
            folder: Folder of the file.
            program: What Python runs.
        """
        self.file = folder / "store.db"
        self.servers = [tmfkit_server(store_in(self.file), log=folder.parent / "server.log", program=program)]

    def kill(self, chance: random.Random) -> str:
        """Kill the server, or only its worker, which gunicorn then replaces."""
        [server] = self.servers
        if chance.random() < 0.25:
            return _kill_worker(server, chance)
        server.kill()
        if chance.random() < 0.25:
            # Once more while it starts and reads what is left.
            server.launch()
            time.sleep(chance.uniform(0, _LONGEST_START_SECONDS))
            server.kill()
            return "the server, and again while it started"
        return "the server"

    def restore(self) -> None:
        """Start the server when it is down."""
        _restore(self.servers)


class PostgresStage:
    """Several servers, some of them with several workers, on one database."""

    name = _DATABASE.schemes[0]
    is_readable_meanwhile = False

    def __init__(
        self, cluster: Database, folder: Path, program: Sequence[str] = PROGRAM, *, workers: Sequence[int] = (2, 1)
    ) -> None:
        """Describe the stage.

        Args:
            cluster: The database.
            folder: Folder for the log.
            program: What Python runs.
            workers: Of each server.
        """
        self.cluster = cluster
        self.victims: Sequence[str] = ("server", "worker", "database")
        log = folder / "server.log"
        self.servers = [tmfkit_server(cluster.url, log=log, workers=each, program=program) for each in workers]

    def kill(self, chance: random.Random) -> str:
        """Kill a server, a worker, or PostgreSQL with all its processes."""
        victim = chance.choice(self.victims)
        server = chance.choice(self.servers)
        if victim == "server":
            server.kill()
            return "a server"
        if victim == "worker":
            return _kill_worker(server, chance)
        self.cluster.kill()
        time.sleep(chance.uniform(0, 0.3))
        self.cluster.start()
        return "PostgreSQL"

    def lose_worker(self, chance: random.Random) -> float:
        """Kill a worker; return how many seconds the next one takes to start, amply."""
        _kill_worker(self.servers[0], chance)
        return _WORKER_START_SECONDS

    def restore(self) -> None:
        """Start the database and the servers that are down."""
        if not self.cluster.is_running():
            self.cluster.start()
        _restore(self.servers)


@contextlib.contextmanager
def tinydb_stage(folder: Path, program: Sequence[str] = PROGRAM) -> Iterator[TinydbStage]:
    """Give a stage whose server runs."""
    stage = TinydbStage(folder, program)
    try:
        stage.restore()
        yield stage
    finally:
        stage.servers[0].kill()


@contextlib.contextmanager
def postgres_stage(
    folder: Path,
    program: Sequence[str] = PROGRAM,
    *,
    workers: Sequence[int] = (2, 1),
    data: Path | None = None,
    segment_mb: int = 16,
) -> Iterator[PostgresStage]:
    """Give a stage whose database and servers run.

    Args:
        folder: Folder for the log.
        program: What Python runs.
        workers: Of each server.
        data: Folder of the database, with a short path; a temporary one by default.
        segment_mb: Size of a file of its log.
    """
    with database(data, segment_mb=segment_mb) as cluster:
        stage = PostgresStage(cluster, folder, program, workers=workers)
        try:
            stage.restore()
            yield stage
        finally:
            for server in stage.servers:
                server.kill()


def _restore(servers: Sequence[ServerProcess]) -> None:
    for server in servers:
        if not server.is_running():
            server.launch()
    for server in servers:
        server.wait_until_ready(_BACK_SECONDS)
        _wait_for_store(server)


def _wait_for_store(server: ServerProcess) -> None:
    """Wait until the server reads from its store, which may itself be starting."""
    deadline = time.monotonic() + _BACK_SECONDS
    client = Client(server.port)
    try:
        while (answer := client.send("GET", f"{CUSTOMER}?limit=1")).status not in (200, 206):
            if time.monotonic() > deadline:
                problem = f"{_BACK_SECONDS:g} s after the fault it still answers {answer.status}"
                raise HarnessError(server.name, problem, f"It said: {server.said()}")
            time.sleep(0.05)
    finally:
        client.close()


def _kill_worker(server: ServerProcess, chance: random.Random) -> str:
    children = server.children()
    if children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(chance.choice(children), signal.SIGKILL)
    return "a worker"
