"""What the modules of a package of the SDK lack of the contract, read from their text."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from tmfkit_codegen.contracts import operations, resolved
from tmfkit_codegen.facade.naming import attribute, class_name
from tmfkit_codegen.facade.plan import EXTENSIBLE, classes_of, resources_of
from tmfkit_codegen.schemas import attributes, component, required

__all__ = ["losses"]

Json = Any

_METHODS = {"retrieve": ("get", "find"), "patch": ("update", "patch"), "send-stored": ("send_stored",)}
_ARGUMENTS = {"attributes": "where", "offset": None}
"""Parameter of a list → argument of the SDK; pages go on by themselves."""


def losses(openapi: Json, objects: ast.Module, resources: ast.Module, events: ast.Module) -> Iterator[str]:
    """Yield what the contract *openapi* has and the modules lack, one sentence each."""
    yield from _lost_attributes(openapi, _classes(objects))
    calls = _classes(resources)
    yield from _lost_inputs(openapi, calls)
    yield from _lost_operations(openapi, resources, calls)
    known = {node.value for node in ast.walk(events) if isinstance(node, ast.Constant)}
    yield from (f"the SDK lacks the notification {name}" for name in openapi.get("webhooks", {}) if name not in known)


def _lost_attributes(openapi: Json, classes: dict[str, ast.ClassDef]) -> Iterator[str]:
    resources = resources_of(openapi)
    for name in classes_of(openapi):
        if (node := classes.get(class_name(name))) is None:
            yield f"the SDK lacks the class {class_name(name)}"
            continue
        found = dict.fromkeys(EXTENSIBLE if "_o.Extensible" in map(ast.unparse, node.bases) else (), "attr")
        found |= dict(_declared(node))
        demanded = required(openapi, component(resources.get(name, {}).get("create", name)))
        for each in attributes(openapi, component(name)):
            if each not in found:
                yield f"{name} of the SDK lacks {each}"
            elif (found[each] == "must") != (each in demanded) and found[each] != "identifier":
                yield f"{name}.{each} of the SDK is {found[each]}, not so in the contract"


def _lost_inputs(openapi: Json, classes: dict[str, ast.ClassDef]) -> Iterator[str]:
    for about in resources_of(openapi).values():
        for part in ("create", "update"):
            node = classes.get(class_name(about[part]))
            keys = {ast.unparse(each.target): ast.unparse(each.annotation) for each in _annotated(node)}
            for each in attributes(openapi, component(about[part])):
                if (python := attribute(each, of_resource=True)) not in keys:
                    yield f"{part} of {about['name']} in the SDK does not take {each}"
                elif part == "create" and ("Required[" in keys[python]) != (each in _demanded(openapi, about)):
                    yield f"{part} of {about['name']} in the SDK demands or leaves {each}, not so in the contract"


def _demanded(openapi: Json, about: Json) -> dict[str, str]:
    return required(openapi, component(about["create"]))


def _lost_operations(openapi: Json, module: ast.Module, classes: dict[str, ast.ClassDef]) -> Iterator[str]:
    collections = {about["name"]: class_name(about["plural"]) for about in resources_of(openapi).values()}
    known = {node.value for node in ast.walk(module) if isinstance(node, ast.Constant)}
    for path, _, operation in operations(openapi):
        about = operation["x-tmf-operation"]
        action = about["action"]
        if action in ("register", "unregister"):
            if path.removesuffix("/{id}") not in known:
                yield f"the SDK lacks the operation {operation['operationId']}"
            continue
        parameters = [resolved(openapi, each)["name"] for each in operation["parameters"]] if action == "list" else []
        for prefix in ("", "Async"):
            found = _functions(classes.get(prefix + collections[about["resource"]]))
            for method in _METHODS.get(action, (action,)):
                if method not in found:
                    yield f"the SDK lacks {method} of {prefix}{collections[about['resource']]}"
                    continue
                taken = {each.arg for each in found[method].args.kwonlyargs}
                for parameter in parameters:
                    argument = _ARGUMENTS.get(parameter, parameter)
                    if argument is not None and argument not in taken:
                        yield f"{method} of {prefix}{collections[about['resource']]} lacks the parameter {parameter}"


def _classes(module: ast.Module) -> dict[str, ast.ClassDef]:
    return {node.name: node for node in ast.walk(module) if isinstance(node, ast.ClassDef)}


def _declared(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """Yield name in JSON and descriptor of ``name: … = _o.attr("name", …)``."""
    for entry in _annotated(node):
        match entry.value:
            case ast.Call(func=ast.Attribute(attr=descriptor), args=[ast.Constant(value=wire), *_]):
                yield str(wire), descriptor


def _annotated(node: ast.ClassDef | None) -> Iterator[ast.AnnAssign]:
    yield from (entry for entry in (node.body if node else ()) if isinstance(entry, ast.AnnAssign))


def _functions(node: ast.ClassDef | None) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    body = node.body if node else []
    return {each.name: each for each in body if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef))}
