"""Whom the server calls, and how a listener can tell that it was the server."""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import os
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from click.testing import CliRunner
from server_bodies import customer
from standardwebhooks import Webhook, WebhookVerificationError

from patience import PATIENCE_SECONDS
from tmfkit_server import cli
from tmfkit_server.api_keys import ApiKey
from tmfkit_server.network import LOOPBACK
from tmfkit_server.services.notifications.attempts import AttemptResult
from tmfkit_server.services.notifications.callbacks import CallbackGuard, CallbackRefused
from tmfkit_server.services.notifications.webhook_client import WebhookClient
from tmfkit_server.settings import Settings
from tmfkit_server.storage.base import Delivery
from tmfkit_server.token_issuer import TokenIssuer

Starter = Callable[..., AbstractContextManager[str]]

REFUSED = [
    *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
    *("192.0.2.1", "198.18.0.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "fe80::1", "fe80::1%lo", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1", "4000::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe"),
    *("64:ff9b:1::808:808", "2002:7f00:1::", "2002:a00:1::1", "2001:0:4136:e378:8000:63bf:f5ff:fffe"),
]
PUBLIC = ["8.8.8.8", "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:8.8.8.8", "64:ff9b::808:808"]


def _addresses(host: str, *allowed: str) -> Sequence[str]:
    guard = CallbackGuard([ipaddress.ip_network(network) for network in allowed])
    return asyncio.run(guard.addresses(host))


@pytest.mark.parametrize("address", REFUSED)
def test_address_that_is_not_public_is_refused(address: str) -> None:
    with pytest.raises(CallbackRefused):
        _addresses(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_address_is_called(address: str) -> None:
    assert _addresses(address) == [address]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("10.1.2.3", "10.1.0.0/16"),
        ("127.0.0.1", "127.0.0.0/8"),
        ("fd00::1", "fd00::/8"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
    ],
)
def test_network_that_is_allowed_is_called(address: str, network: str) -> None:
    assert _addresses(address, network) == [address]
    with pytest.raises(CallbackRefused):
        _addresses(address, "10.2.0.0/16", "fd01::/16")


