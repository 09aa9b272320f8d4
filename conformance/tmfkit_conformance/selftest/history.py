"""What a broken server remembers, so that it can be broken in one situation and sound in all others."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.selftest.calls import Answer, Call
from tmfkit_models.contracts import MAKES_RESOURCE

__all__ = ["CreatedResource", "History", "Listener"]

_MARK: Final = re.compile(r"[a-z]{8,}[0-9]{5,7}")
"""What tells the records of one run apart: a text of the run with a number."""


@dataclass
class CreatedResource:
    """One resource.

    Attributes:
        resource: Name of the resource.
        sent: Body that it was created with.
        shown: Answer to the create.
        changes: The patches and replacements that succeeded, in order.
        number: How many resources were made before it.
        is_sent: Whether it is a message and has been sent.
    """

    resource: str
    sent: dict[str, Any]
    shown: dict[str, Any]
    number: int
    changes: list[Call] = field(default_factory=list)
    is_sent: bool = False

    @property
    def changed(self) -> list[set[str]]:
        """The attributes that each change names, a JSON Patch by its paths."""
        return [pointers.first_names(change.json) for change in self.changes]


@dataclass(frozen=True)
class Listener:
    """One registration at a hub."""

    hub: str
    callback: str


@dataclass
class History:
    """What the client has seen of one broken server.

    Attributes:
        made: Id → resource, those that were deleted included, in the order of creation.
        deleted: Ids of resources that are gone.
        last_shown: Id → what the latest read of it gave.
        listeners: Id → registration that is in force.
        removed: Registrations that were taken back.
        refused: Callbacks that were refused once.
        last_call: The latest call.
        first_told: Callback → ``eventId`` of the first notification for it.
        kept: Whatever else a server has to remember.
        departures: How often it did anything else than the sound application.
    """

    made: dict[str, CreatedResource] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    last_shown: dict[str, Any] = field(default_factory=dict)
    listeners: dict[str, Listener] = field(default_factory=dict)
    removed: dict[str, Listener] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    last_call: Call | None = None
    first_told: dict[str, Any] = field(default_factory=dict)
    kept: dict[Any, Any] = field(default_factory=dict)
    departures: int = 0

    def saw(self, call: Call, answer: Answer) -> None:
        """Remember a call and what the client was answered."""
        self.last_call = call
        if call.operation is None or not answer.is_success:
            return
        if call.action == "register":
            callback = call.json.get("callback", "") if isinstance(call.json, dict) else ""
            self.listeners[answer.identifier] = Listener(call.operation.path, callback)
        elif call.action == "unregister" and call.identifier in self.listeners:
            self.removed[call.identifier] = self.listeners.pop(call.identifier)
        elif call.action in MAKES_RESOURCE:
            self._remember(call.operation.resource, call, answer)
        elif call.action == "delete":
            self.deleted.add(call.identifier)
        elif call.identifier in self.made:
            self._change(call, answer)

    def successor(self, identifier: str) -> str:
        """Return the id of the resource that was made next, from the same body but for its mark; empty without one."""
        return self._neighbour(identifier, 1)

    def predecessor(self, identifier: str) -> str:
        """Return the id of the resource that was made just before, from the same body but for its mark; or nothing."""
        return self._neighbour(identifier, -1)

    def _neighbour(self, identifier: str, distance: int) -> str:
        known = self.made.get(identifier)
        if known is None:
            return ""
        alike = (
            other
            for other, made in self.made.items()
            if made.number == known.number + distance
            and _unmarked(made.sent) == _unmarked(known.sent)
            and other not in self.deleted
        )
        return next(alike, "")

    def _remember(self, resource: str, call: Call, answer: Answer) -> None:
        sent = call.json if isinstance(call.json, dict) else {}
        shown = answer.json if isinstance(answer.json, dict) else {}
        self.made[answer.identifier] = CreatedResource(
            resource, sent, shown, len(self.made), is_sent=call.action == "send"
        )

    def _change(self, call: Call, answer: Answer) -> None:
        made = self.made[call.identifier]
        if call.action == "send-stored":
            made.is_sent = True
        elif call.action == "retrieve":
            self.last_shown[call.identifier] = answer.json
        else:
            made.changes.append(call)


def _unmarked(body: Any) -> str:
    """Return a body as text without what tells the records of one run apart."""
    return _MARK.sub("", json.dumps(body, sort_keys=True))
