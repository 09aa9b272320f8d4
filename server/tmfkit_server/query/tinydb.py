"""Translation of an expression tree for TinyDB."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinydb.queries import QueryInstance

from tmfkit_server.query.evaluate import predicate
from tmfkit_server.query.expression import Expression

__all__ = ["tinydb_query"]


def tinydb_query(expression: Expression) -> QueryInstance:
    """Return the TinyDB query that finds the rows whose ``body`` satisfies *expression*.

    It carries no hash, which keeps it out of TinyDB's query cache: a cached result would outlive the change of a row.
    """
    test = predicate(expression)

    def row_matches(row: Mapping[str, Any]) -> bool:
        return test(row["body"])

    return QueryInstance(row_matches, None)
