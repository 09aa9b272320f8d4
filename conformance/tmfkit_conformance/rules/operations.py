"""Probes that do an operation rightly, and the choice among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tmfkit_conformance.rules.probes import Facts, Probe, Step, StepFamily
from tmfkit_conformance.rules.reasons import SHOWN, STARTS, UNDOES
from tmfkit_conformance.rules.rule import Case, PlannedProbe
from tmfkit_models.contracts import Operation, Requirement

__all__ = [
    "EVENTS",
    "VALID",
    "Create",
    "CreateFull",
    "CreatedAndRead",
    "Delete",
    "Events",
    "HeardAt",
    "HeardOfAnother",
    "List",
    "Patch",
    "ReadBack",
    "Register",
    "Replace",
    "Send",
    "SendStored",
    "Triggers",
    "Unregister",
    "done_rightly",
]

EVENTS: Final = ("create", "change", "state-change", "delete")
"""Changes that a notification may be about."""


class ReadBack(Probe):
    """Reads what it wrote."""

    READ = Step("read")


class CreatedAndRead(ReadBack):
    """Creates something and reads it."""

    CREATE = Step("create")


class Create(CreatedAndRead, name="create", bare=True):
    """Creates with the mandatory attributes only, reads back, follows the addresses that the answer gives."""

    FOLLOW = StepFamily("follow-{}", ("location", "content-location", "href"))


class CreateFull(CreatedAndRead, name="create-full"):
    """Creates with every attribute, reads back; where that is refused, creates the smallest."""

    CONTROL = Step("control")


class List(Probe, name="list"):
    """Creates two that differ in one text, and lists."""

    BESIDE = Step("beside", STARTS)
    CREATE = Step("create", STARTS)
    LIST = Step("list")


class Patch(CreatedAndRead, name="patch"):
    """Changes one attribute, reads back."""

    BEFORE = Step("before", SHOWN)
    PATCH = Step("patch")


class Replace(CreatedAndRead, name="replace"):
    """Replaces the smallest body by the smallest with second values, reads back."""

    REPLACE = Step("replace")


class Delete(Probe, name="delete", alone="records", shared=True):
    """Creates one, deletes it, looks for it by its id and in the list, also by its id where that is long."""

    CREATE = Step("create")
    BEFORE = Step("before")
    DELETE = Step("delete")
    READ = Step("read")
    LIST = Step("list")
    BY_ID = Step("by-id")


class Register(Probe, name="register", alone="hub"):
    """Registers a callback and takes it back."""

    REGISTER = Step("register")
    UNDONE = Step("undone", UNDOES)


class Unregister(Probe, name="unregister", alone="hub"):
    """Registers a callback, unregisters it."""

    REGISTER = Step("register", STARTS)
    UNREGISTER = Step("unregister")


class Send(Probe, name="send"):
    """Sends a new message."""

    SEND = Step("send")


class SendStored(Probe, name="send-stored"):
    """Creates a message and sends it by its id, with no body; reads before and after."""

    CREATE = Step("create", STARTS)
    BEFORE = Step("before")
    SEND = Step("send")
    READ = Step("read")


@dataclass(frozen=True, slots=True)
class HeardAt(Facts):
    """Address of a listener.

    Attributes:
        callback: The address that was registered.
    """

    callback: str


class Triggers(Probe):
    """Registers a callback, does what each notification is about."""

    REGISTER = Step("register")
    TRIGGER = StepFamily("trigger-{}", EVENTS)
    READ = StepFamily("read-{}", EVENTS)
    UNDONE = Step("undone", UNDOES)


@dataclass(frozen=True, slots=True)
class HeardOfAnother(HeardAt):
    """Address of a listener, and a change beside the usual one.

    Attributes:
        another: Name of the resource whose further attribute was changed as well; empty where none was.
    """

    another: str


class Events(Triggers, name="events", facts=HeardOfAnother, alone="hub-and-records", shared=True):
    """Registers a callback, does what each notification is about, waits for all of them.

    Once a change of one attribute was told, another one is changed.
    """

    ANOTHER = Step("trigger-another")


VALID: Final[Mapping[str, tuple[type[Probe], Step]]] = {
    "create": (Create, Create.CREATE),
    "list": (List, List.LIST),
    "retrieve": (Create, Create.READ),
    "patch": (Patch, Patch.PATCH),
    "replace": (Replace, Replace.REPLACE),
    "delete": (Delete, Delete.DELETE),
    "register": (Register, Register.REGISTER),
    "unregister": (Unregister, Unregister.UNREGISTER),
    "send": (Send, Send.SEND),
    "send-stored": (SendStored, SendStored.SEND),
}
"""Action → the probe that does it rightly, and the step that is the operation itself."""


def done_rightly(row: Requirement, operation: Operation) -> Case:
    """Plan the operation of a row, done rightly."""
    probe, step = VALID[operation.action]
    return Case(row, PlannedProbe(probe, operation.id), step)
