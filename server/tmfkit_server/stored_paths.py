"""What earlier versions stored as the address of a resource, with whatever they were called by: the path is kept."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

from tmfkit_models import contracts

__all__ = ["with_stored_path"]

_AUTHORITY = re.compile(r"https?://[^/?#]*")


def with_stored_path(collection: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return the body of a record with a path where earlier versions, and exports of theirs, have an address.

    Args:
        collection: Name of the collection in the store.
        body: The body.
    """
    href = body.get("href")
    usual = _usual_paths().get(collection)
    if usual is None or not isinstance(href, str) or not _AUTHORITY.match(href):
        return body
    # Whoever called the server chose what stands before the path, a path included.
    start = href.rfind(usual)
    path = href[start:] if start >= 0 else re.split(r"[?#]", _AUTHORITY.sub("", href, count=1))[-1]
    return {**body, "href": path}


@functools.cache
def _usual_paths() -> Mapping[str, str]:
    """Return collection → the beginning of its paths, with the contract's own base path."""
    return {
        f"{contract.id}:{resource.name}": f"{contract.base_path}{resource.collection}/"
        for contract in map(contracts.load, contracts.apis())
        for resource in contract.resources
    }
