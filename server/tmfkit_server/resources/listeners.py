"""``/admin/listeners``: who listens, for admins."""

from __future__ import annotations

from typing import Any

import falcon.asgi
import orjson

from tmfkit_server.resources.endpoint import Endpoint, answer
from tmfkit_server.services.notifications.overview import Overview

__all__ = ["mount"]


def mount(app: falcon.asgi.App[Any, Any], overview: Overview) -> None:
    """Add the route."""
    app.add_route("/admin/listeners", _Listeners(overview))


class _Listeners(Endpoint):
    def __init__(self, overview: Overview) -> None:
        super().__init__(())
        self.operations = {"GET": "listListeners"}
        self.roles = dict.fromkeys(("GET", "HEAD"), ("admin",))
        self._overview = overview

    async def on_get(self, _req: object, resp: falcon.asgi.Response) -> None:
        """Answer with all of them, whose number has a limit."""
        found = await self._overview.listeners()
        resp.set_header("X-Total-Count", str(len(found)))
        shown = [
            {"id": each.id, "hub": each.hub, "callback": each.callback, "query": each.query, "waiting": waiting}
            for each, waiting in found
        ]
        answer(resp, 200, orjson.dumps(shown))

    on_head = on_get
