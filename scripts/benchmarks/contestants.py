"""Who is measured, and how each is started and filled."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.loading import create_documents, import_documents
from benchmarks.workload import document
from harness.database import database
from harness.errors import HarnessError
from harness.process import ServerProcess, free_port, main_of
from harness.tmfkit import CUSTOMER, tmfkit_server

__all__ = ["CONTESTANTS", "Contestant", "Room", "Target", "bare", "install_node_servers"]

_NODE = Path(__file__).with_name("node")


@dataclass(frozen=True, slots=True)
class Room:
    """Where a contestant's files lie.

    Attributes:
        data: Folder for its data, on a real disk.
        node: Folder with ``node_modules``.
        contract: The contract of TMF629 v4 as an OpenAPI document.
        stack: Ends what a contestant started.
    """

    data: Path
    node: Path
    contract: Path
    stack: ExitStack

    def start(self, server: ServerProcess) -> ServerProcess:
        """Start a server that ends with the stack."""
        self.stack.callback(server.kill)
        server.start()
        self.stack.callback(server.stop)
        return server


@dataclass(frozen=True, slots=True)
class Target:
    """A server that runs and holds documents.

    Attributes:
        server: The process.
        path: Path of the collection.
        ids: Identifiers of the documents, in the order of their numbers.
    """

    server: ServerProcess
    path: str
    ids: list[str]


@dataclass(frozen=True, slots=True)
class Contestant:
    """One server to measure.

    Attributes:
        name: What it is called in the results.
        start: Room and number of documents → running target.
        dialect: How it spells queries.
        workers: Its worker processes, and those of the yardstick beside it; 0 measures it without a yardstick.
        is_sized: Whether it is measured at several numbers of documents.
        lacks: Scenarios that it does not offer.
        keeps_nothing: Whether its answers are made up, so that there is nothing to fill it with and to compare.
        is_of_node: Whether it is one of the servers of npm.
    """

    name: str
    start: Callable[[Room, int], Target]
    dialect: str = "tmf"
    workers: int = 0
    is_sized: bool = True
    lacks: tuple[str, ...] = ()
    keeps_nothing: bool = False
    is_of_node: bool = False


def bare(room: Room, workers: int) -> ServerProcess:
    """Start the yardstick."""
    port = free_port()
    command = [sys.executable, *main_of("benchmarks.bare"), "run", "--port", str(port), "--workers", str(workers)]
    return room.start(ServerProcess("bare", command, log=room.data / "bare.log", port=port, ready_path="/bytes/2"))


def _ours(room: Room, store: str, *, workers: int = 1) -> ServerProcess:
    return room.start(tmfkit_server(store, log=room.data / "tmfkit.log", workers=workers))


def _memory(room: Room, count: int) -> Target:
    server = _ours(room, "memory:")
    return Target(server, CUSTOMER, create_documents(server.port, count))


def _tinydb(room: Room, count: int) -> Target:
    store = f"tinydb:{room.data / 'store.db'}"
    ids = import_documents(store, count, room.data / "import.jsonl")
    return Target(_ours(room, store), CUSTOMER, ids)


def _postgresql(room: Room, count: int) -> Target:
    cluster = room.stack.enter_context(database())
    ids = import_documents(cluster.url, count, room.data / "import.jsonl")
    # What autovacuum does by itself within a minute of such a load.
    cluster.run_sql("vacuum analyze")
    return Target(_ours(room, cluster.url, workers=2), CUSTOMER, ids)


def _team(room: Room, count: int) -> Target:
    from benchmarks import team

    cluster = room.stack.enter_context(database())
    ids = _numbers(count)
    team.fill(cluster.url, [{**document(number), "id": each} for number, each in enumerate(ids)])
    cluster.run_sql("vacuum analyze")
    port = free_port()
    command = [sys.executable, *main_of("benchmarks.team"), "--url", cluster.url, "--port", str(port), "--workers", "2"]
    server = ServerProcess("FastAPI", command, log=room.data / "team.log", port=port, ready_path="/openapi.json")
    return Target(room.start(server), "/customer", ids)


def _json_server(room: Room, count: int) -> Target:
    file = _written(room, count, lambda rows: {"customer": rows})
    port = free_port()
    program = str(room.node / "node_modules/.bin/json-server")
    command = [program, "--quiet", "--host", "127.0.0.1", "--port", str(port), str(file)]
    server = ServerProcess("json-server", command, log=room.data / "json-server.log", port=port)
    return Target(room.start(server), "/customer", _numbers(count))


def _prism(room: Room, count: int) -> Target:
    port = free_port()
    program = str(room.node / "node_modules/.bin/prism")
    command = [program, "mock", "-h", "127.0.0.1", "-p", str(port), "-v", "fatal", str(room.contract)]
    server = ServerProcess("Prism mock", command, log=room.data / "prism.log", port=port)
    return Target(room.start(server), "/customer", _numbers(count))


def _express(room: Room, count: int) -> Target:
    file = _written(room, count, lambda rows: rows)
    port = free_port()
    program = room.node / "express.js"
    server = ServerProcess(
        "Express", ["node", str(program), str(port), str(file)], log=room.data / "express.log", port=port
    )
    return Target(room.start(server), "/customer", _numbers(count))


CONTESTANTS = (
    # The same code as the next one without the disk, so that what the disk costs can be seen.
    Contestant("tmfkit memory", _memory, workers=1, is_sized=False),
    Contestant("tmfkit tinydb", _tinydb, workers=1),
    Contestant("tmfkit postgresql, 2 workers", _postgresql, workers=2),
    Contestant("FastAPI with SQLAlchemy on PostgreSQL, 2 workers", _team),
    Contestant("json-server", _json_server, dialect="json-server", lacks=("GET with fields",), is_of_node=True),
    Contestant("Prism mock", _prism, is_sized=False, keeps_nothing=True, is_of_node=True),
    Contestant("Express with a Map", _express, is_of_node=True),
)


def install_node_servers(folder: Path) -> None:
    """Install what package-lock.json names, unless it is there already; no package's own script runs."""
    if shutil.which("npm") is None:
        raise HarnessError("npm", "it is not installed", "Install Node.js, or leave its servers out with --only")
    folder.mkdir(parents=True, exist_ok=True)
    lock = (_NODE / "package-lock.json").read_bytes()
    installed = folder / "installed-lock.json"
    shutil.copy(_NODE / "express.js", folder)
    if installed.exists() and installed.read_bytes() == lock:
        return
    for name in ("package.json", "package-lock.json"):
        shutil.copy(_NODE / name, folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise HarnessError("npm ci", done.stderr.strip()[-1000:], "See whether the registry can be reached")
    installed.write_bytes(lock)


def _numbers(count: int) -> list[str]:
    return [str(number) for number in range(1, count + 1)]


def _written(room: Room, count: int, shape: Callable[[list[dict[str, object]]], object]) -> Path:
    """Write the documents into a file that a server starts from."""
    rows: list[dict[str, object]] = [
        {**document(number), "id": identifier, "href": f"/customer/{identifier}"}
        for number, identifier in enumerate(_numbers(count))
    ]
    file = room.data / f"customers-{count}.json"
    file.write_text(json.dumps(shape(rows)), encoding="utf-8")
    return file
