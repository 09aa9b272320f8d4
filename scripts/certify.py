"""Certify the reference server: start it on a free port, run the kit on every API, say where the reports are.

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
from collections.abc import Iterator
from pathlib import Path

from tmfkit_models import contracts

LISTENING = re.compile(r"listening on (http://\S+)")


@contextlib.contextmanager
def reference_server(store: str, workers: int, keys: dict[str, str]) -> Iterator[str]:
    """Run the server in a process of its own; give its address."""
    command = [sys.executable, "-m", "tmfkit_server.cli", "run", "--port", "0", "--workers", str(workers)]
    # Every user of the machine can read a command line, and nobody else an environment.
    key_texts = " ".join(f"{role}:{key}" for role, key in keys.items())
    environment = {**os.environ, "TMFKIT_STORE": store, "TMFKIT_API_KEYS": key_texts}
    outbox = tempfile.TemporaryDirectory()
    command += ["--outbox", outbox.name]
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
    command += [part for phase in phases for part in ("--phase", phase)]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as config:  # readable by its owner only
        json.dump({"admin_headers": {"Authorization": f"Bearer {keys['admin']}"}}, config)
        config.flush()
        environment = {**os.environ, "TMFKIT_BEARER": keys["user"]}
        return subprocess.run([*command, "--config", config.name], check=False, env=environment).returncode


def main() -> int:
    """Certify every API."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--report", type=Path, default=Path("reports"), help="folder for the reports")
    parser.add_argument("--store", default="memory:", help="store of the server")
    parser.add_argument("--workers", type=int, default=1, help="worker processes of the server")
    parser.add_argument("--api", action="append", help="only this API; repeatable")
    parser.add_argument("--phase", action="append", default=[], help="only this phase; repeatable")
    options = parser.parse_args()
    keys = {role: secrets.token_urlsafe(24) for role in ("user", "admin")}
    results: dict[str, int] = {}
    with reference_server(options.store, options.workers, keys) as address:
        for api in options.api or contracts.apis():
            began = time.monotonic()
            results[api] = certify(api, address, keys, options.report, options.phase)
            print(f"{api}: exit status {results[api]} after {time.monotonic() - began:.1f} s", flush=True)
    print("Reports:", *(str(options.report / api / "report.html") for api in results), sep="\n  ")
    return next((status for status in results.values() if status), 0)


if __name__ == "__main__":
    sys.exit(main())
