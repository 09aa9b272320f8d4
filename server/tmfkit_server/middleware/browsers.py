"""What browsers are told: which pages may call (CORS), and what answers must not be taken for."""

from __future__ import annotations

from collections.abc import Collection

import falcon.asgi

__all__ = ["Cors", "security_headers"]

_EVERY = "*"
_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
_TAKEN = (
    "Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-API-Key, X-Request-ID,"
    " traceparent, tracestate"
)
_GIVEN = (
    "Accept-Patch, Allow, Content-Location, ETag, Idempotent-Replayed, Link, Location, Retry-After, X-Request-ID,"
    " X-Result-Count, X-Total-Count"
)
_ONE_YEAR = "max-age=31536000"
_REMEMBER_SECONDS = "600"


class Cors:
    """Falcon middleware: lets pages of some origins call; a preflight needs no credential (Fetch standard)."""

    def __init__(self, origins: Collection[str]) -> None:
        """Prepare.

        Args:
            origins: Origins; ``*`` for every one. No page gets cookies through, which this server knows none of.
        """
        self._origins = frozenset(origins)

    async def process_request(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Answer a preflight."""
        if req.method == "OPTIONS" and req.get_header("Access-Control-Request-Method"):
            resp.status = 204
            if self._is_allowed(req):
                resp.set_header("Access-Control-Allow-Methods", _METHODS)
                resp.set_header("Access-Control-Allow-Headers", _TAKEN)
                resp.set_header("Access-Control-Max-Age", _REMEMBER_SECONDS)
            resp.complete = True

    async def process_response(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, _resource: object, _succeeded: object
    ) -> None:
        """Name the origin that may read the answer."""
        if self._is_allowed(req):
            origin = _EVERY if _EVERY in self._origins else req.get_header("Origin") or ""
            resp.set_header("Access-Control-Allow-Origin", origin)
            resp.set_header("Access-Control-Expose-Headers", _GIVEN)
        if _EVERY not in self._origins:
            resp.append_header("Vary", "Origin")

    def _is_allowed(self, req: falcon.asgi.Request) -> bool:
        origin = req.get_header("Origin")
        return bool(origin) and (_EVERY in self._origins or origin in self._origins)


def security_headers(*, has_tls: bool) -> dict[str, str]:
    """Return headers by which an answer is what its type says, which is no page but where ``pages`` says more.

    A header costs about two microseconds of an answer, most of it in gunicorn: others would say nothing of JSON.
    """
    headers = {"X-Content-Type-Options": "nosniff"}
    return {**headers, "Strict-Transport-Security": _ONE_YEAR} if has_tls else headers
