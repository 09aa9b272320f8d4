"""Notifications as objects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from .events import Unknown
from .objects import ANY, TEXT, Object, attr, chosen, view
from .reading import read

__all__ = ["Notifications", "UnknownEvent"]

E = TypeVar("E", bound=Object)


class UnknownEvent(Object, Unknown):
    """A notification that the contract does not know."""

    __slots__ = ()
    event_id: attr[str, str] = attr("eventId", TEXT)
    event_time: attr[str, str] = attr("eventTime", TEXT)
    event_type: attr[str, str] = attr("eventType", TEXT)
    event: attr[Any, Any] = attr("event", ANY)


class Notifications(Generic[E]):
    """The notifications of an API, by the type that they name.

    Args:
        classes: Type → class.
        spellings: Patterns of other spellings that the contract tolerates, with the type that is meant.
    """

    def __init__(self, classes: Mapping[str, type[E]], spellings: Mapping[str, str] | None = None) -> None:
        self._classes = classes
        self._spellings = [(re.compile(pattern), meant) for pattern, meant in (spellings or {}).items()]

    def parse(self, body: bytes | str | Mapping[str, Any]) -> E | UnknownEvent:
        """Return a notification as an object of its class.

        Raises:
            Unreadable: The body is no JSON, or no object.
        """
        unknown = read(UnknownEvent, body)
        cls = self._class_of(unknown._data.get("eventType"))
        if cls is None:
            return unknown
        kind = chosen(cls, unknown._data)
        return view(kind, unknown._data, kind.__name__, unknown._origin)

    def _class_of(self, type_: object) -> type[E] | None:
        if not isinstance(type_, str):
            return None
        for pattern, meant in self._spellings:
            if type_ not in self._classes and pattern.fullmatch(type_):
                return self._classes[meant]
        return self._classes.get(type_)
