"""Addresses at the target: of operations, of single things, and of what the target itself points at."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from urllib.parse import quote, urljoin, urlsplit

from tmfkit_conformance.settings import Settings
from tmfkit_models.contracts import Contract, Operation

__all__ = ["Addresses", "address", "collection_of", "in_path"]


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


def collection_of(contract: Contract, operation: Operation) -> str:
    """Return the path of the collection or hub that an operation works on."""
    if operation.action in ("register", "unregister"):
        return operation.path.removesuffix("/{id}")
    return contract.resource(operation.resource).collection


class Addresses:
    """Addresses at one target, in the dialect that it took.

    Args:
        contract: The contract.
        settings: What the kit was told of the target.
        dialect: Resource → name of the contract → the alias that the target takes; read anew at every call.
    """

    def __init__(self, contract: Contract, settings: Settings, dialect: Mapping[str, Mapping[str, str]]) -> None:
        self._contract = contract
        self._settings = settings
        self._dialect = dialect

    def of(self, operation: Operation, identifier: str) -> str:
        """Return the address of an operation on the thing with this id, or on a collection."""
        spoken = dataclasses.replace(operation, path=self._spoken(operation.path))
        return address(self._settings, spoken).replace("{id}", in_path(identifier))

    def item(self, resource: str, identifier: str) -> str:
        """Return the address of a member of a resource's collection."""
        collection = self._contract.resource(resource).collection
        return f"{self._settings.base_url}{self._spoken(collection)}/{in_path(identifier)}"

    def given(self, address: str) -> str:
        """Return the URL that an address in an answer names; nothing where it is at another host than the target.

        Args:
            address: Absolute, or relative to the base URL; anything that a target can write.
        """
        base_url = self._settings.base_url
        try:
            meant = urljoin(f"{base_url}/", address)
            host = urlsplit(meant).netloc
        except ValueError:  # brackets that do not match
            return ""
        return meant if host == urlsplit(base_url).netloc else ""

    def followed(self, given: str, resource: str) -> str:
        """Return the URL at the target that the address of a further page means.

        Where it is at another host it may be what a proxy on the way hides: then the part from the collection on is
        looked for under the base URL. No other host is ever called.

        Args:
            given: An address, absolute or relative to the base URL; anything that a target can write.
            resource: Name of the resource.
        """
        base_url, collection = self._settings.base_url, self._contract.resource(resource).collection
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

    def _spoken(self, path: str) -> str:
        """Return a path of the contract below the collection that the target answers at."""
        for resource in self._contract.resources:
            spoken = self._dialect[resource.name].get(resource.collection)
            if spoken and (path == resource.collection or path.startswith(f"{resource.collection}/")):
                return spoken + path.removeprefix(resource.collection)
        return path
