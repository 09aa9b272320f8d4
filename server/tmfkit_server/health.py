"""Whether the server serves."""

from __future__ import annotations

import falcon.asgi

__all__ = ["LIVE", "Live"]

LIVE = "/health/live"


class Live:
    """Answers as soon as requests are served; says nothing that a stranger may not know."""

    async def on_get(self, _req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Answer 200."""
        resp.data = b'{"status":"up"}'

    on_head = on_get
