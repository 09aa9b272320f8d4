"""Clients that ask for long answers and do not read them: what a process holds for them has an end."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from server_bodies import customer
from server_processes import workers
from wire import CUSTOMER, HOST, connected

from patience import PATIENCE_SECONDS
from tmfkit_server.answer_room import AnswerRoom
from tmfkit_server.errors import TooManyAnswers

Starter = Callable[..., AbstractContextManager[str]]

# More than the system takes of an answer that nobody reads.
COUNT, LENGTH = 60, 100_000
# Room for one list of those; the half of it has room for none.
ROOM = str(COUNT * LENGTH * 3 // 2)


@contextlib.contextmanager
def unread(url: str, target: str) -> Iterator[socket.socket]:
    """Ask for something, and read of the answer that there is one."""
    with connected(url, receive_bytes=4096) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\n".encode() + HOST + b"\r\n")
        assert connection.recv(12) == b"HTTP/1.1 200"
        yield connection


def fill(url: str, count: int = COUNT, length: int = LENGTH) -> str:
    with httpx.Client(base_url=url) as client:
        for number in range(count):
            made = client.post(CUSTOMER, json=customer(name=f"c{number}", z="x" * length)).raise_for_status()
    return str(urlsplit(made.json()["href"]).path)


def resident_bytes(process: int) -> int:
    [line] = [each for each in Path(f"/proc/{process}/status").read_text().splitlines() if each.startswith("VmRSS")]
    return int(line.split()[1]) * 1024


@pytest.mark.parametrize("query", ["?fields=z", "?name*=c"])
def test_lists_that_nobody_reads_are_not_copied(start_server: Starter, tmp_path: Path, query: str) -> None:
    readers = 20
    with start_server("--store", f"tinydb:{tmp_path / 'a.db'}") as url:
        fill(url)
        [process] = workers(tmp_path)
        assert httpx.get(url + CUSTOMER + query).status_code == 200
        before = resident_bytes(process)
        with ExitStack() as stack:
            for _ in range(readers):
                stack.enter_context(unread(url, CUSTOMER + query))
            assert httpx.get(url + CUSTOMER + query).status_code == 200
            grown = resident_bytes(process) - before
    # Some parts each, where the whole would be sixty.
    assert grown < readers * COUNT * LENGTH / 4


@pytest.mark.parametrize(("store", "query"), [("postgres", ""), ("postgres", "?name*=c"), ("memory", "?fields=$.z")])
def test_lists_that_are_held_for_clients_have_a_limit(
    start_server: Starter, empty_store: Callable[[str], str], store: str, query: str
) -> None:
    with start_server("--store", empty_store(store), "--max-unread-bytes", ROOM) as url:
        fill(url)
        with unread(url, CUSTOMER + query):
            refused = httpx.get(url + CUSTOMER + query)
            assert (refused.status_code, refused.json()["code"]) == (503, "too-busy")
            assert "Retry-After" in refused.headers
            assert httpx.get(f"{url}{CUSTOMER}?fields=name&limit=0").status_code == 206
            assert httpx.get(url + "/health/ready").status_code == 200
        assert_room(url + CUSTOMER + query)


def test_long_resource_that_nobody_reads_takes_room_and_its_change_is_answered_all_the_same(
    start_server: Starter,
) -> None:
    size = COUNT * LENGTH
    with start_server("--max-body-bytes", str(2 * size), "--max-unread-bytes", ROOM) as url:
        target = fill(url, 1, size)
        with unread(url, target):
            refused = httpx.get(url + target)
            assert (refused.status_code, refused.json()["code"]) == (503, "too-busy")
            assert "ETag" not in refused.headers
            assert int(httpx.head(url + target).headers["Content-Length"]) > size
            changed = httpx.patch(
                url + target, json={"name": "n"}, headers={"Content-Type": "application/merge-patch+json"}
            )
            assert (changed.status_code, changed.json()["name"]) == (200, "n")
        assert_room(url + target)
        whole = httpx.get(url + target)
        assert whole.headers["Content-Length"] == str(len(whole.content))
        assert whole.json() == changed.json()


def assert_room(address: str) -> None:
    """See that there is room again, as soon as the server has noticed that a connection is gone."""
    end = time.monotonic() + PATIENCE_SECONDS
    while httpx.get(address).status_code == 503:
        assert time.monotonic() < end


def test_room_is_shared_out_and_given_back() -> None:
    room, size = AnswerRoom(1_000_000), 300_000
    assert room.take("a", 65536) is None
    first = room.take("a", size)
    with pytest.raises(TooManyAnswers):
        room.take("a", size)
    others = [room.take("b", size), room.take("c", size)]
    with pytest.raises(TooManyAnswers):
        room.take("d", size)
    owed = room.take("d", size, is_owed=True)
    del first
    with pytest.raises(TooManyAnswers):
        room.take("a", size)
    del owed
    assert room.take("a", size) is not None
    others.clear()
    assert room.take("e", 5_000_000) is not None
