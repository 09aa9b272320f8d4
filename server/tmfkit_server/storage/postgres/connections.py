"""Connections to PostgreSQL: a pool that loses none of its speed to bookkeeping, and recovers by itself."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import psycopg
from psycopg.abc import Params
from psycopg.pq import TransactionStatus
from psycopg.types.json import set_json_loads
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from tmfkit_server.counts import COUNTS
from tmfkit_server.errors import NotWritable, OutcomeUnknown, StoreError, StoreFull, StoreUnreachable
from tmfkit_server.outages import OUTAGE
from tmfkit_server.search_limits import SearchLimits
from tmfkit_server.storage.search_turns import SearchTurns

__all__ = ["FAILURES", "Connection", "Connections", "Row", "commit", "dated", "execute", "failure_of", "unreachable"]

Row = tuple[Any, ...]

# A search may take seconds; these are left for what takes a moment.
_NOT_FOR_SEARCHES = 2
_WAIT_SECONDS = 3.0
# Longer than any statement that the database itself ends.
_ANSWER_SECONDS = 30.0
# How often psycopg looks whether it should go on waiting.
_LOOK_SECONDS = 0.1
# So many questions without an answer in a row, and what is under way will have none either.
_MOST_UNANSWERED = 2
# A cursor holds the rows of its last statement; with more than these it is let go.
_FEW_ROWS = 1000
# A statement ends before gunicorn takes its worker for dead, and a lock before the client gives up. Who has waited for
# a lock has to see what was committed meanwhile, whatever the default of the database is.
_SETTINGS = """
SET default_transaction_isolation = 'read committed';
SET statement_timeout = '25s'; SET lock_timeout = '10s';
SET idle_in_transaction_session_timeout = '60s'; SET jit = off"""
# An acknowledged write has to be on the disk, whatever the default of the database is.
_DURABLE = """
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')"""
# Keepalives find out about a machine that is gone while nobody asks it, the time-out of TCP when somebody does.
_OPTIONS: dict[str, Any] = {
    "autocommit": True,
    "prepare_threshold": 1,
    "keepalives_idle": 30,
    "tcp_user_timeout": 10_000,
    "connect_timeout": 5,
}
_LOG = logging.getLogger(__name__)
# It tells of every attempt to connect. Those who need connections tell of it too, delivery with the reason.
logging.getLogger("psycopg.pool").addHandler(logging.NullHandler())
logging.getLogger("psycopg.pool").propagate = False
# A database that takes no changes is full, or a copy of another one.
_KINDS = ((psycopg.errors.DiskFull, StoreFull), (psycopg.errors.ReadOnlySqlTransaction, NotWritable))
FAILURES = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError, PoolTimeout, PoolClosed, OSError)


class Connection(psycopg.AsyncConnection[Row]):
    """A connection that keeps a cursor for its next statement: a new one takes half the time of a read by id.

    Attributes:
        answer_seconds: How long an answer of the database may take; without one, the connection is given up.
        cursor_at_hand: The cursor; None while a statement uses it, and before the first one.
    """

    answer_seconds = _ANSWER_SECONDS
    cursor_at_hand: psycopg.AsyncCursor[Row] | None = None

    async def wait(self, gen: Any, interval: float = _LOOK_SECONDS, timeout: float | None = None) -> Any:  # noqa: ASYNC109 - as psycopg has it
        """Wait for an answer; OperationalError when there is none."""
        try:
            return await super().wait(gen, interval, timeout or self.answer_seconds)
        except psycopg.errors._WaitTimeout as exc:  # noqa: SLF001 - nothing else tells it from what the database says
            self.pgconn.finish()
            raise psycopg.OperationalError("the database does not answer") from exc

    def hang_up(self) -> None:
        """Have who waits for an answer hear at once that there will be none."""
        if not self.closed:
            with socket.socket(fileno=os.dup(self.fileno())) as line, contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)


