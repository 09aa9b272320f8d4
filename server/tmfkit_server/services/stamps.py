"""The values that the server makes: identifiers, addresses and times."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from tmfkit_models.contracts import Contract, Resource, Schema

__all__ = ["Stamps", "new_id", "now"]

_IDS_AT_A_TIME = 64
_IDS: list[str] = []
# Two processes must not give out the same ones.
os.register_at_fork(after_in_child=_IDS.clear)


def now(*, plus_seconds: float = 0.0) -> str:
    """Return the present instant, or one after it. Microseconds make a later change later in text as well."""
    return (
        (datetime.now(UTC) + timedelta(seconds=plus_seconds)).isoformat(timespec="microseconds").replace("+00:00", "Z")
    )


def new_id() -> str:
    """Return an identifier that nothing else has."""
    if not _IDS:
        # Many at a time: asking the system for random bytes gives up the interpreter lock.
        random = os.urandom(16 * _IDS_AT_A_TIME)
        parts = (random[start : start + 16] for start in range(0, len(random), 16))
        _IDS.extend(str(uuid.UUID(bytes=part, version=4)) for part in parts)
    return _IDS.pop()


class Stamps:
    """What the server writes into the bodies of one resource (``x-tmf-generated``, ``x-tmf-read-only``)."""

    def __init__(self, contract: Contract, resource: Resource) -> None:
        attributes = {name: contract.resolve(schema) for name, schema in contract.attributes(resource.schema).items()}
        made = {name: schema.get("x-tmf-generated", "") for name, schema in attributes.items()}
        self._read_only = {name for name, schema in attributes.items() if schema.get("x-tmf-read-only")}
        self._read_only |= {name for name, how in made.items() if how in ("identifier", "location")}
        self._created = [name for name, how in made.items() if how == "creation-time"]
        self._modified = [name for name, how in made.items() if how == "modification-time"]
        self._status_changed = [name for name, how in made.items() if how == "status-time"]
        self._states = state_attributes(contract, resource) or ("status",)
        self._parts = {name: below for name, below in _creation_times(contract, resource.schema).items() if below}

    def without_read_only(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return *body* without the attributes that a client cannot set."""
        return {name: value for name, value in body.items() if name not in self._read_only}

    def server_made(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the attributes of a stored *body* that a replacement keeps."""
        kept = {*self._read_only, *self._created}
        return {name: value for name, value in body.items() if name in kept}

    def at_creation(self, body: Mapping[str, Any], identifier: str, path: str) -> dict[str, Any]:
        """Return the resource as it comes into being, at *path*; times that the client sent are kept."""
        names = (*self._created, *self._modified, *self._status_changed)
        times = dict.fromkeys(names, now()) if names else {}
        return {"id": identifier, "href": path, **times, **self.with_parts(body)}

    def with_parts(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return *body* with the time in every part of it that the server is to say it of and the client did not."""
        return _with_times(body, self._parts, now()) if self._parts else body

    def at_change(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
        """Return *after* with the times that a change moves on, unless the change itself set them.

        A time that the server made once stays when the change leaves it out or takes it away.
        """
        once = [name for name in (*self._created, *self._status_changed) if name in before and name not in after]
        after = {**after, **{name: before[name] for name in once}} if once else {**after}
        moved = list(self._modified)
        if any(before.get(name) != after.get(name) for name in self._states):
            moved += self._status_changed
        untouched = [name for name in moved if name not in after or before.get(name) == after[name]]
        return {**after, **dict.fromkeys(untouched, now())} if untouched else after


_Times: TypeAlias = Mapping[str, Any]
"""Attribute of an object → nothing when it is a time of creation, the like of its object or array otherwise."""


def _creation_times(contract: Contract, schema: Schema | str, above: frozenset[str] = frozenset()) -> _Times:
    found: dict[str, _Times] = {}
    for name, attribute in contract.attributes(schema).items():
        inner = attribute.get("items", attribute)
        reference = inner.get("$ref", "")
        if contract.resolve(attribute).get("x-tmf-generated") == "creation-time":
            found[name] = {}
        elif reference and reference in above:  # an object inside itself
            continue
        elif below := _creation_times(contract, inner, above | {reference}):
            found[name] = below
    return found


def _with_times(value: Any, times: _Times, present: str) -> Any:
    if isinstance(value, list):
        return [_with_times(member, times, present) for member in value]
    if not isinstance(value, Mapping):
        return value
    missing = {name: present for name, below in times.items() if not below and name not in value}
    parts = {name: _with_times(value[name], below, present) for name, below in times.items() if below and name in value}
    return {**value, **missing, **parts}


def state_attributes(contract: Contract, resource: Resource) -> tuple[str, ...]:
    """Return the first-level attributes whose change is a change of state."""
    return tuple(_first_level(event.attributes for event in contract.events if event.resource == resource.name))


def _first_level(pointers: Iterable[tuple[str, ...]]) -> Iterable[str]:
    return (pointer.split("/")[1] for each in pointers for pointer in each)
