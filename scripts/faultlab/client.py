"""One connection to a server, which tells a refusal from an answer that never came."""

from __future__ import annotations

import contextlib
import http.client
import json
import time
from dataclasses import dataclass
from typing import Any

__all__ = ["Answer", "Client"]

_PATIENCE_SECONDS = 30.0
_RETRY_SECONDS = 5.0
_RETRY_PAUSE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; status 0 when nothing did."""

    status: int
    headers: dict[str, str]
    body: Any


class Client:
    """A client that connects anew after a failure."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_SECONDS)

    def send(self, method: str, path: str, body: Any = None) -> Answer:
        """Send a request; never raises for what the server or the network does."""
        content = None if body is None else json.dumps(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        try:
            self._connection.request(method, path, content, headers)
            response = self._connection.getresponse()
            text = response.read()
            found = json.loads(text) if text else None
        except (OSError, http.client.HTTPException, ValueError):
            self.close()
            return Answer(0, {}, None)
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, found)

    def ask(self, path: str) -> Answer:
        """Read, and come back a few times when the answer is 503 with a Retry-After, as a client should."""
        deadline = time.monotonic() + _RETRY_SECONDS
        while True:
            answer = self.send("GET", path)
            if answer.status != 503 or "retry-after" not in answer.headers or time.monotonic() > deadline:
                return answer
            time.sleep(_RETRY_PAUSE_SECONDS)

    def close(self) -> None:
        """Let go of the connection."""
        with contextlib.suppress(OSError):
            self._connection.close()
