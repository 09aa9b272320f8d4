"""Events by their type."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeAlias, TypeVar

from .errors import Malformed

__all__ = ["EventBody", "Registry", "Unknown"]

E = TypeVar("E")
U = TypeVar("U")

EventBody: TypeAlias = bytes | str | Mapping[str, Any]
"""An event as it came, or as the JSON object in it."""


class Unknown:
    """Marks the class of events whose type an API does not know."""

    __slots__ = ()


class Registry(Generic[E, U]):
    """The types of events that an API has.

    Args:
        makers: Type → what makes an event of the JSON object.
        unknown: Makes an event of any other type.
        read: Reads JSON.
    """

    def __init__(
        self,
        makers: Mapping[str, Callable[[dict[str, Any]], E]],
        unknown: Callable[[dict[str, Any]], U],
        *,
        read: Callable[[bytes | str], Any] = json.loads,
    ) -> None:
        self._makers, self._unknown, self._read = dict(makers), unknown, read

    def parse(self, body: EventBody) -> E | U:
        """Return the event in *body*.

        Raises:
            Malformed: It is no JSON object.
        """
        document = dict(body) if isinstance(body, Mapping) else self._document(body)
        kind = document.get("eventType")
        maker = self._makers.get(kind) if isinstance(kind, str) else None
        return self._unknown(document) if maker is None else maker(document)

    def _document(self, body: bytes | str) -> dict[str, Any]:
        try:
            document = self._read(body)
        except (ValueError, RecursionError) as error:
            raise Malformed("event", f"no JSON: {error}") from error
        if not isinstance(document, dict):
            raise Malformed("event", "no JSON object")
        return document
