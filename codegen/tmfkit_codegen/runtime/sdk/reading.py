"""Bodies as objects of a contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from .answers import Response
from .encoding import BadJson, loads
from .errors import Unreadable
from .kinds import described, frozen
from .objects import Object, chosen, view
from .origins import Origin

__all__ = ["many", "one", "read"]

T = TypeVar("T", bound=Object)


def one(cls: type[T], response: Response, *, name: str, fields: Sequence[str] | None = None) -> T:
    """Return the object that an answer holds.

    Args:
        cls: Its class; a registered one takes its place.
        response: The answer.
        name: What the object is called in messages.
        fields: What was asked for; None for everything.

    Raises:
        Unreadable: The body is no JSON, or no object.
    """
    found = _decoded(response)
    if not isinstance(found, dict):
        raise Unreadable(f"expected an object, got {described(found)}", response=response)
    origin = Origin((response.content, found), response=response, fields=_asked(response, fields), alone=True)
    return view(chosen(cls, found), found, name, origin)


def many(cls: type[T], response: Response, *, name: str, fields: Sequence[str] | None = None) -> list[T]:
    """Return the objects that an answer lists; arguments as in `one`.

    Raises:
        Unreadable: The body is no JSON, no array, or something in it is no object.
    """
    found = _decoded(response)
    if not isinstance(found, list):
        raise Unreadable(f"expected an array, got {described(found)}", response=response)
    origin = Origin((response.content, found), response=response, fields=_asked(response, fields))
    for index, each in enumerate(found):
        if each.__class__ is not dict:
            raise Unreadable(f"expected an object at [{index}], got {described(each)}", response=response)
    return [view(chosen(cls, each), each, name, origin) for each in found]


def _asked(response: Response, fields: Sequence[str] | None) -> tuple[str, ...] | None:
    """Return the names that were asked for, by the call or by a parameter beside it; None for everything."""
    if fields is None and "fields=" in response.request.url:
        texts = parse_qs(urlsplit(response.request.url).query).get("fields", [])
        fields = [name for text in texts for name in text.split(",")]
    return tuple(fields) if fields else None


def _decoded(response: Response) -> Any:
    try:
        return loads(response.content)
    except BadJson as exc:
        raise Unreadable(f"the body is no JSON: {exc}", response=response) from None


def read(cls: type[T], body: bytes | str | Mapping[str, Any]) -> T:
    """Return *body*, JSON that did not come in an answer, as an object of *cls*.

    Raises:
        Unreadable: It is no JSON, or no object.
    """
    if isinstance(body, Mapping):
        found, document = frozen(body, cls.__name__), None
    else:
        try:
            found = loads(body)
        except BadJson as exc:
            raise Unreadable(f"the body is no JSON: {exc}") from None
        document = (body, found)
    if not isinstance(found, dict):
        raise Unreadable(f"expected an object, got {described(found)}")
    kind = chosen(cls, found)
    return view(kind, found, kind.__name__, Origin(document, alone=True))
