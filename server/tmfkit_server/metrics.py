"""Metrics in the form of Prometheus, summed over all worker processes.

Each process keeps its numbers in files of a folder that all share. They stay when a process ends, so no sum ever goes
back while the server runs. The library looks for the folder when it is imported, which is why nothing imports this
module before ``FOLDER`` is set.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import asdict

import falcon.asgi
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from tmfkit_server.counts import COUNTS
from tmfkit_server.errors import StoreError
from tmfkit_server.middleware.watching import Answered
from tmfkit_server.storage.base import Store

__all__ = ["METRICS", "Metrics", "MetricsPage"]

METRICS = "/metrics"

_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_LOOK_SECONDS = 0.5
_COUNTED = {
    "commits": ("tmfkit_store_commits", "Commits of the store, each of one change or of many."),
    "searches_refused": ("tmfkit_searches_refused", "Searches that found no slot in time."),
    "credentials_refused": ("tmfkit_credentials_refused", "Requests without a credential that is known."),
    "requests_limited": ("tmfkit_requests_limited", "Requests beyond a limit of their number."),
}


class Metrics:
    """The numbers of this process."""

    def __init__(self) -> None:
        # Registered nowhere: what is answered is read from the files of all processes.
        self._requests = Histogram(
            "tmfkit_request_duration_seconds",
            "Time from the headers of a request to the beginning of its answer.",
            ["api", "operation", "status"],
            buckets=_BUCKETS,
            registry=None,
        )
        self._lag = Histogram(
            "tmfkit_event_loop_lag_seconds",
            "How much later than it should a timer of the event loop went off.",
            buckets=_BUCKETS,
            registry=None,
        )
        self._counters = {name: Counter(*words, registry=None) for name, words in _COUNTED.items()}
        self._told = dict.fromkeys(_COUNTED, 0)
        self._series: dict[tuple[str, str, int], Histogram] = {}

    def observe(self, answered: Answered) -> None:
        """Take note of an answer."""
        key = (answered.api, answered.operation, answered.status)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = self._requests.labels(*key)
        series.observe(answered.seconds)

    async def start(self) -> None:
        """Begin to look at the event loop, which has to run."""
        self._task = asyncio.create_task(self._look())

    async def stop(self) -> None:
        """Look no more, and leave everything that was counted in the files."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self.keep()

    def keep(self) -> None:
        """Write what was counted since the last time."""
        for name, count in asdict(COUNTS).items():
            self._counters[name].inc(count - self._told[name])
            self._told[name] = count

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _LOOK_SECONDS
            await asyncio.sleep(_LOOK_SECONDS)
            self._lag.observe(max(0.0, loop.time() - due))
            self.keep()


class _Waiting(Collector):
    """What waits in the store, the same for every process."""

    def __init__(self, waiting: int, dead: int) -> None:
        self._waiting, self._dead = waiting, dead

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Give both numbers."""
        yield GaugeMetricFamily(
            "tmfkit_notifications_waiting", "Notifications on their way to listeners.", self._waiting
        )
        yield GaugeMetricFamily("tmfkit_dead_letters", "Notifications that were given up.", self._dead)


class MetricsPage:
    """``/metrics``."""

    def __init__(self, metrics: Metrics, store: Store) -> None:
        self._metrics = metrics
        self._store = store

    async def on_get(self, _req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Answer with the numbers of all processes; what is in the store is left out while that does not answer."""
        self._metrics.keep()
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        try:
            waiting = await self._store.outbox.waiting()
            dead = await self._store.outbox.dead_letters(None, offset=0, limit=0)
        except StoreError:
            pass
        else:
            registry.register(_Waiting(sum(waiting.values()), dead.total))
        resp.content_type = CONTENT_TYPE_LATEST
        resp.data = await asyncio.to_thread(generate_latest, registry)
