"""Translation of an expression tree for TinyDB."""

from __future__ import annotations

import math

from tinydb.queries import QueryInstance

from tmfkit_server.query.evaluate import predicate
from tmfkit_server.query.expression import Expression
from tmfkit_server.query.regex import Work

__all__ = ["TmfQuery"]


class TmfQuery(QueryInstance):
    """The TinyDB query that finds the documents for which an expression holds.

    It carries no hash, which keeps it out of TinyDB's query cache: a cached result would outlive the change of a
    document.

    Attributes:
        expression: The expression, for a table that has an index for it.
    """

    def __init__(self, expression: Expression, matching: float = math.inf) -> None:
        """Translate *expression*; InvalidQuery for a bad regular expression.

        Args:
            expression: What has to hold.
            matching: See ``Search``.
        """
        super().__init__(predicate(expression, Work(matching)), None)
        self.expression = expression
