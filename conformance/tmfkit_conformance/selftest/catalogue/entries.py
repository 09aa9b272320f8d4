"""What an entry of the catalogue is: a target, what the kit is told of it, and what the kit has to say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from tmfkit_conformance.rules.answers import STATUS
from tmfkit_conformance.rules.lifecycle import CREATED_IS_READABLE, DELETED_IS_GONE
from tmfkit_conformance.rules.queries import CREATED_IS_LISTED
from tmfkit_conformance.rules.register import rule_of
from tmfkit_conformance.rules.rule import Rule
from tmfkit_conformance.selftest.breaks.registry import Break
from tmfkit_conformance.selftest.catalogue.fronts import Front
from tmfkit_models.contracts import Contract

__all__ = ["Behaviour", "Fault", "NoApi", "Place", "Target"]

_ALWAYS: tuple[Rule[Any, Any], ...] = (CREATED_IS_READABLE, CREATED_IS_LISTED, DELETED_IS_GONE, STATUS)
"""What is driven against every unusual target: the life of a resource."""


@dataclass(frozen=True)
class Behaviour:
    """A sound target that does something unusual; the kit has nothing against it.

    Attributes:
        id: Id of the entry.
        change: What it does, around the sound application; its words are read after "a server that".
        because: Why it is allowed: the document, an erratum, TMF630, or the standard of the protocol.
        apis: APIs that it is tried with.
        errata: Errata of which it is a tolerated reading; rows that cite them are driven.
        rules: Kinds and scenarios that are driven besides those that always are.
        configuration: What the kit is told, as in a configuration file; ``{origin}``, ``{authority}`` and
            ``{resource}`` stand for the address of the target, the file of its authority, and its first resource.
        whole: APIs on which the whole register is driven.
        front: How the bytes go over the line; None when as usual.
        others: How many records of others are there before.
        seconds: Longest time that the kit may take.
        megabytes: Most memory that the kit may take; 0 when nobody looks at it.
        avoided: Whether the kit, by what an erratum says of it, asks for nothing that makes the target do it.
    """

    id: str
    change: Break
    because: str
    apis: tuple[str, ...] = ("tmf629-v4",)
    errata: tuple[str, ...] = ()
    rules: tuple[Rule[Any, Any], ...] = ()
    configuration: Mapping[str, Any] = field(default_factory=dict)
    whole: tuple[str, ...] = ()
    front: Front | None = None
    others: int = 0
    seconds: float = 120.0
    megabytes: int = 0
    avoided: bool = False

    @property
    def words(self) -> str:
        """What the target does, to be read after "a server that"."""
        return self.front.words if self.front else self.change.words

    @property
    def tried_apis(self) -> tuple[str, ...]:
        """Every API that it is tried with."""
        return tuple(dict.fromkeys((*self.apis, *self.whole)))

    def driven(self, contract: Contract) -> tuple[str, ...]:
        """Return the rows of an API that are driven."""
        rules = {rule.label for rule in (*_ALWAYS, *self.rules)}
        return tuple(
            row.id
            for row in contract.requirements
            if not row.reason and (rule_of(row).label in rules or set(row.errata) & set(self.errata))
        )


@dataclass(frozen=True)
class Fault:
    """A target with one thing refused or missing: one cause.

    Attributes:
        id: Id of the entry.
        change: What is wrong with it.
        apis: APIs that it is tried with.
        shows: Parts of the cause, as a report has it.
        verdict: The verdict; ``incomplete`` where the document lets a target do it, if only it is configured.
        configuration: What the kit is told besides.
        seconds: Longest time that the kit may take.
    """

    id: str
    change: Break
    apis: tuple[str, ...]
    shows: tuple[str, ...]
    verdict: str = "not-conformant"
    configuration: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 180.0

    @property
    def words(self) -> str:
        """What the target does, to be read after "a server that"."""
        return self.change.words


@dataclass(frozen=True)
class Place:
    """Where a run is made.

    Attributes:
        sound: Scheme, host and port of the sound application.
        base_path: Base path of the API.
        folder: An empty folder for files.
    """

    sound: str
    base_path: str
    folder: str

    @property
    def sound_url(self) -> str:
        """Base URL of the sound application."""
        return f"{self.sound}{self.base_path}"


Target = Callable[[Place], AbstractContextManager[str]]
"""Starts what stands at the address, and gives the base URL that the kit is told."""


@dataclass(frozen=True)
class NoApi:
    """An address where no API is, or a run that is misconfigured.

    Attributes:
        id: Id of the entry.
        words: What is there, or what is wrong.
        target: What stands at the address.
        status: Exit status of the kit.
        says: Parts of the sentence that helps, letter case ignored.
        options: Further options of the command; ``{folder}`` stands for an empty folder.
        files: Files in that folder, name → text.
        seconds: Longest time that the kit may take.
    """

    id: str
    words: str
    target: Target
    status: int
    says: tuple[str, ...]
    options: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 20.0
