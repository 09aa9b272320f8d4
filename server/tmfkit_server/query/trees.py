"""Several paths as one tree."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TypeAlias

__all__ = ["Tree", "tree_of"]

Tree: TypeAlias = "dict[Hashable, Tree]"
"""Name or index → what is wanted below it; an empty tree stands for everything."""


def tree_of(paths: Iterable[tuple[Hashable, ...]]) -> Tree | None:
    """Return the tree of everything at or below one of *paths*, None when there are none."""
    tree: Tree | None = None
    for path in paths:
        if not path:
            return {}
        tree = {} if tree is None else tree
        _grow(tree, path)
    return tree


def _grow(tree: Tree, path: tuple[Hashable, ...]) -> None:
    *parents, last = path
    for key in parents:
        if key in tree and not tree[key]:
            return  # all of it is wanted already
        tree = tree.setdefault(key, {})
    tree[last] = {}
