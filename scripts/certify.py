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
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from harness.errors import HarnessError
from harness.issuer import Issuer
from harness.places import empty_store
from tmfkit_conformance.rules.phases import REGISTER
from tmfkit_models import contracts
from tmfkit_server.storage.stores import KINDS, STORES

DEFAULT_STORES = tuple(kind.at("") for kind in KINDS if kind.is_lasting)
CREDENTIALS = ("keys", "oidc", "none")
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


class Access(NamedTuple):
    """Credentials of a server and of the kit.

    Attributes:
        environment: What tells the server of them: every user of the machine can read a command line.
        user: That of a user; empty where everybody may do everything.
        admin: That of an admin.
    """

    environment: Mapping[str, str]
    user: str = ""
    admin: str = ""


@contextlib.contextmanager
def access(credentials: str) -> Iterator[Access]:
    """Make credentials of a kind: API keys, tokens of an issuer that answers meanwhile, or none."""
    match credentials:
        case "keys":
            user, admin = (secrets.token_urlsafe(24) for _ in range(2))
            yield Access({"TMFKIT_API_KEYS": f"user:{user} admin:{admin}"}, user, admin)
        case "oidc":
            issuer = Issuer()
            told = {"ISSUER": issuer.url, "AUDIENCE": issuer.audience, "ROLE_CLAIM": issuer.role_claim}
            user, admin = (issuer.token(sub=role, realm_access={"roles": [role]}) for role in ("user", "admin"))
            with issuer.running():
                yield Access({f"TMFKIT_OIDC_{name}": value for name, value in told.items()}, user, admin)
        case _:
            yield Access({})


@contextlib.contextmanager
def reference_server(store: str, workers: int, credentials: Access) -> Iterator[str]:
    """Run the server in a process of its own; give its address."""
    command = [sys.executable, "-m", "tmfkit_server.cli", "run", "--port", "0", "--workers", str(workers)]
    environment = {**os.environ, "TMFKIT_STORE": store, **credentials.environment}
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


def certify(api: str, address: str, credentials: Access, report: Path, phases: list[str]) -> int:
    """Run the kit on one API; return its exit status."""
    contract = contracts.load(api)
    command = [sys.executable, "-m", "tmfkit_conformance.cli", "run", "--api", api, "--report", str(report / api)]
    command += ["--base-url", f"{address}{contract.base_path}", "--allow-destructive"]
    command += ["--event-timeout", str(EVENT_SECONDS)]
    command += ["--seed", SEED]
    command += ["--listener-url", "http://127.0.0.1:0"]  # the port that the kit takes
    command += [part for phase in phases for part in ("--phase", phase)]
    if not credentials.user:
        return subprocess.run(command, check=False).returncode
    with tempfile.NamedTemporaryFile("w", suffix=".json") as config:  # readable by its owner only
        json.dump({"admin_headers": {"Authorization": f"Bearer {credentials.admin}"}}, config)
        config.flush()
        environment = {**os.environ, "TMFKIT_BEARER": credentials.user}
        return subprocess.run([*command, "--config", config.name], check=False, env=environment).returncode


def certify_store(
    store: str, report: Path, apis: Sequence[str], phases: list[str], *, credentials: str = "keys"
) -> Iterator[tuple[str, int]]:
    """Run the kit on one API after the other, on a server with *store*; yield each with its exit status."""
    workers = WORKERS if STORES[store.partition(":")[0]].takes_processes else 1
    with (
        prepared(store) as place,
        access(credentials) as given,
        reference_server(place, workers, given) as address,
    ):
        for api in apis:
            began = time.monotonic()
            status = certify(api, address, given, report, phases)
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
    parser.add_argument(
        "--credentials",
        choices=CREDENTIALS,
        default=CREDENTIALS[0],
        help="what the server asks for: API keys, tokens of an issuer of our own, or nothing (default %(default)s)",
    )
    options = parser.parse_args()
    if unknown := [store for store in options.store or () if store.partition(":")[0] not in STORES]:
        parser.error(f"there is no store {unknown[0]}")
    reports: dict[Path, int] = {}
    phases = options.phase or []
    for store in options.store or DEFAULT_STORES:
        report = options.report / store.partition(":")[0]
        for api, status in certify_store(
            store, report, options.api or contracts.apis(), phases, credentials=options.credentials
        ):
            reports[report / api / "report.html"] = status
        phases = options.phase or [REGISTER]
    print("Reports:", *map(str, reports), sep="\n  ")
    return next((status for status in reports.values() if status), 0)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except HarnessError as exc:
        sys.exit(f"certify: {exc}")
