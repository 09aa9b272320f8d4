"""The calls of a collection: what the twins, plain and async, send and how they read what comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from .answers import Response
from .calls import JSON, MERGE_PATCH, Call, Options, identifier, nothing
from .encoding import dumps
from .kinds import frozen
from .objects import Object, id_of, if_match_of
from .pages import AsyncRunner, Runner
from .patches import JsonPatch
from .queries import Where, field_names, fields_query, list_query
from .reading import many, one
from .settings import query_pairs
from .unset import UNSET, Unset
from .writing import written

__all__ = [
    "AsyncCollection",
    "Collection",
    "Extra",
    "Fields",
    "IfMatch",
    "Operations",
    "Opts",
    "Patch",
    "Sort",
    "Where",
    "identity",
]

T = TypeVar("T", bound=Object)

Extra: TypeAlias = Mapping[str, Any] | None
"""Attributes that the contract does not know, by their names in JSON."""
Fields: TypeAlias = str | Sequence[str] | None
"""Names in JSON of the attributes that are wanted; None for all."""
Sort: TypeAlias = str | Sequence[str] | None
"""Names in JSON to sort by, with a minus for descending."""
Opts: TypeAlias = Options | None
"""What one call does otherwise than its client; None for nothing."""
IfMatch: TypeAlias = str | Unset | None
"""The tag that must still hold; UNSET for the object's own, None for no condition."""
Patch: TypeAlias = JsonPatch | Mapping[str, Any]
"""Steps of a JSON Patch, or a merge patch by names in JSON."""


