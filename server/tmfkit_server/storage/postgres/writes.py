"""Writing changes of records, and remembering under which keys some are irregular."""

from __future__ import annotations

from collections.abc import Sequence

from tmfkit_server.storage.postgres.changes import Change, statements
from tmfkit_server.storage.postgres.connections import Connection, execute

__all__ = ["IrregularNames"]

_REMEMBER = "INSERT INTO irregular (key) SELECT unnest(%b::text[]) ON CONFLICT DO NOTHING"
# Clients choose names; what this process remembers of them has an end.
_MOST_KNOWN = 50_000


class IrregularNames:
    """The rows of ``irregular`` that this process knows of, which are never taken away again."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    async def write(self, connection: Connection, changes: Sequence[Change]) -> frozenset[str]:
        """Make *changes* in their order.

        Returns:
            Names to ``learn`` once the transaction is committed.
        """
        new = frozenset[str]().union(*(change.irregular for change in changes)) - self._known
        if new:
            # In one order, so that two transactions with the same new names do not wait for each other.
            await execute(connection, _REMEMBER, (sorted(new),))
        for statement in statements(changes):
            await execute(connection, statement.sql, statement.parameters)
        return new

    def learn(self, names: frozenset[str]) -> None:
        """Remember that *names* are in the database."""
        if len(self._known) + len(names) > _MOST_KNOWN:
            self._known.clear()
        self._known |= names
