"""Compares what the kit writes with files under ``data/``; ``UPDATE_GOLDEN=1 pytest`` writes them anew for review."""

from __future__ import annotations

import os
from pathlib import Path

_DATA = Path(__file__).parent / "data"


def assert_golden(name: str, text: str) -> None:
    """Fail when *text* is not what the file *name* holds."""
    path = _DATA / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"{path} differs; UPDATE_GOLDEN=1 pytest writes it anew"
