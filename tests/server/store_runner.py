"""What runs a scenario on a store, for the tests that every store has to pass.

To add a store, add its name to ``LASTING`` and to ``new_store`` of ``conftest.py`` what makes it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from tmfkit_server.storage.base import Store

Scenario = Callable[[Store], Awaitable[None]]
Runner = Callable[[Scenario], None]

LASTING = ["file", "postgres"]
"""The stores whose content outlives the process."""


@asynccontextmanager
async def opened(store: Store) -> AsyncIterator[Store]:
    await store.open()
    try:
        yield store
    finally:
        await store.close()
