"""Connections on which clients are slow, silent, wrong, or too many."""

from __future__ import annotations

import contextlib
import json
import re
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import falcon
import falcon.asgi
import httpx
import pytest
from server_bodies import customer
from server_processes import workers
from wire import BODY, CUSTOMER, HOST, LENGTH, connected, exchanged, post, told

from harness.process import free_port
from patience import PATIENCE_SECONDS
from tmfkit_server.requests import Request

CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
Starter = Callable[..., AbstractContextManager[str]]


@pytest.fixture(scope="module")
def hasty(start_server: Starter) -> Iterator[str]:
    """A server that does not wait long."""
    options = ["--header-timeout-seconds", "1", "--body-timeout-seconds", "1", "--write-timeout-seconds", "1"]
    with start_server(*options, "--keep-alive-seconds", "1") as url:
        yield url


def count(url: str) -> str:
    return httpx.get(url + CUSTOMER).headers["X-Total-Count"]


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"G",
        b"GET / HTTP/1.1\r\nHost: x\r\n",
        post(HOST + b"Content-Length: 1000\r\n"),
        post(HOST + b"Transfer-Encoding: chunked\r\n", b"%x\r\n%s\r\n" % (len(BODY), BODY)),
    ],
    ids=["silent", "one-byte", "headers", "body", "chunks"],
)
def test_request_that_does_not_come_in_time_is_408_and_makes_nothing(hasty: str, begun: bytes) -> None:
    before = count(hasty)
    status, headers, body = exchanged(hasty, begun)
    assert (status, json.loads(body)["code"]) == (408, "timed-out")
    assert headers["connection"].lower() == "close"
    assert count(hasty) == before


def test_bytes_that_come_one_by_one_win_no_time(hasty: str) -> None:
    began = time.monotonic()
    with connected(hasty) as connection:
        with contextlib.suppress(OSError):
            for byte in b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 100:
                connection.sendall(bytes([byte]))
                time.sleep(0.1)
        assert told(connection)[0] in (0, 408)
    assert time.monotonic() - began < PATIENCE_SECONDS


@pytest.mark.parametrize(
    "request_",
    [
        post(HOST + b"Content-Length: 1000\r\n"),
        post(HOST + b"Transfer-Encoding: chunked\r\n", b"%x\r\n%s\r\n" % (len(BODY), BODY)),
        post(HOST + b"Transfer-Encoding: chunked\r\n", b"%x\r\n%s" % (len(BODY), BODY)),
    ],
    ids=["length", "no-last-chunk", "half-a-chunk"],
)
def test_body_whose_end_the_client_does_not_send_makes_nothing(hasty: str, request_: bytes) -> None:
    before = count(hasty)
    status, _, body = exchanged(hasty, request_, ends=True)
    assert (status, json.loads(body)["code"]) == (400, "incomplete-body")
    assert count(hasty) == before


