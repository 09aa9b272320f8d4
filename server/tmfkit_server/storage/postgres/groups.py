"""Group commit: transactions that change one record each, or only add records, share one transaction of the database.

Each transaction takes a seat when it asks for the record that it is going to change, or, adding one, for the listeners
of its hub. The group locks the records of those who wait, all that are free, and shares the hubs that they will ask
for, which are those of the transactions before them; it tells each seat its record and the listeners, and waits until
each has made up its mind; then it writes everything and commits. A transaction that fails until then takes nothing but
its own changes with it, because none have been sent; when one turns out to add a record whose id is taken, or that the
database cannot keep, the others are written without it.

A group waits for no record: whose record another process holds, or is not there, goes on alone. Transactions of one
process on one record follow each other, so that no more than one of them waits for another process.

A group does not wait for company, but whoever comes for one of its hubs before its listeners are known comes along;
whoever comes later makes up the next one. Two groups at a time would each be half as large, and nearly all of what a
group costs is the same for every size.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from copy import copy
from typing import TypeAlias, TypeVar

import psycopg

from tmfkit_server.errors import StoreError
from tmfkit_server.storage.base import Record, Subscription
from tmfkit_server.storage.postgres import hubs
from tmfkit_server.storage.postgres.arrays import Texts
from tmfkit_server.storage.postgres.changes import Change
from tmfkit_server.storage.postgres.connections import Connection, Connections, commit, execute, failure_of
from tmfkit_server.storage.postgres.entries import record_of
from tmfkit_server.storage.postgres.hubs import DeliveryRow
from tmfkit_server.storage.postgres.writes import IrregularNames

__all__ = ["ID_TAKEN", "ChangingSeat", "Groups", "Seat"]

_MOST_SEATS = 100
ID_TAKEN = "a record with this id already exists"
# What the database may have against a single record.
_REFUSALS = (psycopg.errors.UniqueViolation, psycopg.errors.DataError, psycopg.errors.ProgramLimitExceeded)
# Hubs are shared first, as one statement takes a round trip less than two. OFFSET 0 holds the planner to one look into
# the index for each record.
_LOCK = f"""
WITH shared AS MATERIALIZED ({hubs.SHARE})
SELECT wanted.place, record.id, record.body, record.spelling, record.tag
FROM unnest(%b::text[], %b::text[]) WITH ORDINALITY AS wanted (collection, id, place),
LATERAL (
    SELECT id, body, spelling, tag FROM record
    WHERE record.collection = wanted.collection AND record.id = wanted.id OFFSET 0 FOR UPDATE SKIP LOCKED
) record
WHERE (SELECT count(*) FROM shared) >= 0"""  # noqa: S608 - a constant

Listeners: TypeAlias = Mapping[str, Sequence[Subscription]]
Place: TypeAlias = tuple[str, str]
T = TypeVar("T")


class Seat:
    """The part of one transaction in a group.

    Attributes:
        wanted_hub: Hub whose listeners it asks for; empty when that shows later.
    """

    def __init__(self, wanted_hub: str = "") -> None:
        loop = asyncio.get_running_loop()
        self.wanted_hub = wanted_hub
        self.changes: Sequence[Change] = ()
        self.deliveries: Sequence[DeliveryRow] = ()
        self._known: Listeners = {}
        self._asked: asyncio.Future[str | None] = loop.create_future()
        self._told: asyncio.Future[Sequence[Subscription] | StoreError] = loop.create_future()
        self._decided: asyncio.Future[bool] = loop.create_future()
        self._ended: asyncio.Future[StoreError | ValueError | None] = loop.create_future()

    async def listeners(self, hub: str) -> Sequence[Subscription]:
        """Return the listeners of the one hub that is asked for; they stay the same until the group has ended."""
        if hub in self._known:
            return self._known[hub]
        _answer(self._asked, hub)
        if self._asked.result() != hub:
            raise ValueError(f"{hub}: the transaction has asked for the listeners of {self._asked.result()}")
        return _result(await self._told)

    async def commit(self, changes: Sequence[Change], deliveries: Sequence[DeliveryRow]) -> None:
        """Hand over the changes, and wait until they are committed; ValueError when a new id is taken."""
        self.changes, self.deliveries = changes, deliveries
        self._decide(has_changes=True)
        failure = await self._ended
        if failure is not None:
            raise copy(failure) from failure

    def leave(self) -> None:
        """Make no changes; without effect after ``commit``."""
        self._decide(has_changes=False)

    async def hub(self) -> str | None:
        """Wait until the transaction asks for a hub that it does not know, or has decided without; return the hub."""
        return await self._asked

    def tell(self, listeners: Sequence[Subscription]) -> None:
        """Answer ``listeners``."""
        _answer(self._told, listeners)

    async def has_changes(self) -> bool:
        """Wait until the transaction commits or leaves; tell which."""
        return await self._decided

    def end(self, failure: StoreError | ValueError | None) -> None:
        """Answer whatever has not been answered."""
        _answer(self._told, failure if isinstance(failure, StoreError) else [])
        _answer(self._ended, failure)

    def _decide(self, *, has_changes: bool) -> None:
        _answer(self._asked, None)
        _answer(self._decided, has_changes)


class ChangingSeat(Seat):
    """That of a transaction that reads and changes one record."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.held: Record | None = None
        self._found: asyncio.Future[Record | StoreError | None] = asyncio.get_running_loop().create_future()

    async def record(self) -> Record | None:
        """Return the record, which stays as it is until the group has ended; None when it is not free, or not there."""
        return _result(await self._found)

    def show(self, record: Record | None, known: Listeners) -> None:
        """Answer ``record``, and ``listeners`` of the hubs that are *known*."""
        self.held, self._known = record, known
        _answer(self._found, record)

    def end(self, failure: StoreError | ValueError | None) -> None:
        """Answer whatever has not been answered."""
        _answer(self._found, failure if isinstance(failure, StoreError) else None)
        super().end(failure)


