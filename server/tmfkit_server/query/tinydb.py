"""Translation of an expression tree for TinyDB."""

from __future__ import annotations

from tinydb.queries import QueryInstance

from tmfkit_server.query.budget import Budget
from tmfkit_server.query.evaluate import predicate
from tmfkit_server.query.expression import Expression

__all__ = ["TmfQuery"]


class TmfQuery(QueryInstance):
    """The TinyDB query that finds the documents for which an expression holds.

    It carries no hash, which keeps it out of TinyDB's query cache: a cached result would outlive the change of a
    document.

    Attributes:
        expression: The expression, for a table that has an index for it.
    """

    def __init__(self, expression: Expression, budget: Budget | None = None) -> None:
        """Translate *expression*; InvalidQuery for a bad regular expression.

        Args:
            expression: What has to hold.
            budget: Pays for telling; None when it may cost what it likes.
        """
        super().__init__(predicate(expression, budget or Budget()), None)
        self.expression = expression
