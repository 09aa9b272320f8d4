"""What an operator reads of work in the background while the store is away."""

from __future__ import annotations

import asyncio
import logging

import pytest

from tmfkit_server.errors import StoreError
from tmfkit_server.services.background import repeat


def test_store_that_is_away_is_told_once_for_each_reason_and_again_when_it_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rounds = iter(["refused", "refused", "starting", "refused", "starting", "", None, None, "refused"])
    log = logging.getLogger("tmfkit_server.background")

    async def step() -> None:
        try:
            reason = next(rounds)
        except StopIteration:
            raise asyncio.CancelledError from None
        if reason is not None:
            raise StoreError(reason)

    caplog.set_level(logging.WARNING, log.name)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(repeat(step, log=log, what="delivery", rest_seconds=0))
    waits = "delivery waits for the store, and is tried again and again: "
    assert caplog.messages == [
        f"{waits}refused",
        f"{waits}starting",
        waits,
        "delivery goes on",
        f"{waits}refused",
    ]
