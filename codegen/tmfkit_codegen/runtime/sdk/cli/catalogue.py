"""What there is to call: the APIs of the SDK, their collections, and what can be done with those."""

from __future__ import annotations

import inspect
import pkgutil
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import tmfkit_sdk
from tmfkit_sdk._runtime.clients import Client

__all__ = ["Collection", "apis", "collections"]

_ACTIONS = ("list", "get", "create", "update", "delete", "send")


@dataclass(frozen=True)
class Collection:
    """A collection of an API.

    Attributes:
        client: Class of the API's client.
        attribute: Its name in Python.
        path: Where it is, below the base path.
        actions: What can be done with it.
    """

    client: type[Client]
    attribute: str
    path: str
    actions: tuple[str, ...]


def apis() -> list[str]:
    """Return the names of the APIs, as the command has them; none is imported."""
    found = pkgutil.iter_modules(tmfkit_sdk.__path__)
    return sorted(one.name.replace("_", "-") for one in found if one.ispkg and one.name not in {"_runtime", "cli"})


def collections(api: str) -> dict[str, Collection]:
    """Return the collections of *api*, by their names in the command."""
    resources = import_module(f"tmfkit_sdk.{api.replace('-', '_')}.resources")
    client = next(one for one in vars(resources).values() if _is_client(one, resources.__name__))
    found: dict[str, Collection] = {}
    for name, value in vars(client).items():
        operations = vars(resources).get(f"_{name.upper()}")
        if isinstance(value, property) and value.fget is not None and operations is not None:
            cls = getattr(resources, value.fget.__annotations__["return"])
            actions = tuple(action for action in _ACTIONS if hasattr(cls, action))
            if hasattr(cls, "hub") or hasattr(client, "hub"):
                actions += ("listen",)
            found[name.replace("_", "-")] = Collection(client, name, operations.path, actions)
    return found


def _is_client(value: Any, module: str) -> bool:
    return inspect.isclass(value) and issubclass(value, Client) and value.__module__ == module
