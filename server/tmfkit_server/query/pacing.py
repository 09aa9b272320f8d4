"""Questions that take long with one resource: the event loop does not wait for their end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from tmfkit_server.query.budget import Budget, LongWork

__all__ = ["paced"]

# About 10 ms.
_AT_ONCE = 20_000
# One thread, because it is the processor that takes the time; the interpreter lets the loop go on every 5 ms.
_ASIDE = ThreadPoolExecutor(1, "long-questions")

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
    return await asyncio.get_running_loop().run_in_executor(_ASIDE, lambda: ask(*args, **kwargs))