def test_client_that_ends_after_a_whole_request_gets_its_answer(hasty: str) -> None:
    assert exchanged(hasty, post(HOST + LENGTH), ends=True)[0] == 201


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        pytest.param(post(LENGTH), 400, id="no-host"),
        pytest.param(post(LENGTH, version="1.0"), 201, id="no-host-in-http-1.0"),
        pytest.param(post(HOST + HOST + LENGTH), 400, id="two-hosts"),
        *(
            pytest.param(post(b"Host: " + host + b"\r\n" + LENGTH), 400, id=f"host-{host!r}")
            for host in (b"", b"evil.example/x?", b"a b", b"a,b", b"a@b", b"a:b", b"a:1:2", b"[::1", b"a#", b"<a>")
        ),
        *(
            pytest.param(post(b"Host: " + host + b"\r\n" + LENGTH), 201, id=f"host-{host!r}")
            for host in (b"a", b"a.example:8080", b"[::1]:80", b"192.0.2.1", b"a_b-c.example.")
        ),
        pytest.param(post(HOST + LENGTH, target=f"http://a.example{CUSTOMER}"), 201, id="absolute-form"),
        pytest.param(post(HOST + LENGTH, target="http://a.example?x=1"), 405, id="absolute-form-without-path"),
        pytest.param(post(HOST + LENGTH, target=f"http://a@b{CUSTOMER}"), 400, id="absolute-form-without-host"),
        pytest.param(post(HOST + LENGTH, target=f"ftp://a{CUSTOMER}"), 400, id="another-scheme"),
        pytest.param(post(HOST + b"Content-Length: 1048577\r\n", b""), 413, id="one-byte-too-many"),
        pytest.param(post(HOST + b"Content-Length: %s\r\n" % (b"9" * 30), b""), 413, id="far-too-many"),
        pytest.param(post(HOST + b"Content-Length: %s\r\n" % (b"9" * 5000), b""), 400, id="too-many-digits"),
        pytest.param(post(HOST + b"Content-Length: -1\r\n"), 400, id="negative"),
        pytest.param(post(HOST + b"Content-Length: 1_0\r\n"), 400, id="no-number"),
        pytest.param(post(HOST + LENGTH + LENGTH), 400, id="two-lengths"),
        pytest.param(post(HOST + b"Transfer-Encoding: chunked\r\n", b"zz\r\n"), 400, id="no-chunk"),
        *(
            pytest.param(post(HOST + b"Transfer-Encoding: chunked\r\n", body), 413, id=f"chunk-{body[:12]!r}")
            for body in (b"FFFFFFFFFF\r\n", b"100001\r\n", b"1\r\n{\r\n100000\r\n", b"100001\r\nx", b"f" * 50 + b"\r\n")
        ),
        pytest.param(
            post(HOST + b"Transfer-Encoding: chunked\r\n", b"100001\r\n", target="/nix"), 404, id="chunk-for-nobody"
        ),
        pytest.param(post(HOST + b"Transfer-Encoding: smoke\r\n"), 501, id="transfer-coding"),
        *(
            pytest.param(
                post(HOST + b"Transfer-Encoding: %s, chunked\r\n" % coding, CHUNKS), 501, id=f"{coding!r}-chunked"
            )
            for coding in (b"gzip", b"deflate", b"identity")
        ),
        *(
            pytest.param(post(HOST + LENGTH, target=target), 400, id=f"target-{target!r}")
            for target in (f"{CUSTOMER}?\xfc", f"{CUSTOMER}?\xc3\xa4", "/\xff", "http://a\xff/x")
        ),
        pytest.param(post(HOST + LENGTH, target="/" + "x" * 9000), 414, id="long-target"),
        pytest.param(post(HOST + b"X: %s\r\n" % (b"x" * 9000)), 431, id="long-header"),
        pytest.param(post(HOST + b"".join(b"X%d: 1\r\n" % each for each in range(200))), 431, id="many-headers"),
        pytest.param(b"\x16\x03\x01\x02\x00\r\n\r\n", 400, id="no-http"),
        pytest.param(post(HOST + LENGTH + b"Content-Encoding: identity\r\n"), 201, id="identity"),
        *(
            pytest.param(post(HOST + LENGTH + b"Content-Encoding: %s\r\n" % coding), 415, id=coding.decode())
            for coding in (b"gzip", b"br", b"identity, gzip", b"deflate")
        ),
    ],
)
def test_request_is_told_at_once_what_is_wrong_with_it(hasty: str, request_: bytes, status: int) -> None:
    answered, headers, body = exchanged(hasty, request_)
    assert answered == status, body
    assert headers["content-type"] == "application/json"
    if status >= 400:
        error = json.loads(body)
        assert (error["@type"], error["status"]) == ("Error", str(status))
        assert len(error.get("message", "")) < 300
    if status == 415:
        assert headers["accept-encoding"] == "identity"


def test_host_of_a_target_in_absolute_form_takes_the_place_of_the_header(hasty: str) -> None:
    _, headers, _ = exchanged(hasty, post(HOST + LENGTH, target=f"http://a.example:81{CUSTOMER}"))
    assert headers["location"].startswith(f"http://a.example:81{CUSTOMER}/")


