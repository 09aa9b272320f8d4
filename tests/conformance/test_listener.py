"""The listener: keeps whatever it is sent, and is not brought down by any of it."""

from __future__ import annotations

import gzip
import http.client
import socket
import threading
import zlib
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from patience import PATIENCE_SECONDS
from tmfkit_conformance.drive.listener import Listener
from tmfkit_conformance.errors import UsageError


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener("127.0.0.1:0", "", lambda: 1.5) as opened:
        yield opened


def raw(listener: Listener, *parts: bytes) -> bytes:
    """Send bytes as they stand, hang up, and return what came back."""
    address = urlsplit(listener.url)
    with socket.create_connection((address.hostname or "", address.port or 0), PATIENCE_SECONDS) as connection:
        for part in parts:
            connection.sendall(part)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := connection.recv(4096):
            received += chunk
        return received


def test_notification_is_answered_201_and_kept_as_it_came(listener: Listener) -> None:
    body = b'{"eventType": "X"}\xff'
    answer = httpx.post(listener.callback("kit/cb-1") + "?a=b", content=body, headers={"X-One": "1"})
    assert (answer.status_code, answer.content) == (201, b"")
    [note] = listener.received
    assert (note.sequence, note.started, note.method, note.path, note.body) == (1, 1.5, "POST", "/kit/cb-1?a=b", body)
    assert ("x-one", "1") in [(name.lower(), value) for name, value in note.headers]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_other_methods_are_kept_as_well(listener: Listener, method: str) -> None:
    assert httpx.request(method, listener.callback("x")).status_code == 201
    assert [note.method for note in listener.received] == [method]


@pytest.mark.parametrize(
    ("method", "status", "said"),
    [
        pytest.param("GET", 200, b"a b", id="challenge"),
        pytest.param("HEAD", 200, b"", id="is-somebody-there"),
        pytest.param("OPTIONS", 204, b"", id="may-it-send"),
    ],
)
def test_inquiry_is_answered_and_no_notification(listener: Listener, method: str, status: int, said: bytes) -> None:
    with httpx.Client() as client:  # one connection: what follows an answer is not spoilt by it
        answer = client.request(method, f"{listener.callback('x')}?hub.mode=subscribe&hub.challenge=a+b")
        assert (answer.status_code, answer.content) == (status, said)
        assert client.post(listener.callback("x")).status_code == 201
    assert [note.method for note in listener.received] == ["POST"]
    assert listener.asked == {method: 1}
    if method == "OPTIONS":
        assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
        assert answer.headers["Access-Control-Allow-Origin"] == answer.headers["WebHook-Allowed-Origin"] == "*"


def test_notification_that_comes_by_get_is_kept(listener: Listener) -> None:
    httpx.request("GET", listener.callback("x"), content=b"{}")
    assert ([note.method for note in listener.received], listener.asked) == (["GET"], {})


def test_chunked_body_is_put_together(listener: Listener) -> None:
    httpx.post(listener.url, content=iter([b"one ", b"", b"two"]))
    raw(listener, b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: 1\r\n\r\n")
    assert [note.body for note in listener.received] == [b"one two", b"abc"]


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        pytest.param("gzip", gzip.compress(b"{}"), id="gzip"),
        pytest.param("X-GZIP", gzip.compress(b"{}"), id="old-name"),
        pytest.param("deflate", zlib.compress(b"{}"), id="deflate"),
        pytest.param("deflate", zlib.compress(b"{}", wbits=-15), id="deflate-without-frame"),
        pytest.param("deflate, gzip", gzip.compress(zlib.compress(b"{}")), id="one-in-the-other"),
        pytest.param("identity", b"{}", id="none"),
    ],
)
def test_content_coding_is_undone(listener: Listener, coding: str, packed: bytes) -> None:
    assert httpx.post(listener.url, content=packed, headers={"Content-Encoding": coding}).status_code == 201
    [note] = listener.received
    assert (note.body, note.coding) == (b"{}", "")


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        pytest.param("br", b"{}", id="unknown"),
        pytest.param("gzip", b"{}", id="not-in-it"),
        pytest.param("gzip", gzip.compress(b"{}")[:-4], id="cut"),
        pytest.param("gzip", gzip.compress(b" " * 5_000_000), id="too-large"),
    ],
)
def test_content_coding_that_cannot_be_undone_is_answered_415(listener: Listener, coding: str, body: bytes) -> None:
    with httpx.Client() as client:
        answer = client.post(listener.url, content=body, headers={"Content-Encoding": coding})
        assert (answer.status_code, answer.headers["Accept-Encoding"]) == (415, "gzip, deflate")
        assert client.post(listener.url).status_code == 201
    assert [(note.body, note.coding) for note in listener.received] == [(body, coding), (b"", "")]


def test_second_request_of_a_connection_is_kept(listener: Listener) -> None:
    address = urlsplit(listener.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=PATIENCE_SECONDS)
    for body in (b"one", b"two"):
        connection.request("POST", "/", body)
        assert connection.getresponse().read() == b""
    connection.close()
    assert [note.body for note in listener.received] == [b"one", b"two"]


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"Content-Length: -1", id="negative-length"),
        pytest.param(b"Content-Length: many", id="no-length"),
        pytest.param(b"Content-Length: 999999999999999", id="boundless"),
        pytest.param(b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", id="no-chunk"),
        pytest.param(b"Transfer-Encoding: chunked\r\n\r\nfffffffffff\r\n", id="boundless-chunk"),
        pytest.param(b"Transfer-Encoding: chunked\r\n\r\n-5\r\n", id="negative-chunk"),
    ],
)
def test_body_without_an_end_is_refused_and_the_connection_closed(
    listener: Listener, head: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = raw(listener, b"POST / HTTP/1.1\r\nHost: h\r\n" + head + b"\r\n\r\nPOST /second HTTP/1.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert listener.received == ()
    assert httpx.post(listener.url).status_code == 201
    assert capfd.readouterr() == ("", "")


def test_target_that_hangs_up_is_no_trouble(listener: Listener, capfd: pytest.CaptureFixture[str]) -> None:
    raw(listener, b"")
    raw(listener, b"POST / HTTP/1.1\r\nContent-Le")
    raw(listener, b"\x16\x03\x01\x00 hello, TLS?\r\n\r\n")
    assert httpx.post(listener.url).status_code == 201
    assert capfd.readouterr() == ("", "")


def test_waiting_ends_with_the_arrival(listener: Listener) -> None:
    timer = threading.Timer(0.05, lambda: httpx.post(listener.url))
    timer.start()
    assert listener.wait(lambda received: len(received) == 1, seconds=PATIENCE_SECONDS)
    timer.join()


def test_waiting_ends_with_the_time(listener: Listener) -> None:
    assert not listener.wait(lambda received: bool(received), seconds=0.05)


def test_callbacks_are_under_the_address_that_the_target_knows() -> None:
    with Listener("127.0.0.1:0", "https://kit.example/behind/", lambda: 0.0) as opened:
        assert opened.callback("a/b") == "https://kit.example/behind/a/b"


def test_address_in_use_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(UsageError) as raised:
            Listener(bind, "", lambda: 0.0)
    assert raised.value.where == "listener_bind"
    assert raised.value.problem.startswith(f"cannot listen at {bind} (")
    assert raised.value.remedy == "Give a free address with --listener-bind"


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 70, "192.0.2.1"])
def test_address_that_is_not_this_machines_is_refused(host: str) -> None:
    with pytest.raises(UsageError, match="cannot listen at"):
        Listener(f"{host}:0", "", lambda: 0.0)
