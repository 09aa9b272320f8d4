"""What can stand at an address where no API is: nothing, pages, and servers that speak no HTTP."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, ClassVar

from tmfkit_conformance.selftest.catalogue.entries import Place, Target
from tmfkit_conformance.selftest.catalogue.fronts import QuietServer, certificate

__all__ = ["Page", "at", "encrypted", "nothing", "page", "pages", "sound", "talking"]

_STOP_SECONDS = 60.0
"""After this a server that never ends gives up, so that nothing is left of a trial."""

Page = tuple[int, dict[str, str], bytes]
"""Status, headers and body of an answer."""


def at(url: str) -> Target:
    """Give an address at which nothing is started."""

    @contextlib.contextmanager
    def target(_: Place) -> Iterator[str]:
        yield url

    return target


def sound(change: Callable[[str], str]) -> Target:
    """Give an address that is made of the sound application's, by mistake."""

    @contextlib.contextmanager
    def target(place: Place) -> Iterator[str]:
        yield change(place.sound_url)

    return target


@contextlib.contextmanager
def nothing(place: Place) -> Iterator[str]:
    """Give an address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    yield f"http://127.0.0.1:{port}{place.base_path}"


def page(status: int, body: str | bytes = b"", media_type: str = "text/html", **headers: str) -> Target:
    """Answer every request with the same page."""
    content = body.encode() if isinstance(body, str) else body
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    typed = {"Content-Type": media_type} if content else {}
    return pages(lambda _method, _path, _sent: (status, {**typed, **named}, content))


def pages(answer: Callable[[str, str, bytes], Page]) -> Target:
    """Answer every request by its method, path and body."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm: ClassVar[bool] = True

        def _serve(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, body = answer(self.command, self.path, sent)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value.replace("{host}", self.headers.get("Host", "")))
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body if status != 204 else b"")

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - names that http.server looks up

        def log_message(self, *_: Any) -> None:
            """Say nothing of single requests."""

    @contextlib.contextmanager
    def target(place: Place) -> Iterator[str]:
        server = QuietServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}{place.base_path}"
        finally:
            server.shutdown()
            server.server_close()

    return target


def talking(talk: Callable[[socket.socket, Callable[[], bool]], None], scheme: str = "http") -> Target:
    """Talk to everyone who connects, in any way but HTTP's; the talk asks whether it is to go on."""

    @contextlib.contextmanager
    def target(place: Place) -> Iterator[str]:
        over, begun = threading.Event(), time.monotonic()

        def goes_on() -> bool:
            return not over.wait(0.01) and time.monotonic() - begun < _STOP_SECONDS

        def one(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):
                talk(connection, goes_on)

        def accept(listening: socket.socket) -> None:
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=one, args=(listening.accept()[0],), daemon=True).start()

        with socket.create_server(("127.0.0.1", 0)) as listening:
            threading.Thread(target=accept, args=(listening,), daemon=True).start()
            try:
                yield f"{scheme}://127.0.0.1:{listening.getsockname()[1]}{place.base_path}"
            finally:
                over.set()

    return target


def encrypted(scheme: str, *, host: str = "IP:127.0.0.1", wants_client: bool = False) -> Target:
    """Speak TLS, with a certificate that is signed by itself, in ``authority.pem`` of the folder."""

    @contextlib.contextmanager
    def target(place: Place) -> Iterator[str]:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        pem, key = certificate(Path(place.folder), "authority", host=host)
        context.load_cert_chain(pem, key)
        if wants_client:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(pem)

        def talk(connection: socket.socket, _: Callable[[], bool]) -> None:
            with contextlib.suppress(ssl.SSLError), context.wrap_socket(connection, server_side=True) as line:
                line.recv(65536)
                line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n[]")

        with talking(talk, scheme)(place) as url:
            yield url

    return target
