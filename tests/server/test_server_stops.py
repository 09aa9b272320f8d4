"""What becomes of connections when a worker stops or is replaced: none holds it up, and no request is lost."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import httpx
from message_services import http_gateway
from server_bodies import customer
from server_processes import parent, replaced, workers
from wire import BODY, CUSTOMER, HOST, LENGTH, connected, post, told

from patience import PATIENCE_SECONDS

Starter = Callable[..., AbstractContextManager[str]]
GET = f"GET {CUSTOMER} HTTP/1.1\r\n".encode() + HOST + b"\r\n"
# What a stop may take longer than one of a server that nobody is connected to.
_STOP_SECONDS = 3


def keep_waiting(url: str, stack: ExitStack) -> list[socket.socket]:
    """Connect in every way that keeps a worker waiting; return the connections that are idle."""
    stack.enter_context(connected(url, receive_bytes=4096)).sendall(GET)
    for begun in (
        GET[:5],
        post(HOST + b"Content-Length: 1000\r\n"),
        post(HOST + b"Transfer-Encoding: chunked\r\n", b"%x\r\n%s" % (len(BODY), BODY)),
    ):
        stack.enter_context(connected(url)).sendall(begun)
    idle = [stack.enter_context(connected(url)) for _ in range(50)]
    for connection in idle[:25]:
        connection.sendall(b"GET /health/live HTTP/1.1\r\n" + HOST + b"\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
    return idle


def test_no_client_holds_up_a_stop(start_server: Starter, tmp_path: Path) -> None:
    with ExitStack() as clients:
        with start_server("--store", f"tinydb:{tmp_path / 'a.db'}") as url:
            for _ in range(12):
                httpx.post(url + CUSTOMER, json=customer(z="x" * 1_000_000)).raise_for_status()
            quiet = replaced(tmp_path)
            idle = keep_waiting(url, clients)
            assert replaced(tmp_path) - quiet < _STOP_SECONDS
            assert all(connection.recv(65536) == b"" for connection in idle)
            assert httpx.get(url + CUSTOMER).headers["X-Total-Count"] == "12"
            keep_waiting(url, clients)
            began = time.monotonic()
        assert time.monotonic() - began - quiet < _STOP_SECONDS


def test_request_that_is_worked_on_is_answered_however_long_that_takes(start_server: Starter, tmp_path: Path) -> None:
    with (
        http_gateway() as gateway,
        start_server("--store", f"tinydb:{tmp_path / 'a.db'}", "--channel", f"SMS={gateway.url}",
                     "--send-timeout-seconds", str(PATIENCE_SECONDS)) as url,
        connected(url) as late,
    ):  # fmt: skip
        late.sendall(post(HOST + b"Content-Length: 1000\r\n"))
        messages = url + "/communicationMessage/v1/communicationMessage"
        body = {"type": "SMS", "content": "x", "receiver": [{"phoneNumber": "+1 555 0100"}], "sender": {"id": "1"}}
        made = httpx.post(messages, json=body).raise_for_status().json()
        answers: list[int] = []
        gateway.is_open.clear()
        sending = threading.Thread(
            target=lambda: answers.append(httpx.post(f"{messages}/{made['id']}/send", json={}).status_code)
        )
        sending.start()
        while sending.is_alive() and not gateway.arrived:
            time.sleep(0.01)
        [worker] = workers(tmp_path)
        os.kill(parent(worker), signal.SIGHUP)
        # Whoever only keeps the worker waiting has had the time for that by now.
        assert told(late)[0] == 408
        assert not answers
        gateway.is_open.set()
        sending.join()
    assert answers == [200]


def test_client_is_told_that_its_connection_ends(start_server: Starter, tmp_path: Path) -> None:
    """A request that a proxy sends while its connection is closed would be lost; nginx answers 502 then."""
    with start_server("--store", f"tinydb:{tmp_path / 'a.db'}") as url, connected(url) as idle, connected(url) as busy:
        busy.sendall(b"POST %s HTTP/1.1\r\n" % CUSTOMER.encode() + HOST + LENGTH)
        busy.sendall(b"Content-Type: application/json\r\n\r\n" + BODY[:5])
        [worker] = workers(tmp_path)
        os.kill(parent(worker), signal.SIGHUP)
        # By now the stop has begun.
        assert idle.recv(1) == b""
        busy.sendall(BODY[5:])
        status, headers, _ = told(busy)
    assert (status, headers["connection"]) == (201, "close")


def test_stop_right_after_workers_were_replaced_takes_no_longer(start_server: Starter, tmp_path: Path) -> None:
    with start_server("--store", f"tinydb:{tmp_path / 'a.db'}"):
        quiet = replaced(tmp_path)
        [worker] = workers(tmp_path)
        os.kill(parent(worker), signal.SIGHUP)
        began = time.monotonic()
    assert time.monotonic() - began - quiet < _STOP_SECONDS
