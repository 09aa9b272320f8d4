"""What every answer has: the identifier of its request, which all that is logged of it has as well, and constants."""

from __future__ import annotations

from collections.abc import Mapping

import falcon.asgi

from tmfkit_server.request_ids import REQUEST_ID, RequestIdMaker, is_request_id, trace_of

__all__ = ["RequestIds"]


class RequestIds:
    """Falcon middleware: the client's ``X-Request-ID``, else the trace of ``traceparent``, else a new one.

    Attributes:
        headers: Name → value of the headers that every answer has besides.
    """

    def __init__(self, headers: Mapping[str, str]) -> None:
        self.headers = headers
        self._constant = tuple(headers.items())
        self._make = RequestIdMaker()

    async def process_request(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Take or make it, and give it back with the other headers."""
        identifier = self.identifier_of(req)
        REQUEST_ID.set(identifier)
        resp.set_header("X-Request-ID", identifier)
        for name, value in self._constant:
            resp.set_header(name, value)

    def identifier_of(self, req: falcon.asgi.Request) -> str:
        """Take or make it."""
        identifier = req.get_header("X-Request-ID")
        if identifier is None or not is_request_id(identifier):
            trace = req.get_header("traceparent")
            identifier = (trace_of(trace) if trace else "") or self._make()
        return identifier
