"""Communication API (TMF681): sending messages.

The channel keeps what it would send in the store, as long as there are no real ones. A message is handed over once;
what the channel does not take has failed for good.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Protocol

from tmfkit_server.errors import InvalidBody, NotSent
from tmfkit_server.services.extensions import Extension, Task, TaskCall
from tmfkit_server.services.stamps import new_id, now
from tmfkit_server.storage.base import Record, Store

__all__ = ["EXTENSION", "Channel", "ChannelError", "Dispatch", "StoreChannel", "dispatches", "text_of"]

_ADDRESS = {"SMS": "phoneNumber", "Email": "email", "MobileApp": "appUserId"}

Message = Mapping[str, Any]


class ChannelError(Exception):
    """A channel did not take a message."""


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A message on its way to one receiver, by ``SMS``, ``Email`` or ``MobileApp``; its parameters are filled in."""

    type: str
    address: str
    subject: str
    text: str


class Channel(Protocol):
    """What brings messages to their receivers."""

    async def hand_over(self, dispatch: Dispatch) -> None:
        """Take a message; ChannelError when it cannot be taken."""


class StoreChannel:
    """Keeps messages in a collection of the store."""

    collection: ClassVar[str] = "communication:sent"

    def __init__(self, store: Store) -> None:
        self._store = store

    async def hand_over(self, dispatch: Dispatch) -> None:
        """Keep *dispatch*."""
        async with self._store.transaction() as transaction:
            await transaction.insert(self.collection, Record(new_id(), asdict(dispatch)))


class Communication(Extension):
    """Adds the two send operations."""

    api: ClassVar[str] = "tmf681-v1"

    def task(self, action: str) -> Task | None:
        """Return the task for ``send`` and ``send-stored``."""
        return {"send": _send_new, "send-stored": _send_stored}.get(action)


EXTENSION = Communication


async def _send_new(call: TaskCall) -> Record:
    """Store the message sent, then send it; refused as a whole when it has no usable receiver."""
    body, _ = call.entities.checked(call.sent, call.operation)
    _check_receiver(call, body)
    message, is_repeated = await call.create()
    if is_repeated:
        # Whatever became of it: it must not be sent twice.
        message = await call.entities.retrieve(message.id)
        if message.body.get("status") != "Completed":
            raise NotSent(message.id)
        return message
    return await _send(call, message)


async def _send_stored(call: TaskCall) -> Record:
    message = await call.entities.retrieve(call.identifier)
    _check_receiver(call, message.body)
    return await _send(call, message)


def _check_receiver(call: TaskCall, message: Message) -> None:
    if not any(dispatches(message)):
        address = _ADDRESS.get(str(message.get("type")), "address")
        cited = call.entities.cite(("scenario",), call.operation, f"/receiver/*/{address}")
        raise InvalidBody.at("/receiver", f"needs at least one receiver with {address}", cited)


async def _send(call: TaskCall, message: Record) -> Record:
    channel: Channel = StoreChannel(call.store)
    began = now()
    try:
        for dispatch in dispatches(message.body):
            await channel.hand_over(dispatch)
    except ChannelError as exc:
        await call.entities.amend(message.id, {"sendTime": began, "status": "Failed"})
        raise NotSent(message.id) from exc
    return await call.entities.amend(message.id, {"sendTime": began, "sendTimeComplete": now(), "status": "Completed"})


def dispatches(message: Message) -> Iterator[Dispatch]:
    """Yield one dispatch for each receiver that the message's channel can reach; without a type, any channel may."""
    receivers = message.get("receiver")
    for receiver in receivers if isinstance(receivers, list) else ():
        for kind, member in _ADDRESS.items():
            address = receiver.get(member) if isinstance(receiver, dict) else None
            if address and message.get("type", kind) == kind:
                yield Dispatch(kind, address, str(message.get("subject", "")), text_of(message))
                break


def text_of(message: Message) -> str:
    """Return the content with the values of its parameters.

    A parameter ``Name`` stands in the content as ``$Name``, with or without ``$`` in its own name. The longest name is
    matched first, so that ``$Parameter1`` does not eat the beginning of ``$Parameter10``. Values hold no parameters.

    Source:
        TMF681 R17.5, Communication Message resource model, CommunicationRequestCharacteristic.
    """
    characteristics = message.get("CommunicationRequestCharacteristic", ())
    named = ((each["name"], each.get("value", "")) for each in characteristics if each.get("name"))
    values = {name if name.startswith("$") else f"${name}": value for name, value in named}
    if not values:
        return str(message.get("content", ""))
    tokens = "|".join(re.escape(token) for token in sorted(values, key=len, reverse=True))
    return re.sub(tokens, lambda found: values[found[0]], str(message.get("content", "")))
