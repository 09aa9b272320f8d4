"""An issuer of bearer tokens (OpenID Connect) on a free port, with keys of its own, which may change or go away."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey

from harness.process import free_port

__all__ = ["Issuer"]

_SECONDS = 4 * 3600


@dataclass
class Issuer:
    """One issuer.

    Attributes:
        keys: Its keys; the first one signs.
        answer: What it answers with, in the place of its key set; None for that.
        audience: Whom its tokens are for.
        role_claim: JSON pointer of the claim that has roles.
        fetches: How often its keys were asked for.
        port: Port.
    """

    keys: list[Any] = field(default_factory=lambda: [ECKey.generate_key("P-256", {"kid": "ec"})])
    answer: bytes | None = None
    audience: str = "tmfkit"
    role_claim: str = "/realm_access/roles"
    fetches: int = 0
    port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        """Its name, and address."""
        return f"http://127.0.0.1:{self.port}/realm"

    def options(self) -> list[str]:
        """Return the options of a server that takes its tokens."""
        return ["--oidc-issuer", self.url, "--oidc-audience", self.audience, "--oidc-role-claim", self.role_claim]

    def claims(self, **changed: Any) -> dict[str, Any]:
        """Return the claims of a token; None leaves one out."""
        made = {"iss": self.url, "aud": ["other", self.audience], "sub": "ann", "exp": int(time.time()) + _SECONDS}
        made |= {"realm_access": {"roles": ["offline", "user"]}, **changed}
        return {name: value for name, value in made.items() if value is not None}

    def token(
        self, key: Any = None, alg: str = "ES256", /, header: Mapping[str, Any] | None = None, **changed: Any
    ) -> str:
        """Return a token.

        Args:
            key: Key that signs it.
            alg: Algorithm.
            header: What its header has besides; None leaves something out.
            changed: Other claims; see ``claims``.
        """
        signing = self.keys[0] if key is None else key
        named = {"alg": alg, "kid": signing.kid, **(header or {})}
        head = {name: value for name, value in named.items() if value is not None}
        return jws.serialize_compact(head, json.dumps(self.claims(**changed)).encode(), signing, algorithms=[alg])

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Answer during a block."""
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body: dict[str, Any] = {"issuer": issuer.url, "jwks_uri": f"{issuer.url}/keys"}
                if self.path == "/realm/keys":
                    issuer.fetches += 1
                    body = {"keys": [key.as_dict(private=False) for key in issuer.keys]}
                text = json.dumps(body).encode() if issuer.answer is None else issuer.answer
                self.send_response(200)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
