"""Metrics in the form of Prometheus, summed over all worker processes.

Each process keeps its numbers in files of a folder that all share. They stay when a process ends, so no sum ever goes
back while the server runs. The library looks for the folder when it is imported, which is why nothing imports this
module before ``metrics_folder`` has made it.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

import falcon.asgi
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, mmap_dict, values
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
# Who scrapes waits for ten seconds.
_ANSWER_SECONDS = 2.0
_Made = TypeVar("_Made")
_LOG = logging.getLogger(__name__)
# As many as the library has in a new file.
_FIRST_BYTES = 1 << 16
# Lengths, two numbers and what fills up.
_MOST_BESIDE_A_KEY_BYTES = 40
_COUNTED = {
    "commits": ("tmfkit_store_commits", "Commits of the store, each of one change or of many."),
    "searches_refused": ("tmfkit_searches_refused", "Searches that found no slot in time."),
    "answers_refused": ("tmfkit_answers_refused", "Long answers that found no room."),
    "credentials_refused": ("tmfkit_credentials_refused", "Requests without a credential that is known."),
    "requests_limited": ("tmfkit_requests_limited", "Requests beyond a limit of their number."),
}


class _Allocated(mmap_dict.MmapedDict):
    """Numbers in a file whose blocks are there before anything is written to them; OSError when there is no room.

    To write to a block that a full disk has no room for ends the process (SIGBUS).
    """

    def __init__(self, filename: str, read_mode: bool = False) -> None:  # noqa: FBT001, FBT002 - as the library calls it
        path = Path(filename)
        try:
            with path.open("ab") as file:
                os.posix_fallocate(file.fileno(), 0, _FIRST_BYTES)
        except OSError:
            # What is empty cannot be read either.
            path.unlink(missing_ok=True)
            raise
        super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]

    def _init_value(self, key: str) -> None:
        wanted = self._capacity
        while self._used + len(key.encode()) + _MOST_BESIDE_A_KEY_BYTES > wanted:
            wanted *= 2
        if wanted > self._capacity:
            os.posix_fallocate(self._f.fileno(), 0, wanted)
        super()._init_value(key)  # type: ignore[no-untyped-call]


values.MmapedDict = _Allocated  # type: ignore[attr-defined]


class Metrics:
    """The numbers of this process."""

    def __init__(self) -> None:
        self._has_room = True
        # Registered nowhere: what is answered is read from the files of all processes.
        self._requests = Histogram(
            "tmfkit_request_duration_seconds",
            "Time from the headers of a request to the beginning of its answer.",
            ["api", "operation", "status"],
            buckets=_BUCKETS,
            registry=None,
        )
        self._lag: Histogram | None = None
        self._counters: dict[str, Counter] = {}
        self._told = dict.fromkeys(_COUNTED, 0)
        self._series: dict[tuple[str, str, int], Histogram] = {}

    def observe(self, answered: Answered) -> None:
        """Take note of an answer."""
        key = (answered.api, answered.operation, answered.status)
        series = self._series.get(key)
        if series is None:
            series = self._made(lambda: self._requests.labels(*key))
            if series is None:
                return
            self._series[key] = series
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
        counts = asdict(COUNTS)
        for name, counter in (self._counters or self._new_counters()).items():
            counter.inc(counts[name] - self._told[name])
            self._told[name] = counts[name]

    def _new_counters(self) -> Mapping[str, Counter]:
        made = self._made(lambda: {name: Counter(*words, registry=None) for name, words in _COUNTED.items()})
        self._counters = made or {}
        return self._counters

    def _made(self, make: Callable[[], _Made]) -> _Made | None:
        """Return what keeps numbers; None, of which the first is told, while there is no room for it."""
        try:
            return make()
        except OSError as exc:
            if self._has_room:
                _LOG.error("metrics: the disk has no room for more numbers, which are not counted: %s", exc.strerror)
            self._has_room = False
            return None

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _LOOK_SECONDS
            await asyncio.sleep(_LOOK_SECONDS)
            self._lag = self._lag or self._made(_new_lag)
            if self._lag is not None:
                self._lag.observe(max(0.0, loop.time() - due))
            self.keep()


def _new_lag() -> Histogram:
    return Histogram(
        "tmfkit_event_loop_lag_seconds",
        "How much later than it should a timer of the event loop went off.",
        buckets=_BUCKETS,
        registry=None,
    )


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
        counting = asyncio.create_task(self._count())
        await asyncio.wait({counting}, timeout=_ANSWER_SECONDS)
        if counting.done() and (found := counting.result()):
            registry.register(found)
        counting.cancel()
        resp.content_type = CONTENT_TYPE_LATEST
        resp.data = await asyncio.to_thread(generate_latest, registry)

    on_head = on_get

    async def _count(self) -> _Waiting | None:
        """Count what is in the store; None when it does not answer."""
        try:
            waiting = await self._store.outbox.waiting()
            dead = await self._store.outbox.dead_letters(None, offset=0, limit=0)
        except StoreError:
            return None
        return _Waiting(sum(waiting.values()), dead.total)
