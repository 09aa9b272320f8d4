"""Walks through lists, page by page, as far as is needed."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from tmfkit_conformance.record import paging
from tmfkit_conformance.record.exchange import Exchange

__all__ = ["walked"]


def walked(
    first: Exchange,
    get: Callable[[str], Exchange],
    *,
    most: int,
    seeking: Collection[str] = (),
    seconds: float = float("inf"),
) -> list[Exchange]:
    """Return a page of a list and those after it.

    A list that is longer than *most* pages by its own count is not begun: its first page is all that is returned.

    Args:
        first: The first page.
        get: Asks for the page at an address.
        most: How many pages are asked for at the most.
        seeking: Ids that are looked for; with all of them found, nothing more is asked for.
        seconds: How long it may take.
    """
    pages = [first]
    deadline = time.monotonic() + seconds
    found = paging.identifiers(pages)
    if (paging.total(first) or 0) > most * max(len(found), 1):
        return pages
    while len(pages) < most and time.monotonic() < deadline:
        if seeking and set(seeking) <= set(found):
            break
        address = paging.next_address(pages)
        if not address:
            break
        pages.append(get(address))
        found += paging.identifiers(pages[-1:])
    return pages
