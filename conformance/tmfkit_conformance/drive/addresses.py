"""Addresses at the target: of operations, of single things, and of what the target itself points at."""

from __future__ import annotations

from urllib.parse import quote, urljoin, urlsplit

from tmfkit_conformance.settings import Settings
from tmfkit_models.contracts import Operation

__all__ = ["address", "followed", "in_path"]


def address(settings: Settings, operation: Operation) -> str:
    """Return the URL of an operation at the target, with ``{id}`` where an identifier goes."""
    hub = settings.hub_urls.get(operation.resource) or settings.hub_urls.get("")
    if hub and operation.action in ("register", "unregister"):
        return hub.rstrip("/") + ("/{id}" if operation.action == "unregister" else "")
    return settings.base_url + operation.path


def in_path(identifier: str) -> str:
    """Return an id as it stands in a path; dots alone would be taken for a step up in it."""
    quoted = quote(identifier, safe="", errors="replace")
    return quoted if quoted.strip(".") else quoted.replace(".", "%2E")


def followed(given: str, *, base_url: str, collection: str) -> str:
    """Return the URL at the target that an address in an answer means.

    Where it is at another host it may be what a proxy on the way hides: then the part from the collection on is looked
    for under the base URL. No other host is ever called.

    Args:
        given: An address, absolute or relative to the base URL; anything that a target can write.
        base_url: Base URL of the API under test.
        collection: Path of the resource's collection below the base URL.
    """
    root = urlsplit(base_url)
    try:
        meant = urlsplit(urljoin(f"{base_url}/", given))
    except ValueError:  # brackets that do not match
        meant = urlsplit(given.replace("[", "%5B").replace("]", "%5D"))
    path = meant.path + (f"?{meant.query}" if meant.query else "")
    before, found, rest = path.rpartition(collection)
    if meant.netloc != root.netloc and found and before != root.path and rest[:1] in ("", "/", "?"):
        path = root.path + found + rest
    return f"{root.scheme}://{root.netloc}{path}"
