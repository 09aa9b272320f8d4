"""Judge two popular mock servers by every register: a kit that is worth anything finds both wanting.

Prism answers from the contract and keeps nothing; json-server keeps everything and knows no contract. Both come from
the npm registry, into a folder that is gone afterwards; Node.js and npm have to be installed.

Exit status: 0 when every run ends with ``not-conformant``, 1 when one of them does not.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tmfkit_conformance.rules.phases import PHASES, REGISTER
from tmfkit_models import contracts
from tmfkit_models.contracts import Contract

PAGE = Path(__file__).parents[1] / "docs" / "mocks.md"
START_SECONDS = 60.0
NOT_CONFORMANT = 1
SHOWN_CAUSES = 4
CELL_LIMIT = 160

INTRODUCTION = """\
# What the kit says of mock servers

A mock server is good at looking right. That makes it a test of the kit: whoever keeps nothing, or checks nothing, must
not be called conformant. `nox -s mocks -- --write` installs the mocks from the npm registry, runs the kit on each of
them with every API, and writes this page.

- **Prism** answers from the contract of the API: forms and statuses are right, bad bodies are refused, and nothing is
  kept.
- **json-server** keeps what it is sent, under any path of its database, and knows nothing of the contract.

"""


@dataclass(frozen=True)
class Mock:
    """A mock server.

    Attributes:
        name: Name for people.
        package: Package of the npm registry.
        command: Contract, folder to write in, port → arguments that start it, the first being the program's name.
    """

    name: str
    package: str
    command: Callable[[Contract, Path, int], list[str]]


@dataclass(frozen=True)
class Run:
    """What the kit said of a mock.

    Attributes:
        mock: Name of the mock, with its version.
        api: Id of the API.
        phases: ``register`` or ``all``.
        status: Exit status of the kit.
        report: What ``report.json`` holds.
    """

    mock: str
    api: str
    phases: str
    status: int
    report: dict[str, Any]

    @property
    def is_found_wanting(self) -> bool:
        """Whether the kit says that the mock is not conformant, in its report and by its status."""
        return (self.status, self.report["verdict"]) == (NOT_CONFORMANT, "not-conformant")

    def row(self) -> str:
        """Return the line of the table."""
        failing = [cause for cause in self.report["causes"] if cause["is_failure"] and cause["level"] == "must"]
        rows = sum(cause["count"] for cause in failing)
        told = "<br>".join(f"{cause['count']}: {_in_a_cell(cause['summary'])}" for cause in failing[:SHOWN_CAUSES])
        counts = (str(len(failing)), str(rows))
        return f"| {' | '.join((self.mock, self.api, self.phases, self.report['verdict'], *counts, told))} |"


def _in_a_cell(text: str) -> str:
    """Return text on one line that a cell of a table can hold as it stands."""
    line = " ".join(text.split()).replace("|", "&#124;").replace("<", "&lt;")
    return line if len(line) <= CELL_LIMIT else line[: CELL_LIMIT - 1] + "…"


def prism(contract: Contract, folder: Path, port: int) -> list[str]:
    """Serve the bundled contract; answers are its examples, the same every time."""
    document = folder / f"{contract.id}.json"
    document.write_text(json.dumps(contract.openapi))
    return ["prism", "mock", "--host", "127.0.0.1", "--port", str(port), "--multiprocess", "false", str(document)]


def json_server(contract: Contract, folder: Path, port: int) -> list[str]:
    """Serve an empty database with the collections of the API and its hub."""
    database = folder / f"{contract.id}-db.json"
    collections = [resource.collection.strip("/") for resource in contract.resources]
    database.write_text(json.dumps({name: [] for name in (*collections, "hub")}))
    return ["json-server", "--host", "127.0.0.1", "--port", str(port), "--quiet", str(database)]


MOCKS = (Mock("Prism", "@stoplight/prism-cli", prism), Mock("json-server", "json-server", json_server))


def install(folder: Path) -> None:
    """Install the mocks below *folder*."""
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm: not found. Install Node.js, which brings it")
    options = ["--no-audit", "--no-fund", "--loglevel=error", "--prefix", str(folder)]
    subprocess.run([npm, "install", *options, *(mock.package for mock in MOCKS)], stdout=sys.stderr, check=True)


def version(mock: Mock, folder: Path) -> str:
    """Return the version that was installed."""
    package = folder / "node_modules" / mock.package / "package.json"
    return str(json.loads(package.read_text())["version"])


@contextlib.contextmanager
def serving(mock: Mock, contract: Contract, folder: Path) -> Iterator[str]:
    """Run a mock on a free port; give its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program, *arguments = mock.command(contract, folder, port)
    command = [str(folder / "node_modules" / ".bin" / program), *arguments]
    # json-server prints a trace for every body that is not JSON.
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
    try:
        wait(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait(process: subprocess.Popen[bytes], port: int) -> None:
    """Wait until something listens at *port*."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.1)
    raise SystemExit(f"{process.args!r}: does not listen (ended with {process.poll()}). Start it by itself to see why")


def judge(mock: Mock, contract: Contract, folder: Path, phases: tuple[str, ...], max_examples: int) -> Run:
    """Start a fresh mock, run the kit on it, and return what it says."""
    report = folder / "report"
    with serving(mock, contract, folder) as url:
        command = [sys.executable, "-m", "tmfkit_conformance.cli", "run", "--api", contract.id, "--base-url", url]
        command += ["--allow-destructive", "--event-timeout", "1", "--max-examples", str(max_examples)]
        command += [part for phase in phases for part in ("--phase", phase)]
        done = subprocess.run([*command, "--report", str(report)], stdout=subprocess.DEVNULL, check=False)
    name = f"{mock.name} {version(mock, folder)}"
    judged = json.loads((report / "report.json").read_text())
    return Run(name, contract.id, "all" if phases == PHASES else ", ".join(phases), done.returncode, judged)


def page(runs: list[Run]) -> str:
    """Return the page: the table of the runs, and how to read it."""
    lines = [
        "| mock | API | phases | verdict | causes | rows | the first causes, each with its rows |",
        "|---|---|---|---|---:|---:|---|",
        *(run.row() for run in runs),
    ]
    return INTRODUCTION + "\n".join(lines) + "\n"


def main() -> int:
    """Judge every mock by every API."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--api", action="append", help="only this API; repeatable")
    parser.add_argument("--max-examples", type=int, default=3, help="generated requests for each operation")
    parser.add_argument("--write", action="store_true", help="write docs/mocks.md")
    options = parser.parse_args()
    runs: list[Run] = []
    with tempfile.TemporaryDirectory() as temporary:
        install(Path(temporary))
        for mock in MOCKS:
            for api in options.api or contracts.apis():
                for phases in ((REGISTER,), PHASES):
                    run = judge(mock, contracts.load(api), Path(temporary), phases, options.max_examples)
                    print(run.row(), flush=True)
                    runs.append(run)
    if options.write:
        PAGE.write_text(page(runs), encoding="utf-8")
        print(f"Written: {PAGE.name}")
    return 0 if all(run.is_found_wanting for run in runs) else 1


if __name__ == "__main__":
    sys.exit(main())
