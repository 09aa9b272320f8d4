"""What can go wrong between a client and a server: every fault has a name and a reply that brings it about."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator

from fault_server import Connection, Got, Reply, answer, document

__all__ = ["AT_ACCEPT", "BODIES", "BROKEN", "REDIRECTS", "STALLED", "WHOLE", "statuses"]

_JSON = {"Content-Type": "application/json"}
WHOLE = json.dumps({"id": "42", "href": "/customer/42", "name": "Club", "engagedParty": {"id": "500"}}).encode()
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_DEEP = 100_000


def _written(content: bytes, end: Callable[[Connection], None]) -> Reply:
    def reply(connection: Connection, got: Got) -> None:
        connection.write(content)
        end(connection)

    return reply


def _trickle(connection: Connection, got: Got) -> None:
    connection.write(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    for _ in range(200):
        connection.write(b"1\r\n \r\n")
        connection.wait(0.05)
        if connection.server.ended.is_set():
            return


_LENGTH = _HEAD + b"Content-Length: 500\r\n\r\n"
_CHUNKED = _HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

AT_ACCEPT: dict[str, Callable[[Connection], None]] = {
    "reset-before-the-request": Connection.reset,
    "closed-before-the-request": Connection.close,
}
"""Before anything is read."""

BROKEN: dict[str, Reply] = {
    "reset-after-the-request": _written(b"", Connection.reset),
    "closed-after-the-request": _written(b"", Connection.close),
    "reset-in-the-status-line": _written(b"HTTP/1.1 2", Connection.reset),
    "closed-in-the-status-line": _written(b"HTTP/1.1 2", Connection.close),
    "reset-in-the-headers": _written(_HEAD, Connection.reset),
    "closed-in-the-headers": _written(_HEAD, Connection.close),
    "reset-before-the-body": _written(_LENGTH, Connection.reset),
    "closed-before-the-body": _written(_LENGTH, Connection.close),
    "reset-in-the-body": _written(_LENGTH + WHOLE[:10], Connection.reset),
    "closed-in-the-body": _written(_LENGTH + WHOLE[:10], Connection.close),
    "reset-in-a-chunk": _written(_CHUNKED + b"80\r\n" + WHOLE[:10], Connection.reset),
    "closed-between-chunks": _written(_CHUNKED + b"5\r\n" + WHOLE[:5] + b"\r\n", Connection.close),
    "chunk-without-size": _written(_CHUNKED + b"zz\r\n" + WHOLE, Connection.close),
    "no-http": _written(b"220 mail.example ESMTP\r\n", Connection.close),
    "binary": _written(bytes(range(256)) * 4, Connection.close),
    "no-version": _written(b"200 OK\r\n\r\n" + WHOLE, Connection.close),
    "status-without-number": _written(b"HTTP/1.1 OK\r\n\r\n", Connection.close),
    "status-of-four-digits": _written(b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n", Connection.close),
    "status-below-100": _written(b"HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n", Connection.close),
    "header-without-colon": _written(_HEAD + b"nonsense\r\n\r\n" + WHOLE, Connection.close),
    "length-no-number": _written(_HEAD + b"Content-Length: many\r\n\r\n" + WHOLE, Connection.close),
    "two-lengths": _written(_HEAD + b"Content-Length: 5\r\nContent-Length: 9\r\n\r\n" + WHOLE, Connection.close),
    "headers-without-end": _written(_HEAD + b"X: y\r\n" * 40_000, Connection.close),
    "gzip-that-is-none": answer(200, WHOLE, {**_JSON, "Content-Encoding": "gzip"}),
    "unknown-encoding": answer(200, b"\x8b\x02\x80" + WHOLE, {**_JSON, "Content-Encoding": "zip64"}),
}
"""Answers that break off, or are no HTTP."""

STALLED: dict[str, Reply] = {
    "silence": _written(b"", Connection.stall),
    "silence-in-the-headers": _written(_HEAD, Connection.stall),
    "silence-in-the-body": _written(_LENGTH + WHOLE[:10], Connection.stall),
    "a-blank-now-and-then": _trickle,
}
"""Answers that do not end in time."""

BODIES: dict[str, Reply] = {
    "empty": answer(200, b"", _JSON),
    "blank": answer(200, b" \r\n ", _JSON),
    "html": answer(200, b"<!doctype html><title>Sign in</title><p>Please", {"Content-Type": "text/html"}),
    "text": answer(200, b"done", {"Content-Type": "text/plain"}),
    "json-cut": answer(200, WHOLE[:-5], _JSON),
    "json-and-more": answer(200, WHOLE + b"}", _JSON),
    "null": answer(200, b"null", _JSON),
    "number": answer(200, b"7", _JSON),
    "text-in-json": answer(200, b'"Club"', _JSON),
    "list": answer(200, b"[" + WHOLE + b"]", _JSON),
    "list-of-numbers": answer(200, b"[1, 2]", _JSON),
    "list-of-nulls": answer(200, b"[null]", _JSON),
    "list-of-lists": answer(200, b"[[[]]]", _JSON),
    "object": answer(200, WHOLE, _JSON),
    "object-without-anything": answer(200, b"{}", _JSON),
    "not-a-number": answer(200, b'{"id": NaN}', _JSON),
    "long-number": answer(200, b'{"id": ' + b"9" * 6000 + b"}", _JSON),
    "deep": answer(200, b"[" * _DEEP + b"]" * _DEEP, _JSON),
    "deep-object": answer(200, b'{"a":' * _DEEP + b"1" + b"}" * _DEEP, _JSON),
    "latin-1": answer(200, '{"id": "42", "name": "Künze"}'.encode("latin-1"), _JSON),
    "utf-16": answer(200, WHOLE.decode().encode("utf-16"), _JSON),
    "byte-order-mark": answer(200, b"\xef\xbb\xbf" + WHOLE, _JSON),
    "half-a-character": answer(200, b'{"id": "\\ud800"}', _JSON),
    "a-name-twice": answer(200, b'{"id": "1", "id": 2}', _JSON),
    "gzip-cut": answer(200, gzip.compress(WHOLE)[:-12], {**_JSON, "Content-Encoding": "gzip"}),
    "error-with-status-200": document({"code": "50", "reason": "failed"}),
    "total-no-number": document([], headers={"X-Total-Count": "many"}),
    "total-below-zero": document([], headers={"X-Total-Count": "-1"}),
    "link-broken": document([{"id": "1"}], headers={"Link": '<http://[::1/x>; rel="next"'}),
    "link-elsewhere": document([{"id": "1"}], headers={"Link": '<https://elsewhere.example/x>; rel="next"'}),
    "the-same-page-for-ever": document([{"id": "1"}], headers={"X-Total-Count": "5"}),
}
"""Whole answers that say success and something odd."""


def _redirect(status: int, location: str | None) -> Reply:
    return answer(status, b"", {} if location is None else {"Location": location})


REDIRECTS: dict[str, Reply] = {
    "redirect-in-a-circle": _redirect(302, "/again"),
    "redirect-elsewhere": _redirect(302, "http://elsewhere.example/customer"),
    "redirect-to-another-port": _redirect(307, "http://127.0.0.1:1/customer"),
    "redirect-to-a-file": _redirect(301, "file:///etc/passwd"),
    "redirect-to-nowhere": _redirect(303, None),
    "redirect-to-nonsense": _redirect(308, "http://[::1"),
    "redirect-with-credentials": _redirect(302, "http://user:word@127.0.0.1/x"),
}


def statuses() -> Iterator[tuple[int, Reply]]:
    """Yield every status from 200 to 599, with an error of TMF's as its body."""
    body = json.dumps({"code": "x", "reason": "because", "status": "any"}).encode()
    for status in range(200, 600):
        yield status, answer(status, b"" if status in {204, 304} else body, {**_JSON, "Location": "/customer/42"})
