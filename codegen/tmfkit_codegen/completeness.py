"""What came out against the contract: generators drop what they do not understand, often without a word.

Only the generated text is read (by `ast`), so that the check needs no import of what it judges.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tmfkit_codegen.contracts import operations, resolved
from tmfkit_codegen.inputs import Api
from tmfkit_codegen.schemas import attributes, component, required
from tmfkit_codegen.tree import Tree

__all__ = ["losses"]


@dataclass
class _Class:
    """A generated class: name on the wire → whether whoever makes an object has to give it."""

    bases: list[str] = field(default_factory=list)
    attributes: dict[str, bool] = field(default_factory=dict)


def losses(api: Api, tree: Tree) -> list[str]:
    """Return what the contract of *api* has and the generated *tree* lacks, one sentence each."""
    models = _models(_parsed(tree, f"tmfkit_models/{api.package}/__init__.py"))
    client: dict[str, _Class] = {}
    endpoints: dict[str, ast.Module] = {}
    for name in tree:
        if name.startswith(f"tmfkit_sdk/{api.package}/models/"):
            client.update(_client_classes(_parsed(tree, name)))
        elif name.startswith(f"tmfkit_sdk/{api.package}/api/"):
            endpoints[_plain(name.rpartition("/")[2].removesuffix(".py"))] = _parsed(tree, name)
    found = [
        *_lost_attributes(api, "models", models),
        *_lost_attributes(api, "SDK", client),
        *_lost_operations(api, endpoints),
    ]
    return [f"{api.contract.contract.file}: {loss}" for loss in found]


def _lost_attributes(api: Api, product: str, classes: dict[str, _Class]) -> Iterator[str]:
    openapi = api.contract.data
    for name in openapi["components"]["schemas"]:
        wanted, demanded = attributes(openapi, component(name)), required(openapi, component(name))
        if not wanted:
            continue  # a component that is no object is written out where it is used
        found = _whole(classes, _plain(name))
        if found is None:
            yield f"the {product} lack the component {name}"
            continue
        for attribute in wanted:
            if attribute not in found:
                yield f"{name} of the {product} lacks {attribute}"
            elif found[attribute] != (attribute in demanded):
                word = "demanded" if found[attribute] else "optional"
                yield f"{name}.{attribute} of the {product} is {word}, not so in the contract"


def _lost_operations(api: Api, endpoints: dict[str, ast.Module]) -> Iterator[str]:
    openapi = api.contract.data
    for _, method, operation in operations(openapi):
        name = operation["operationId"]
        if (module := endpoints.get(_plain(name))) is None:
            yield f"the SDK lacks the operation {name}"
            continue
        said = {node.value for node in ast.walk(module) if isinstance(node, ast.Constant)}
        said |= {node.arg for node in ast.walk(module) if isinstance(node, ast.arg)}
        for thing, values in _wanted(openapi, method, operation).items():
            for value in values:
                if value not in said:
                    yield f"{name} of the SDK lacks the {thing} {value}"


def _wanted(openapi: dict[str, Any], method: str, operation: dict[str, Any]) -> dict[str, list[str | int]]:
    parameters = (resolved(openapi, parameter)["name"] for parameter in operation["parameters"])
    return {
        "method": [method],
        "parameter": list(parameters),
        "media type": list(resolved(openapi, operation.get("requestBody", {})).get("content", {})),
        "status": [int(status) for status in operation["responses"] if status != "default"],
    }


def _models(module: ast.Module) -> dict[str, _Class]:
    """Return the pydantic classes of *module*; fields by their alias, demanded when without a default."""
    found = {}
    for node in module.body:
        if isinstance(node, ast.ClassDef):
            found[_plain(node.name)] = made = _Class(
                [_plain(base.id) for base in node.bases if isinstance(base, ast.Name)]
            )
            for entry in _annotated(node):
                made.attributes[_alias(entry)] = entry.value is None
    return found


def _client_classes(module: ast.Module) -> dict[str, _Class]:
    """Return the attrs classes of *module*; the name on the wire is what ``to_dict`` writes."""
    found = {}
    for node in module.body:
        if isinstance(node, ast.ClassDef):
            demanded = {_target(entry): entry.value is None for entry in _annotated(node)}
            written = (part for part in ast.walk(node) if isinstance(part, ast.Assign))
            pairs = [pair for part in written if (pair := _written(part)) and pair[1] in demanded]
            found[_plain(node.name)] = _Class([], {wire: demanded[name] for wire, name in pairs})
    return found


def _written(node: ast.Assign) -> tuple[str, str] | None:
    """Return name on the wire and Python name of ``field_dict["wire"] = name``."""
    match node:
        case ast.Assign(
            targets=[ast.Subscript(value=ast.Name(id="field_dict"), slice=ast.Constant(value=wire))],
            value=ast.Name(id=name),
        ):
            return str(wire), name
    return None


def _whole(classes: dict[str, _Class], name: str) -> dict[str, bool] | None:
    """Return the attributes of a class, inherited ones included; None when there is no such class."""
    if name not in classes:
        return None
    found: dict[str, bool] = {}
    for base in classes[name].bases:
        found |= _whole(classes, base) or {}
    return found | classes[name].attributes


def _annotated(node: ast.ClassDef) -> Iterator[ast.AnnAssign]:
    yield from (entry for entry in node.body if isinstance(entry, ast.AnnAssign))


def _alias(entry: ast.AnnAssign) -> str:
    for node in ast.walk(entry.annotation):
        if isinstance(node, ast.keyword) and node.arg == "alias" and isinstance(node.value, ast.Constant):
            return str(node.value.value)
    return _target(entry)


def _target(entry: ast.AnnAssign) -> str:
    return entry.target.id if isinstance(entry.target, ast.Name) else ""


def _parsed(tree: Tree, name: str) -> ast.Module:
    return ast.parse(tree.get(name, b""))


def _plain(name: str) -> str:
    """Return *name* without what the generators spell differently."""
    return name.replace("_", "").lower()