@pytest.mark.parametrize("spelling", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1"])
def test_other_spelling_of_an_address_is_looked_through(spelling: str) -> None:
    with pytest.raises(CallbackRefused, match="a loopback address"):
        _addresses(spelling)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What names lead to, in the place of the system's resolver."""
    known: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def look_up(host: Any, port: Any, *arguments: Any, **named: Any) -> list[Any]:
        name = host.decode() if isinstance(host, bytes) else host
        if name not in known:
            return real(host, port, *arguments, **named)
        found = known[name]
        return [place for address in found for place in real(address, port, *arguments, **named)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


def test_name_with_one_address_that_is_refused_is_refused(names: dict[str, list[str]]) -> None:
    names["two.example"] = ["8.8.8.8", "10.0.0.1"]
    with pytest.raises(CallbackRefused, match="a private or reserved address"):
        _addresses("two.example")
    assert _addresses("two.example", "10.0.0.0/8") == ["8.8.8.8", "10.0.0.1"]


def test_names_that_nobody_answers_for_hold_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    is_over = threading.Event()

    def look_up(host: str, *_: Any, **_named: Any) -> list[Any]:
        if host != "answered.example":
            is_over.wait(2 * PATIENCE_SECONDS)
            raise socket.gaierror("nobody answers")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)

    async def scenario() -> Sequence[str]:
        guard = CallbackGuard()
        hanging = [asyncio.create_task(guard.addresses(f"silent{number}.example")) for number in range(30)]
        await asyncio.sleep(0)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await guard.addresses("answered.example")
        finally:
            is_over.set()
            await asyncio.gather(*hanging, return_exceptions=True)

    assert asyncio.run(scenario()) == ["8.8.8.8"]


def _post(callback: str, *allowed: str, secrets: Sequence[bytes] = ()) -> AttemptResult:
    async def post() -> AttemptResult:
        client = WebhookClient(CallbackGuard([ipaddress.ip_network(network) for network in allowed]), secrets)
        client.start()
        try:
            return await client.post(Delivery(1, "s", callback, {"eventId": "1", "n": ["é", 1.5]}))
        finally:
            await client.close()

    return asyncio.run(post())


def test_name_that_leads_elsewhere_by_now_is_not_called(names: dict[str, list[str]], listener: Any) -> None:
    """What was public at registration may be this machine at delivery."""
    names["rebound.example"] = ["127.0.0.1"]
    callback = listener.url.replace("127.0.0.1", "rebound.example")
    outcome = _post(callback)
    assert str(outcome) == "no answer: it leads to a loopback address, and --allow-callbacks does not allow it"
    assert listener.raw == []


def test_connection_goes_to_the_address_that_was_checked(names: dict[str, list[str]], listener: Any) -> None:
    class Turning(list[str]):
        """Leads to the listener once, and from then on to where nobody listens."""

        def __iter__(self) -> Any:
            return iter([self.pop(0)])

    names["turning.example"] = Turning(["127.0.0.1", "192.0.2.1", "192.0.2.1"])
    outcome = _post(listener.url.replace("127.0.0.1", "turning.example"), "127.0.0.0/8", "192.0.2.0/24")
    assert outcome.is_taken
    [(headers, _)] = listener.raw
    assert headers["Host"].startswith("turning.example:")
    assert names["turning.example"] == ["192.0.2.1", "192.0.2.1"]


def test_certificate_is_that_of_the_name_not_of_the_address(
    names: dict[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("named.example").configure_cert(context)
    asked: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    names["named.example"] = names["other.example"] = ["127.0.0.1"]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async def scenario() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
        client = WebhookClient(CallbackGuard(LOOPBACK))
        client.start()
        async with server:
            port = server.sockets[0].getsockname()[1]
            good = await client.post(Delivery(1, "s", f"https://named.example:{port}/", {}))
            bad = await client.post(Delivery(1, "s", f"https://other.example:{port}/", {}))
            await client.close()
        assert (good.status, bad.status, asked) == (204, 0, ["named.example", "other.example"])
        assert "certificate" in bad.problem

    asyncio.run(scenario())


def test_redirect_is_not_followed(listener: Any) -> None:
    listener.status, listener.headers = 307, {"Location": f"{listener.url}/elsewhere"}
    outcome = _post(listener.url, "127.0.0.0/8")
    assert (outcome.status, outcome.is_taken, outcome.is_final, len(listener.raw)) == (307, False, False, 1)


def test_proxy_of_the_environment_is_not_asked(listener: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert _post(listener.url, "127.0.0.0/8").is_taken


@pytest.fixture(scope="module")
def open_server(start_server: Starter) -> Iterator[str]:
    """A server that listens on every address."""
    options = ["--host", "0.0.0.0", "--api-key", "user:key-of-a-user-01", "--allow-callbacks", "10.0.0.0/8"]
    options += ["--allow-callback-port", "25"]
    with start_server(*options) as url:
        yield url.replace("0.0.0.0", "127.0.0.1")


def _secret() -> str:
    return "whsec_" + base64.b64encode(os.urandom(32)).decode()


def test_signature_is_verified_by_the_library_of_standard_webhooks(listener: Any) -> None:
    old, new = _secret(), _secret()
    secrets = [base64.b64decode(text.removeprefix("whsec_")) for text in (old, new)]
    assert _post(listener.url, "127.0.0.0/8", secrets=secrets).is_taken
    [(headers, body)] = listener.raw
    for known in (old, new):
        assert Webhook(known).verify(body, headers) == {"eventId": "1", "n": ["é", 1.5]}
    with pytest.raises(WebhookVerificationError):
        Webhook(_secret()).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(body.replace(b"1.5", b"2.5"), headers)


def test_server_signs_with_the_secret_of_a_file(start_server: Starter, listener: Any, tmp_path: Path) -> None:
    secret = _secret()
    (tmp_path / "secret").write_text(f"{secret}\n")
    with start_server("--callback-secret", f"file:{tmp_path / 'secret'}") as url:
        base = f"{url}/tmf-api/customerManagement/v4"
        httpx.post(f"{base}/hub", json={"callback": listener.url})
        httpx.post(f"{base}/customer", json=customer())
        notification = listener.next()
    headers, body = listener.raw[0]
    assert Webhook(secret).verify(body, headers) == notification
    assert headers["webhook-id"] == notification["eventId"]


@pytest.mark.parametrize(
    ("callback", "kind"),
    [
        ("http://10.0.0.1/", "a private or reserved"),
        ("http://169.254.169.254/latest/meta-data", "a link-local"),
        ("https://[::ffff:10.0.0.1]:8443/", "a private or reserved"),
        ("http://0.0.0.0/", "an unspecified"),
    ],
)
def test_registration_of_a_callback_that_is_not_called_is_400(
    customers: httpx.Client, callback: str, kind: str
) -> None:
    refused = customers.post("/hub", json={"callback": callback})
    assert refused.status_code == 400
    assert refused.json()["message"] == (
        f"/callback leads to {kind} address, which this server does not call;"
        " its operator can allow the network with --allow-callbacks"
    )


def test_registration_with_credentials_in_the_address_is_400(customers: httpx.Client) -> None:
    refused = customers.post("/hub", json={"callback": "http://user:secret@host.example/"})
    message = "/callback has to be an http or https address without credentials"
    assert (refused.status_code, refused.json()["message"].partition(" [")[0]) == (400, message)


@pytest.mark.parametrize(
    ("callback", "status"),
    [
        # A server that others can reach does not call this machine for them.
        ("http://127.0.0.1:8009/", 400),
        ("http://localhost:8009/", 400),
        ("http://10.0.0.1/", 201),
        ("http://192.168.0.1/", 400),
        # It may be there when it is needed.
        ("http://nobody.invalid/", 201),
    ],
)
def test_server_for_others_calls_what_it_is_allowed_to(open_server: str, callback: str, status: int) -> None:
    hub = f"{open_server}/tmf-api/customerManagement/v4/hub"
    answer = httpx.post(hub, json={"callback": callback}, headers={"X-API-Key": "key-of-a-user-01"})
    assert answer.status_code == status
    assert status == 201 or answer.json()["message"].startswith("/callback leads to a ")


@pytest.mark.parametrize(
    ("port", "status"), [(1, 400), (22, 400), (25, 201), (79, 400), (80, 201), (443, 201), (1023, 400), (1024, 201)]
)
def test_port_of_another_service_is_not_called_unless_it_is_allowed(open_server: str, port: int, status: int) -> None:
    hub = f"{open_server}/tmf-api/customerManagement/v4/hub"
    callback = f"http://nobody.invalid:{port}/"
    answer = httpx.post(hub, json={"callback": callback}, headers={"X-API-Key": "key-of-a-user-01"})
    assert answer.status_code == status
    assert status == 201 or answer.json()["message"].startswith(f"/callback leads to port {port}, which this server")


def test_port_is_looked_at_again_for_every_call() -> None:
    async def scenario() -> AttemptResult:
        client = WebhookClient(CallbackGuard([ipaddress.ip_network("127.0.0.0/8")], ()))
        client.start()
        try:
            return await client.post(Delivery(1, "l", "http://127.0.0.1:25/", {}))
        finally:
            await client.close()

    assert asyncio.run(scenario()).problem == "it leads to port 25, and --allow-callback-port does not allow it"


@pytest.mark.parametrize(
    "address",
    ["168.63.129.16", "192.0.0.192", "192.0.0.9", "192.88.99.1", "3fff::1", "3fff:fff::1", "::ffff:168.63.129.16"],
)
def test_addresses_that_python_may_take_for_public_are_refused(address: str) -> None:
    with pytest.raises(CallbackRefused):
        asyncio.run(CallbackGuard().addresses(address))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_server_for_this_machine_alone_calls_loopback_and_every_port(host: str) -> None:
    settings = Settings(host=host)
    assert (settings.called_networks, settings.called_ports) == (LOOPBACK, None)


@pytest.mark.parametrize(
    "others",
    [
        pytest.param({"host": "0.0.0.0", "api_keys": [ApiKey.of("user", "k")]}, id="host"),
        pytest.param({"api_keys": [ApiKey.of("user", "k")]}, id="keys"),
        pytest.param({"api_keys": []}, id="keys-taken-back"),
        pytest.param({"token_issuer": TokenIssuer("https://id.example", "a")}, id="issuer"),
        pytest.param({"public_url": "https://shop.example"}, id="public-url"),
        pytest.param({"trusted_proxies": LOOPBACK}, id="proxy"),
    ],
)
def test_server_for_others_calls_what_is_allowed_only(others: dict[str, Any]) -> None:
    settings = Settings(**others)
    assert (settings.called_networks, settings.called_ports) == ((), ())
    allowed = Settings(**others, allowed_callbacks=LOOPBACK, allowed_callback_ports=[25])
    assert (allowed.called_networks, allowed.called_ports) == (LOOPBACK, [25])


@pytest.mark.parametrize("port", ["22", "8080"])
def test_callback_to_this_machine_is_refused_behind_credentials(start_server: Starter, port: str) -> None:
    with start_server("--api-key", "user:key-of-a-user-01") as url:
        answer = httpx.post(
            f"{url}/tmf-api/customerManagement/v4/hub",
            json={"callback": f"http://127.0.0.1:{port}/"},
            headers={"X-API-Key": "key-of-a-user-01"},
        )
    assert (answer.status_code, "--allow-callback" in answer.text) == (400, True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--allow-callbacks", "10.0.0.1/8"], "--allow-callbacks: 10.0.0.1/8 has host bits set. "),
        (["--allow-callbacks", "home"], "--allow-callbacks: 'home' does not appear to be an IPv4 or IPv6 network. "),
        (["--callback-secret", "abc"], "--callback-secret: it does not begin with whsec_. "),
        (["--callback-secret", "whsec_%"], "--callback-secret: what follows whsec_ is no base64. "),
        (["--callback-secret", "whsec_YWJj"], "--callback-secret: it has 3 bytes, and has to have 24 to 64. "),
        (["--callback-secret", "file:/nix"], "--callback-secret: [Errno 2] No such file or directory: '/nix'. "),
    ],
)
def test_settings_that_cannot_be_are_refused(options: list[str], message: str) -> None:
    result = CliRunner().invoke(cli.main, ["run", *options])
    assert result.exit_code == 2
    assert result.stderr.startswith(f"tmfkit-server: {message}")


def test_verification_as_documented_tells_genuine_from_forged(listener: Any) -> None:
    document = (Path(__file__).parents[2] / "docs" / "notifications.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```python\n(.*?)```", document, re.DOTALL)
    names: dict[str, Any] = {}
    exec(example, names)
    secret = _secret()
    assert _post(listener.url, "127.0.0.0/8", secrets=[base64.b64decode(secret.removeprefix("whsec_"))]).is_taken
    [(headers, body)] = listener.raw
    assert names["is_genuine"](headers, body, secret)
    assert not names["is_genuine"](headers, body + b" ", secret)
    assert not names["is_genuine"]({**headers, "webhook-timestamp": "1"}, body, secret)
