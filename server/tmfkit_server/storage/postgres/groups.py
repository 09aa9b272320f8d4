"""Group commit: transactions that only add records share one transaction of the database.

Each transaction takes a seat when it asks for the listeners of its hub. The group begins, shares the hubs of those who
wait, tells every seat the listeners, and waits until each has made up its mind; then it writes everything and commits.
A transaction that fails until then takes nothing but its own changes with it, because none have been sent; when one
turns out to add a record whose id is taken, or that the database cannot keep, the others are written without it.

A group does not wait for company, but whoever comes for one of its hubs before its listeners are known comes along;
whoever comes later makes up the next one. Two groups at a time would each be half as large, and nearly all of what a
group costs is the same for every size.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence, Set

import psycopg

from tmfkit_server.errors import StoreError
from tmfkit_server.storage.base import Subscription
from tmfkit_server.storage.postgres import hubs
from tmfkit_server.storage.postgres.changes import Insertion
from tmfkit_server.storage.postgres.connections import Connection, Connections, commit, execute, failure_of
from tmfkit_server.storage.postgres.hubs import DeliveryRow
from tmfkit_server.storage.postgres.writes import IrregularNames

__all__ = ["ID_TAKEN", "Groups", "Seat"]

_MOST_SEATS = 100
ID_TAKEN = "a record with this id already exists"
# What the database may have against a single record.
_REFUSALS = (psycopg.errors.UniqueViolation, psycopg.errors.DataError, psycopg.errors.ProgramLimitExceeded)

Listeners = Mapping[str, Sequence[Subscription]]


class Seat:
    """The part of one transaction in a group."""

    def __init__(self, hub: str) -> None:
        loop = asyncio.get_running_loop()
        self.hub = hub
        self.insertions: Sequence[Insertion] = ()
        self.deliveries: Sequence[DeliveryRow] = ()
        self._told: asyncio.Future[Sequence[Subscription] | StoreError] = loop.create_future()
        self._decided: asyncio.Future[bool] = loop.create_future()
        self._ended: asyncio.Future[StoreError | ValueError | None] = loop.create_future()

    async def listeners(self) -> Sequence[Subscription]:
        """Return the listeners of the hub; they stay the same until the group has ended."""
        told = await self._told
        if isinstance(told, StoreError):
            raise type(told)(*told.args) from told
        return told

    async def commit(self, new: Sequence[Insertion], deliveries: Sequence[DeliveryRow]) -> None:
        """Hand over the changes, and wait until they are committed; ValueError when a new id is taken."""
        self.insertions, self.deliveries = new, deliveries
        self._decided.set_result(True)
        failure = await self._ended
        if failure is not None:
            raise type(failure)(*failure.args) from failure

    def leave(self) -> None:
        """Make no changes; without effect after ``commit``."""
        if not self._decided.done():
            self._decided.set_result(False)

    def tell(self, listeners: Sequence[Subscription]) -> None:
        """Answer ``listeners``."""
        if not self._told.done():
            self._told.set_result(listeners)

    async def has_changes(self) -> bool:
        """Wait until the transaction commits or leaves; tell which."""
        return await self._decided

    def end(self, failure: StoreError | ValueError | None) -> None:
        """Answer whatever has not been answered."""
        if not self._told.done():
            self._told.set_result(failure if isinstance(failure, StoreError) else [])
        if not self._ended.done():
            self._ended.set_result(failure)


class Groups:
    """The groups of one process."""

    def __init__(self, connections: Connections, names: IrregularNames) -> None:
        self._connections = connections
        self._names = names
        self._waiting: list[Seat] = []
        self._under_way: asyncio.Task[None] | None = None

    def board(self, hub: str) -> Seat:
        """Take a seat in the next group."""
        seat = Seat(hub)
        self._waiting.append(seat)
        self._begin_another()
        return seat

    def _begin_another(self) -> None:
        if self._waiting and self._under_way is None:
            self._under_way = asyncio.create_task(self._run())
            self._under_way.add_done_callback(self._has_ended)

    def _has_ended(self, _: asyncio.Task[None]) -> None:
        self._under_way = None
        self._begin_another()

    async def _run(self) -> None:
        wanted = {seat.hub for seat in self._waiting}
        seats: Sequence[Seat] = ()
        failure: StoreError | None = StoreError("the group was abandoned")
        try:
            async with self._connections.one() as connection:
                known = await _begin(connection, wanted)
                seats = self._take(wanted)
                await self._write(connection, seats, known)
            failure = None
        except StoreError as exc:
            failure = exc
        except psycopg.Error as exc:
            failure = failure_of(exc)
        finally:
            # When the group could not even begin, it is those who waited for it that have failed.
            for seat in seats or self._take(wanted):
                seat.end(failure)

    def _take(self, wanted: Set[str]) -> Sequence[Seat]:
        """Return those who wait for one of the *wanted* hubs, and let the others wait for another group."""
        taken: list[Seat] = []
        left: list[Seat] = []
        for seat in self._waiting:
            (taken if seat.hub in wanted and len(taken) < _MOST_SEATS else left).append(seat)
        self._waiting = left
        return taken

    async def _write(self, connection: Connection, seats: Sequence[Seat], known: Listeners) -> None:
        for seat in seats:
            seat.tell(known[seat.hub])
        kept = [seat for seat in seats if await seat.has_changes()]
        try:
            names = await self._write_all(connection, kept)
        except _REFUSALS:
            await connection.rollback()
            if await _begin(connection, known) != known:
                # What the transactions have put into the outbox is no longer right.
                raise StoreError("listeners came or went while the changes were written") from None
            names = await self._write_each(connection, kept)
        await commit(connection)
        self._names.learn(names)

    async def _write_all(self, connection: Connection, seats: Sequence[Seat]) -> frozenset[str]:
        """Write the changes of *seats*; return the names to be learnt."""
        names = await self._names.write(connection, [each for seat in seats for each in seat.insertions])
        await hubs.enqueue(connection, [each for seat in seats for each in seat.deliveries])
        return names

    async def _write_each(self, connection: Connection, seats: Sequence[Seat]) -> frozenset[str]:
        """Do as ``_write_all``, but leave out whoever adds a record that is refused."""
        names = frozenset[str]()
        # By collection, as a statement for all of them counts.
        for seat in sorted(seats, key=lambda seat: [each.columns[0] for each in seat.insertions]):
            try:
                async with connection.transaction():
                    names |= await self._write_all(connection, [seat])
            except psycopg.errors.UniqueViolation:
                seat.end(ValueError(ID_TAKEN))
            except _REFUSALS as exc:
                seat.end(failure_of(exc))
        return names


async def _begin(connection: Connection, wanted: Collection[str]) -> Listeners:
    """Begin a transaction; return the listeners of each hub, who stay as they are until it ends."""
    await execute(connection, "BEGIN")
    await hubs.share(connection, wanted)
    return await hubs.listeners(connection, wanted)
