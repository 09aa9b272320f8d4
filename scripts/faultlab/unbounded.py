"""Servers whose bounds were taken away, one by one, to prove that the trials of bounds can fail."""

from __future__ import annotations

import math
import os
import re
import resource
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from unittest import mock

from pydantic_core import ErrorDetails

from tmfkit_server import client_connections, worker
from tmfkit_server.apis import communication
from tmfkit_server.apis.communication import messages, outbox, parameters, sender, sendings
from tmfkit_server.message_limits import MessageLimits
from tmfkit_server.query import budget
from tmfkit_server.resources import bodies, collection
from tmfkit_server.services import body_models
from tmfkit_server.services.notifications import admission, webhook_client
from tmfkit_server.slots import Slots

__all__ = ["UNBOUNDED"]

_MANY = 10**9
_FILES = 1024


def _counts_names() -> None:
    """Look at all names for each of them."""

    def unbounded(names: Iterable[str]) -> str:
        listed = list(names)
        return next((name for name in listed if listed.count(name) > 1), "")

    mock.patch.object(bodies, "_first_repeated", unbounded).start()


def _words_everything() -> None:
    """Word every error, and show twenty of them."""

    def unbounded(self: body_models.BodyModel, body: Mapping[str, Any]) -> Sequence[ErrorDetails]:
        return list(self._worded(body))

    mock.patch.object(body_models.BodyModel, "errors", unbounded).start()


def _overlapping_runs() -> None:
    """Match telephone numbers by a pattern with two runs that overlap."""
    mock.patch.object(messages, "_PHONE_NUMBER", re.compile(r"\+?[0-9 ().\-/]*[0-9]*[0-9 ().\-/]*")).start()


def _many_passes() -> None:
    """Look at the rest of a text for each mark, once for each parameter."""

    def unbounded(content: str, values: Mapping[str, str]) -> Iterator[str]:
        tokens, start = sorted(values, key=len, reverse=True), 0
        while (place := content.find("$", start)) >= 0:
            yield content[start:place]
            token = next((token for token in tokens if content[place:].startswith(token)), "")
            yield values[token] if token else "$"
            start = place + (len(token) or 1)
        yield content[start:]

    mock.patch.object(parameters, "_parts", unbounded).start()


def _unlimited_messages() -> None:
    """Send to however many, and however much."""
    limits = MessageLimits(_MANY, _MANY, _MANY * 1000, _MANY)

    def unbounded(identifier: str, message: messages.Message, _limits: object = None) -> Sequence[messages.Dispatch]:
        return messages.dispatches(identifier, message, limits)

    for module in (communication, sender):
        mock.patch.object(module, "dispatches", unbounded).start()


def _deadly() -> None:
    """Take nothing away, but have a certain message end the process that sends it."""
    hand_over = outbox.OutboxFolder.hand_over

    def deadly(self: outbox.OutboxFolder, dispatch: messages.Dispatch) -> None:
        if dispatch.text == "deadly":
            os.kill(os.getpid(), signal.SIGKILL)
        hand_over(self, dispatch)

    mock.patch.object(outbox.OutboxFolder, "hand_over", deadly).start()


def _deadly_for_ever() -> None:
    """Have a certain message end the process that sends it, however many it has ended."""
    _deadly()
    _made_with_many(sendings.Sendings, "_most_crashes")


def _unlimited_steps() -> None:
    """Search for as long as it takes."""
    mock.patch.object(budget.Budget, "take", return_value=None).start()


def _whole_lists() -> None:
    """Answer with everything there is."""
    _made_with_many(collection.ListHandler, "_page_limit")


def _few_files() -> None:
    """Take nothing away, but allow the server as many files as many systems do."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (_FILES, _FILES))


def _room_for_all() -> None:
    """Take connections for as long as there are files."""
    _few_files()
    mock.patch.object(worker.BoundedWorker, "make_room", return_value=True).start()


def _patient() -> None:
    """Wait for clients that do not read."""
    mock.patch.object(client_connections.BoundedProtocol, "_look_at_reading", return_value=None).start()


def _waits_at_stop() -> None:
    """Give clients all their time, also when the worker stops."""
    is_over = worker.BoundedWorker.is_over

    def unbounded(self: worker.BoundedWorker, began: float, *, seconds: float, last_seconds: float) -> bool:
        del last_seconds
        return is_over(self, began, seconds=seconds, last_seconds=math.inf)

    mock.patch.object(worker.BoundedWorker, "is_over", unbounded).start()


def _waits_for_chunks() -> None:
    """Wait for whatever a chunk's size announces."""
    mock.patch.object(client_connections.WholeBody, "announce", return_value=None).start()


def _unlimited_listeners() -> None:
    """Take every listener, and connect to one host as often as it likes."""

    async def unbounded(_self: object, _hub: str, _callback: str) -> None:
        pass

    mock.patch.object(admission.Admission, "check", unbounded).start()
    mock.patch.object(webhook_client, "Slots", return_value=Slots(_MANY)).start()


def _made_with_many(kind: type[Any], limit: str) -> None:
    """Have a limit of every object of a class so high that nothing reaches it."""
    begin = kind.__init__

    def unbounded(self: Any, *given: Any, **named: Any) -> None:
        begin(self, *given, **named)
        assert hasattr(self, limit)
        setattr(self, limit, _MANY)

    mock.patch.object(kind, "__init__", unbounded).start()


UNBOUNDED: dict[str, Callable[[], None]] = {
    "counts-names": _counts_names,
    "words-everything": _words_everything,
    "overlapping-runs": _overlapping_runs,
    "many-passes": _many_passes,
    "unlimited-messages": _unlimited_messages,
    "deadly": _deadly,
    "deadly-for-ever": _deadly_for_ever,
    "unlimited-steps": _unlimited_steps,
    "whole-lists": _whole_lists,
    "few-files": _few_files,
    "room-for-all": _room_for_all,
    "patient": _patient,
    "waits-at-stop": _waits_at_stop,
    "waits-for-chunks": _waits_for_chunks,
    "unlimited-listeners": _unlimited_listeners,
}
"""Name → what takes a bound away; ``deadly`` and ``few-files`` alone take none."""
