"""The plan of one API's package: what the templates write down, every decision taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tmfkit_codegen.contracts import operations, resolved
from tmfkit_codegen.facade.naming import attribute, class_name
from tmfkit_codegen.facade.values import Value, component_of, tolerated_types, tolerating, value
from tmfkit_codegen.inputs import Api
from tmfkit_codegen.load import joined
from tmfkit_codegen.schemas import at, attributes, component, followed, required

__all__ = [
    "EXTENSIBLE",
    "Attribute",
    "Class",
    "Collection",
    "Event",
    "Plan",
    "classes_of",
    "inputs_of",
    "plan",
    "resources_of",
]

Json = Any

EXTENSIBLE = ("@type", "@baseType", "@schemaLocation")
"""Attributes of the class `Extensible` of the runtime."""
_MERGE_PATCH = "application/merge-patch+json"


@dataclass(frozen=True)
class Attribute:
    """An attribute of a class, or a key of what a call takes.

    Attributes:
        name: Name in JSON.
        python: Name in Python.
        kind: Kind of the runtime, as code.
        descriptor: Class of the runtime that it is an instance of.
        typed: What it is annotated with.
        description: What it is.
        aliases: Further names in JSON.
        also: JSON types that are tolerated.
    """

    name: str
    python: str
    kind: str
    descriptor: str
    typed: str
    description: str
    aliases: list[str]
    also: list[str]


@dataclass(frozen=True)
class Class:
    """A class of objects, or the keywords of a call; what *base* of the runtime has is not among its attributes."""

    name: str
    description: str
    attributes: list[Attribute]
    base: str = "Object"


@dataclass(frozen=True)
class Collection:
    """The resources of one kind and their calls.

    Attributes:
        resource: Name of the resource in the contract.
        plural: Name of the collection in Python.
        cls: Class of the collection.
        entity: Class of its members.
        path: Where the collection is.
        hub: Path of its own hub; empty when the API has one for all.
        patch_type: Media type of a partial update.
        inputs: What takes it, a create or an update → name of the class.
        lists: Parameters that a list takes.
        actions: What can be done: action → summary.
    """

    resource: str
    plural: str
    cls: str
    entity: str
    path: str
    hub: str
    patch_type: str
    inputs: dict[str, str]
    lists: list[str]
    actions: dict[str, str]


@dataclass(frozen=True)
class Event:
    """A notification: the type it names, its class, and spellings of the type that are tolerated."""

    type: str
    cls: str
    patterns: list[str]


@dataclass(frozen=True)
class Plan:
    """All of a package; `names` is what it offers."""

    title: str
    client: str
    base_path: str
    hub: str
    classes: list[Class]
    inputs: list[Class]
    collections: list[Collection]
    events: list[Event]
    names: list[str]


def plan(api: Api) -> Plan:
    """Return the plan of the package of *api*."""
    openapi = api.contract.data
    about = openapi["x-tmf-api"]
    resources = resources_of(openapi)
    inputs = [_inputs(openapi, name, part, openapi_part) for name, part, openapi_part in _written(openapi)]
    shared = [path for path, _, found in operations(openapi) if found["x-tmf-operation"] == {"action": "register"}]
    classes = [_class(openapi, name) for name in classes_of(openapi)]
    collections = [_collection(openapi, name, about) for name, about in resources.items()]
    doors = [about["client"], *(collection.cls for collection in collections)]
    return Plan(
        title=openapi["info"]["title"],
        client=about["client"],
        base_path=openapi["servers"][0]["url"].rstrip("/"),
        hub=next(iter(shared), ""),
        classes=classes,
        inputs=inputs,
        collections=collections,
        events=list(_events(openapi)),
        names=sorted(["events", *(each.name for each in classes), *doors, *(f"Async{door}" for door in doors)]),
    )


def resources_of(openapi: Json) -> dict[str, Json]:
    """Return component → ``x-tmf-resource`` of the resources."""
    schemas = openapi["components"]["schemas"]
    return {name: schema["x-tmf-resource"] for name, schema in schemas.items() if "x-tmf-resource" in schema}


def inputs_of(openapi: Json) -> list[str]:
    """Return the components that calls take: what creates and updates consist of."""
    return list(dict.fromkeys(about[part] for about in resources_of(openapi).values() for part in ("create", "update")))


def classes_of(openapi: Json) -> list[str]:
    """Return the components that are classes: resources, notifications, and all that is inside them."""
    inputs = inputs_of(openapi)
    waiting = [component(name) for name in resources_of(openapi)]
    waiting += [_body(openapi, item["post"]) for item in openapi.get("webhooks", {}).values()]
    inside = [component(name) for name in inputs]
    found: dict[str, None] = {}
    while waiting or inside:
        pointer = waiting.pop() if waiting else inside.pop()
        name = component_of(openapi, pointer)
        if name is None or name in found:
            continue
        if name not in inputs:
            found[name] = None
        waiting += [_member(openapi, each) for each in attributes(openapi, component(name)).values()]
    return [name for name in openapi["components"]["schemas"] if name in found]


def _member(openapi: Json, pointer: str) -> str:
    """Return the schema of the members of an array, or *pointer* itself."""
    here = followed(openapi, pointer)
    while "items" in at(openapi, here):
        here = followed(openapi, joined(here, "items"))
    return here


def _class(openapi: Json, name: str) -> Class:
    about = resources_of(openapi).get(name)
    parts = [name] if about is None else [name, about["create"], about["update"]]
    tables = [attributes(openapi, component(part)) for part in parts]
    demanded = required(openapi, component(name if about is None else about["create"]))
    found = []
    for each in dict.fromkeys(each for table in tables for each in table):
        pointers = [table[each] for table in tables if each in table]
        held = tolerating(openapi, pointers[0], value(openapi, pointers))
        descriptor = "identifier" if about and each == "id" else "must" if each in demanded else "attr"
        typed = "_o.identifier" if descriptor == "identifier" else f"_o.{descriptor}[{held.read}, {held.write}]"
        python = attribute(each, of_resource=about is not None)
        found.append(_attribute(openapi, each, pointers, held, python, descriptor, typed))
    description = at(openapi, component(name)).get("description", "")
    own = [each for each in found if not _is_of_extensible(each)]
    if len(found) - len(own) == len(EXTENSIBLE):
        return Class(class_name(name), description, own, "Extensible")
    return Class(class_name(name), description, found)


def _is_of_extensible(found: Attribute) -> bool:
    return found.name in EXTENSIBLE and found.typed == "_o.attr[str, str]" and not found.aliases and not found.also


def _attribute(
    openapi: Json, name: str, pointers: list[str], held: Value, python: str, descriptor: str, typed: str
) -> Attribute:
    schema = at(openapi, pointers[0])
    target = at(openapi, followed(openapi, pointers[0]))
    return Attribute(
        name=name,
        python=python,
        kind=held.kind,
        descriptor=descriptor,
        typed=typed,
        description=schema.get("description", target.get("description", "")),
        aliases=schema.get("x-tmf-aliases", []),
        also=sorted({each for pointer in pointers for each in tolerated_types(openapi, pointer)}),
    )


def _written(openapi: Json) -> Iterator[tuple[str, str, Json]]:
    """Yield component, whether it is for a ``create`` or an ``update``, and the resource, of what calls take."""
    found: dict[str, tuple[str, str, Json]] = {}
    for about in resources_of(openapi).values():
        for part in ("create", "update"):
            found.setdefault(about[part], (about[part], part, about))
    yield from found.values()


def _inputs(openapi: Json, name: str, part: str, about: Json) -> Class:
    demanded = required(openapi, component(about["create"]))
    found = []
    for each, pointer in attributes(openapi, component(name)).items():
        held = value(openapi, [pointer], classes="_m.")
        typed = f"{held.write} | Unset" if each in demanded else f"{held.write} | None | Unset"
        if part == "create" and each in demanded:
            typed = f"_t.Required[{held.write}]"
        python = attribute(each, of_resource=True)
        found.append(_attribute(openapi, each, [pointer], held, python, "", typed))
    return Class(class_name(name), at(openapi, component(name)).get("description", ""), found)


def _collection(openapi: Json, name: str, about: Json) -> Collection:
    found = {
        operation["x-tmf-operation"]["action"]: (path, operation)
        for path, _, operation in operations(openapi)
        if operation["x-tmf-operation"].get("resource") == about["name"]
    }
    listed = found["list"][1]["parameters"] if "list" in found else []
    patched = _content(openapi, found["patch"][1]) if "patch" in found else {}
    create, update = class_name(about["create"]), class_name(about["update"])
    return Collection(
        resource=about["name"],
        plural=about["plural"],
        cls=class_name(about["plural"]),
        entity=class_name(name),
        path=about["collection"],
        hub=found["register"][0] if "register" in found else "",
        patch_type=_MERGE_PATCH if _MERGE_PATCH in patched else "application/json",
        inputs={"create": create, "update": update},
        lists=[resolved(openapi, parameter)["name"] for parameter in listed],
        actions={action.replace("-", "_"): operation["summary"] for action, (_, operation) in found.items()},
    )


def _events(openapi: Json) -> Iterator[Event]:
    for name, item in openapi.get("webhooks", {}).items():
        body = followed(openapi, _body(openapi, item["post"]))
        kind = attributes(openapi, body).get("eventType")
        tolerated = at(openapi, kind).get("x-tmf-tolerated", ()) if kind else ()
        yield Event(
            type=name,
            cls=class_name(body.rpartition("/")[2]),
            patterns=[form["schema"]["pattern"] for form in tolerated if "pattern" in form["schema"]],
        )


def _body(openapi: Json, operation: Json) -> str:
    """Return the pointer of the schema of the body that *operation* takes."""
    content = _content(openapi, operation)
    return str(next(iter(content.values()))["schema"]["$ref"]).removeprefix("#")


def _content(openapi: Json, operation: Json) -> Json:
    return resolved(openapi, operation.get("requestBody", {})).get("content", {})
