"""The server among what it stands between: nginx before it, Prometheus beside it; ``nox -s surroundings`` runs it.

Needs the programs ``nginx`` and ``promtool``, of Debian's packages nginx and prometheus.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import trustme
from server_bodies import customer
from server_processes import parent, workers

from harness.process import free_port
from patience import PATIENCE_SECONDS
from tmfkit_models import contracts

Starter = Callable[..., AbstractContextManager[str]]
CUSTOMER = "/tmf-api/customerManagement/v4/customer"
PREFIX = "/tmf"
USER, ADMIN, LEFT = "key-of-a-user-0123", "key-of-an-admin-01", "key-of-who-has-left"
NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    upstream server {{ server {server}; keepalive 16; }}
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
        location {prefix}/ {{
            proxy_pass http://server/;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header X-Forwarded-Host $http_host;
            proxy_set_header X-Forwarded-Proto https;
            proxy_set_header X-Forwarded-Prefix {prefix};
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        }}
        location /plain/ {{
            proxy_pass http://server/;
            proxy_set_header X-Forwarded-Host $http_host;
            proxy_set_header X-Forwarded-Proto https;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        }}
    }}
}}
"""


def program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    assert found is not None, f"{name} is not installed"
    return found


@dataclass(frozen=True)
class Proxied:
    """A server behind nginx.

    Attributes:
        url: What its clients call it by.
        folder: Where its files are: ``a.db``, its store, ``keys``, ``authority.pem``.
    """

    url: str
    folder: Path

    def client(self, key: str = USER) -> httpx.Client:
        context = ssl.create_default_context(cafile=str(self.folder / "authority.pem"))
        return httpx.Client(base_url=self.url, verify=context, headers={"X-API-Key": key})

    def allow(self, *names: str) -> None:
        """Put keys into the file, all at once, and have the server read it again when it runs."""
        written = self.folder / "keys.new"
        written.touch(mode=0o600)
        known = {"user": f"user:{USER}", "admin": f"admin:{ADMIN}", "left": f"left=user:{LEFT}"}
        written.write_text("\n".join(known[name] for name in names))
        written.rename(self.folder / "keys")

    def reload(self) -> None:
        """Have another worker take over, and return when it has."""
        [worker] = workers(self.folder)
        os.kill(parent(worker), signal.SIGHUP)
        until = time.monotonic() + PATIENCE_SECONDS
        while workers(self.folder) in ([], [worker]) and time.monotonic() < until:
            time.sleep(0.05)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Take two APIs, or all of them when that is asked for."""
    if "api" in metafunc.fixturenames:
        # The one that sends messages, and the smallest of those that do not.
        few = ["tmf681-v1", "tmf683-v4"]
        metafunc.parametrize("api", contracts.apis() if metafunc.config.getoption("--every-api") else few)


@pytest.fixture
def proxied(start_server: Starter, tmp_path: Path) -> Iterator[Proxied]:
    """A server on a file that believes what nginx says."""
    options = ["--store", f"tinydb:{tmp_path / 'a.db'}", "--trusted-proxy", "127.0.0.1", "--trusted-prefix", PREFIX]
    with behind_nginx(start_server, tmp_path, lambda _: options) as made:
        yield made


@pytest.fixture
def named(start_server: Starter, tmp_path: Path, empty_store: Callable[[str], str]) -> Iterator[Proxied]:
    """A server with two processes on PostgreSQL that knows its public name, and believes nobody."""
    options = ["--store", empty_store("postgres"), "--workers", "2"]
    with behind_nginx(start_server, tmp_path, lambda url: [*options, "--public-url", url]) as made:
        yield made


@contextmanager
def behind_nginx(start_server: Starter, folder: Path, options: Callable[[str], list[str]]) -> Iterator[Proxied]:
    """Run a server, with the options that the address of nginx asks for, and nginx before it."""
    made = Proxied(f"https://localhost:{free_port()}{PREFIX}", folder)
    made.allow("user", "admin", "left")
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    issued.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    issued.private_key_pem.write_to_path(str(folder / "key.pem"))
    given = ["--api-key-file", str(folder / "keys"), "--allow-callbacks", "127.0.0.1", *options(made.url)]
    with start_server(*given) as server:
        values = {"folder": folder, "server": httpx.URL(server).netloc.decode(), "prefix": PREFIX}
        (folder / "nginx.conf").write_text(NGINX.format(**values, port=httpx.URL(made.url).port))
        command = [program("nginx"), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
        with subprocess.Popen(command) as nginx:
            try:
                with httpx.Client(transport=httpx.HTTPTransport(retries=8, verify=False)) as client:
                    assert client.get(f"{made.url}/health/live").status_code == 200
                yield made
            finally:
                nginx.terminate()


def assert_conformant(proxied: Proxied, api: str) -> None:
    """Have the kit say so, of the register's checks."""
    report = proxied.folder / "report"
    config = proxied.folder / "config.json"
    config.write_text(json.dumps({"admin_headers": {"Authorization": f"Bearer {ADMIN}"}}))
    command = [sys.executable, "-m", "tmfkit_conformance.cli", "run", "--api", api, "--report", str(report)]
    command += ["--base-url", f"{proxied.url}{contracts.load(api).base_path}", "--phase", "register"]
    command += ["--allow-destructive", "--event-timeout", "60", "--listener-url", "http://127.0.0.1:0"]
    command += ["--config", str(config), "--ca-file", str(proxied.folder / "authority.pem")]
    done = subprocess.run(command, env={**os.environ, "TMFKIT_BEARER": USER}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((report / "report.json").read_text())["verdict"] == "conformant"


def test_addresses_are_those_of_the_proxy(proxied: Proxied) -> None:
    with proxied.client() as client:
        made = client.post(CUSTOMER, json=customer())
        assert made.headers["Location"] == made.json()["href"]
        assert made.json()["href"] == f"{proxied.url}{CUSTOMER}/{made.json()['id']}"
        assert client.get(made.headers["Location"]).json() == made.json()
        for path in ("/", "/admin", "/docs/tmf629-v4", "/openapi/tmf629-v4.json", "/docs/files/page.css"):
            assert client.get(path, headers={"X-API-Key": ""}).status_code == 200, path


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({}, 201),
        ({"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "X-Forwarded-For": "10.9.9.9"}, 201),
        ({"Forwarded": "host=evil.example;proto=https;for=10.9.9.9"}, 400),
        ({"X-Forwarded-Prefix": "/evil"}, 400),
    ],
)
def test_client_of_a_proxy_says_nothing_that_the_proxy_does_not(
    proxied: Proxied, said: dict[str, str], status: int
) -> None:
    origin = proxied.url.removesuffix(PREFIX)
    with proxied.client() as client:
        answer = client.post(f"{origin}/plain{CUSTOMER}", json=customer(), headers=said)
    assert answer.status_code == status
    assert status == 400 or answer.json()["href"] == f"{origin}{CUSTOMER}/{answer.json()['id']}"
    assert b"evil" not in answer.content


def test_api_is_conformant_while_a_key_is_revoked_and_workers_are_replaced(proxied: Proxied, api: str) -> None:
    with proxied.client(LEFT) as client:
        assert client.get(CUSTOMER).status_code == 200
    is_over = threading.Event()

    def replace() -> None:
        proxied.allow("user", "admin")
        proxied.reload()
        while not is_over.wait(1):
            proxied.reload()

    thread = threading.Thread(target=replace)
    thread.start()
    try:
        assert_conformant(proxied, api)
    finally:
        is_over.set()
        thread.join()
    with proxied.client(LEFT) as client:
        assert client.get(CUSTOMER).status_code == 401


def test_api_is_conformant_on_postgresql_under_its_public_name(named: Proxied, api: str) -> None:
    with named.client() as client:
        made = client.post(CUSTOMER, json=customer(), headers={"X-Forwarded-Host": "evil.example"})
        assert made.headers["Location"] == f"{named.url}{CUSTOMER}/{made.json()['id']}"
    assert_conformant(named, api)


@pytest.mark.parametrize("credentials", ["oidc", "none"])
def test_api_is_conformant_with_other_credentials(tmp_path: Path, credentials: str, api: str) -> None:
    command = [sys.executable, str(Path(__file__).parents[2] / "scripts" / "certify.py"), "--report", str(tmp_path)]
    command += ["--store", "memory:", "--phase", "register", "--api", api, "--credentials", credentials]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    report = json.loads((tmp_path / "memory" / api / "report.json").read_text())
    musts = {row["verdict"] for row in report["requirements"] if row["level"] == "must"}
    # Where everybody is an admin, what is for admins only cannot be seen.
    is_for_admins = any(operation.roles for operation in contracts.load(api).operations)
    skipped = {"skip"} if credentials == "none" and is_for_admins else set()
    assert musts - {"pass", "pass-with-remark", "not-applicable"} == skipped, done.stdout + done.stderr
    assert (done.returncode, report["verdict"]) == ((1, "incomplete") if skipped else (0, "conformant"))


@pytest.mark.parametrize("kind", ["memory", "postgres"])
def test_promtool_finds_nothing_wrong(start_server: Starter, empty_store: Callable[[str], str], kind: str) -> None:
    management = f"127.0.0.1:{free_port()}"
    with start_server("--store", empty_store(kind), "--management", management) as url:
        httpx.post(url + CUSTOMER, json=customer()).raise_for_status()
        text = httpx.get(f"http://{management}/metrics").content
    checked = subprocess.run([program("promtool"), "check", "metrics"], input=text, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")
