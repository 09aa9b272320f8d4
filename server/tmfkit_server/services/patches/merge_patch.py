"""Merge patch (RFC 7396)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["merge_patched"]


def merge_patched(target: Any, patch: Any) -> Any:
    """Apply a merge patch: objects merge, null removes, everything else replaces.

    Source:
        RFC 7396 §2.
    """
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patched(merged.get(name), value)
    return merged