class Groups:
    """The groups of one process."""

    def __init__(self, connections: Connections, names: IrregularNames) -> None:
        self._connections = connections
        self._names = names
        self._adding: list[Seat] = []
        self._changing: list[ChangingSeat] = []
        # Records of transactions that have not ended, in their group or alone.
        self._busy: set[Place] = set()
        # Collection → hub that transactions on its records ask for, when one has.
        self._hubs: dict[str, str] = {}
        self._under_way: asyncio.Task[None] | None = None

    def board(self, hub: str) -> Seat:
        """Take a seat in the next group, for a transaction that adds records."""
        seat = Seat(hub)
        self._adding.append(seat)
        self._begin_another()
        return seat

    def board_for(self, collection: str, identifier: str) -> ChangingSeat:
        """Take a seat in the next group that has no other for the same record; ``release`` it in the end."""
        seat = ChangingSeat((collection, identifier))
        self._changing.append(seat)
        self._begin_another()
        return seat

    def release(self, seat: ChangingSeat) -> None:
        """Let the next transaction have the record of *seat*: its own has ended, in the group or alone."""
        seat.leave()
        if seat in self._changing:
            self._changing.remove(seat)
        else:
            self._busy.discard(seat.place)
            self._begin_another()

    def _begin_another(self) -> None:
        is_wanted = self._adding or any(seat.place not in self._busy for seat in self._changing)
        if is_wanted and self._under_way is None:
            self._under_way = asyncio.create_task(self._run())
            self._under_way.add_done_callback(self._has_ended)

    def _has_ended(self, _: asyncio.Task[None]) -> None:
        self._under_way = None
        self._begin_another()

    async def _run(self) -> None:
        seats: list[Seat] = []
        has_begun = False
        failure: StoreError | None = StoreError("the group was abandoned")
        try:
            async with self._connections.one() as connection:
                await execute(connection, "BEGIN")
                has_begun = True
                changing = self._take_changing()
                seats += changing
                known = await self._show(connection, changing)
                seats += self._admit(known)
                asked: dict[ChangingSeat, str] = {}
                for seat in changing:
                    if (hub := await seat.hub()) is not None:
                        asked[seat] = self._hubs[seat.place[0]] = hub
                known |= await _share(connection, {*asked.values()} - known.keys())
                for seat, hub in asked.items():
                    seat.tell(known[hub])
                seats += self._admit(known)
                await self._write(connection, seats, known)
            failure = None
        except StoreError as exc:
            failure = exc
        except psycopg.Error as exc:
            failure = failure_of(exc)
        finally:
            if not has_begun:
                # It is those who waited for it that have failed.
                seats, self._adding = [*self._take_changing(), *self._adding], []
            for each in seats:
                each.end(failure)

    def _take_changing(self) -> list[ChangingSeat]:
        """Return those who wait for records that are not busy, one for each, and let the others wait."""
        taken: list[ChangingSeat] = []
        left: list[ChangingSeat] = []
        for seat in self._changing:
            if seat.place in self._busy or len(taken) == _MOST_SEATS:
                left.append(seat)
            else:
                taken.append(seat)
                self._busy.add(seat.place)
        self._changing = left
        return taken

    def _admit(self, known: Listeners) -> list[Seat]:
        """Tell those who wait for one of the *known* hubs, and return them; the others wait for another group."""
        taken: list[Seat] = []
        left: list[Seat] = []
        for seat in self._adding:
            (taken if seat.wanted_hub in known and len(taken) < _MOST_SEATS else left).append(seat)
        self._adding = left
        for seat in taken:
            seat.tell(known[seat.wanted_hub])
        return taken

    async def _show(self, connection: Connection, seats: Sequence[ChangingSeat]) -> dict[str, Sequence[Subscription]]:
        """Show *seats* their records, and the listeners of hubs; return the listeners."""
        wanted = {self._hubs[seat.place[0]] for seat in seats if seat.place[0] in self._hubs}
        wanted |= {seat.wanted_hub for seat in self._adding}
        if not seats:
            return await _share(connection, wanted)
        found = await _locked(connection, seats, wanted)
        known = await _listeners(connection, wanted)
        for seat in seats:
            seat.show(found.get(seat), known)
        return known

    async def _write(self, connection: Connection, seats: Sequence[Seat], known: Listeners) -> None:
        kept = sorted([seat for seat in seats if await seat.has_changes()], key=_order)
        if not kept:
            return
        try:
            names = await self._write_all(connection, kept)
        except _REFUSALS:
            await connection.rollback()
            names = await self._write_each(connection, await _begin_again(connection, kept, known))
        await commit(connection)
        self._names.learn(names)

    async def _write_all(self, connection: Connection, seats: Sequence[Seat]) -> frozenset[str]:
        """Write the changes of *seats*; return the names to be learnt."""
        names = await self._names.write(connection, [each for seat in seats for each in seat.changes])
        await hubs.enqueue(connection, [each for seat in seats for each in seat.deliveries])
        return names

    async def _write_each(self, connection: Connection, seats: Sequence[Seat]) -> frozenset[str]:
        """Do as ``_write_all``, but leave out whoever has a change that is refused."""
        names = frozenset[str]()
        for seat in seats:
            try:
                async with connection.transaction():
                    names |= await self._write_all(connection, [seat])
            except psycopg.errors.UniqueViolation:
                seat.end(ValueError(ID_TAKEN))
            except _REFUSALS as exc:
                seat.end(failure_of(exc))
        return names


