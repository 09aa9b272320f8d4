"""Filling our server: an import into its store, or requests when the store is in its memory."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.workload import document
from harness.errors import HarnessError
from harness.tmfkit import CUSTOMER

__all__ = ["create_documents", "import_documents"]

_COLLECTION = "tmf629-v4:customer"
_CONNECTIONS = 16


def import_documents(store: str, count: int, file: Path) -> list[str]:
    """Import documents 0 to *count* - 1 with the server's own command.

    Args:
        store: Store that no server runs on yet.
        count: How many.
        file: Where to write the lines to import.

    Returns:
        Their identifiers, in the order of their numbers.
    """
    ids = [f"{number:08d}-0000-4000-8000-{number:012d}" for number in range(count)]
    with file.open("w", encoding="utf-8") as lines:
        lines.write('{"tmfkit":"store","format":1}\n')
        for number, identifier in enumerate(ids):
            # In the order in which the server itself writes it.
            body = {"id": identifier, "href": f"{CUSTOMER}/{identifier}", **document(number)}
            lines.write(json.dumps({"record": {"collection": _COLLECTION, "id": identifier, "body": body}}) + "\n")
        lines.write(json.dumps({"end": {"entries": count}}) + "\n")
    command = [sys.executable, "-m", "tmfkit_server.cli", "import", "--store", store, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise HarnessError("tmfkit-server import", done.stderr.strip()[-1000:], "See why the store does not take it")
    return ids


def create_documents(port: int, count: int) -> list[str]:
    """Create documents 0 to *count* - 1 through a few connections at once.

    Args:
        port: Port of a server on the loopback address.
        count: How many.

    Returns:
        The identifiers that the server gave them, in the order of their numbers.
    """
    ids = [""] * count

    async def create_all() -> None:
        numbers = iter(range(count))
        async with asyncio.TaskGroup() as group:
            for _ in range(min(_CONNECTIONS, count)):
                group.create_task(_create(port, numbers, ids))

    asyncio.run(create_all())
    return ids


async def _create(port: int, numbers: Iterator[int], ids: list[str]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for number in numbers:
            body = json.dumps(document(number), separators=(",", ":")).encode()
            head = f"POST {CUSTOMER} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            status, answer = await _answer(reader)
            if status != 201:
                raise HarnessError(f"POST {CUSTOMER}", f"status {status}: {answer[:500]!r}", "See the server's log")
            ids[number] = json.loads(answer)["id"]
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines if line)
    return int(first.split()[1]), await reader.readexactly(int(headers["content-length"]))
