"""How requests go out: as those of the HTTP library's own client, with the cookies that the target gave."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from patience import PATIENCE_SECONDS
from tmfkit_conformance.drive.client import Client, Recorder, run_clock
from tmfkit_conformance.settings import Settings

HEADERS = {"Authorization": "Bearer key", "Content-Type": "application/json"}


class Target(ThreadingHTTPServer):
    """Keeps the headers of every request, and gives a cookie with each answer."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.received: list[list[tuple[str, str]]] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}/things"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Target

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append(self.headers.items())
        self.send_response(201)
        self.send_header("Set-Cookie", f"session=s{len(self.server.received)}; Path=/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture
def target() -> Iterator[Target]:
    with Target() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def client(target: Target) -> Iterator[Client]:
    settings = Settings("tmf683-v4", target.url, headers=HEADERS, timeout_seconds=PATIENCE_SECONDS)
    with closing(Client(settings, Recorder(frozenset(), run_clock()))) as made:
        yield made


def test_headers_are_in_the_order_in_which_the_librarys_client_sends_them(target: Target, client: Client) -> None:
    client.send("POST", target.url, body={})
    httpx.post(target.url, headers={"Accept": "*/*", "User-Agent": "none", **HEADERS}, content=b"{}", trust_env=False)
    own, librarys = ([name.lower() for name, _ in headers] for headers in target.received)
    assert own == librarys


def test_cookies_are_given_back_until_another_would_ask(target: Target, client: Client) -> None:
    for _ in range(2):
        client.send("POST", target.url, body={})
    client.reconnect()
    client.send("POST", target.url, body={})
    assert [dict(headers).get("Cookie") for headers in target.received] == [None, "session=s1", None]


def test_an_address_that_is_none_is_no_answer(target: Target, client: Client) -> None:
    sent = client.send("POST", target.url.replace("127.0.0.1", "127.0.0.1:x"), body={})
    assert (sent.response, sent.error.partition(":")[0]) == (None, "InvalidURL")
