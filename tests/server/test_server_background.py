"""What an operator reads of work in the background while the store is away."""

from __future__ import annotations

import asyncio
import logging
import os
import time

import pytest

from tmfkit_server.errors import StoreError, StoreFull
from tmfkit_server.outages import Outage
from tmfkit_server.services import background
from tmfkit_server.services.background import repeat
from tmfkit_server.storage.postgres.groups import Seat


@pytest.fixture(params=["alone", "shared"])
def outage(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Outage:
    """An outage that nobody knows of yet."""
    made = Outage()
    if request.param == "shared":
        made.share()
    monkeypatch.setattr(background, "OUTAGE", made)
    return made


def test_store_that_is_away_is_told_once_until_it_is_back(outage: Outage, caplog: pytest.LogCaptureFixture) -> None:
    rounds = iter(["refused", "refused", "starting", None, "starting", "end", "refused", "refused"])
    log = logging.getLogger("tmfkit_server.background")

    async def step() -> None:
        try:
            reason = next(rounds)
        except StopIteration:
            raise asyncio.CancelledError from None
        if reason == "end":
            outage.end()
        elif reason is not None:
            raise StoreError(reason)

    caplog.set_level(logging.WARNING)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(repeat(step, log=log, what="delivery", rest_seconds=0))
    line = "delivery waits for the store, and is tried again and again: refused"
    assert caplog.messages == [line, "the store serves again after 0 s, in which 4 attempts failed", line]


def test_outage_is_told_by_one_of_many_processes(caplog: pytest.LogCaptureFixture) -> None:
    outage, log = Outage(), logging.getLogger("tmfkit_server.outage")
    outage.share()
    outage.tell(log, "first")
    child = os.fork()
    if not child:
        outage.tell(log, "second")
        os._exit(0 if len(caplog.messages) == 1 else 1)
    assert os.waitpid(child, 0)[1] == 0
    outage.end()
    assert caplog.messages == ["first", "the store serves again after 0 s, in which 2 attempts failed"]


def test_outage_of_writes_ends_with_a_write(outage: Outage, caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("tmfkit_server.outage")
    for _ in range(2):
        outage.tell(log, "%s failed: %s", "a write", StoreFull("full"))
        outage.has_answered(time.monotonic() + 1)
        outage.tell(log, "%s failed: %s", "a write", StoreFull("full"))
        outage.has_written()
        outage.has_written()
    again = "the store serves again after 0 s, in which 2 attempts failed"
    assert caplog.messages == ["a write failed: full", again] * 2


def test_outage_of_everything_ends_with_an_answer(outage: Outage, caplog: pytest.LogCaptureFixture) -> None:
    outage.tell(logging.getLogger("tmfkit_server.outage"), "away: %s", StoreError("refused"))
    outage.has_answered(time.monotonic())  # in the same moment
    assert caplog.messages == ["away: refused"]
    outage.has_answered(time.monotonic() + 1)
    outage.has_answered(time.monotonic() + 1)
    assert caplog.messages == ["away: refused", "the store serves again after 0 s, in which 1 attempts failed"]


def test_attempt_of_the_outage_before_begins_no_other_one(outage: Outage, caplog: pytest.LogCaptureFixture) -> None:
    log, late = logging.getLogger("tmfkit_server.outage"), StoreError("late")
    outage.tell(log, "away: %s", StoreError("refused"))
    outage.end()
    outage.tell(log, "away: %s", late)
    outage.has_answered(time.monotonic() + 1)
    assert caplog.messages == ["away: refused", "the store serves again after 0 s, in which 1 attempts failed"]
    outage.tell(log, "away: %s", StoreError("again"))
    assert caplog.messages[2:] == ["away: again"]


def test_failure_that_a_group_hands_on_was_begun_when_it_was_begun() -> None:
    failure = StoreFull("full", began=7.0)

    async def scenario() -> StoreFull:
        seat = Seat()
        seat.end(failure)
        with pytest.raises(StoreFull) as raised:
            await seat.commit((), ())
        return raised.value

    told = asyncio.run(scenario())
    assert (str(told), told.began, told is failure) == ("full", 7.0, False)


def test_end_of_no_outage_is_not_told(outage: Outage, caplog: pytest.LogCaptureFixture) -> None:
    outage.end()
    assert caplog.messages == []
