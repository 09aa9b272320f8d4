"""Timing: one run of ``wrk`` against one server."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.workload import Request
from harness.errors import HarnessError

__all__ = ["CONNECTIONS", "Load", "Measurement", "wrk_version"]

CONNECTIONS = 32
_SCRIPT = Path(__file__).with_name("wrk.lua")
# The counters of two runs must not meet, or a patch would change nothing.
_COUNTERS_PER_RUN = 1_000_000


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one run gave; *refused* are answers of 400 and more, *broken* requests without an answer."""

    per_second: float
    p50_ms: float
    p99_ms: float
    p999_ms: float
    longest_ms: float
    refused: int
    broken: int


class Load:
    """The requests of one scenario, for one server, to be sent again and again."""

    _runs = 0

    def __init__(self, base_url: str, base_path: str, requests: Sequence[Request], *, parts: int = 0) -> None:
        """Write the requests down for ``wrk``.

        Args:
            base_url: Scheme, host and port.
            base_path: Path of the collection.
            requests: What to send, in turn.
            parts: Runs that share the requests, each of which is sent only once; a run then ends with its part. 0
                lets every run send them again and again.
        """
        self._base_url, self._most, self._position = base_url, len(requests) // parts if parts else 0, 0
        # Unlinked when the object goes.
        self._file = tempfile.NamedTemporaryFile("w", prefix="requests-", suffix=".tsv")  # noqa: SIM115
        for each in requests:
            self._file.write(f"{each.method}\t{base_path}{each.path}\t{each.body}\n")
        self._file.flush()

    def run(self, seconds: int) -> Measurement:
        """Send for a number of seconds over 32 connections."""
        Load._runs += 1
        found = self._wrk(seconds, Load._runs * _COUNTERS_PER_RUN)
        if self._most:
            self._position += int(found["sent"])
        return Measurement(
            per_second=found["requests"] / found["duration_us"] * 1e6,
            p50_ms=found["p50_us"] / 1000,
            p99_ms=found["p99_us"] / 1000,
            p999_ms=found["p999_us"] / 1000,
            longest_ms=found["longest_us"] / 1000,
            refused=int(found["refused"]),
            broken=int(found["broken"]),
        )

    def _wrk(self, seconds: int, counter: int) -> dict[str, float]:
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s", "-s", str(_SCRIPT)]
        command += [self._base_url, "--", self._file.name, str(self._position), str(counter), str(self._most)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        if done.returncode or not lines:
            raise HarnessError("wrk", f"it gave no figures: {done.stdout}{done.stderr}".strip(), "Run it by hand")
        figures: dict[str, float] = json.loads(lines[-1])
        return figures


def wrk_version() -> str:
    """Return the version of ``wrk``; HarnessError when it is not installed."""
    if shutil.which("wrk") is None:
        raise HarnessError("wrk", "it is not installed", "Run: apt-get install wrk")
    first = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False).stdout.splitlines()[0]
    return first.split("[", 1)[0].removeprefix("wrk").strip()
