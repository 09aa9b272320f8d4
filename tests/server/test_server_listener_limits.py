"""Limits of listeners, and of the connections to them."""

from __future__ import annotations

import asyncio
import ipaddress
import select
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
from tmfkit_server.network import LOOPBACK
from tmfkit_server.services.notifications.callbacks import CallbackGuard, host_of

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
def silent_host(address: str = "127.0.0.1") -> Iterator[tuple[str, Callable[[], int]]]:
    """A host that takes connections and says nothing; how many it has."""
    open_ones: list[socket.socket] = []
    with socket.create_server((address, 0), backlog=1000) as server:

        def accept() -> None:
            while True:
                try:
                    open_ones.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield f"http://{address}:{server.getsockname()[1]}", lambda: sum(map(_is_open, open_ones))
        finally:
            server.shutdown(socket.SHUT_RDWR)
            with ExitStack() as stack:
                for each in open_ones:
                    stack.enter_context(each)


def _is_open(connection: socket.socket) -> bool:
    """Tell whether the other side has not ended a connection, whatever it has sent before."""
    poll = select.poll()
    poll.register(connection, select.POLLRDHUP)
    return not poll.poll(0)


def test_silent_host_gets_a_fifth_of_the_connections_and_the_others_theirs(
    start_server: Starter, listener: Any
) -> None:
    with ExitStack() as stack:
        silent = [stack.enter_context(silent_host("127.0.0.2")) for _ in range(5)]
        url = stack.enter_context(start_server("--max-listener-connections", "20"))
        for number in range(8):
            for address, _ in silent:
                assert registered(url, V4, f"{address}/{number}").status_code == 201
        assert registered(url, V4, listener.url).status_code == 201
        began = time.monotonic()
        for _ in range(3):
            httpx.post(f"{url}{V4}/customer", json=customer()).raise_for_status()
        for _ in range(3):
            assert listener.next()["eventType"] == "CustomerCreateEvent"
        # Three times the ten seconds in which a silent one holds a connection.
        assert time.monotonic() - began < PATIENCE_SECONDS / 2
        assert sum(most() for _, most in silent) <= 4


def test_names_of_one_address_are_one_host(start_server: Starter) -> None:
    """``localhost`` is known to lead where its address does as soon as it was looked up."""
    address = ipaddress.ip_address(socket.getaddrinfo("localhost", None, type=socket.SOCK_STREAM)[0][4][0])
    host = f"[{address}]" if address.version == 6 else str(address)
    with start_server("--max-listeners-per-host", "2") as url:
        assert registered(url, V4, "http://localhost:9/").status_code == 201
        assert registered(url, V4, f"http://{host}:10/").status_code == 201
        for another in ("LOCALHOST:11", f"{host}:12"):
            assert registered(url, V4, f"http://{another}/").status_code == 429
        assert registered(url, V4, "http://127.0.0.3:9/").status_code == 201


def test_hosts_that_nobody_could_look_up_share_the_connections_of_one() -> None:
    guard = CallbackGuard(LOOPBACK)

    async def scenario() -> None:
        for host in ("nobody.invalid", "nobody-else.invalid"):
            with pytest.raises(socket.gaierror):
                await guard.addresses(host)
        await guard.addresses("localhost")

    asyncio.run(scenario())
    assert {guard.place_of(host) for host in ("nobody.invalid", "nobody-else.invalid", "never-asked.invalid")} == {""}
    assert guard.place_of("localhost") in ("127.0.0.1", "::/64")
    assert [guard.place_of(host) for host in ("192.0.2.1", "2001:db8::1")] == ["192.0.2.1", "2001:db8::/64"]


@pytest.mark.parametrize(
    ("callback", "host"),
    [
        ("http://A.example:80/x", "a.example"),
        ("https://[2001:DB8::1]:81/", "2001:db8::1"),
        ("http://exämple.com/", "xn--exmple-cua.com"),
        ("http://u@a.example/", "a.example"),
    ],
)
def test_host_of_a_callback_is_what_is_looked_up(callback: str, host: str) -> None:
    assert host_of(callback) == host
