"""Certify the reference server on each of its stores: start it, run the kit on every API, say where the reports are.

Exit status: 0 when every API is conformant, otherwise the kit's own status of the first that is not.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.errors import HarnessError
from harness.places import empty_store
from tmfkit_conformance.rules.phases import REGISTER
from tmfkit_models import contracts
from tmfkit_server.storage.stores import KINDS, STORES

DEFAULT_STORES = tuple(kind.at("") for kind in KINDS if kind.is_lasting)
WORKERS = 2  # of a server whose store takes several
EVENT_SECONDS = 60  # our server loses no notification, so that a slow machine is waited for and nothing else
SEED = "20261130"  # the same requests each time
LISTENING = re.compile(r"listening on (http://\S+)")


@contextlib.contextmanager
def prepared(store: str) -> Iterator[str]:
    """Give what the server's ``--store`` takes: a file or a database of our own when *store* names none."""
    scheme, _, place = store.partition(":")
    with contextlib.nullcontext(store) if place else empty_store(STORES[scheme]) as address:
        yield address


@contextlib.contextmanager
def reference_server(store: str, workers: int, keys: dict[str, str]) -> Iterator[str]:
    """Run the server in a process of its own; give its address."""
    command = [sys.executable, "-m", "tmfkit_server.cli", "run", "--port", "0", "--workers", str(workers)]
    # Every user of the machine can read a command line, and nobody else an environment.
    key_texts = " ".join(f"{role}:{key}" for role, key in keys.items())
    environment = {**os.environ, "TMFKIT_STORE": store, "TMFKIT_API_KEYS": key_texts}
    outbox = tempfile.TemporaryDirectory()
    command += ["--outbox", outbox.name, "--allow-callbacks", "127.0.0.1"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        line = server.stdout.readline() if server.stdout else ""
        address = LISTENING.search(line)
        if address is None:
            raise SystemExit(f"the server did not start; it said {line.strip()!r} and ended with {server.poll()}")
        yield address[1]
    finally:
        server.terminate()
        server.wait(timeout=30)
        outbox.cleanup()


def certify(api: str, address: str, keys: dict[str, str], report: Path, phases: list[str]) -> int:
    """Run the kit on one API; return its exit status."""
    contract = contracts.load(api)
    command = [sys.executable, "-m", "tmfkit_conformance.cli", "run", "--api", api, "--report", str(report / api)]
    command += ["--base-url", f"{address}{contract.base_path}", "--allow-destructive"]
    command += ["--event-timeout", str(EVENT_SECONDS)]
    command += ["--seed", SEED]
    command += ["--listener-url", "http://127.0.0.1:0"]  # the port that the kit takes
    command += [part for phase in phases for part in ("--phase", phase)]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as config:  # readable by its owner only
        json.dump({"admin_headers": {"Authorization": f"Bearer {keys['admin']}"}}, config)
        config.flush()
        environment = {**os.environ, "TMFKIT_BEARER": keys["user"]}
        return subprocess.run([*command, "--config", config.name], check=False, env=environment).returncode


def certify_store(store: str, report: Path, apis: Sequence[str], phases: list[str]) -> Iterator[tuple[str, int]]:
    """Run the kit on one API after the other, on a server with *store*; yield each with its exit status."""
    keys = {role: secrets.token_urlsafe(24) for role in ("user", "admin")}
    workers = WORKERS if STORES[store.partition(":")[0]].takes_processes else 1
    with prepared(store) as place, reference_server(place, workers, keys) as address:
        for api in apis:
            began = time.monotonic()
            status = certify(api, address, keys, report, phases)
            print(f"{report.name}, {api}: exit status {status} after {time.monotonic() - began:.1f} s", flush=True)
            yield api, status


def main() -> int:
    """Certify every API on every store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--report", type=Path, default=Path("reports"), help="folder for the reports")
    parser.add_argument(
        "--store",
        action="append",
        help="store of the server, repeatable: memory:, tinydb:[PATH], postgresql:[//...]; without a place one is made"
        f" and removed again (default {' and '.join(DEFAULT_STORES)})",
    )
    parser.add_argument("--api", action="append", help="only this API; repeatable")
    parser.add_argument(
        "--phase",
        action="append",
        help="only this phase, repeatable (default all on the first store, register on the others)",
    )
    options = parser.parse_args()
    if unknown := [store for store in options.store or () if store.partition(":")[0] not in STORES]:
        parser.error(f"there is no store {unknown[0]}")
    reports: dict[Path, int] = {}
    phases = options.phase or []
    for store in options.store or DEFAULT_STORES:
        report = options.report / store.partition(":")[0]
        for api, status in certify_store(store, report, options.api or contracts.apis(), phases):
            reports[report / api / "report.html"] = status
        phases = options.phase or [REGISTER]
    print("Reports:", *map(str, reports), sep="\n  ")
    return next((status for status in reports.values() if status), 0)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except HarnessError as exc:
        sys.exit(f"certify: {exc}")