def test_body_that_is_too_large_is_refused_while_it_is_still_sent(hasty: str) -> None:
    with connected(hasty) as connection:
        connection.sendall(post(HOST + b"Content-Length: 50000000\r\n", b"x" * 2_000_000))
        assert told(connection)[0] == 413


@pytest.mark.parametrize("version", ["13", "8"])
def test_websocket_is_refused_without_a_word_in_the_log(
    version: str, capfd: pytest.CaptureFixture[str], hasty: str
) -> None:
    upgrade = f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: {version}\r\n".encode()
    key = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    status, _, body = exchanged(hasty, f"GET {CUSTOMER} HTTP/1.1\r\n".encode() + HOST + upgrade + key)
    assert (status, json.loads(body)["@type"]) == (400, "Error")
    assert "Traceback" not in capfd.readouterr().err


def test_connection_stays_for_further_requests_as_long_as_it_is_set(hasty: str) -> None:
    get = b"GET /health/live HTTP/1.1\r\n" + HOST + b"\r\n"
    with connected(hasty) as connection:
        for _ in range(3):
            connection.sendall(get)
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        began = time.monotonic()
        assert connection.recv(65536) == b""
    assert time.monotonic() - began < PATIENCE_SECONDS


def test_client_that_reads_slowly_gets_its_answer(start_server: Starter) -> None:
    size = 12_000_000
    with start_server("--max-body-bytes", str(2 * size), "--write-timeout-seconds", "1") as url:
        made = httpx.post(url + CUSTOMER, json=customer(z="x" * size)).raise_for_status().json()
        with connected(url, receive_bytes=65536) as connection:
            connection.sendall(f"GET {urlsplit(made['href']).path} HTTP/1.0\r\n".encode() + HOST + b"\r\n")
            received, allowed = 0, 0
            while piece := connection.recv(65536):
                received += len(piece)
                if received > allowed:
                    # In three seconds and more altogether.
                    allowed += size // 30
                    time.sleep(0.1)
    assert received > size


def test_client_that_takes_next_to_nothing_is_cut_off(hasty: str) -> None:
    for _ in range(30):
        httpx.post(hasty + CUSTOMER, json=customer(z="x" * 1_000_000)).raise_for_status()
    with connected(hasty, receive_bytes=4096) as connection:
        connection.sendall(f"GET {CUSTOMER} HTTP/1.1\r\n".encode() + HOST + b"\r\n")
        for _ in range(30):
            connection.recv(1)
            time.sleep(0.1)
        received = 0
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(1 << 20):
                received += len(piece)
    assert received < 30_000_000


_LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))
from tmfkit_server.cli import main
sys.argv[0] = "tmfkit-server"
main()
"""


@pytest.fixture
def few_files() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A server that may open 1,024 files, and its process."""
    url = f"http://127.0.0.1:{free_port()}"
    process = subprocess.Popen([sys.executable, "-c", _LIMITED, "run", "--port", str(urlsplit(url).port)])
    try:
        with httpx.Client(transport=httpx.HTTPTransport(retries=10)) as client:
            client.get(f"{url}/health/live").raise_for_status()
        yield url, process
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("begun", [b"", b"GET / HT", post(HOST + b"Content-Length: 1000\r\n")], ids=str)
def test_more_silent_connections_than_files_keep_nobody_out(
    few_files: tuple[str, subprocess.Popen[bytes]], begun: bytes
) -> None:
    url, _ = few_files
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
    with ExitStack() as stack:
        for _ in range(1100):
            connection = stack.enter_context(connected(url))
            connection.sendall(begun)
        began = time.monotonic()
        assert httpx.get(f"{url}/health/live").status_code == 200
        assert httpx.post(url + CUSTOMER, json=customer()).status_code == 201
        assert time.monotonic() - began < 15


