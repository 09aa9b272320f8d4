"""``__all__`` of every module: it names what the module has, and everything that others import from it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

PACKAGES = (
    "codegen/tmfkit_codegen",
    "conformance/tmfkit_conformance",
    "scripts/benchmarks",
    "scripts/faultlab",
    "scripts/harness",
    "server/tmfkit_server",
)
"""Packages whose modules are held to it, wherever they are imported."""

IMPORTERS = ("codegen", "server", "conformance", "scripts", "tests", "noxfile.py")


def _name(path: Path, top: Path) -> str:
    parts = path.relative_to(top).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _trees(folder: Path) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(folder.rglob("*.py")) if folder.is_dir() else (folder,):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


MODULES = {_name(path, (ROOT / package).parent): tree for package in PACKAGES for path, tree in _trees(ROOT / package)}


def _exported(tree: ast.Module) -> list[str]:
    """Return the names in ``__all__``; none when there is no such list."""
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and any(ast.unparse(target) == "__all__" for target in statement.targets):
            found: list[str] = ast.literal_eval(statement.value)
            return found
    return []


def _defined(tree: ast.Module) -> set[str]:
    """Return the names that a module has on its first level."""
    names: set[str] = set()
    for statement in tree.body:
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names.update(alias.asname or alias.name for alias in aliases)
            case ast.Assign() | ast.AnnAssign():
                names.update(node.id for node in ast.walk(statement) if isinstance(node, ast.Name))
    return names


def _imported(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """Yield line, module and name of what is imported from one of the modules, and of what is asked of one by name.

    Names with an underscore in front that are asked of a module are left to ruff, which refuses them except in tests.
    """
    modules: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                if inner in MODULES:
                    modules[alias.asname or alias.name] = inner
                elif node.module in MODULES:
                    yield node.lineno, node.module, alias.name
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=asked), attr=name) if asked in modules and not name.startswith("_"):
                yield node.lineno, modules[asked], name


@pytest.mark.parametrize("name", MODULES)
def test_module_has_what_it_exports(name: str) -> None:
    exported = _exported(MODULES[name])
    assert len(exported) == len(set(exported))
    assert set(exported) <= _defined(MODULES[name])


def test_what_is_imported_from_a_module_is_exported_by_it() -> None:
    imported = [
        (path, line, module, name)
        for importer in IMPORTERS
        for path, tree in _trees(ROOT / importer)
        for line, module, name in _imported(tree)
    ]
    assert len({module for _, _, module, _ in imported}) > len(MODULES) / 2
    hidden = [
        f"{path.relative_to(ROOT)}:{line}: {module} does not export {name}"
        for path, line, module, name in imported
        if name not in _exported(MODULES[module])
    ]
    assert hidden == []
