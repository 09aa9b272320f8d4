"""Results on stdout: as a table, as JSON, as lines of JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from tmfkit_sdk._runtime.encoding import dumps

__all__ = ["line", "show", "show_all"]

_COLUMNS, _WIDTH = 6, 40


def line(value: object) -> str:
    """Return *value* as JSON on one line."""
    return dumps(value).decode()


def show(value: Any, form: str) -> None:
    """Show one result."""
    if form == "json":
        _print(json.dumps(value, indent=2, ensure_ascii=False))
    elif form == "jsonl" or not isinstance(value, dict):
        _print(line(value))
    else:
        width = max(map(len, value), default=0)
        for name, one in value.items():
            _print(f"{name.ljust(width)}  {_cell(one)}")


def show_all(found: Iterable[dict[str, Any]], form: str, fields: Sequence[str] | None) -> None:
    """Show many results: lines as they come, everything else when all are there."""
    if form == "jsonl":
        for one in found:
            _print(line(one))
    elif form == "json":
        _print(json.dumps(list(found), indent=2, ensure_ascii=False))
    else:
        _table(list(found), fields)


def _table(rows: list[dict[str, Any]], fields: Sequence[str] | None) -> None:
    if not rows:
        return
    names = list(dict.fromkeys(["id", *fields])) if fields is not None else _names(rows)
    table = [names, *([_shortened(_cell(row.get(name))) for name in names] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for cells in table:
        _print("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())


def _names(rows: list[dict[str, Any]]) -> list[str]:
    """Return the columns: the id, and attributes whose values are plain."""
    plain = (name for row in rows for name, value in row.items() if not isinstance(value, (dict, list)))
    found = [name for name in dict.fromkeys(plain) if name not in {"id", "href"} and not name.startswith("@")]
    return ["id", *found[: _COLUMNS - 1]]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else line(value)
    return "".join(character if character.isprintable() else " " for character in text)


def _shortened(text: str) -> str:
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"


def _print(text: str) -> None:
    print(text, file=sys.stdout)  # noqa: T201 - the result of a command
