"""Sends messages: the first attempt while the client waits, the others in the background."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from tmfkit_server.apis.communication.channels import Channel
from tmfkit_server.apis.communication.failures import NotTaken, Refused
from tmfkit_server.apis.communication.messages import Dispatch, dispatches
from tmfkit_server.apis.communication.sendings import AttemptResult, Sending, Sendings
from tmfkit_server.errors import InvalidBody, NotSent, StoreError, UnknownId
from tmfkit_server.message_limits import MessageLimits
from tmfkit_server.outages import OUTAGE
from tmfkit_server.services.background import repeat
from tmfkit_server.services.backoff import pause_seconds
from tmfkit_server.services.entities import Entities
from tmfkit_server.storage.base import Record

__all__ = ["Sender"]

_LOG = logging.getLogger(__name__)
_LIMITS = MessageLimits()
_MOST_DISPATCHES_AT_ONCE = 8
_MOST_RETRIES_AT_ONCE = 8
# Each that waits for a channel writes to the store every second. Further ones wait there, held by nobody.
_MOST_ATTEMPTS_AT_ONCE = 100
_LONGEST_PAUSE_SECONDS = 3600.0
# What a process has taken on since it kept its progress last is repeated when it is killed.
_KEEP_PROGRESS_SECONDS = 1.0
# What another process left behind is found by looking now and then.
_LOOK_AGAIN_SECONDS = 1.0
_LOOK_AT_OTHERS_SECONDS = 0.1
_REST_SECONDS = 1.0
# A timer may go off a moment before its time.
_TIMER_SECONDS = 0.01


class Sender:
    """The part of one server process in the sending of messages."""

    def __init__(
        self,
        entities: Entities,
        sendings: Sendings,
        channels: Mapping[str, Channel],
        *,
        timeout_seconds: float,
        retry_seconds: float,
        stop_seconds: float,
        limits: MessageLimits = _LIMITS,
    ) -> None:
        """Prepare; ``start`` starts.

        Args:
            entities: The messages.
            sendings: What is being sent.
            channels: Type of message → channel.
            timeout_seconds: How long ``send`` waits for the first attempt.
            retry_seconds: How long a message rests after the first attempt that failed.
            stop_seconds: How long ``stop`` waits for attempts that are under way.
            limits: How much a message may be.
        """
        self._entities = entities
        self._sendings = sendings
        self._channels = channels
        self._timeout_seconds = timeout_seconds
        self._retry_seconds = retry_seconds
        self._stop_seconds = stop_seconds
        self._limits = limits
        self._attempts: dict[asyncio.Task[Record | None], Sending] = {}
        self._retries: set[asyncio.Task[Record | None]] = set()
        self._news = asyncio.Event()

    def start(self) -> None:
        """Begin to try again what was not taken; needs a running event loop."""
        # Channels block. However many hang, requests that send nothing do not wait for them.
        self._threads = ThreadPoolExecutor(_MOST_DISPATCHES_AT_ONCE, thread_name_prefix="send")
        self._main = asyncio.create_task(
            repeat(self._take_up_and_wait, log=_LOG, what="sending in the background", rest_seconds=_REST_SECONDS)
        )

    async def stop(self) -> None:
        """Let the attempts that are under way end, for a while; what has not ended is repeated by the next process."""
        self._main.cancel()
        if self._attempts:
            await asyncio.wait(self._attempts, timeout=self._stop_seconds)
        unfinished = dict(self._attempts)
        for task in unfinished:
            task.cancel()
        await asyncio.gather(self._main, *unfinished, return_exceptions=True)
        for sending in unfinished.values():
            # Or else an end in order would count as one that the message has caused.
            with contextlib.suppress(StoreError):
                await self._sendings.release(sending)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def send(self, identifier: str, address: str = "") -> Record:
        """Send a stored message.

        An attempt that takes too long for the client goes on without it.

        Args:
            identifier: Which one.
            address: Address that the server is called by.

        Returns:
            The message, Completed.

        Raises:
            NotSent: Not every receiver's dispatch has been taken.
            Conflict: The message has been sent, or is being sent.
            UnknownId: There is no such message.
        """
        sending = await self._sendings.begin(identifier, address)
        message = None
        task = self._begin_attempt(sending) if len(self._attempts) < _MOST_ATTEMPTS_AT_ONCE else None
        if task is not None:
            done, _ = await asyncio.wait({task}, timeout=self._timeout_seconds)
            if done and not task.cancelled():
                message = task.result()
        if message is None:
            try:
                if task is None:
                    await self._sendings.release(sending)
                message = await self._sendings.announce(sending)
            except StoreError as exc:
                # Its sending is in the store, and is taken up when nobody holds it any more.
                raise NotSent(identifier, goes_on=True) from exc
        if message.body.get("status") == "Completed":
            return message
        raise NotSent(identifier, goes_on=message.body.get("status") != "Failed")

    async def wait_for(self, identifier: str) -> None:
        """Wait for an attempt at a message to end, whichever process makes it, as long as ``send`` would."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._timeout_seconds
        while loop.time() < until and await self._sendings.is_held(identifier):  # noqa: ASYNC110 - another process may
            await asyncio.sleep(_LOOK_AT_OTHERS_SECONDS)

    async def _take_up_and_wait(self) -> None:
        await self._take_up()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_AGAIN_SECONDS):
                await self._news.wait()
        self._news.clear()

    async def _take_up(self) -> None:
        """Go on with what is due, as far as there is room."""
        room = _MOST_RETRIES_AT_ONCE - len(self._retries)
        for due in await self._sendings.due(most=room) if room > 0 else ():
            sending = await self._sendings.take_up(due.message, due.address)
            if sending is not None:
                self._retries.add(self._begin_attempt(sending))

    def _begin_attempt(self, sending: Sending) -> asyncio.Task[Record | None]:
        task = asyncio.create_task(self._attempt(sending))
        self._attempts[task] = sending
        task.add_done_callback(self._end_attempt)
        return task

    def _end_attempt(self, task: asyncio.Task[Record | None]) -> None:
        self._attempts.pop(task, None)
        self._retries.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            _LOG.error("sending failed unforeseen; it is taken up later", exc_info=failure)
        self._news.set()

    async def _attempt(self, sending: Sending) -> Record | None:
        """Hand over what has not been taken yet; return the message afterwards, None when its sending is not ours."""
        try:
            return await self._attempted(sending)
        except UnknownId:
            # The message was deleted; its sending is dropped when it comes to be due.
            return None
        except StoreError as exc:
            OUTAGE.tell(
                _LOG, "message %s: its sending cannot go on now, and is taken up later: %s", sending.message, exc
            )
            return None

    async def _attempted(self, sending: Sending) -> Record | None:
        message = await self._entities.retrieve(sending.message)
        try:
            wanted = {each.key: each for each in dispatches(message.id, message.body, self._limits)}
        except InvalidBody as exc:
            pointers = ", ".join(sorted({each.pointer for each in exc.violations}))
            _LOG.warning("message %s: it cannot be sent as it is now, because of %s", message.id, pointers)
            wanted = {}
        settled = sending.keys("taken", "refused")
        tasks = {asyncio.create_task(self._hand_over(each)): key for key, each in wanted.items() if key not in settled}
        try:
            while tasks:
                done, _ = await asyncio.wait(tasks, timeout=_KEEP_PROGRESS_SECONDS)
                sending = sending.with_outcomes({tasks.pop(task): task.result() for task in done})
                if tasks and not await self._is_still_held(sending):
                    _LOG.warning("message %s: another process has taken up its sending", sending.message)
                    return None
        finally:
            for task in tasks:
                task.cancel()
        return await self._settle(sending, wanted)

    async def _is_still_held(self, sending: Sending) -> bool:
        try:
            return await self._sendings.renew(sending)
        except StoreError as exc:
            OUTAGE.tell(_LOG, "message %s: how far its sending has come cannot be kept now: %s", sending.message, exc)
            return True

    async def _settle(self, sending: Sending, wanted: Mapping[str, Dispatch]) -> Record | None:
        pause = pause_seconds(sending.failures + 1, first=self._retry_seconds, longest=_LONGEST_PAUSE_SECONDS)
        while True:
            try:
                message = await self._sendings.settle(sending, wanted, pause_seconds=pause)
                break
            except StoreError as exc:
                # What has been taken must not be forgotten, or it is sent twice.
                OUTAGE.tell(_LOG, "message %s: what became of it cannot be kept now: %s", sending.message, exc)
                await asyncio.sleep(_REST_SECONDS)
        status = message.body.get("status") if message is not None else "gone meanwhile"
        reached = f"{len(sending.keys('taken') & wanted.keys())} of {len(wanted)} receivers"
        through = " and ".join(sorted({self._channels[each.type].name for each in wanted.values()}))
        _LOG.info("message %s: %s, %s reached through %s", sending.message, status, reached, through)
        if status == "InProgress":
            asyncio.get_running_loop().call_later(pause + _TIMER_SECONDS, self._news.set)
        return message

    async def _hand_over(self, dispatch: Dispatch) -> AttemptResult:
        channel = self._channels[dispatch.type]
        try:
            await asyncio.get_running_loop().run_in_executor(self._threads, channel.hand_over, dispatch)
        except NotTaken as exc:
            result: AttemptResult = "refused" if isinstance(exc, Refused) else "not taken"
            _LOG.warning("message %s: %s by %s: %s", dispatch.message, result, channel.name, exc)
            return result
        except Exception as exc:  # noqa: BLE001 - a channel's own failure is one of the dispatch, and logged
            # Its text may have addresses in it.
            _LOG.error("message %s: %s failed with %s", dispatch.message, channel.name, type(exc).__name__)
            return "not taken"
        return "taken"