@pytest.mark.parametrize("last_bytes", [1, 100_000], ids=["small", "large"])
def test_requests_that_come_together_are_answered_in_their_order(hasty: str, last_bytes: int) -> None:
    """Small answers wait for one another, large ones and refusals are sent at once: none overtakes another."""
    item = json.loads(exchanged(hasty, post(HOST + LENGTH))[2])["id"]
    text = json.dumps({**json.loads(BODY), "name": "x" * last_bytes}).encode()
    path = f"{CUSTOMER}/{item}".encode()
    requests = [
        b"GET /health/live HTTP/1.1\r\n%s\r\n" % HOST,
        b"HEAD /health/live HTTP/1.1\r\n%s\r\n" % HOST,
        b"DELETE %s HTTP/1.1\r\n%s\r\n" % (path, HOST),
        b"GET %s HTTP/1.1\r\n%s\r\n" % (path, HOST),
        post(HOST + b"Content-Length: %d\r\n" % len(text), text).replace(b"Connection: close\r\n", b""),
        b"no request\r\n\r\n",
    ]
    with connected(hasty) as connection:
        connection.sendall(b"".join(requests))
        with connection.makefile("rb") as answers:
            told_ = answers.read()
    assert re.findall(rb"HTTP/1.1 ([0-9]+) ", told_) == [b"200", b"200", b"204", b"404", b"201", b"400"]
    assert b"x" * last_bytes in told_


_GET = b"GET /health/live HTTP/1.1\r\n%s\r\n" % HOST
# Around the moment at which the answer is there and not sent.
_SHORTLY_SECONDS = [0.0, 0.0001, 0.0003, 0.0006, 0.001]


def _is_answered(connection: socket.socket) -> bool:
    return connection.recv(12) == b"HTTP/1.1 200"


def _read_on(connection: socket.socket) -> None:
    while not (piece := connection.recv(65536)).endswith(b"}"):
        assert piece


def _spent(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


@pytest.mark.parametrize("seconds", _SHORTLY_SECONDS)
def test_client_that_ends_right_behind_its_request_gets_its_answer(hasty: str, seconds: float) -> None:
    for _ in range(20):
        with connected(hasty) as connection:
            connection.sendall(_GET)
            _spent(seconds)
            connection.shutdown(socket.SHUT_WR)
            assert _is_answered(connection)


def test_answer_comes_before_its_connection_makes_room_for_another(start_server: Starter) -> None:
    with start_server("--store", "memory:", "--max-connections", "2") as url:
        for seconds in _SHORTLY_SECONDS * 10:
            with connected(url) as oldest, connected(url) as other:
                for connection in (oldest, other):
                    connection.sendall(_GET)
                    assert _is_answered(connection)
                _read_on(oldest)
                oldest.sendall(_GET)
                _spent(seconds)
                with connected(url):
                    assert _is_answered(oldest)


def test_many_clients_are_answered_at_once(hasty: str) -> None:
    request = b"GET /health/live HTTP/1.1\r\n%s\r\n" % HOST
    with ExitStack() as stack:
        connections = [stack.enter_context(connected(hasty)) for _ in range(100)]
        for _ in range(3):
            for connection in connections:
                connection.sendall(request)
            assert {connection.recv(12) for connection in connections} == {b"HTTP/1.1 200"}
            for connection in connections:
                _read_on(connection)


def test_gunicorn_has_what_the_worker_relies_on() -> None:
    """Every internal of gunicorn that ``worker`` and ``client_connections`` override or read; another version is read again before it is used."""
    import gunicorn  # type: ignore[import-untyped]
    from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped]
    from gunicorn.asgi import protocol  # type: ignore[import-untyped]
    from gunicorn.asgi.parser import PythonProtocol  # type: ignore[import-untyped]
    from gunicorn.workers import gasgi  # type: ignore[import-untyped]

    assert gunicorn.__version__ == "27.0.1"
    assert gasgi.ASGIProtocol is protocol.ASGIProtocol
    for name in ("init_process", "_serve", "_shutdown", "_get_ssl_context"):
        assert callable(getattr(gasgi.ASGIWorker, name))
    for name in [
        "connection_made",
        "connection_lost",
        "data_received",
        "pause_writing",
        "resume_writing",
        "_on_headers_complete",
        "_feed_callback_parser",
        "_arm_keepalive_timer",
        "_serve_http_request",
        "_handle_http_request",
        "_will_close",
        "_build_http_scope",
        "_is_websocket_upgrade",
        "_handle_websocket",
        "_send_error_response",
        "_send_response_start",
        "_close_transport",
        "_resume_reading",
        "_safe_write",
        "_send_body",
    ]:
        assert callable(getattr(protocol.ASGIProtocol, name))
    for name in ("_scan_response_headers", "_get_cached_status_line", "_get_cached_date_header"):
        assert callable(getattr(protocol, name))
    assert protocol._HEADER_VALUE_RE.pattern == rb"[ \t\x21-\x7e\x80-\xff]*"
    assert callable(Arbiter.spawn_worker)
    for name in ("_complete", "_closed", "_body_finished", "_body_wait_expired", "request", "protocol"):
        assert name in protocol.BodyReceiver.__slots__
    for name in ("feed", "receive", "signal_disconnect", "_wake_waiter"):
        assert callable(getattr(protocol.BodyReceiver, name))
    assert {"_chunk_remaining", "_headers_list", "method", "path"} <= set(PythonProtocol.__slots__)
    for name in ("content_length", "chunked", "must_close", "headers_bytes", "version"):
        assert name in protocol.CallbackRequest.__slots__


