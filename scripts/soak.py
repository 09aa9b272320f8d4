"""Let the server work for a while at half of what it can do, and look whether it grows or errs.

Creates and deletes are in balance, so that what the server holds at the end is what it held at the beginning. Memory of
the last fifth of the time is held against that from the second fifth on: the first is warming up.

Exit status: 0 when no request erred and memory stayed within 5 %, on every store; 1 otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from harness.places import empty_store
from harness.process import ServerProcess
from harness.tmfkit import CUSTOMER, tmfkit_server
from tmfkit_server.storage.stores import KINDS, StoreKind

CONNECTIONS = 16
WARM_SECONDS = 10.0
SAMPLE_SECONDS = 1.0
FEWEST_SAMPLES = 12
TOLERANCE = 0.05
WORKERS = 2  # of a server whose store takes several
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_PLACE = re.compile(rb"location: *(?:https?://[^/]+)?(\S+)", re.IGNORECASE)


@dataclass
class Load:
    """Pairs of a create and the deletion of what was made, over a few connections.

    Attributes:
        port: Port of the server, on this machine.
        done: Requests that were answered as they should be.
        errors: What came in place of such an answer, at most one for each connection and pair.
    """

    port: int
    done: int = 0
    errors: list[str] = field(default_factory=list)

    async def run(self, seconds: float, rate: float = 0.0) -> float:
        """Send for some seconds; return the requests a second that were answered.

        Args:
            seconds: How long.
            rate: Requests a second that are sent at most; 0 sends as many as are answered.
        """
        before, began = self.done, time.monotonic()
        await asyncio.gather(*(self._connection(number, began, seconds, rate) for number in range(CONNECTIONS)))
        return (self.done - before) / (time.monotonic() - began)

    async def _connection(self, number: int, began: float, seconds: float, rate: float) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        pairs = 0
        try:
            while (passed := time.monotonic() - began) < seconds:
                due = (pairs + number / CONNECTIONS) * 2 * CONNECTIONS / rate if rate else 0.0
                if due > passed:
                    await asyncio.sleep(due - passed)
                await self._pair(reader, writer, f"soak {number} {pairs}")
                pairs += 1
        except (OSError, EOFError, ValueError) as error:
            self.errors.append(f"connection {number}: {type(error).__name__}: {error}")
        finally:
            writer.close()

    async def _pair(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: str) -> None:
        body = json.dumps({"name": name, "engagedParty": {"id": "1", "@referredType": "Organization"}}).encode()
        head = f"POST {CUSTOMER} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Type: application/json\r\n"
        answer = await _answer(reader, writer, f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body, b"201")
        found = _PLACE.search(answer)
        if found is None:
            raise ValueError("a create without Location")
        delete = b"DELETE %b HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % (found[1], self.port)
        await _answer(reader, writer, delete, b"204")
        self.done += 2


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes, status: bytes) -> bytes:
    """Send a request; return the head of its answer, whose body is read and forgotten."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    body = await reader.readexactly(int(length[1])) if length else b""
    if head[9:12] != status:
        raise ValueError(f"{request.split(b' ', 1)[0].decode()} answered {head[9:12].decode()}: {body[:200]!r}")
    return head


def rss(server: ServerProcess) -> float:
    """Return the resident memory of the server and its workers, in MB."""
    return sum(_resident(pid) for pid in (server.pid, *server.children()))


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


async def sampled(server: ServerProcess, load: Load, seconds: float, rate: float) -> tuple[float, list[float]]:
    """Run the load; return the requests a second, and the memory at every second in MB."""
    samples: list[float] = []
    running = asyncio.create_task(load.run(seconds, rate))
    while not running.done():
        samples.append(await asyncio.to_thread(rss, server))
        await asyncio.wait((running,), timeout=SAMPLE_SECONDS)
    return running.result(), samples


def soak(kind: StoreKind, minutes: float, folder: Path) -> bool:
    """Let one store work; print what was seen, and say whether it held."""
    with empty_store(kind) as store:
        server = tmfkit_server(store, log=folder / "server.log", workers=WORKERS if kind.takes_processes else 1)
        server.start()
        try:
            load = Load(server.port)
            most = asyncio.run(load.run(WARM_SECONDS))
            rate, samples = asyncio.run(sampled(server, load, minutes * 60, most / 2))
        finally:
            server.stop()
    return told(kind.title, most, rate, samples, load)


def told(name: str, most: float, rate: float, samples: list[float], load: Load) -> bool:
    """Print a line of what was seen; say whether it held."""
    fifth = len(samples) // 5
    early, late = statistics.mean(samples[fifth : 2 * fifth]), statistics.mean(samples[-fifth:])
    change = late / early - 1
    held = not load.errors and change <= TOLERANCE
    print(
        f"{name}: at most {most:,.0f} requests/s, then {rate:,.0f}/s, {load.done:,} in all, {len(load.errors)} errors;"
        f" {early:.1f} MB in the second fifth, {late:.1f} MB in the last ({change:+.1%}):"
        f" {'held' if held else 'NOT HELD'}",
        flush=True,
    )
    for error in load.errors[:5]:
        print(f"  {error}", flush=True)
    return held


def main() -> int:
    """Soak the stores that last."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0, help="for each store (default 10)")
    parser.add_argument(
        "--only", action="append", choices=[kind.schemes[0] for kind in KINDS], help="this store; repeatable"
    )
    options = parser.parse_args()
    if options.minutes * 60 < FEWEST_SAMPLES * SAMPLE_SECONDS:
        parser.error(f"--minutes: {options.minutes:g} is too short to compare; give 0.2 at least")
    chosen = [kind for kind in KINDS if (kind.schemes[0] in options.only if options.only else kind.is_lasting)]
    with tempfile.TemporaryDirectory() as temporary:
        held = [soak(kind, options.minutes, Path(temporary)) for kind in chosen]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
