"""Communication API (TMF681): sending messages."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from tmfkit_models.contracts import Resource
from tmfkit_server.apis.communication.channels import channels_of
from tmfkit_server.apis.communication.failures import Misread
from tmfkit_server.apis.communication.messages import ADDRESS, Dispatch, Message, dispatches
from tmfkit_server.apis.communication.sender import Sender
from tmfkit_server.apis.communication.sendings import Sendings
from tmfkit_server.errors import Conflict, InvalidBody, NotSent
from tmfkit_server.services.entities import Entities
from tmfkit_server.services.extensions import Extension, Task, TaskCall
from tmfkit_server.setting_values import MESSAGE_TYPES
from tmfkit_server.settings import Settings
from tmfkit_server.storage.base import Record, Store

__all__ = ["EXTENSION", "Communication"]

_LOG = logging.getLogger(__name__)


class Communication(Extension):
    """Adds the two send operations."""

    api: ClassVar[str] = "tmf681-v1"

    def __init__(self, settings: Settings) -> None:
        """Prepare; SettingsError when a channel cannot be what the settings say."""
        super().__init__(settings)
        self._channels = channels_of(settings)

    async def start(self, store: Store, entities: Mapping[str, Entities]) -> None:
        """Begin to try again what was not taken."""
        [messages] = entities.values()
        sendings = Sendings(store, messages, self.settings.message_limits)
        if not self.settings.store_kind.takes_processes:
            # Whoever held something has ended: the store was theirs alone, as it is ours now.
            await sendings.release_all()
        self._sender = Sender(
            messages,
            sendings,
            self._channels,
            timeout_seconds=self.settings.send_timeout_seconds,
            retry_seconds=self.settings.send_retry_seconds,
            stop_seconds=self.settings.send_stop_seconds,
            limits=self.settings.message_limits,
        )
        self._sender.start()
        for kind in MESSAGE_TYPES:
            configured = "" if kind in self.settings.channels else "no channel is configured; "
            _LOG.info("messages of type %s: %sthey go to %s", kind, configured, self._channels[kind].name)

    async def stop(self) -> None:
        """End that; what is still to be sent stays in the store."""
        await self._sender.stop()

    def accepted(self, resource: Resource, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return *body* with a status: a message that has not been sent is ``Initial``."""
        del resource
        return body if "status" in body else {**body, "status": "Initial"}

    def task(self, action: str) -> Task | None:
        """Return the task for ``send`` and ``send-stored``."""
        return {"send": self._send_new, "send-stored": self._send_stored}.get(action)

    async def _send_new(self, call: TaskCall) -> Record:
        """Store the message sent, then send it; refused as a whole when it has no usable receiver."""
        body, _ = await call.entities.checked(call.sent, call.operation)
        await self._check_receivers(call, body)
        message, is_repeated = await call.create()
        if not is_repeated:
            # A repetition may have begun to send already.
            with contextlib.suppress(Conflict):
                return await self._sender.send(message.id, call.address)
        return await self._repeated(call, message.id)

    async def _repeated(self, call: TaskCall, identifier: str) -> Record:
        """Return the message that the same request made before, which must not be sent twice."""
        message = await call.entities.retrieve(identifier)
        if message.body.get("status") == "Initial":
            # The first request has come no further, or makes the first attempt right now, which is a conflict.
            with contextlib.suppress(Conflict):
                return await self._sender.send(identifier, call.address)
        if message.body.get("status") in ("Initial", "InProgress"):
            await self._sender.wait_for(identifier)
            message = await call.entities.retrieve(identifier)
        if message.body.get("status") != "Completed":
            raise NotSent(identifier, goes_on=message.body.get("status") != "Failed")
        return message

    async def _send_stored(self, call: TaskCall) -> Record:
        message = await call.entities.retrieve(call.identifier)
        await self._check_receivers(call, message.body)
        return await self._sender.send(message.id, call.address)

    async def _check_receivers(self, call: TaskCall, message: Message) -> None:
        """Raise InvalidBody when a message cannot be sent to anybody, or not in the way that it says."""
        found = dispatches(call.identifier, message, self.settings.message_limits)
        if not found:
            address = ADDRESS.get(str(message.get("type")), "address")
            cited = call.entities.cite(("scenario",), call.operation, f"/receiver/*/{address}")
            raise InvalidBody.at("/receiver", f"needs at least one receiver with {address}", cited)
        if any(each.type in self.settings.channels for each in found):
            try:
                await asyncio.to_thread(self._check_addresses, found)
            except Misread as exc:
                raise InvalidBody.at("/receiver", f"or /sender has an address that cannot be used: {exc}") from exc

    def _check_addresses(self, found: Sequence[Dispatch]) -> None:
        for each in found:
            self._channels[each.type].check(each)


EXTENSION = Communication