class Connections:
    """The connections of one process to one database.

    The pool opens, replaces and closes connections. What has been opened is kept at hand between uses: to hand a
    connection back to the pool and to ask for it again takes as long as a read by id (45 µs of 95 µs).

    Attributes:
        search_turns: Turns of searches, of which each holds one.
    """

    def __init__(self, url: str, searches: SearchLimits) -> None:
        """Describe the connections; ``open`` opens them.

        Args:
            url: Address of the database, ``postgresql://…``.
            searches: How many searches there are at a time.
        """
        self._url = url
        self._pool: AsyncConnectionPool[Connection] | None = None
        self._free: list[Connection] = []
        self._most = searches.scans + searches.lookups + _NOT_FOR_SEARCHES
        self._turns = asyncio.Semaphore(self._most)
        self._probe: Connection | None = None
        self._lent = set[Connection]()
        self._unanswered = 0
        self.search_turns = SearchTurns(searches)

    async def open(self) -> None:
        """Connect; StoreUnreachable when the database does not answer, which may then be tried again."""
        pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            self._url,
            connection_class=Connection,
            kwargs=_OPTIONS,
            min_size=2,
            max_size=self._most,
            timeout=_WAIT_SECONDS,
            # Give up soon and begin anew with the next request: waits between attempts double.
            reconnect_timeout=_WAIT_SECONDS,
            configure=_configure,
            # Asks only connections that come out of the pool, which in normal times are new ones.
            check=_check,
            open=False,
        )
        try:
            await pool.open(wait=True, timeout=_WAIT_SECONDS)
        except FAILURES as exc:
            await pool.close()
            raise unreachable(exc) from exc
        self._pool = pool

    async def close(self) -> None:
        """Close every connection that is not in use."""
        if self._pool is None:
            return
        if self._probe is not None:
            await self._probe.close()
        free, self._free = self._free, []
        for connection in free:
            await self._pool.putconn(connection)
        await self._pool.close()

    async def beside(self) -> Connection:
        """Open a connection beside the pool, for the caller to close; StoreError when there is none to be had."""
        self._opened()
        try:
            connection = await Connection.connect(self._url, **_OPTIONS)
            await _configure(connection)
        except FAILURES as exc:
            raise failure_of(exc) from exc
        return connection

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Connection]:
        """Lend a connection; whatever it has not committed at the end of the block is rolled back.

        Raises:
            StoreError: There is no connection to be had, or it failed.
        """
        with dated():
            connection = await self._take()
            try:
                yield connection
            except FAILURES as exc:
                raise failure_of(exc) from exc
            finally:
                await self._put_back(connection)

    async def ping(self) -> None:
        """See that the database answers, on a connection of its own; StoreError when it does not.

        What it does not answer may be answered by another machine by now: other connections are not trusted either.
        """
        with dated():
            try:
                if self._probe is None or self._probe.closed:
                    self._probe = await self.beside()
                    self._probe.answer_seconds = _WAIT_SECONDS
                await execute(self._probe, "SELECT 1")
            except (StoreError, *FAILURES) as exc:
                self._unanswered += 1
                if self._unanswered >= _MOST_UNANSWERED:
                    for connection in self._lent:
                        connection.hang_up()
                await self._let_go()
                raise exc if isinstance(exc, StoreError) else failure_of(exc) from exc
        self._unanswered = 0

    async def rows(self, statement: str, parameters: Params) -> list[Row]:
        """Return what a read finds, on a second connection when the first one turns out to be dead."""
        connection: Connection | None = None
        try:
            async with self.one() as connection:
                return await execute(connection, statement, parameters)
        except StoreError:
            if connection is None or not connection.closed:
                raise
        async with self.one() as connection:
            return await execute(connection, statement, parameters)

    def _opened(self) -> AsyncConnectionPool[Connection]:
        if self._pool is None:
            raise StoreError("the database has not answered since the start")
        return self._pool

    async def _take(self) -> Connection:
        pool = self._opened()
        await _acquire(self._turns, f"none of {self._most} connections was free")
        try:
            connection = self._free.pop() if self._free else await pool.getconn()
        except BaseException as exc:
            self._turns.release()
            if isinstance(exc, FAILURES):
                raise StoreError(str(exc)) from exc
            raise
        self._lent.add(connection)
        return connection

    async def _put_back(self, connection: Connection) -> None:
        try:
            if connection.pgconn.transaction_status != TransactionStatus.IDLE and not connection.closed:
                await _roll_back(connection)
            if not connection.closed:
                self._free.append(connection)
                return
            # What ended this connection, such as a restart, has ended the others as well.
            await self._let_go()
            await self._opened().putconn(connection)
        finally:
            self._lent.discard(connection)
            self._turns.release()

    async def _let_go(self) -> None:
        free, self._free = self._free, []
        for connection in free:
            await connection.close()
            await self._opened().putconn(connection)


@contextmanager
def dated() -> Iterator[None]:
    """Have a failure in the block say when the block began."""
    began = time.monotonic()
    try:
        yield
    except StoreError as exc:
        exc.began = began
        raise


def failure_of(exc: Exception) -> StoreError:
    """Return what a failure of the database means for the store."""
    return next((ours for theirs, ours in _KINDS if isinstance(exc, theirs)), StoreError)(str(exc).strip())


def unreachable(exc: Exception) -> StoreUnreachable:
    """Return what it means for the start that there is no connection."""
    problem = " ".join(str(exc).split()).rstrip(".?")
    return StoreUnreachable("PostgreSQL", problem, "See that it runs, and that --store has its address and password")


async def execute(connection: Connection, statement: str, parameters: Params = ()) -> list[Row]:
    """Run one statement and return its rows, if it gives any."""
    cursor, connection.cursor_at_hand = connection.cursor_at_hand or connection.cursor(binary=True), None
    await cursor.execute(statement, parameters or None)
    rows = await cursor.fetchall() if cursor.description else []
    if len(rows) <= _FEW_ROWS:
        connection.cursor_at_hand = cursor
    return rows


async def commit(connection: Connection) -> None:
    """End a transaction.

    Raises:
        StoreError: It had failed already, so that nothing was kept.
        OutcomeUnknown: The connection was lost on the way.
    """
    if connection.pgconn.transaction_status != TransactionStatus.INTRANS:
        # PostgreSQL answers COMMIT of a failed transaction with a roll-back, and that is no error.
        raise StoreError("a statement of the transaction had failed")
    try:
        await connection.commit()
        COUNTS.commits += 1
        OUTAGE.has_written()
    except psycopg.OperationalError as exc:
        if connection.closed:
            raise OutcomeUnknown(str(exc).strip()) from exc
        raise


async def _acquire(turns: asyncio.Semaphore, problem: str) -> None:
    try:
        async with asyncio.timeout(_WAIT_SECONDS if turns.locked() else None):
            await turns.acquire()
    except TimeoutError as exc:
        raise StoreError(f"{problem} within {_WAIT_SECONDS:g} s") from exc


async def _roll_back(connection: Connection) -> None:
    try:
        await connection.rollback()
    except psycopg.Error as exc:
        _LOG.debug("a connection is given up: %s", exc)
        await connection.close()


async def _check(connection: Connection) -> None:
    connection.answer_seconds = _WAIT_SECONDS
    await AsyncConnectionPool.check_connection(connection)
    connection.answer_seconds = _ANSWER_SECONDS


async def _configure(connection: Connection) -> None:
    # JSON stays the text that it is until somebody looks inside.
    set_json_loads(lambda text: text, connection)
    await connection.execute(_SETTINGS)
    await connection.execute(_DURABLE)
