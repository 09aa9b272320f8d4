"""TLS: the certificate that the server shows, and another one while it runs."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import httpx
import pytest
import trustme
from click.testing import CliRunner
from server_bodies import customer
from server_processes import parent, replaced, workers

from patience import PATIENCE_SECONDS
from tmfkit_server import cli

Starter = Callable[..., AbstractContextManager[str]]
CUSTOMER = "/tmf-api/customerManagement/v4/customer"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[trustme.CA]:
    """An authority that the clients of a test trust."""
    made, file = trustme.CA(), str(tmp_path_factory.mktemp("authority") / "authority.pem")
    made.cert_pem.write_to_path(file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", file)
        yield made


@pytest.fixture(scope="module")
def hasty(start_server: Starter, authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that does not wait long."""
    options = ["--header-timeout-seconds", "1", "--body-timeout-seconds", "1"]
    with start_server(*issue(authority, tmp_path_factory.mktemp("hasty")), *options) as url:
        yield url


def issue(authority: trustme.CA, folder: Path) -> list[str]:
    """Put a new certificate and its key into files; return the options that name them."""
    issued = authority.issue_cert("127.0.0.1")
    (folder / "cert.pem").write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(str(folder / "key.pem"))
    return ["--tls-cert", str(folder / "cert.pem"), "--tls-key", str(folder / "key.pem")]


def shown(url: str) -> str:
    parts = httpx.URL(url)
    return ssl.get_server_certificate((parts.host, parts.port or 443))


def test_certificate_is_shown_and_another_one_after_hup(
    start_server: Starter, authority: trustme.CA, tmp_path: Path
) -> None:
    options = issue(authority, tmp_path)
    with start_server(*options, "--store", f"tinydb:{tmp_path / 'a.db'}") as url:
        assert url.startswith("https://")
        made = httpx.post(url + CUSTOMER, json=customer())
        assert (made.status_code, made.headers["Location"][: len(url)]) == (201, url)
        assert made.headers["Strict-Transport-Security"] == "max-age=31536000"
        first = shown(url)
        [worker] = workers(tmp_path)
        issue(authority, tmp_path)
        os.kill(parent(worker), signal.SIGHUP)
        until = time.monotonic() + PATIENCE_SECONDS
        while workers(tmp_path) in ([], [worker]) and time.monotonic() < until:
            time.sleep(0.05)
        assert httpx.get(made.headers["Location"]).json() == made.json()
        assert shown(url) != first
        [worker] = workers(tmp_path)
        (tmp_path / "key.pem").write_text("nonsense")
        os.kill(parent(worker), signal.SIGHUP)
        time.sleep(1)
        assert httpx.get(made.headers["Location"]).status_code == 200
        assert workers(tmp_path) == [worker]
        # A worker that comes after one that died has what the one before had, and never goes on without.
        last = shown(url)
        (tmp_path / "key.pem").unlink()
        os.kill(worker, signal.SIGKILL)
        until = time.monotonic() + PATIENCE_SECONDS
        while workers(tmp_path) in ([], [worker]) and time.monotonic() < until:
            time.sleep(0.05)
        assert httpx.get(made.headers["Location"]).status_code == 200
        assert shown(url) == last


def connected(url: str) -> socket.socket:
    parts = httpx.URL(url)
    return socket.create_connection((parts.host, parts.port or 443), timeout=PATIENCE_SECONDS)


def exchanged(url: str, authority: trustme.CA, request: bytes) -> bytes:
    """Send the beginning of a request, and return all that the server says."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with context.wrap_socket(connected(url), server_hostname="127.0.0.1") as connection:
        connection.sendall(request)
        said = b""
        while piece := connection.recv(65536):
            said += piece
    return said


def test_more_silent_connections_than_files_keep_nobody_out(
    start_server: Starter, authority: trustme.CA, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        url = stack.enter_context(start_server(*issue(authority, tmp_path), "--max-connections", "50"))
        silent = [stack.enter_context(connected(url)) for _ in range(120)]
        assert httpx.get(f"{url}/health/live").status_code == 200
        # The oldest had to go.
        assert silent[0].recv(1) == b""
        before = time.monotonic()
    assert time.monotonic() - before < 10, "the stop waited for connections that were silent"


def test_no_client_holds_up_a_stop(start_server: Starter, authority: trustme.CA, tmp_path: Path) -> None:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with ExitStack() as clients:
        with start_server(*issue(authority, tmp_path), "--store", f"tinydb:{tmp_path / 'a.db'}") as url:
            for _ in range(12):
                made = httpx.post(url + CUSTOMER, json=customer(z="x" * 1_000_000)).raise_for_status()
            quiet = replaced(tmp_path)
            for begun in (
                b"",
                b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n",
                b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % CUSTOMER.encode(),
                b"GET %s HTTP/1.0\r\nHost: a\r\n\r\n" % CUSTOMER.encode(),
                b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{" % CUSTOMER.encode(),
            ):
                # None of them reads, so that none hears of the end either.
                connection = context.wrap_socket(connected(url), server_hostname="127.0.0.1")
                clients.enter_context(connection).sendall(begun)
            assert httpx.get(made.headers["Location"]).status_code == 200
            began = time.monotonic()
        assert time.monotonic() - began - quiet < 3


def test_handshake_has_an_end(hasty: str) -> None:
    began = time.monotonic()
    with connected(hasty) as silent:
        assert silent.recv(1) == b""
    # Left to itself, the loop waits for a minute.
    assert time.monotonic() - began < 30


def test_client_that_leaves_in_the_middle_leaves_nothing_behind(
    start_server: Starter, authority: trustme.CA, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with start_server(*issue(authority, tmp_path), "--max-connections", "10") as url:
        for number in range(60):
            with connected(url) as connection:
                connection.sendall((b"", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00")[number % 3])
                if number % 2:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            assert exchanged(url, authority, b"GET /health/live HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.0 200")
        before = time.monotonic()
    assert time.monotonic() - before < 10, "the stop waited for connections that are gone"
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9999999\r\n\r\n{", b"413"),
        (b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{", b"408"),
        (b"POST %s HTTP/1.1\r\nHost: a/b\r\nContent-Length: 9\r\n\r\n{", b"400"),
        (b"POST %s", b"408"),
    ],
)
def test_early_answer_arrives(hasty: str, authority: trustme.CA, request_: bytes, status: bytes) -> None:
    assert exchanged(hasty, authority, request_ % CUSTOMER.encode()).split()[1] == status


def test_plain_http_says_no_https(server_url: str) -> None:
    assert "Strict-Transport-Security" not in httpx.get(server_url + CUSTOMER).headers


def test_files_that_cannot_be_used_are_refused(authority: trustme.CA, tmp_path: Path) -> None:
    options = issue(authority, tmp_path)
    (tmp_path / "key.pem").write_bytes(authority.issue_cert("127.0.0.1").private_key_pem.bytes())
    for given, problem in (
        (options, "they cannot be used ("),
        ([*options[:2], "--tls-key", "/nix"], "they cannot be used (No such file or directory)"),
        (options[:2], "--tls-cert and --tls-key: only one of them is given. Give both, or neither."),
    ):
        result = CliRunner().invoke(cli.main, ["run", *given])
        assert (result.exit_code, problem in result.stderr, len(result.stderr.splitlines())) == (2, True, 1)
