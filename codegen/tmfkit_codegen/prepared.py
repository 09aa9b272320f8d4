"""A contract in the form that the generators understand best; its meaning is the same."""

from __future__ import annotations

from typing import Any

__all__ = ["for_client", "for_models"]

Json = Any


def for_models(openapi: dict[str, Json]) -> dict[str, Json]:
    """Return the document for datamodel-code-generator: date-times keep their spelling, ``5.0`` is an integer."""
    document = _with_integers(_plain(openapi))
    date_time = document["components"]["schemas"].get("DateTime")
    if date_time is not None:
        date_time["x-python-type"] = "tmfkit_models.types.TmfDateTime"
    return dict(document)


def for_client(openapi: dict[str, Json]) -> dict[str, Json]:
    """Return the document for openapi-python-client: without webhooks, which it does not know."""
    document = _plain(openapi)
    document.pop("webhooks", None)
    return dict(document)


def _with_integers(data: Json) -> Json:
    """Name the Python type of integers; in a union of types each stands by itself, so that one of them can have it."""
    if isinstance(data, list):
        return [_with_integers(item) for item in data]
    if not isinstance(data, dict):
        return data
    schema = {key: _with_integers(value) for key, value in data.items()}
    kind = schema.get("type")
    if kind == "integer":
        return {**schema, "x-python-type": "tmfkit_models.types.TmfInteger"}
    if isinstance(kind, list) and "integer" in kind:
        rest = {key: value for key, value in schema.items() if key != "type"}
        return {**rest, "anyOf": [_with_integers({"type": name}) for name in kind]}
    return schema


def _plain(data: Json) -> Json:
    """Return a copy without our own vocabulary (it may hold schemas, which would be read) and without examples."""
    if isinstance(data, dict):
        return {key: _plain(value) for key, value in data.items() if not _is_dropped(key, value)}
    return [_plain(item) for item in data] if isinstance(data, list) else data


def _is_dropped(key: str, value: Json) -> bool:
    # A property may be called `examples`; its value is a schema then, and no schema is a list.
    return key.startswith("x-tmf-") or (key == "examples" and isinstance(value, list))
