"""What came out against the contract: generators drop what they do not understand, often without a word.

Only the generated text is read (by `ast`), so that the check needs no import of what it judges.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tmfkit_codegen.facade import losses as facade_losses
from tmfkit_codegen.inputs import Api
from tmfkit_codegen.schemas import attributes, component, required
from tmfkit_codegen.tree import Tree

__all__ = ["losses"]

Json = Any

_MODULES = ("objects", "resources", "events")


@dataclass
class _Class:
    """A generated class: name on the wire → whether whoever makes an object has to give it."""

    bases: list[str] = field(default_factory=list)
    attributes: dict[str, bool] = field(default_factory=dict)


def losses(api: Api, tree: Tree) -> list[str]:
    """Return what the contract of *api* has and the generated *tree* lacks, one sentence each."""
    openapi = api.contract.data
    models = _models(_parsed(tree, f"tmfkit_models/{api.package}/__init__.py"))
    everything = [name for name in openapi["components"]["schemas"] if attributes(openapi, component(name))]
    found = [
        *(loss for name in everything for loss in _lost_attributes(openapi, name, models)),
        *facade_losses.losses(openapi, *(_parsed(tree, f"tmfkit_sdk/{api.package}/{name}.py") for name in _MODULES)),
    ]
    return [f"{api.contract.contract.file}: {loss}" for loss in found]


def _lost_attributes(openapi: Json, name: str, classes: dict[str, _Class]) -> Iterator[str]:
    demanded = required(openapi, component(name))
    found = _whole(classes, _plain(name))
    if found is None:
        yield f"the models lack the component {name}"
        return
    for attribute in attributes(openapi, component(name)):
        if attribute not in found:
            yield f"{name} of the models lacks {attribute}"
        elif found[attribute] != (attribute in demanded):
            word = "demanded" if found[attribute] else "optional"
            yield f"{name}.{attribute} of the models is {word}, not so in the contract"


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
