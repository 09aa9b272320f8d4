"""The plain and the awaited half of the SDK are the same programs, but for the words of awaiting."""

from __future__ import annotations

import ast
import inspect
from types import ModuleType

import pytest

from tmfkit_sdk._runtime import clients, http, hub, pages

NAMES = {
    "AsyncClient": "Client",
    "AsyncDriver": "Driver",
    "AsyncHub": "Hub",
    "AsyncIterator": "Iterator",
    "AsyncPages": "Pages",
    "AsyncPool": "Pool",
    "AsyncRunner": "Runner",
    "AsyncTransport": "Transport",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "aclose": "close",
    "aiter_bytes": "iter_bytes",
    "anext": "next",
    "asynccontextmanager": "contextmanager",
}
TWINS = [(clients, "Client"), (http, "Driver"), (hub, "Hub"), (pages, "Pages"), (pages, "Runner")]


class Plain(ast.NodeTransformer):
    """Makes plain code of awaiting code."""

    def visit_Await(self, node: ast.Await) -> ast.AST:
        return self.visit(node.value)  # type: ignore[no-any-return]

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        self.generic_visit(node)
        fields = {name: getattr(node, name) for name in node._fields}
        return ast.FunctionDef(**{**fields, "name": NAMES.get(node.name, node.name)})

    def visit_AsyncFor(self, node: ast.AsyncFor) -> ast.AST:
        self.generic_visit(node)
        return ast.For(**{name: getattr(node, name) for name in node._fields})

    def visit_AsyncWith(self, node: ast.AsyncWith) -> ast.AST:
        self.generic_visit(node)
        return ast.With(**{name: getattr(node, name) for name in node._fields})

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(NAMES.get(node.id, node.id), node.ctx)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        return ast.Attribute(node.value, NAMES.get(node.attr, node.attr), node.ctx)


def methods(module: ModuleType, name: str) -> dict[str, str]:
    """Return the methods of a class as plain code, docstrings left out, by name."""
    tree = Plain().visit(ast.parse(inspect.getsource(getattr(module, name))))
    found = {}
    for node in tree.body[0].body:
        if isinstance(node, ast.FunctionDef):
            if ast.get_docstring(node) is not None:
                node.body = node.body[1:] or [ast.Pass()]
            found[NAMES.get(node.name, node.name)] = ast.unparse(ast.fix_missing_locations(node))
    return found


DIFFERENT = {
    "self.pool.lock()": "auth.lock",
}
"""What is written otherwise in the awaited half, and how in the plain one."""


@pytest.mark.parametrize(("module", "name"), TWINS, ids=lambda value: value if isinstance(value, str) else "")
def test_twins_do_the_same(module: ModuleType, name: str) -> None:
    plain, awaited = methods(module, name), methods(module, f"Async{name}")
    for other, same in DIFFERENT.items():
        awaited = {method: text.replace(other, same) for method, text in awaited.items()}
    if name == "Pages":
        # A property cannot be awaited, and there is no ``yield from`` among generators that are.
        for method in ("total", "_found_total", "__iter__"):
            plain.pop(method, None)
            awaited.pop(method, None)
    assert awaited == plain


def test_every_class_that_awaits_has_a_plain_twin() -> None:
    for module in (clients, http, hub, pages):
        classes = {
            name
            for name, value in vars(module).items()
            if inspect.isclass(value) and value.__module__ == module.__name__
        }
        for name in classes:
            if name.startswith("Async"):
                assert name.removeprefix("Async") in classes
