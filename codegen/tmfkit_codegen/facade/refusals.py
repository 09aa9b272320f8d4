"""Contracts that the SDK cannot be made of: names that meet in Python, paths that lead elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from tmfkit_codegen.contracts import operations
from tmfkit_codegen.errors import Problem
from tmfkit_codegen.facade.naming import attribute, class_name
from tmfkit_codegen.facade.plan import classes_of, inputs_of, resources_of
from tmfkit_codegen.inputs import Api
from tmfkit_codegen.load import joined
from tmfkit_codegen.schemas import attributes, component

__all__ = ["problems"]

# What every client has beside its collections.
_OF_CLIENTS = frozenset({"aclose", "close", "events", "hub", "objects", "request", "resources", "with_options"})
_MEMBERS = frozenset({"retrieve", "patch", "replace", "delete"})


def problems(api: Api) -> Iterator[Problem]:
    """Yield what the SDK cannot express of *api*; its forms have to be right."""
    yield from _attributes(api)
    yield from _classes(api)
    yield from _collections(api)
    yield from _paths(api)


def _attributes(api: Api) -> Iterator[Problem]:
    openapi = api.contract.data
    resources = resources_of(openapi)
    written = inputs_of(openapi)
    for name in dict.fromkeys([*classes_of(openapi), *written]):
        of_resource = name in resources or name in written
        found: dict[str, str] = {}
        for each, pointer in attributes(openapi, component(name)).items():
            python = attribute(each, of_resource=of_resource)
            if found.setdefault(python, each) != each:
                yield api.contract.problem(
                    pointer,
                    f"{name}.{each} and {name}.{found[python]} both are {python} in Python",
                    "The SDK cannot have both; make one of them an x-tmf-aliases of the other",
                )


def _classes(api: Api) -> Iterator[Problem]:
    openapi = api.contract.data
    about = openapi["x-tmf-api"]
    resources = resources_of(openapi)
    own = [class_name(each["plural"]) for each in resources.values()] + [about["client"]]
    used = Counter(
        [
            *map(class_name, classes_of(openapi)),
            *dict.fromkeys(map(class_name, inputs_of(openapi))),
            *own,
            *(f"Async{each}" for each in own),
            "UnknownEvent",
        ]
    )
    for name, count in used.items():
        if count > 1:
            yield api.contract.problem(
                "/x-tmf-api/client",
                f"{count} classes of the SDK would be called {name}",
                "Rename the component, or client and plural",
            )


def _collections(api: Api) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for name, about in resources_of(api.contract.data).items():
        plural = about["plural"]
        place = joined(component(name), "x-tmf-resource", "plural")
        if plural in _OF_CLIENTS or plural != attribute(plural, of_resource=False):
            yield api.contract.problem(
                place, f"a client of the SDK cannot call a collection {plural}", "Take another word"
            )
        if seen.setdefault(plural, name) != name:
            yield api.contract.problem(
                place, f"{seen[plural]} and {name} both have the plural {plural}", "Take another word"
            )


def _paths(api: Api) -> Iterator[Problem]:
    collections: dict[Any, str] = {
        about["name"]: about["collection"] for about in resources_of(api.contract.data).values()
    }
    for path, method, operation in operations(api.contract.data):
        about = operation["x-tmf-operation"]
        collection, action = collections.get(about.get("resource")), about["action"]
        expected = {
            "list": collection,
            "create": collection,
            "send": f"{collection}/send",
            "send-stored": f"{collection}/{{id}}/send",
            **dict.fromkeys(_MEMBERS, f"{collection}/{{id}}"),
        }.get(action, path)
        if path != expected:
            yield api.contract.problem(
                joined("/paths", path, method), f"the SDK looks for {action} at {expected}", "Put the operation there"
            )
