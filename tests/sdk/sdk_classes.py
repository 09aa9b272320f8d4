"""The classes of the five packages, with what the contracts say of them."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import Any

from tmfkit_models import contracts
from tmfkit_models.contracts import Contract
from tmfkit_sdk.objects import Object

Json = Any


def class_of(contract: Contract, component: str) -> type[Object] | None:
    """Return the class for a component; None for what is no class of the SDK."""
    named = next((each.schema for each in contract.resources if component in (each.create, each.update)), component)
    module = importlib.import_module(f"tmfkit_sdk.{contract.package}.objects")
    found = getattr(module, named.replace("_", ""), None)
    return found if isinstance(found, type) and issubclass(found, Object) else None


def classes() -> Iterator[type[Object]]:
    """Yield every class of every API."""
    for api in contracts.apis():
        module = importlib.import_module(f"tmfkit_sdk.{contracts.load(api).package}.objects")
        for found in vars(module).values():
            if isinstance(found, type) and issubclass(found, Object):
                yield found


def properties() -> Iterator[tuple[Contract, type[Object], str, Mapping[str, Json]]]:
    """Yield contract, class, name and schema of each attribute that a component declares itself."""
    for api in contracts.apis():
        contract = contracts.load(api)
        for component, schema in contract.openapi["components"]["schemas"].items():
            cls = class_of(contract, component)
            for part in (schema, *schema.get("allOf", ())):
                for name, attribute in part.get("properties", {}).items():
                    if cls is not None:
                        yield contract, cls, name, attribute
