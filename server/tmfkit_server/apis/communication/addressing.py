"""What a service of Apprise has made of its URL, compared with what was meant.

A library that reads addresses out of a URL may find a display name, a second address or an escape in one. So a service
is made twice, for an example and for the address in question, and both have to be the same but for the address.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from apprise.plugins import NotifyBase

__all__ = ["has_taken", "plain_members"]


def has_taken(example: NotifyBase, service: NotifyBase, meant: Mapping[str, str]) -> bool:
    """Tell whether *service* is *example* with other addresses.

    Args:
        example: Service that was made for the addresses of an example.
        service: Service that was made for those in question.
        meant: Address of the example → address that is meant.
    """
    for old in meant:
        meant = {**meant, _digits(old): _digits(meant[old])} if _digits(old) else meant
    pattern = re.compile("|".join(re.escape(old) for old in sorted(meant, key=len, reverse=True)))
    return bool(_replaced(plain_members(example), pattern, meant) == plain_members(service))


def plain_members(service: NotifyBase) -> dict[str, Any]:
    """Return what a service has made of its URL: texts and numbers, and what holds them."""
    return {name: _plain(value) for name, value in vars(service).items() if not name.startswith("_")}


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text) if text.startswith("+") else ""


def _plain(value: Any) -> Any:
    """Return what can be compared of a value: texts and numbers, and what holds them."""
    match value:
        case str() | int() | float() | None:
            return value
        case list() | tuple():
            return [_plain(each) for each in value]
        case dict():
            return {str(name): _plain(each) for name, each in value.items()}
        case set() | frozenset():
            return sorted(map(str, value))
        case _:
            return None


def _replaced(value: Any, pattern: re.Pattern[str], meant: Mapping[str, str]) -> Any:
    match value:
        case str() as text:
            return pattern.sub(lambda found: meant[found[0]], text)
        case list() as members:
            return [_replaced(each, pattern, meant) for each in members]
        case dict() as members:
            return {_replaced(name, pattern, meant): _replaced(each, pattern, meant) for name, each in members.items()}
        case other:
            return other
