"""TLS: the certificate that the server shows, and another one while it runs."""

from __future__ import annotations

import os
import signal
import ssl
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest
import trustme
from click.testing import CliRunner
from server_bodies import customer
from server_processes import parent, workers

from patience import PATIENCE_SECONDS
from tmfkit_server import cli

Starter = Callable[..., AbstractContextManager[str]]
CUSTOMER = "/tmf-api/customerManagement/v4/customer"


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """An authority that the clients of a test trust."""
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    return made


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
