"""The talk with one target: every request of a run is sent here, waited for where that helps, and watched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tmfkit_conformance.drive.client import Client
from tmfkit_conformance.drive.settling import Settling
from tmfkit_conformance.drive.watch import Watch
from tmfkit_conformance.record.exchange import Exchange
from tmfkit_conformance.settings import Settings

__all__ = ["Conversation"]


class Conversation:
    """Sends for probes and for what is sent on their behalf; may be used by several threads.

    Args:
        client: Sends and records.
        settings: How long an answer and a write may take.
        is_served: Asks the target once more for something that it served before.
    """

    def __init__(self, client: Client, settings: Settings, is_served: Callable[[], bool]) -> None:
        self._client = client
        self.settling = Settling(client, settings.settle_seconds)
        self.watch = Watch(settings.timeout_seconds, is_served)

    def send(self, method: str, url: str, **sent: Any) -> Exchange:
        """Send one request; a read that shows the state before a write is repeated for a while.

        Args:
            method: HTTP method.
            url: Full address, query included.
            sent: What ``Client.send`` takes besides.
        """

        def once() -> Exchange:
            with self._client.briskly(when=self.watch.is_silent):
                return self._client.send(method, url, **sent)

        exchange = self.settling.settled(once(), once)
        self.watch.saw(exchange)
        if method != "GET":
            self.settling.wrote(exchange)
        return exchange
