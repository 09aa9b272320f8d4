"""Questions that take long with one resource: the event loop does not wait for their end."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from tmfkit_server.aside import aside
from tmfkit_server.query.budget import Budget, LongWork

__all__ = ["paced"]

# About 2.5 ms: many listeners may be asked for one change, and each of these beginnings may be for nothing.
_AT_ONCE = 5_000

P = ParamSpec("P")
T = TypeVar("T")


async def paced(budget: Budget, ask: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what *ask* gives, which pays with *budget* and may be asked twice.

    Most is told at once. What takes longer begins anew in a thread, where nobody waits for it but who asks.

    Raises:
        InvalidQuery: It takes more than is left.
    """
    budget.hold_back(beyond=_AT_ONCE)
    try:
        return ask(*args, **kwargs)
    except LongWork:
        pass
    finally:
        budget.release()
    return await aside(ask, *args, **kwargs)
