"""An identifier for every request, which its answer and all that is logged of it have."""

from __future__ import annotations

import falcon.asgi

from tmfkit_server.request_ids import REQUEST_ID, RequestIdMaker, is_request_id, trace_of

__all__ = ["RequestIds"]


class RequestIds:
    """Falcon middleware: the client's ``X-Request-ID``, else the trace of ``traceparent``, else a new one."""

    def __init__(self) -> None:
        self._make = RequestIdMaker()

    async def process_request(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Take or make it, and give it back."""
        identifier = self.identifier_of(req)
        REQUEST_ID.set(identifier)
        resp.set_header("X-Request-ID", identifier)

    def identifier_of(self, req: falcon.asgi.Request) -> str:
        """Take or make it."""
        identifier = req.get_header("X-Request-ID")
        if identifier is None or not is_request_id(identifier):
            trace = req.get_header("traceparent")
            identifier = (trace_of(trace) if trace else "") or self._make()
        return identifier
