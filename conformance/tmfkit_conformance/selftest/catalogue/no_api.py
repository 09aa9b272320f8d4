"""Addresses where no API is, and runs that are misconfigured."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Callable
from typing import Final

from tmfkit_conformance.selftest.catalogue.entries import NoApi
from tmfkit_conformance.selftest.catalogue.nowhere import Page, at, encrypted, nothing, page, pages, sound, talking

__all__ = ["NO_APIS"]

_HTML: Final = "<!doctype html><html><body><div id='app'></div></body></html>"
_ERROR: Final = json.dumps({"code": "60", "reason": "not found"})
_JSON: Final = "application/json"
_OK: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def _silent(_: socket.socket, goes_on: Callable[[], bool]) -> None:
    while goes_on():
        pass


def _gone(connection: socket.socket, _: Callable[[], bool]) -> None:
    connection.recv(65536)


def _banner(connection: socket.socket, _: Callable[[], bool]) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")


def _noise(connection: socket.socket, _: Callable[[], bool]) -> None:
    connection.recv(65536)
    connection.sendall(bytes(range(256)))


def _half(connection: socket.socket, _: Callable[[], bool]) -> None:
    connection.recv(65536)
    connection.sendall(_OK + b"Content-Length: 500\r\n\r\n[{")


def _endless(connection: socket.socket, goes_on: Callable[[], bool]) -> None:
    connection.recv(65536)
    connection.sendall(_OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\n[\r\n")
    piece = b'{"id": "1"},' * 5000
    while goes_on():
        connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))


def _byte_by_byte(connection: socket.socket, goes_on: Callable[[], bool]) -> None:
    connection.recv(65536)
    connection.sendall(_OK + b"Content-Length: 100000\r\n\r\n")
    turn = 0
    while goes_on():
        turn += 1
        if turn % 50 == 0:
            connection.sendall(b" ")


def _header_by_header(connection: socket.socket, goes_on: Callable[[], bool]) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    turn = 0
    while goes_on():
        turn += 1
        if turn % 50 == 0:
            connection.sendall(b"X-Part: %d\r\n" % turn)


def _moved(_: str, path: str, __: bytes) -> Page:
    return 308, {"Location": f"http://{{host}}/prod/v4{path}"}, b""


def _echoed(method: str, path: str, sent: bytes) -> Page:
    return 200, {"Content-Type": _JSON}, sent or json.dumps({"method": method, "path": path}).encode()


def _growing(_: str, path: str, __: bytes) -> Page:
    return 302, {"Location": f"{path}/x"}, b""


_NOT_HERE: Final = "--base-url"

_PAGES: Final = (
    NoApi("html-200", "a page for everything", page(200, _HTML), 3, ("html", _NOT_HERE)),
    NoApi("html-as-json", "a page that claims to be JSON", page(200, _HTML, _JSON), 3, ("html", _NOT_HERE)),
    NoApi("404-html", "404 for everything", page(404, _HTML), 3, ("404", _NOT_HERE)),
    NoApi("404-json", "404 with an error body for everything", page(404, _ERROR, _JSON), 3, ("404", _NOT_HERE)),
    NoApi("405", "405 for everything", page(405), 3, ("405",)),
    NoApi("500", "500 for everything", page(500, "Internal Server Error", "text/plain"), 3, ("500",)),
    NoApi("501", "501 for everything", page(501), 3, ("501",)),
    NoApi("502", "a gateway with nothing behind it", page(502, _HTML), 3, ("502",)),
    NoApi("maintenance", "503 with Retry-After of hours", page(503, _HTML, Retry_After="7200"), 3, ("503",)),
    NoApi("429-for-ever", "429 with Retry-After of an hour", page(429, Retry_After="3600"), 3, ("429",)),
    NoApi("204", "204 for everything", page(204), 3, (_NOT_HERE,)),
    NoApi("empty-200", "200 without a body for everything", page(200), 3, (_NOT_HERE,)),
    NoApi("empty-object", "{} for everything", page(200, "{}", _JSON), 3, (_NOT_HERE,)),
    NoApi("empty-list", "[] for everything", page(200, "[]", _JSON), 3, (_NOT_HERE,)),
    NoApi("null", "null for everything", page(200, "null", _JSON), 3, (_NOT_HERE,)),
    NoApi("echo", "an echo of what was sent", pages(_echoed), 3, (_NOT_HERE,)),
    NoApi("graphql", "another kind of API", page(200, '{"errors": [{"message": "no query"}]}', _JSON), 3, (_NOT_HERE,)),
    NoApi("login-page", "a redirect to a login", page(302, Location="/login"), 3, ("redirect", "/login")),
    NoApi(
        "login-elsewhere",
        "a redirect to a host that is not there",
        page(302, Location="https://sso.shop.invalid/login"),
        3,
        ("redirect", "sso.shop.invalid"),
    ),
    NoApi("moved", "a redirect to where the API is", pages(_moved), 3, ("/prod/v4", _NOT_HERE)),
    NoApi("redirects-for-ever", "redirects to ever longer paths", pages(_growing), 3, ("redirect",)),
    NoApi("to-https", "a redirect to https", page(301, Location="https://{host}/"), 3, ("redirect", "https://")),
    NoApi(
        "gzip-that-is-none",
        "a body that is said to be packed",
        page(200, "[]", _JSON, Content_Encoding="gzip"),
        3,
        ("content-encoding",),
    ),
    NoApi(
        "packed-to-the-last",
        "100 MB in 100 kB",
        page(200, gzip.compress(b" " * 100_000_000), _JSON, Content_Encoding="gzip"),
        3,
        (_NOT_HERE,),
    ),
)

_LINES: Final = (
    NoApi("nobody", "nobody listens", nothing, 3, ("no answer", "start the server")),
    NoApi(
        "no-such-host",
        "the host does not exist",
        at("http://api.shop.invalid/v4"),
        3,
        ("no answer", _NOT_HERE),
        ("--no-listener",),
    ),
    NoApi(
        "listener-out-of-reach",
        "a host that cannot reach the listener",
        at("http://api.shop.invalid/v4"),
        2,
        ("--listener-url", "--no-listener"),
    ),
    NoApi(
        "silence",
        "a server that takes connections and says nothing",
        talking(_silent),
        3,
        ("no answer",),
        ("--timeout", "3"),
    ),
    NoApi("hangs-up", "a server that hangs up", talking(_gone), 3, ("no answer",)),
    NoApi("ssh", "a server of another protocol", talking(_banner), 3, ("no answer",)),
    NoApi("noise", "a server that answers noise", talking(_noise), 3, ("no answer",)),
    NoApi("half-an-answer", "answers that break off", talking(_half), 3, ("no answer",)),
    NoApi("endless", "an answer that does not end", talking(_endless), 3, (_NOT_HERE,)),
    NoApi("byte-by-byte", "a byte now and then", talking(_byte_by_byte), 3, (_NOT_HERE,), ("--timeout", "3")),
    NoApi("header-by-header", "a header now and then", talking(_header_by_header), 3, (_NOT_HERE,), ("--timeout", "3")),
    NoApi("https-asked-for-http", "http on a port for TLS", encrypted("http"), 3, ("https",)),
    NoApi(
        "http-asked-for-https",
        "https on a port for http",
        sound(lambda url: url.replace("http://", "https://", 1)),
        3,
        ("no answer", _NOT_HERE),
    ),
    NoApi(
        "unknown-authority",
        "a certificate of an unknown authority",
        encrypted("https"),
        3,
        ("certificate", "tls options"),
    ),
    NoApi(
        "other-name",
        "a certificate for another name",
        encrypted("https", host="DNS:other.example"),
        3,
        ("certificate",),
        ("--ca-file", "{folder}/authority.pem"),
    ),
    NoApi(
        "client-certificate-missing",
        "a server that wants to know who asks",
        encrypted("https", wants_client=True),
        3,
        ("certificate",),
        ("--ca-file", "{folder}/authority.pem"),
    ),
)

_MISTAKES: Final = (
    NoApi(
        "wrong-base-path",
        "a base path with a slip",
        sound(lambda url: url.replace("customerManagement", "customerManagment")),
        3,
        ("404", _NOT_HERE),
    ),
    NoApi(
        "base-path-missing", "the host alone", sound(lambda url: url.partition("/tmf-api")[0]), 3, ("404", _NOT_HERE)
    ),
    NoApi(
        "base-path-too-long",
        "the collection instead of the base path",
        sound(lambda url: f"{url}/customer"),
        3,
        ("404", _NOT_HERE),
    ),
    NoApi(
        "other-api",
        "the base path of another API",
        sound(lambda url: url.replace("customerManagement", "partyInteraction")),
        3,
        ("404", _NOT_HERE),
    ),
    NoApi("no-base-url", "no address", at(""), 2, (_NOT_HERE,)),
    NoApi("no-scheme", "an address without a scheme", at("api.shop.example/v4"), 2, ("base url", "http://")),
    NoApi("query-in-base-url", "an address with a query", at("http://127.0.0.1:1/v4?tenant=acme"), 2, ("query",)),
    NoApi(
        "credentials-in-base-url",
        "an address with a password",
        at("http://me:pass-word@127.0.0.1:1/v4"),
        2,
        ("--header",),
    ),
    NoApi(
        "config-missing",
        "a configuration that is not there",
        at("http://127.0.0.1:1"),
        2,
        ("cannot be read", "init"),
        ("--config", "{folder}/none.yaml"),
    ),
    NoApi(
        "config-no-yaml",
        "a configuration that is no YAML",
        at("http://127.0.0.1:1"),
        2,
        ("yaml", "line 1"),
        ("--config", "{folder}/config.yaml"),
        {"config.yaml": "a: [1"},
    ),
    NoApi(
        "config-unknown-name",
        "a configuration with a slip in a name",
        at("http://127.0.0.1:1"),
        2,
        ("config.yaml", "base_url"),
        ("--config", "{folder}/config.yaml"),
        {"config.yaml": "base_ulr: http://x\n"},
    ),
    NoApi(
        "config-unknown-resource",
        "a configuration for another resource",
        at("http://127.0.0.1:1"),
        2,
        ("customr", "customer"),
        ("--config", "{folder}/config.yaml"),
        {"config.yaml": "payloads: {customr: {a: 1}}\n"},
    ),
    NoApi(
        "header-without-colon",
        "a header without a colon",
        at("http://127.0.0.1:1"),
        2,
        ("--header", "name: value"),
        ("--header", "X-Key secret"),
    ),
    NoApi(
        "ca-file-missing",
        "an authority that is not there",
        at("https://127.0.0.1:1"),
        2,
        ("ca_file", "pem"),
        ("--ca-file", "{folder}/none.pem"),
    ),
    NoApi(
        "listener-everywhere",
        "a listener at every address",
        at("http://127.0.0.1:1"),
        2,
        ("--listener-url",),
        ("--listener-bind", "0.0.0.0:0"),
    ),
    NoApi(
        "listener-not-here",
        "a listener at an address of others",
        sound(lambda url: url),
        2,
        ("listener",),
        ("--listener-bind", "192.0.2.1:8099"),
    ),
    NoApi(
        "target-cannot-call-back",
        "a target on another host, and a listener on this one",
        at("http://192.0.2.1/v4"),
        2,
        ("--listener-url", "--no-listener"),
    ),
    NoApi(
        "report-is-a-file",
        "a folder for reports that is a file",
        at("http://127.0.0.1:1"),
        2,
        ("report",),
        ("--report", "{folder}/file"),
        {"file": "x"},
    ),
)

NO_APIS: Final = (*_PAGES, *_LINES, *_MISTAKES)
