"""A tiny server of the made-up library API, right or broken on purpose."""

from __future__ import annotations

import itertools
import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from patience import PATIENCE_SECONDS

ADMIN = "Bearer chief"


class Shelf:
    """What the server keeps.

    Args:
        demands_title: Whether a book without a title is refused, as the document has it.
    """

    def __init__(self, *, demands_title: bool) -> None:
        self.demands_title = demands_title
        self.books: dict[str, dict[str, Any]] = {}
        self.callbacks: dict[str, str] = {}
        self.numbers = itertools.count(1)


@contextmanager
def serving(*, demands_title: bool = True) -> Iterator[str]:
    """Serve the API on a free port of 127.0.0.1; yield its base URL."""
    shelf = Shelf(demands_title=demands_title)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Handler,), {"shelf": shelf}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/library/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are written apart
    shelf: Shelf

    def do_GET(self) -> None:
        kind, identifier, query = self._target()
        if kind != "book":
            self._refuse(404)
        elif not identifier:
            self._answer(200, [self._selected(book, query) for book in self.shelf.books.values()])
        elif identifier in self.shelf.books:
            self._answer(200, self._selected(self.shelf.books[identifier], query))
        else:
            self._refuse(404)

    def do_POST(self) -> None:
        kind, _, _ = self._target()
        body = self._body()
        number = str(next(self.shelf.numbers))
        if kind == "book" and self._is_book(body, complete=self.shelf.demands_title):
            book = {**body, "id": number, "href": f"/library/v1/book/{number}"}
            self.shelf.books[number] = book
            self._answer(201, book, Location=book["href"])
            self._announce(book)
        elif kind == "hub" and isinstance(body, dict) and isinstance(body.get("callback"), str):
            self.shelf.callbacks[number] = body["callback"]
            self._answer(201, {"id": number, "query": None, **body}, Location=f"/library/v1/hub/{number}")
        else:
            self._refuse(400)

    def do_PATCH(self) -> None:
        _, identifier, _ = self._target()
        body = self._body()
        if identifier not in self.shelf.books:
            self._refuse(404)
        elif not self._is_book(body, complete=False):
            self._refuse(400)
        else:
            self.shelf.books[identifier].update(body)
            self._answer(200, self.shelf.books[identifier])

    def do_DELETE(self) -> None:
        kind, identifier, _ = self._target()
        if kind == "book" and self.headers.get("Authorization") != ADMIN:
            self._refuse(403)
            return
        kept = self.shelf.books if kind == "book" else self.shelf.callbacks
        self._answer(204 if kept.pop(identifier, None) else 404)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - signature of http.server
        """Stay silent."""

    def _target(self) -> tuple[str, str, dict[str, list[str]]]:
        split = urlsplit(self.path)
        kind, _, identifier = split.path.removeprefix("/library/v1/").partition("/")
        return kind, identifier, parse_qs(split.query)

    def _body(self) -> Any:
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            return json.loads(text)
        except ValueError:
            return None

    @staticmethod
    def _is_book(body: Any, *, complete: bool) -> bool:
        return (
            isinstance(body, dict)
            and isinstance(body.get("title", ""), str)
            and isinstance(body.get("pages", 0), int)
            and ("title" in body or not complete)
        )

    @staticmethod
    def _selected(book: dict[str, Any], query: dict[str, list[str]]) -> dict[str, Any]:
        names = {name for value in query.get("fields", []) for name in value.split(",")}
        return {name: value for name, value in book.items() if not names or name in {"id", "href", *names}}

    def _announce(self, book: dict[str, Any]) -> None:
        note = json.dumps({"eventType": "BookCreateEvent", "event": {"book": book}}).encode()
        for callback in list(self.shelf.callbacks.values()):
            request = urllib.request.Request(callback, note, {"Content-Type": "application/json"})
            urllib.request.urlopen(request, timeout=PATIENCE_SECONDS).close()

    def _refuse(self, status: int) -> None:
        self._answer(status, {"code": str(status), "reason": "refused"})

    def _answer(self, status: int, body: Any = None, **headers: str) -> None:
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if content:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
