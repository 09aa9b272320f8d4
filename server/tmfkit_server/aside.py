"""Work of the processor that takes long, done beside the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

__all__ = ["aside"]

# One, because it is the processor that takes the time; the interpreter lets the loop go on every 5 ms.
_THREAD = ThreadPoolExecutor(1, "long-work")

P = ParamSpec("P")
T = TypeVar("T")


async def aside(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what *work* gives, in a thread, where others interrupt it as long as it is Python that runs."""
    return await asyncio.get_running_loop().run_in_executor(_THREAD, partial(work, *args, **kwargs))
