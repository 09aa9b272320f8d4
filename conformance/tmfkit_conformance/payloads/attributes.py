"""Attributes of a resource that serve a purpose, whatever they mean: free text, say."""

from __future__ import annotations

from tmfkit_conformance.payloads.classes import META
from tmfkit_models.contracts import Contract, Resource, Schema

__all__ = ["is_free_text", "plain_attributes"]


def plain_attributes(contract: Contract, resource: Resource) -> list[str]:
    """Return the pointers of the attributes with free text that a client may set and change, the plainest first."""
    ordered = sorted(
        contract.attributes(resource.update).items(), key=lambda item: (item[0] not in ("description", "name"), item[0])
    )
    return [
        f"/{name}"
        for name, schema in ordered
        if is_free_text(contract.resolve(schema)) and name not in META | {"id", "href", "status"}
    ]


def is_free_text(schema: Schema) -> bool:
    """Say whether an attribute takes any string."""
    bound = (
        "enum",
        "x-tmf-values",
        "format",
        "pattern",
        "x-tmf-aliases",
        "x-tmf-generated",
        "x-tmf-read-only",
        "contentEncoding",
    )
    return schema.get("type") == "string" and not any(schema.get(keyword) for keyword in bound)
