"""Bodies that are accepted, made from the contracts."""

from __future__ import annotations

import uuid
from typing import Any

from tmfkit_models import contracts
from tmfkit_models.contracts import Contract, Operation, Schema

JSON = {"Content-Type": "application/json"}


def customer(**attributes: Any) -> dict[str, Any]:
    return {"name": "Northside", "engagedParty": {"id": "500"}, **attributes}


def message(**attributes: Any) -> dict[str, Any]:
    receiver = [{"id": "1", "phoneNumber": "+12025550123"}]
    return {"type": "SMS", "content": "Dear $Name, $Name10 $Name", "receiver": receiver, **attributes}


def unique(prefix: str = "n") -> str:
    return f"{prefix}-{uuid.uuid4()}"


def full(contract: Contract, schema: Schema | str, *, depth: int = 6) -> Any:
    """Return a value with every attribute of *schema*, those of the server excepted."""
    schema = contract.resolve(contract.component(schema) if isinstance(schema, str) else schema)
    if attributes := contract.attributes(schema):
        wanted = {name: each for name, each in attributes.items() if name != "id" or depth < 6}
        return {name: full(contract, each, depth=depth - 1) for name, each in wanted.items() if depth}
    if "items" in schema:
        return [full(contract, schema["items"], depth=depth)] if depth else []
    for key in ("examples", "enum", "x-tmf-values"):
        if key in schema:
            return schema[key][0]
    return {"integer": 1, "number": 1.5, "boolean": True}.get(schema.get("type", ""), "text")


def creates() -> list[tuple[Contract, Operation]]:
    """Return every create operation of every API."""
    loaded = [contracts.load(api) for api in contracts.apis()]
    return [(contract, each) for contract in loaded for each in contract.operations if each.action == "create"]
