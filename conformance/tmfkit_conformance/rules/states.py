"""The states of a resource, and the moves between them that the rows of a register know."""

from __future__ import annotations

from collections import deque
from itertools import pairwise
from typing import Any

from tmfkit_conformance.rules.updates import STATUS_MOVES
from tmfkit_models.contracts import Contract

__all__ = ["known_moves", "way"]


def known_moves(contract: Contract, resource: str, pointer: str) -> list[tuple[Any, Any]]:
    """Return the moves from one state to the next that the rows about an attribute name, the first named first."""
    rows = (row for row in contract.requirements if row.scenario == STATUS_MOVES.name and row.subject == pointer)
    own = [STATUS_MOVES.given_of(row).values for row in rows if contract.operation(row.operation).resource == resource]
    return list(dict.fromkeys(move for states in own for move in pairwise(states)))


def way(moves: list[tuple[Any, Any]], begin: Any, end: Any) -> list[Any]:
    """Return the states that lead from one to another, the latter included; the first known way of those with fewest.

    Args:
        moves: Which state can follow which.
        begin: The state to begin with.
        end: The state to come to; there is no way to the one that it begins with.
    """
    ways = deque([[begin]])
    seen = [begin]
    while ways:
        so_far = ways.popleft()
        for state, following in moves:
            if state == so_far[-1] and following not in seen:
                if following == end:
                    return [*so_far[1:], following]
                seen.append(following)
                ways.append([*so_far, following])
    return []
