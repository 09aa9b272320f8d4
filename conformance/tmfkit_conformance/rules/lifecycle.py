"""Rules on creating, reading back and deleting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from tmfkit_conformance.rules.members import Members, part
from tmfkit_conformance.rules.operations import CreatedAndRead, CreateFull, Delete
from tmfkit_conformance.rules.probes import Facts, Probe, Step, StepFamily
from tmfkit_conformance.rules.reasons import STARTS
from tmfkit_conformance.rules.rule import NOTHING, Scenario, scenario, tolerating
from tmfkit_conformance.rules.updates import Each

__all__ = [
    "ANY_JSON_VALUE",
    "CREATED_IS_READABLE",
    "CURRENT_FIRST",
    "DELETED_IS_GONE",
    "DELETE_ONE_OF_TWO",
    "ELEMENT_IDS_DIFFER",
    "FULL_CREATE",
    "MINIMAL_CREATE",
    "NO_TUNNELLED_METHODS",
    "REFERENCES_AS_SENT",
    "REFERRED_CLASSES",
    "VALUE_KEPT",
    "AnyJsonValue",
    "CurrentFirst",
    "DeleteOneOfTwo",
    "ElementIdsDiffer",
    "MinimalCreate",
    "NoTunnelledMethods",
    "OneValue",
    "Readable",
    "ReferencesAsSent",
    "ReferredClasses",
    "Sentinels",
    "Watched",
]


class MinimalCreate(Probe, name="minimal-create", bare=True):
    """Creates with the mandatory attributes only, reads back."""

    CREATE = Step("create")
    READ = Step("read")


@dataclass(frozen=True, slots=True)
class Watched(Facts):
    """Records of the run that were looked at again.

    Attributes:
        resources: Their names in the steps: that of the resource, with a number behind it for a further one.
        filtered: Those whose list was filtered by a text of the record as well.
    """

    resources: list[str]
    filtered: list[str]


class Sentinels(Probe, name="sentinels", facts=Watched):
    """Makes records of each resource at the start of the run and in its course, looks at them at its end.

    That is done over a new connection. The parameter of a step is the name of a record; a list is looked at for all
    records of a resource at once.
    """

    MADE = StepFamily("{}, made")
    FIRST_READ = StepFamily("{}, first read")
    FIRST_LIST = StepFamily("{}, first listed")
    READ = StepFamily("{}, read again")
    LIST = StepFamily("{}, listed again")
    BY_ID = StepFamily("{}, listed by its id")
    FILTERED = StepFamily("{}, filtered")
    BESIDE = StepFamily("{}, beside", evidence_only="stands in the list beside the record that is looked for")

    @staticmethod
    def name_of(resource: str, number: int) -> str:
        """Return the name of a record of a resource, counted from 1."""
        return resource if number == 1 else f"{resource} {number}"

    @staticmethod
    def resource_of(name: str) -> str:
        """Return the resource that a record is of, by the name of the record."""
        return name.partition(" ")[0]


class Readable(CreatedAndRead, name="readable", beside=Sentinels):
    """Creates the smallest with its second values, which no mock server has in store, or else its first; reads back."""

    SECOND = Step("second-values")


class NoTunnelledMethods(Probe, name="no-tunnelled-methods"):
    """Tries to delete through GET and POST, reads before and after."""

    CREATE = Step("create")
    BEFORE = Step("before")
    GET = Step("get")
    POST = Step("post")
    READ = Step("read")


class DeleteOneOfTwo(Probe, name="delete-one-of-two", alone="records"):
    """Creates three one after the other, deletes the one in the middle, reads all of them."""

    CREATE = StepFamily("create-{}", ("a", "b", "c"), STARTS)
    DELETE = Step("delete")
    READ = Step("read")
    OTHER = StepFamily("other-{}", ("older", "younger"))


class ReferencesAsSent(Probe, name="references-as-sent"):
    """Creates with the subject (with the row's value, if it has one), reads back; else creates without it."""

    CREATE = Step("create")
    CONTROL = Step("control")
    READ = Step("read")


JSON_KINDS: Final = ("string", "number", "boolean", "object", "array")


class AnyJsonValue(Probe, name="any-json-value"):
    """Creates with each kind of JSON value; where one is refused, with a plain text."""

    CONTROL = Step("control")
    CREATE = StepFamily("create-{}", JSON_KINDS)
    READ = StepFamily("read-{}", JSON_KINDS)


class ReferredClasses(Probe, name="referred-classes"):
    """Creates with each class of the thing referred to; where one is refused, without a class."""

    CONTROL = Step("control")
    CREATE = StepFamily("create-{}")
    READ = StepFamily("read-{}")


class CurrentFirst(Probe, name="current-first"):
    """Creates with a profile in force and one that has ended, in this order and, on another resource, in the other."""

    CREATE = StepFamily("create-{}", ("first", "last"))
    READ = StepFamily("read-{}", ("first", "last"))


class ElementIdsDiffer(Probe, name="element-ids-differ"):
    """Creates with two elements without ids."""

    CREATE = Step("create")
    READ = Step("read")


@dataclass(frozen=True, slots=True)
class OneValue(Members):
    """The value that is sent."""

    value: Any


CREATED_IS_READABLE: Final = scenario("created-is-readable", Readable)
FULL_CREATE: Final = scenario("full-create", CreateFull)
MINIMAL_CREATE: Final = scenario("minimal-create", MinimalCreate)
NO_TUNNELLED_METHODS: Final = scenario("no-tunnelled-methods", NoTunnelledMethods)
DELETED_IS_GONE: Final = tolerating("deleted-is-gone", Delete)
DELETE_ONE_OF_TWO: Final = scenario("delete-one-of-two", DeleteOneOfTwo)
REFERENCES_AS_SENT: Final = scenario("references-as-sent", ReferencesAsSent)
VALUE_KEPT: Final = Scenario("value-kept", ReferencesAsSent, given=part(OneValue), expect=NOTHING)
ANY_JSON_VALUE: Final = scenario("any-json-value", AnyJsonValue)
REFERRED_CLASSES: Final = Scenario("referred-classes", ReferredClasses, given=part(Each), expect=NOTHING)
CURRENT_FIRST: Final = scenario("current-first", CurrentFirst)
ELEMENT_IDS_DIFFER: Final = scenario("element-ids-differ", ElementIdsDiffer)
