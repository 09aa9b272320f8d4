"""What bytes, headers and addresses say, read so that nothing that a target sends makes the reading fail."""

from __future__ import annotations

import base64
import json
import re
from typing import Any
from urllib.parse import unquote, urlsplit

__all__ = [
    "Headers",
    "first_header",
    "is_deeper",
    "last_segment",
    "media_type",
    "next_page",
    "octets",
    "parsed",
    "plain",
]

Headers = tuple[tuple[str, str], ...]

_DEEPEST = 100
"""Levels of a JSON value that are read; every check goes down through them."""

_LINK = re.compile(r"<([^>]*)>((?:[^,\"]|\"[^\"]*\")*)")
_IS_NEXT = re.compile(r";\s*rel\s*=\s*\"?(?:[^\";]*\s)?next(?:[\s\";]|$)", re.IGNORECASE)


def parsed(body: bytes) -> tuple[Any, bool]:
    """Return the JSON value that a body is, and whether it is one.

    ``NaN`` and the like are no JSON, and a value of more than a hundred levels is none that anybody could use. Lone
    halves of surrogate pairs in names are replaced, since no text can hold them.

    Source: RFC 8259 §6 (numbers), §8.2 (surrogates), §9 (limits on depth).
    """
    try:
        value = json.loads(body, parse_constant=_refused, object_pairs_hook=_object if b"\\u" in body else None)
    except (ValueError, RecursionError):
        return None, False
    brackets = body.count(b"[") + body.count(b"{")
    return (value, True) if brackets <= _DEEPEST or not is_deeper(value, _DEEPEST) else (None, False)


def first_header(headers: Headers, name: str) -> str | None:
    """Return the first value of a header, or None."""
    return next((value for key, value in headers if key.lower() == name.lower()), None)


def media_type(headers: Headers) -> str:
    """Return Content-Type without parameters, lower case; empty without one."""
    return (first_header(headers, "Content-Type") or "").partition(";")[0].strip().lower()


def last_segment(address: str) -> str:
    """Return the last part of an address's path, unquoted; empty where there is none."""
    try:
        path = urlsplit(address).path
    except ValueError:  # brackets that do not match
        return ""
    return unquote(path.rstrip("/").rsplit("/", 1)[-1])


def next_page(headers: Headers) -> str:
    """Return the address that Link headers give for the next page, or nothing.

    Source: RFC 8288 §3.
    """
    links = ", ".join(value for key, value in headers if key.lower() == "link")
    return next((address.strip() for address, parameters in _LINK.findall(links) if _IS_NEXT.search(parameters)), "")


def plain(body: bytes) -> str | dict[str, str]:
    """Return bytes as JSON can hold them."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode("ascii")}


def octets(text: str | bytes | dict[str, str]) -> bytes:
    """Return the bytes that ``plain`` made a JSON value of; bytes are returned as they are."""
    if isinstance(text, bytes):
        return text
    return base64.b64decode(text["base64"]) if isinstance(text, dict) else text.encode("utf-8")


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name.encode("utf-16", "surrogatepass").decode("utf-16", "replace"): value for name, value in pairs}


def is_deeper(value: Any, levels: int) -> bool:
    """Say whether a JSON value has more than so many levels."""
    level = [value]
    for _ in range(levels):
        level = [
            member
            for here in level
            for member in (here.values() if isinstance(here, dict) else here if isinstance(here, list) else ())
        ]
        if not level:
            return False
    return True
