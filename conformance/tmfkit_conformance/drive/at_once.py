"""Several things done at once, where a run sends more than one request at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TypeVar

__all__ = ["at_once"]

T = TypeVar("T")


def at_once(jobs: Sequence[Callable[[], T]], *, parallel: int) -> list[T]:
    """Do jobs beside each other and return what they return, in their order.

    The first that fails ends those that have not begun, and its exception is raised when the others are done.

    Args:
        jobs: The jobs.
        parallel: How many are done at a time at the most; one after the other, in the caller's thread, when it is 1.
    """
    if parallel == 1 or len(jobs) < 2:
        return [job() for job in jobs]
    pool = ThreadPoolExecutor(min(parallel, len(jobs)))
    try:
        futures = [pool.submit(job) for job in jobs]
        wait(futures, return_when=FIRST_EXCEPTION)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    for future in futures:
        if not future.cancelled() and (failure := future.exception()):
            raise failure
    return [future.result() for future in futures]
