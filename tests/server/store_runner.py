"""What runs a scenario on a store, for the tests that every store has to pass.

To add a store, add its name to ``LASTING`` and its kind to ``KINDS``; ``empty_store`` of ``conftest.py`` makes it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from patience import PATIENCE_SECONDS
from tmfkit_server.search_limits import SearchLimits
from tmfkit_server.storage.base import Store
from tmfkit_server.storage.stores import STORES

Scenario = Callable[[Store], Awaitable[None]]
Runner = Callable[[Scenario], None]

LASTING = ["file", "postgres"]
"""The stores whose content outlives the process."""

PATIENT = SearchLimits(wait_seconds=PATIENCE_SECONDS)
"""Of a store that turns nobody away because the machine is slow."""

KINDS = {
    "memory": STORES["memory"],
    "file": STORES["tinydb"],
    "tinydb": STORES["tinydb"],
    "postgres": STORES["postgresql"],
}
"""The kinds of stores by the names that tests have for them."""


@asynccontextmanager
async def opened(store: Store) -> AsyncIterator[Store]:
    await store.open()
    try:
        yield store
    finally:
        await store.close()
