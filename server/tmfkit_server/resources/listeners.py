"""``/admin/listeners``: who listens, for admins."""

from __future__ import annotations

from typing import Any

import falcon.asgi
import orjson

from tmfkit_server.resources.endpoint import Endpoint, answer, utc_time
from tmfkit_server.services.notifications.overview import Overview, Watched

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
        answer(resp, 200, orjson.dumps([_shown(each) for each in found]))

    on_head = on_get


def _shown(watched: Watched) -> dict[str, Any]:
    listener, oldest, failure = watched.listener, watched.oldest, watched.last_failure
    return {
        "id": listener.id,
        "hub": listener.hub,
        "callback": listener.callback,
        "query": listener.query,
        "waiting": watched.waiting,
        "oldestQueuedAt": utc_time(oldest.queued) if oldest and oldest.queued else None,
        "attempts": oldest.attempts if oldest else 0,
        "nextAttemptAt": utc_time(int(oldest.due)) if oldest and oldest.attempts else None,
        "lastFailure": str(failure) if failure else None,
        "lastStatus": failure.status or None if failure else None,
        "lastFailedAt": utc_time(failure.at) if failure else None,
    }
