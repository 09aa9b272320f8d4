"""Work that no request asks for, and that must not end unseen."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import NoReturn

from tmfkit_server.errors import StoreError
from tmfkit_server.outages import OUTAGE

__all__ = ["repeat"]


async def repeat(
    step: Callable[[], Awaitable[None]], *, log: logging.Logger, what: str, rest_seconds: float
) -> NoReturn:
    """Do *step* again and again, until the task is cancelled; a store that is away is told once, by whoever notices.

    Args:
        step: One round; it waits for the next one itself.
        log: Where failures are told.
        what: The work, as the log names it.
        rest_seconds: Pause after a round that failed.
    """
    while True:
        try:
            await step()
        except StoreError as exc:
            OUTAGE.tell(log, "%s waits for the store, and is tried again and again: %s", what, exc)
            await asyncio.sleep(rest_seconds)
        except Exception:
            # Nobody waits for the task: a store that fails for a while must not end it.
            log.exception("%s failed, and goes on in a moment", what)
            await asyncio.sleep(rest_seconds)
