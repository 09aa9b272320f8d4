"""Filling a server over HTTP, through a few connections at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

from benchmarks.workload import document
from harness.errors import HarnessError

__all__ = ["load_documents"]

_CONNECTIONS = 16


def load_documents(port: int, path: str, count: int) -> list[str]:
    """Create documents 0 to *count* - 1.

    Args:
        port: Port on the loopback address.
        path: Path of the collection.
        count: How many.

    Returns:
        The identifiers that the server gave them, in the order of their numbers.
    """
    ids = [""] * count

    async def load() -> None:
        numbers = iter(range(count))
        async with asyncio.TaskGroup() as group:
            for _ in range(min(_CONNECTIONS, count)):
                group.create_task(_create(port, path, numbers, ids))

    asyncio.run(load())
    return ids


async def _create(port: int, path: str, numbers: Iterator[int], ids: list[str]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for number in numbers:
            body = json.dumps(document(number), separators=(",", ":")).encode()
            head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            status, answer = await _answer(reader)
            if status != 201:
                raise HarnessError(f"POST {path}", f"status {status}: {answer[:500]!r}", "See the server's log")
            ids[number] = json.loads(answer)["id"]
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines if line)
    return int(first.split()[1]), await reader.readexactly(int(headers["content-length"]))