@dataclass(frozen=True)
class Operations(Generic[T]):
    """The calls of one collection.

    Attributes:
        cls: Class of the resources.
        name: What a resource is called in messages.
        path: Where the collection is, below the base path.
        update_type: Media type of an update.
    """

    cls: type[T]
    name: str
    path: str
    update_type: str = MERGE_PATCH

    def create(
        self, attributes: Mapping[str, Any], extra: Extra, idempotency_key: str | None, options: Opts
    ) -> Call[T]:
        """Return the call that makes a resource."""
        return Call(
            "POST",
            self.path,
            self._one,
            content=self._body(attributes, extra, complete=True),
            content_type=JSON,
            idempotency_key=idempotency_key,
            options=options,
        )

    def get(self, id_: str, fields: Fields, options: Opts) -> Call[T]:
        """Return the call that reads a resource, whole or in part."""
        names = field_names(fields)

        def decoded(response: Response) -> T:
            return one(self.cls, response, name=self.name, fields=names)

        return Call("GET", self._item(id_), decoded, query=fields_query(fields), options=options)

    def page(
        self,
        *,
        where: Where | None = None,
        filter: str | None = None,  # noqa: A002 - the name that the contract has
        sort: Sort = None,
        fields: Fields = None,
        limit: int | None = None,
        options: Opts = None,
    ) -> Call[list[T]]:
        """Return the call that reads the first page of a list."""
        names = field_names(fields)

        def decoded(response: Response) -> list[T]:
            return many(self.cls, response, name=self.name, fields=names)

        query = list_query(where, filter, sort, fields, limit)
        if options and "query" in options:  # an offset among them is where the list begins
            query += query_pairs(options["query"])
            options = {**options, "query": {}}
        return Call("GET", self.path, decoded, query=query, options=options, packed=True)

    def update(
        self,
        object_or_id: T | str,
        attributes: Mapping[str, Any],
        extra: Extra,
        if_match: IfMatch,
        options: Opts,
    ) -> Call[T]:
        """Return the call that changes attributes; it leaves the others."""
        like = object_or_id if isinstance(object_or_id, Object) else None
        content = self._body(attributes, extra, like=like)
        return self._change("PATCH", object_or_id, content, self.update_type, if_match, options)

    def patch(self, object_or_id: T | str, patch: Patch, if_match: IfMatch, options: Opts) -> Call[T]:
        """Return the call that applies a patch."""
        if isinstance(patch, JsonPatch):
            content, content_type = dumps(patch.operations), patch.content_type
        elif isinstance(patch, Mapping):
            content, content_type = dumps(frozen(patch, self.name)), self.update_type
        else:
            raise TypeError(f"{self.name}: a patch is a JsonPatch, a QueryPatch or a mapping, not {patch!r}")
        return self._change("PATCH", object_or_id, content, content_type, if_match, options)

    def replace(
        self,
        object_or_id: T | str,
        attributes: Mapping[str, Any],
        extra: Extra,
        if_match: IfMatch,
        options: Opts,
    ) -> Call[T]:
        """Return the call that puts *attributes*, or without any the object itself, in the place of a resource."""
        if isinstance(object_or_id, Object) and not attributes and not extra:
            content = dumps(object_or_id._whole(self.name))
        else:
            content = self._body(attributes, extra, complete=True)
        return self._change("PUT", object_or_id, content, JSON, if_match, options)

    def delete(self, object_or_id: T | str, if_match: IfMatch, options: Opts) -> Call[None]:
        """Return the call that takes a resource away."""
        return Call(
            "DELETE",
            self._item(object_or_id),
            nothing,
            if_match=_condition(object_or_id, if_match, options),
            options=options,
            has_body=False,
        )

    def send(
        self, attributes: Mapping[str, Any], extra: Extra, idempotency_key: str | None, options: Opts
    ) -> Call[T | None]:
        """Return the call that sends a message that is not stored."""
        content = self._body(attributes, extra, complete=True)
        return self._sending(f"{self.path}/send", idempotency_key, options, content)

    def send_stored(self, object_or_id: T | str, idempotency_key: str | None, options: Opts) -> Call[T | None]:
        """Return the call that sends a stored message."""
        return self._sending(f"{self._item(object_or_id)}/send", idempotency_key, options)

    def _sending(
        self, path: str, idempotency_key: str | None, options: Opts, content: bytes | None = None
    ) -> Call[T | None]:
        return Call(
            "POST",
            path,
            self._one_or_none,
            content=content,
            content_type=None if content is None else JSON,
            idempotency_key=idempotency_key,
            options=options,
            has_body=False,
        )

    def _change(
        self,
        method: str,
        object_or_id: T | str,
        content: bytes,
        content_type: str,
        if_match: IfMatch,
        options: Opts,
    ) -> Call[T]:
        return Call(
            method,
            self._item(object_or_id),
            self._one,
            content=content,
            content_type=content_type,
            if_match=_condition(object_or_id, if_match, options),
            options=options,
            reread=True,
        )

    def _item(self, object_or_id: Object | str) -> str:
        if isinstance(object_or_id, Object) and not isinstance(object_or_id, self.cls):
            raise TypeError(f"a {self.cls.__name__} or its id is wanted, not a {type(object_or_id).__name__}")
        return f"{self.path}/{identifier(id_of(object_or_id))}"

    def _body(
        self, attributes: Mapping[str, Any], extra: Extra, *, complete: bool = False, like: Object | None = None
    ) -> bytes:
        given = {**attributes, "extra": extra or {}}
        return dumps(written(self.cls, given, where=self.name, complete=complete, like=like))

    def _one(self, response: Response) -> T:
        return one(self.cls, response, name=self.name)

    def _one_or_none(self, response: Response) -> T | None:
        return one(self.cls, response, name=self.name) if response.content.strip() else None


class Collection:
    """What the resources of one kind have in common: who makes the calls."""

    __slots__ = ("_driver",)

    def __init__(self, driver: Runner) -> None:
        self._driver = driver


class AsyncCollection:
    """The same as `Collection`, awaited."""

    __slots__ = ("_driver",)

    def __init__(self, driver: AsyncRunner) -> None:
        self._driver = driver


def identity(found: Object) -> object:
    """Return what tells a resource from others on a page."""
    return found._data.get("id")


def _condition(object_or_id: Object | str, if_match: IfMatch, options: Opts) -> IfMatch:
    if if_match is not UNSET or (options is not None and "if_match" in options):
        return if_match
    return if_match_of(object_or_id)
