"""The ``x-tmf-*`` keys: what they may say, where they may stand, and that what they name is there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema_rs

from tmfkit_codegen.contracts import METHODS
from tmfkit_codegen.errors import Problem
from tmfkit_codegen.forms import objections
from tmfkit_codegen.inputs import Api, Inputs
from tmfkit_codegen.load import joined, names, walk
from tmfkit_codegen.schemas import component, schemas, where

__all__ = ["form_problems", "name_problems"]

_README = "specs/README.md lists the keys"


def form_problems(api: Api, inputs: Inputs) -> Iterator[Problem]:
    """Yield keys that are unknown, misplaced, missing, or say what they may not."""
    openapi, vocabulary = api.contract.data, inputs.schemas["x-tmf"].data
    validator = jsonschema_rs.Draft202012Validator(vocabulary)
    places = {pointer: "property" if _is_property(pointer) else "schema" for pointer, _ in schemas(openapi)}
    for pointer, value in walk(openapi):
        if not isinstance(value, dict) or names(pointer)[-1:] in (("examples",), ("value",), ("example",)):
            continue
        keys = {key: value[key] for key in value if key.startswith("x-") and not _is_map_of_names(pointer)}
        for error in validator.iter_errors(keys):
            for place, what in objections(joined(pointer, *error.instance_path), error.message):
                yield api.contract.problem(place, what, _README)
        place = _place(pointer) or places.get(pointer, "elsewhere")
        for key in keys.keys() & vocabulary["properties"].keys():
            if place not in (allowed := vocabulary["properties"][key]["x-stands-on"]):
                yield api.contract.problem(
                    joined(pointer, key), f"{key} has no meaning here ({place})", f"Put it on a {' or '.join(allowed)}"
                )
    yield from _missing(api)


def name_problems(api: Api) -> Iterator[Problem]:
    """Yield names and pointers of the keys that lead to nothing; the forms have to be right."""
    yield from _resource_names(api)
    yield from _operation_names(api)
    yield from _rule_names(api)


def _missing(api: Api) -> Iterator[Problem]:
    openapi = api.contract.data
    if openapi.get("x-tmf-api", {}).get("id") != api.id:
        yield api.contract.problem("/x-tmf-api/id", "x-tmf-api.id is not the name of the folder", f"Write {api.id}")
    for pointer, value in walk(openapi):
        place = _place(pointer)
        if place == "operation" and not {"x-tmf-operation", "operationId"} <= value.keys():
            yield api.contract.problem(pointer, "the operation lacks x-tmf-operation or operationId", "Add it")
        if place == "operation" and not any(status.startswith("2") for status in value.get("responses", {})):
            yield api.contract.problem(
                pointer, "the operation names no success status", "Add the answer of the good case"
            )
        if place == "webhook" and "x-tmf-event" not in value:
            yield api.contract.problem(pointer, "the notification has no x-tmf-event", "Say what triggers it")


def _resource_names(api: Api) -> Iterator[Problem]:
    openapi = api.contract.data
    for name, schema in openapi["components"]["schemas"].items():
        about = schema.get("x-tmf-resource", {})
        for key in ("create", "update"):
            if key in about and about[key] not in openapi["components"]["schemas"]:
                yield _unknown(api, joined(component(name), "x-tmf-resource", key), f"component {about[key]}")
        for key in ("collection", "hub"):
            if key in about and about[key] not in openapi["paths"]:
                yield _unknown(api, joined(component(name), "x-tmf-resource", key), f"path {about[key]}")


def _operation_names(api: Api) -> Iterator[Problem]:
    openapi = api.contract.data
    resources = {
        schema["x-tmf-resource"]["name"]: component(name)
        for name, schema in openapi["components"]["schemas"].items()
        if "x-tmf-resource" in schema
    }
    for pointer, value in walk(openapi):
        if _place(pointer) not in ("operation", "webhook"):
            continue
        key = "x-tmf-event" if _place(pointer) == "webhook" else "x-tmf-operation"
        resource = value[key].get("resource")
        if resource is not None and resource not in resources:
            yield _unknown(api, joined(pointer, key, "resource"), f"resource {resource}")
            continue
        for place, attribute in _attributes_named(value, key):
            if where(openapi, resources[resource], attribute) is None:
                yield _unknown(api, joined(pointer, *place), f"attribute {attribute}")
        if key == "x-tmf-event":
            body = next(iter(value["requestBody"]["content"]))
            shape = joined(pointer, "requestBody", "content", body, "schema")
            if where(openapi, shape, value[key]["payload"]) is None:
                yield _unknown(api, joined(pointer, key, "payload"), f"member {value[key]['payload']}")


def _attributes_named(value: dict[str, Any], key: str) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for index, attribute in enumerate(value.get("x-tmf-non-patchable", ())):
        yield ("x-tmf-non-patchable", index), attribute
    for index, attribute in enumerate(value[key].get("attributes", ())):
        yield (key, "attributes", index), attribute


def _rule_names(api: Api) -> Iterator[Problem]:
    openapi = api.contract.data
    for pointer, schema in schemas(openapi):
        # Rules often stand on one member of an allOf and speak of attributes of another one.
        whole = "/".join(pointer.split("/")[:4])
        for place, attribute in _attributes_of_rules(schema):
            if where(openapi, pointer, attribute) is None and where(openapi, whole, attribute) is None:
                yield _unknown(api, joined(pointer, *place), f"attribute {attribute}")


def _attributes_of_rules(schema: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for index, rule in enumerate(schema.get("x-tmf-conditional", ())):
        yield ("x-tmf-conditional", index, "when", "pointer"), rule["when"]["pointer"]
        for number, attribute in enumerate(rule["require"]):
            yield ("x-tmf-conditional", index, "require", number), attribute
    for index, members in enumerate(schema.get("x-tmf-any-of", ())):
        for number, attribute in enumerate(members):
            yield ("x-tmf-any-of", index, number), attribute


def _unknown(api: Api, pointer: str, what: str) -> Problem:
    return api.contract.problem(pointer, f"there is no {what}", "Mend the name, or write what it names")


def _place(pointer: str) -> str:
    """Return what stands at *pointer* as far as that can be told from the pointer."""
    parts = names(pointer)
    if not parts:
        return "root"
    if len(parts) == 3 and parts[2] in METHODS and parts[0] in ("paths", "webhooks"):
        return "operation" if parts[0] == "paths" else "webhook"
    return "component" if len(parts) == 3 and parts[:2] == ("components", "schemas") else ""


def _is_property(pointer: str) -> bool:
    return names(pointer)[-2:-1] == ("properties",)


def _is_map_of_names(pointer: str) -> bool:
    """Tell whether the keys at *pointer* are names that somebody chose, headers for example."""
    return names(pointer)[-1:] in (("properties",), ("headers",))
