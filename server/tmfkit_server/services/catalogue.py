"""What a store can know about a collection before anything is in it, read from the contracts."""

from __future__ import annotations

from collections.abc import Iterable

from tmfkit_models.contracts import Contract, Resource
from tmfkit_server.query.expression import Path

__all__ = ["collection_name", "filtered_paths", "scalars"]

_SCALARS = {"string", "number", "integer", "boolean"}
# Nearly all resources of a collection have one type: an index would find what there is.
_NEVER_FILTERED = {"href", "@schemaLocation", "@type"}


def collection_name(contract: Contract, resource: Resource) -> str:
    """Return the name of a resource's collection in the store."""
    return f"{contract.id}:{resource.name}"


def filtered_paths(contract: Contract, resource: Resource) -> tuple[Path, ...]:
    """Return the attributes that filters are likely to name: most of those that have a plain value."""
    return tuple((name,) for name in scalars(contract, resource) if name not in _NEVER_FILTERED)


def scalars(contract: Contract, resource: Resource) -> tuple[str, ...]:
    """Return the attributes of the first level that have a plain value."""
    return tuple(
        name
        for name, schema in contract.attributes(resource.schema).items()
        if _types(contract.resolve(schema).get("type", ())) & _SCALARS
    )


def _types(named: str | Iterable[str]) -> set[str]:
    return {named} if isinstance(named, str) else set(named)