def _order(seat: Seat) -> list[tuple[str, str]]:
    """Return what seats are sorted by: collections in one order, as groups that count in the same shards need it."""
    return [(change.place[0], change.kind) for change in seat.changes]


async def _locked(
    connection: Connection, seats: Sequence[ChangingSeat], wanted: Collection[str]
) -> Mapping[ChangingSeat, Record]:
    """Share the *wanted* hubs, and lock the records of *seats*; return those that were free."""
    collections, identifiers = ([seat.place[part] for seat in seats] for part in (0, 1))
    rows = await execute(connection, _LOCK, (Texts(sorted(wanted)), Texts(collections), Texts(identifiers)))
    return {seats[row[0] - 1]: record_of(row[1:]) for row in rows}


async def _share(connection: Connection, wanted: Collection[str]) -> dict[str, Sequence[Subscription]]:
    """Return the listeners of each hub, who stay as they are until the transaction ends."""
    if wanted:
        await hubs.share(connection, wanted)
    return await _listeners(connection, wanted)


async def _listeners(connection: Connection, wanted: Collection[str]) -> dict[str, Sequence[Subscription]]:
    return dict(await hubs.listeners(connection, wanted)) if wanted else {}


async def _begin_again(connection: Connection, seats: Sequence[Seat], known: Listeners) -> Sequence[Seat]:
    """Begin anew, and return the *seats* whose record is still what they were shown.

    Raises:
        StoreError: Listeners came or went meanwhile, so that what was put into the outbox is no longer right.
    """
    await execute(connection, "BEGIN")
    if await _share(connection, known) != known:
        raise StoreError("listeners came or went while the changes were written")
    changing = [seat for seat in seats if isinstance(seat, ChangingSeat)]
    found = await _locked(connection, changing, ())
    moved = {seat for seat in changing if found.get(seat) != seat.held}
    for seat in moved:
        seat.end(StoreError("the record was changed while the change was written"))
    return [seat for seat in seats if seat not in moved]


def _answer(question: asyncio.Future[T], answer: T) -> None:
    """Answer a question that is still open; whoever asked may have been cancelled."""
    if not question.done():
        question.set_result(answer)


def _result(answer: T | StoreError) -> T:
    if isinstance(answer, StoreError):
        raise copy(answer) from answer
    return answer
