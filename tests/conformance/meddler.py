"""A proxy in front of a server that answers some requests itself: how a target can be wrong in any way one likes."""

from __future__ import annotations

import contextlib
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from patience import PATIENCE_SECONDS

_OF_ONE_CONNECTION = {"connection", "content-length", "transfer-encoding", "keep-alive", "date", "server"}


@dataclass(frozen=True)
class Call:
    """A request on its way."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body or b"null")

    def with_json(self, value: Any) -> Call:
        return replace(self, body=json.dumps(value).encode())


@dataclass(frozen=True)
class Answer:
    """An answer on its way back; one that is ``cut`` promises more than it sends."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
    cut: bool = False


Forward = Callable[[Call], Answer]
Meddle = Callable[[Call, Forward], Answer]


@contextlib.contextmanager
def meddling(upstream: str, meddle: Meddle, *, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve on a free port of 127.0.0.1 what *meddle* makes of every call; yield scheme, host and port."""
    with httpx.Client(base_url=upstream, timeout=PATIENCE_SECONDS) as client:

        def forward(call: Call) -> Answer:
            headers = {name: value for name, value in call.headers.items() if name.lower() not in _OF_ONE_CONNECTION}
            answer = client.request(call.method, call.path, headers=headers, content=call.body)
            kept = [pair for pair in answer.headers.multi_items() if pair[0].lower() not in _OF_ONE_CONNECTION]
            return Answer(answer.status_code, answer.content, tuple(kept))

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                answer = meddle(Call(self.command, self.path, dict(self.headers.items()), body), forward)
                self.send_response(answer.status)
                for name, value in answer.headers:
                    self.send_header(name, value)
                if answer.status != 204:
                    self.send_header("Content-Length", str(len(answer.body) + (10 if answer.cut else 0)))
                self.end_headers()
                self.wfile.write(answer.body)
                self.close_connection = answer.cut

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - names that http.server looks up

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # the kit may hang up
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
