"""Limits of listeners, and of the connections to them."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import httpx
import pytest
from server_bodies import customer

from patience import PATIENCE_SECONDS

Starter = Callable[..., AbstractContextManager[str]]
V4, CHANGE = "/tmf-api/customerManagement/v4", "/changeManagement"
STORES = ["memory", "postgres"]


def registered(url: str, base: str, callback: str) -> httpx.Response:
    return httpx.post(f"{url}{base}/hub", json={"callback": callback})


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize(
    ("option", "which"),
    [
        ("--max-listeners-per-hub", "of this hub"),
        ("--max-listeners-per-host", "at the host '127.0.0.1'"),
        ("--max-listeners", "of this server"),
    ],
)
def test_listener_beyond_a_limit_is_429_until_one_leaves(
    start_server: Starter, empty_store: Callable[[str], str], store: str, option: str, which: str
) -> None:
    with start_server("--store", empty_store(store), option, "3") as url:
        made = [registered(url, V4, f"http://127.0.0.1:9/{number}") for number in range(3)]
        assert [each.status_code for each in made] == [201] * 3
        refused = registered(url, V4, "http://127.0.0.1:10/another")
        assert (refused.status_code, refused.json()["code"]) == (429, "too-many-listeners")
        assert refused.json()["reason"] == f"There are 3 listeners {which} already."
        elsewhere = registered(url, CHANGE, "http://127.0.0.1:9/x")
        assert elsewhere.status_code == (201 if option == "--max-listeners-per-hub" else 429)
        assert httpx.delete(made[0].headers["Location"]).status_code == 204
        assert registered(url, V4, "http://127.0.0.1:10/another").status_code == 201


@contextmanager
def silent_host() -> Iterator[tuple[str, Callable[[], int]]]:
    """A host that takes connections and says nothing; how many it had at a time."""
    open_ones: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0), backlog=1000) as server:

        def accept() -> None:
            while True:
                try:
                    open_ones.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}", lambda: len(open_ones)
        finally:
            server.shutdown(socket.SHUT_RDWR)
            with ExitStack() as stack:
                for each in open_ones:
                    stack.enter_context(each)


def test_silent_host_gets_a_fifth_of_the_connections_and_the_others_theirs(
    start_server: Starter, listener: Any
) -> None:
    with silent_host() as (address, most), start_server("--max-listener-connections", "20") as url:
        for number in range(150):
            assert registered(url, V4, f"{address}/{number}").status_code == 201
        assert registered(url, V4, listener.url).status_code == 201
        began = time.monotonic()
        for _ in range(3):
            httpx.post(f"{url}{V4}/customer", json=customer()).raise_for_status()
        for _ in range(3):
            assert listener.next()["eventType"] == "CustomerCreateEvent"
        assert time.monotonic() - began < PATIENCE_SECONDS
        assert most() <= 4