def test_missing_headers_cost_no_exception() -> None:
    """Ours tells of headers what Falcon's does; it looks into what Falcon's documentation does not name."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": [(b"host", b"a"), (b"x-name", "\xe4".encode("latin-1"))],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    own, other = Request(scope, receive), falcon.asgi.Request(scope, receive)
    for name in ("Host", "host", "X-Name", "If-Match"):
        assert own.get_header(name) == other.get_header(name)
        assert own.get_header(name, default="none") == other.get_header(name, default="none")
    for request in (own, other):
        with pytest.raises(falcon.HTTPMissingHeader):
            request.get_header("If-Match", required=True)


def test_connection_ends_with_its_client(start_server: Starter, tmp_path: Path) -> None:
    """Whenever the client ends it; long before connections end that are idle."""
    with start_server("--store", f"tinydb:{tmp_path / 'a.db'}", "--keep-alive-seconds", "600") as url:
        [worker] = workers(tmp_path)
        files = Path(f"/proc/{worker}/fd")
        for _ in range(100):
            httpx.get(f"{url}/health/live").raise_for_status()
        # A dozen are none of connections.
        until = time.monotonic() + PATIENCE_SECONDS
        while len(list(files.iterdir())) > 30 and time.monotonic() < until:
            time.sleep(0.1)
        assert len(list(files.iterdir())) <= 30


def test_heads_of_answers_are_what_gunicorn_makes_of_them() -> None:
    from types import SimpleNamespace

    from gunicorn.asgi import protocol
    from gunicorn.http.errors import InvalidResponseHeader  # type: ignore[import-untyped]

    from tmfkit_server.response_headers import scanned, written

    usual = [(b"etag", b'"1"'), (b"content-length", b"3"), (b"link", b'<a>; rel="next"'), (b"location", "é".encode())]
    odd = [(b"x-other", b"1"), (b"date", b"now"), (b"transfer-encoding", b"chunked"), (b"Server", b"us")]
    for headers in ([], usual, odd, usual + odd):
        assert scanned(headers) == protocol._scan_response_headers(headers)
        connection, request = SimpleNamespace(_response_buffer=b""), SimpleNamespace(version=(1, 1))
        protocol.ASGIProtocol._send_response_start(connection, 201, headers, request)
        wanted = None if set(odd) & set(headers) else connection._response_buffer
        assert written(201, headers, (1, 1)) == wanted
    for value in (b"a\r\nb: c", b"\x00", b"\x7f"):
        with pytest.raises(InvalidResponseHeader):
            scanned([(b"location", value)])
