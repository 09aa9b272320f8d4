"""Brings the schema of a PostgreSQL database to the newest step: numbered, forward only, one process at a time."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from typing import NamedTuple

import psycopg

from tmfkit_server.errors import StoreUnusable
from tmfkit_server.storage.base import IndexPlan
from tmfkit_server.storage.postgres import migrations
from tmfkit_server.storage.postgres.connections import FAILURES, unreachable
from tmfkit_server.storage.postgres.scalars import Scalars, fill

__all__ = ["Step", "inspect", "migrate", "steps"]

_LOG = logging.getLogger(__name__)
_NAME = re.compile(r"(\d{4})_(\w+)\.sql")
# One number for all who bring up a schema of ours.
_LOCK = 0x746D666B6974
_CONNECT_SECONDS = 10
_ADDRESS = "Write the address as postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
_TABLE = """CREATE TABLE IF NOT EXISTS migration (
    number integer PRIMARY KEY, name text NOT NULL, made timestamptz NOT NULL DEFAULT now())"""


class Step(NamedTuple):
    """One step: the number and the name in the name of its file, and its statements."""

    number: int
    name: str
    sql: str


def steps() -> list[Step]:
    """Return every step, in order; they are numbered without a gap."""
    named = ((_NAME.fullmatch(entry.name), entry) for entry in resources.files(migrations).iterdir())
    return sorted(Step(int(name[1]), name[2], entry.read_text(encoding="utf-8")) for name, entry in named if name)


def migrate(url: str, plans: Mapping[str, IndexPlan] | None = None) -> Scalars:
    """Make the steps that the database has not made yet, each in a transaction of its own; blocks.

    Args:
        url: Address of the database.
        plans: Collection → the attributes that ``scalar`` is to have; None leaves it as it is.

    Returns:
        The attributes that ``scalar`` has, for who has plans.

    Raises:
        StoreUnreachable: It does not answer, or does not let us in.
        StoreUnusable: It cannot be used, or a newer version of this software has been at it.
    """
    with _connected(url) as connection:
        # Waits for whoever is at it; the lock ends with the connection.
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        connection.execute(_TABLE)
        for step in _missing(connection):
            with connection.transaction():
                connection.execute(step.sql)
                connection.execute("INSERT INTO migration (number, name) VALUES (%s, %s)", [step.number, step.name])
            _LOG.info("made schema step %04d %s", step.number, step.name)
        return Scalars() if plans is None else fill(connection, plans)


def inspect(url: str) -> str:
    """Return what a start would find, and change nothing; blocks, and raises what ``migrate`` does."""
    with _connected(url) as connection:
        [is_there] = connection.execute("SELECT to_regclass('migration') IS NOT NULL").fetchone() or [False]
        missing = _missing(connection) if is_there else steps()
    if not missing:
        return "it answers, and its schema is up to date"
    return f"it answers; a start will make {len(missing)} steps of its schema"


@contextmanager
def _connected(url: str) -> Iterator[psycopg.Connection]:
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=_CONNECT_SECONDS) as connection:
            # Each statement of a step sees what was committed while it waited for a lock.
            connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
            _check(connection)
            yield connection
    except FAILURES as exc:
        raise unreachable(exc) from exc
    except psycopg.Error as exc:
        # What the database says has a code; without one, the address is none.
        remedy = "See what the account may do there, or name another database" if exc.sqlstate else _ADDRESS
        raise _unusable(str(exc).strip(), remedy) from exc


def _unusable(problem: str, remedy: str) -> StoreUnusable:
    return StoreUnusable("PostgreSQL", problem, remedy)


def _check(connection: psycopg.Connection) -> None:
    [encoding, fsync] = connection.execute(
        "SELECT current_setting('server_encoding'), current_setting('fsync')"
    ).fetchone() or ["", ""]
    if encoding != "UTF8":
        raise _unusable(f"the database is encoded in {encoding}", "Create one with ENCODING 'UTF8'")
    if fsync == "off":
        _LOG.warning("PostgreSQL runs with fsync = off: a power failure loses acknowledged writes")


def _missing(connection: psycopg.Connection) -> list[Step]:
    made = {number for (number,) in connection.execute("SELECT number FROM migration").fetchall()}
    known = steps()
    if unknown := made - {step.number for step in known}:
        newest = max(unknown)
        raise _unusable(f"the schema is at step {newest}, which this version does not know", "Install a newer one")
    return [step for step in known if step.number not in made]
