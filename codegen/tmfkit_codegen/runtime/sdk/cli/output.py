"""Results on stdout: as a table, as JSON, as lines of JSON; numbers stand as they came."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from tmfkit_sdk._runtime.encoding import Number, dumps, loads
from tmfkit_sdk.cli.streams import NotShown, harmless, write

__all__ = ["line", "read", "show", "show_all"]

_COLUMNS, _WIDTH = 6, 40
_PART = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|\{\}|\[\]|[][{},:]|[^][{},:"]+')


def read(text: bytes | str) -> Any:
    """Return JSON, UTF-8 where it is bytes, with every number by its text.

    Raises:
        BadJson: It is none.
    """
    loads(text)
    return _EXACT.decode(text if isinstance(text, str) else text.decode("utf-8-sig"))


def line(value: object) -> str:
    """Return *value* as JSON on one line.

    Raises:
        NotShown: It is nested too deeply.
    """
    try:
        return harmless(dumps(value).decode())
    except ValueError as error:
        raise NotShown(str(error)) from None


def show(value: object, form: str) -> None:
    """Show one result: a view, or what `read` returns."""
    text = line(value)
    if form == "json":
        write(_indented(text))
    elif form == "jsonl" or not isinstance(fields := read(text), dict):
        write(text)
    else:
        cells = {_cell(name): _cell(one) for name, one in fields.items()}
        width = max(map(len, cells), default=0)
        for name, cell in cells.items():
            write(f"{name.ljust(width)}  {cell}")


def show_all(found: Iterable[object], form: str, fields: Sequence[str] | None) -> None:
    """Show many results: lines as they come, everything else when all are there."""
    if form == "jsonl":
        for one in found:
            write(line(one))
    elif form == "json":
        write(_indented(f"[{','.join(map(line, found))}]"))
    else:
        _table([read(line(one)) for one in found], fields)


def _indented(text: str) -> str:
    """Lay out JSON that stands on one line without blanks."""
    laid_out, depth = "", 0
    for part in _PART.findall(text):
        if part in "]}":
            depth -= 1
            laid_out += "\n" + "  " * depth
        laid_out += ": " if part == ":" else part
        if part in "[{":
            depth += 1
        if part in "[{,":
            laid_out += "\n" + "  " * depth
    return laid_out


def _table(rows: list[dict[str, Any]], fields: Sequence[str] | None) -> None:
    if not rows:
        return
    names = list(dict.fromkeys(["id", *fields])) if fields is not None else _names(rows)
    table = [[_cell(name) for name in names], *([_shortened(_cell(row.get(name))) for name in names] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for cells in table:
        write("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())


def _names(rows: list[dict[str, Any]]) -> list[str]:
    """Return the columns: the id, and attributes whose values are plain."""
    plain = (name for row in rows for name, value in row.items() if not isinstance(value, (dict, list)))
    found = [name for name in dict.fromkeys(plain) if name not in {"id", "href"} and not name.startswith("@")]
    return ["id", *found[: _COLUMNS - 1]]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return harmless(" ".join(value.splitlines())) if isinstance(value, str) else line(value)


def _shortened(text: str) -> str:
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"


_EXACT = json.JSONDecoder(parse_float=Number, parse_int=Number)
