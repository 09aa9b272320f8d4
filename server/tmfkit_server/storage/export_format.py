"""What a store holds as JSON lines, the same for every store, so that one can be read into another.

The first line says what the file is. Then comes one line for each entry, in the order in which they came into being,
and at last one with their number, so that a file that was cut off is noticed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Protocol

import orjson

from tmfkit_server.errors import ExchangeError
from tmfkit_server.storage.base import Death, Delivery, Entry, Store, Stored, Subscription, Transaction
from tmfkit_server.storage.entries import is_collection
from tmfkit_server.storage.record import Record
from tmfkit_server.stored_paths import with_stored_path

__all__ = ["Source", "export_lines", "import_lines"]

_FORMAT = {"tmfkit": "store", "format": 1}
_ENTRIES_A_TRANSACTION = 500
# What a delivery has lived through; a member that is not there has its default.
_HISTORY = ("subject", "queued", "attempts", "address")
_MEMBERS: dict[str, dict[str, type]] = {
    "record": {"collection": str, "id": str, "body": dict, "spelling": dict},
    "subscription": {"id": str, "hub": str, "callback": str, "query": str},
    "delivery": {
        "subscription": str, "notification": dict, "subject": str, "queued": int, "attempts": int, "death": dict,
        "address": str,
    },
}  # fmt: skip
_MEMBERS_OF_DEATH = {"reason": str, "status": int, "at": int}
_MAY_LACK = frozenset({"spelling", "query", *_HISTORY, "death"})
_NEVER_EMPTY = frozenset({"collection", "id"})
# Names, and what stands beside them in keys, have no NUL: not every store could keep it.
_WITHOUT_NUL = frozenset({"collection", "id", "hub", "callback", "subscription", "subject", "address"})
_TYPES = {str: "text", int: "whole number", dict: "object"}

Progress = Callable[[int], None]


class Source(Protocol):
    """What can be exported: every store, and the file of one that a server has open."""

    async def open(self) -> None:
        """Get ready."""

    async def close(self) -> None:
        """Let go of files and connections."""

    async def count(self) -> int:
        """Return how many entries ``contents`` gives."""

    def contents(self) -> AsyncIterator[Entry]:
        """Give everything that is stored."""


async def export_lines(source: Source) -> AsyncIterator[bytes]:
    """Yield the lines of everything in *source*."""
    yield _line(_FORMAT)
    count = 0
    async for entry in source.contents():
        yield _line(_encoded(entry))
        count += 1
    yield _line({"end": {"entries": count}})


async def import_lines(store: Store, lines: Iterable[bytes], *, name: str, progress: Progress) -> int:
    """Put everything that *lines* tell into *store*.

    Args:
        store: An open store with nothing in it.
        lines: What ``export_lines`` gave.
        name: Name of the file, for messages.
        progress: Called with the number of bytes that were dealt with since the last call.

    Returns:
        Number of entries.

    Raises:
        ExchangeError: The store is not empty, or the lines are not an export, or not all of it.
    """
    if await store.count():
        raise ExchangeError(name, "the store has something in it already", "Import into a new one")
    importer = _Importer(store, name)
    for number, line in enumerate(lines, start=1):
        await importer.take(number, line)
        progress(len(line))
    await importer.finish()
    return importer.count


class _Importer:
    """Reads line by line, and commits every few hundred entries."""

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self._name = name
        self._listeners: dict[str, Subscription] = {}
        self._waiting: list[tuple[int, str, Any]] = []
        self._is_complete = False
        self.count = 0

    async def take(self, number: int, line: bytes) -> None:
        where = f"{self._name}, line {number}"
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError as exc:
            raise self._problem(where, f"it is no JSON: {exc.msg}") from exc
        if number == 1:
            if value != _FORMAT:
                raise self._problem(where, f"an export begins with {orjson.dumps(_FORMAT).decode()}")
            return
        if self._is_complete or not isinstance(value, dict) or len(value) != 1:
            raise self._problem(where, "there is no entry here")
        [(kind, members)] = value.items()
        if kind == "end":
            await self._commit()
            if members != {"entries": self.count}:
                raise self._problem(where, f"it speaks of {members}, and there were {self.count} entries")
            self._is_complete = True
            return
        self._waiting.append((number, kind, members))
        if len(self._waiting) >= _ENTRIES_A_TRANSACTION:
            await self._commit()

    async def finish(self) -> None:
        if not self._is_complete:
            raise self._problem(self._name, "it was cut off, its last line is missing")

    async def _commit(self) -> None:
        waiting, self._waiting = self._waiting, []
        try:
            async with self._store.transaction() as transaction:
                for number, kind, members in waiting:
                    try:
                        await self._put(transaction, kind, members)
                    except (TypeError, KeyError, ValueError) as exc:
                        where = f"{self._name}, line {number}"
                        raise self._problem(where, f"no {kind} can be made of it: {exc}") from exc
        except ValueError as exc:
            # A store may notice at the end only that an id is taken.
            where = f"{self._name}, {await self._lines_of_taken_id(waiting)}"
            raise self._problem(where, f"no record can be made of it: {exc}") from exc
        self.count += len(waiting)

    async def _lines_of_taken_id(self, waiting: Sequence[tuple[int, str, Any]]) -> str:
        """Name the line of the first record that is in the store already; all lines when it has gone meanwhile."""
        for number, kind, members in waiting:
            if kind == "record" and await self._store.get(members["collection"], members["id"]) is not None:
                return f"line {number}"
        return f"lines {waiting[0][0]} to {waiting[-1][0]}"

    async def _put(self, transaction: Transaction, kind: str, members: Any) -> None:
        if kind not in _MEMBERS:
            raise ValueError("this version of the server does not know it")
        _check(members, _MEMBERS[kind])
        match kind:
            case "record":
                if not is_collection(members["collection"]):
                    raise ValueError(f"{members['collection']} is no collection")
                body = with_stored_path(members["collection"], members["body"])
                record = Record(members["id"], body, members.get("spelling"))
                await transaction.insert(members["collection"], record)
            case "subscription":
                subscription = Subscription(**members)
                self._listeners[subscription.id] = subscription
                await transaction.subscribe(subscription)
            case "delivery":
                listener = self._listeners.get(members["subscription"])
                if listener is None:
                    raise ValueError(f"no line before it has its listener {members['subscription']!r}")
                await transaction.restore(listener, _delivery(members))

    def _problem(self, where: str, problem: str) -> ExchangeError:
        remedy = f"{self.count} entries before it were imported; correct the file and start again with a new store"
        return ExchangeError(where, problem, remedy)


def _encoded(entry: Entry) -> dict[str, Any]:
    match entry:
        case Stored(collection=collection, record=record):
            members: dict[str, Any] = {"collection": collection, "id": record.id}
            if record.spelling:
                members["spelling"] = record.spelling
            return {"record": {**members, "body": orjson.Fragment(record.encoded)}}
        case Subscription():
            return {"subscription": asdict(entry)}
        case Delivery(death=death):
            members = {name: getattr(entry, name) for name in _HISTORY if getattr(entry, name)}
            if death:
                members["death"] = asdict(death)
            return {"delivery": {"subscription": entry.subscription, "notification": entry.notification, **members}}


def _check(members: Any, wanted: Mapping[str, type]) -> None:
    """See that all *wanted* members are there, each of its type; TypeError or ValueError when not."""
    if not isinstance(members, dict):
        raise TypeError("it is no object")
    for name, kind in wanted.items():
        value = members.get(name)
        if value is None and name in _MAY_LACK:
            continue
        if not isinstance(value, kind) or (name in _NEVER_EMPTY and not value):
            raise TypeError(f"its {name} is no {_TYPES[kind]}")
        if name in _WITHOUT_NUL and "\x00" in str(value):
            raise ValueError(f"its {name} has a NUL in it")


def _delivery(members: dict[str, Any]) -> Delivery:
    """Return a delivery as it is to be restored; what had to wait is due at once."""
    history = {name: members[name] for name in _HISTORY if members.get(name)}
    death = None
    if members.get("death") is not None:
        _check(members["death"], _MEMBERS_OF_DEATH)
        death = Death(**members["death"])
    return Delivery(0, members["subscription"], "", members["notification"], **history, death=death)


def _line(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
