"""Rules on patches and replacements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from tmfkit_conformance.rules.members import Members, part
from tmfkit_conformance.rules.operations import Patch
from tmfkit_conformance.rules.planning import shared
from tmfkit_conformance.rules.probes import Facts, Probe, Step, StepFamily
from tmfkit_conformance.rules.reasons import SHOWN, STARTS
from tmfkit_conformance.rules.rule import NOTHING, TOLERATING, Kind, Scenario, scenario

__all__ = [
    "DELETE_IGNORES_FIELDS",
    "JSON_PATCH_ADD_MEMBER",
    "JSON_PATCH_REMOVE",
    "JSON_PATCH_REPLACE",
    "MERGE_ARRAY_REPLACES",
    "MERGE_NULL_REMOVES",
    "MERGE_OBJECT_MERGES",
    "PATCHABLE",
    "PATCH_KEEPS_OTHERS",
    "PATCH_LASTS",
    "PATCH_ONE_OF_TWO",
    "REPLACE_CLEARS",
    "REPLACE_KEEPS_ID",
    "REPLACE_TAKES_ALL",
    "STATUS_MOVES",
    "UNDEFINED_ATTRIBUTE",
    "DeleteIgnoresFields",
    "Each",
    "JsonPatchAddMember",
    "JsonPatchReplace",
    "MergeArrayReplaces",
    "MergeObjectMerges",
    "Moved",
    "PatchKeepsOthers",
    "PatchOneOfTwo",
    "PatchTo",
    "Patched",
    "PatchedAs",
    "Removes",
    "Removing",
    "ReplaceClears",
    "ReplaceTakesAll",
    "StatusMoves",
    "TakenAway",
    "UndefinedAttribute",
]


class PatchTo(Probe, name="patch-to"):
    """Creates with the subject, patches it to another value, reads back; where that is refused, patches another.

    The usual text is patched to an empty one as well, and beside it a flag to false and a number to nought that have no
    must of their own.
    """

    CREATE = Step("create")
    PATCH = Step("patch")
    CONTROL = Step("control")
    READ = Step("read")
    FILLED = StepFamily("filled, {}", ("boolean", "number"))
    EMPTIED = StepFamily("emptied, {}", ("text", "boolean", "number"))
    EMPTY_READ = StepFamily("read, {}", ("text", "boolean", "number"))


PATCHABLE: Final = Kind(
    "patchable",
    given=NOTHING,
    expect=TOLERATING,
    words="the attribute is patched to another value, and the resource is read back",
    plan=shared(PatchTo, PatchTo.READ),
)


@dataclass(frozen=True, slots=True)
class Each(Members):
    """Values that are tried one after the other."""

    values: tuple[Any, ...]


class Patched(Probe):
    """Patches something and reads it."""

    PATCH = Step("patch")
    READ = Step("read")


@dataclass(frozen=True, slots=True)
class PatchedAs(Facts):
    """How a record was patched.

    Attributes:
        full: Whether it was one with everything.
        another: Whether a patch of another attribute was sent and taken.
        media_types: Further media types in which a patch was sent and taken.
    """

    full: bool
    another: bool
    media_types: list[str]


class PatchKeepsOthers(Patched, name="patch-keeps-others", facts=PatchedAs):
    """Creates with everything, patches one attribute, reads before and after; so again in every other media type.

    Before that it patches another attribute, so that the one patched first is among those to be kept.
    Every list has two members with everything, or one where the record is refused with two.
    Where the record with everything is not made, or its patch refused, one with that attribute alone is made for it.
    """

    SEVERAL = Step("create-several")
    FULL = Step("create-full")
    FULL_BEFORE = Step("before-full")
    FULL_PATCH = Step("patch-full")
    FULL_READ = Step("read-full")
    CREATE = Step("create")
    BEFORE = Step("before")
    PATCH_ANOTHER = Step("patch-another")
    READ_ANOTHER = Step("read-another")
    PATCH_AS = StepFamily("patch, {}")
    READ_AS = StepFamily("read, {}")


class PatchOneOfTwo(Patched, name="patch-one-of-two"):
    """Creates two, patches one, reads both.

    Nobody else is kept away: both records are its own, are there until it ends, so that no other can be given their
    ids, and are looked at by these alone.
    """

    CREATE = StepFamily("create-{}", ("a", "b"))
    BEFORE = Step("before")
    OTHER = Step("other")


@dataclass(frozen=True, slots=True)
class TakenAway(Facts):
    """What was taken away.

    Attributes:
        attribute: Pointer of the row's subject, or of another attribute where the target demands that; empty where it
            demands every one.
    """

    attribute: str


class Removing(Probe):
    """Has something there, takes it away, reads back; something else where the target demands the subject."""

    CREATE = Step("create")
    BEFORE = Step("before")
    READ = Step("read")


class Removes(Removing, name="removes", facts=TakenAway):
    """Takes the subject away by a patch; by a merge patch also the end of a period, whose beginning is to stay."""

    PATCH = Step("patch")
    PERIOD = Step("period", SHOWN)
    PERIOD_BEFORE = Step("period-before")
    PERIOD_PATCH = Step("period-patch")
    PERIOD_READ = Step("period-read")


class ReplaceClears(Removing, name="replace-clears", facts=TakenAway):
    """Creates with the subject, replaces without it."""

    REPLACE = Step("replace")


class MergeArrayReplaces(Probe, name="merge-array-replaces"):
    """Creates with two members in the subject, patches with one."""

    CREATE = Step("create", STARTS)
    PATCH = Step("patch")
    READ = Step("read")


class MergeObjectMerges(Probe, name="merge-object-merges"):
    """Creates with the subject, patches one member of it."""

    CREATE = Step("create")
    PATCH = Step("patch")
    READ = Step("read")


class JsonPatchReplace(Patched, name="json-patch-replace"):
    """Creates with the subject, replaces it by JSON Patch."""

    CREATE = Step("create", STARTS)


class JsonPatchAddMember(Probe, name="json-patch-add-member"):
    """Creates with one member in the subject, adds another by JSON Patch."""

    CREATE = Step("create")
    PATCH = Step("patch")
    READ = Step("read")


class ReplaceTakesAll(Probe, name="replace-takes-all"):
    """Creates with a text, replaces what was made by the same body with second values, reads before and after."""

    CREATE = Step("create")
    BEFORE = Step("before")
    REPLACE = Step("replace")
    READ = Step("read")


class DeleteIgnoresFields(Probe, name="delete-ignores-fields", alone="records"):
    """Creates two; deletes one of them plainly, and the other with a selection in the query."""

    CREATE = Step("create", STARTS)
    CONTROL = Step("control")
    DELETE = Step("delete")


class UndefinedAttribute(Probe, name="undefined-attribute"):
    """Patches an attribute that the document does not define."""

    CREATE = Step("create")
    PATCH = Step("patch")
    READ = Step("read")


@dataclass(frozen=True, slots=True)
class Moved(Facts):
    """Number of moves that were tried.

    Attributes:
        moves: How many moves from one state to the next.
    """

    moves: int


class StatusMoves(Probe, name="status-moves", facts=Moved):
    """Creates in the first state, patches through the others."""

    CREATE = Step("create")
    PATCH = StepFamily("patch-{}")
    READ = StepFamily("read-{}")


PATCH_KEEPS_OTHERS: Final = scenario("patch-keeps-others", PatchKeepsOthers)
PATCH_LASTS: Final = scenario("patch-lasts", Patch)
PATCH_ONE_OF_TWO: Final = scenario("patch-one-of-two", PatchOneOfTwo)
MERGE_NULL_REMOVES: Final = scenario("merge-null-removes", Removes)
MERGE_ARRAY_REPLACES: Final = scenario("merge-array-replaces", MergeArrayReplaces)
MERGE_OBJECT_MERGES: Final = scenario("merge-object-merges", MergeObjectMerges)
JSON_PATCH_REPLACE: Final = scenario("json-patch-replace", JsonPatchReplace)
JSON_PATCH_ADD_MEMBER: Final = scenario("json-patch-add-member", JsonPatchAddMember)
JSON_PATCH_REMOVE: Final = scenario("json-patch-remove", Removes)
REPLACE_TAKES_ALL: Final = scenario("replace-takes-all", ReplaceTakesAll)
REPLACE_CLEARS: Final = scenario("replace-clears", ReplaceClears)
REPLACE_KEEPS_ID: Final = scenario("replace-keeps-id", ReplaceTakesAll)
DELETE_IGNORES_FIELDS: Final = scenario("delete-ignores-fields", DeleteIgnoresFields)
UNDEFINED_ATTRIBUTE: Final = scenario("undefined-attribute", UndefinedAttribute)
STATUS_MOVES: Final = Scenario("status-moves", StatusMoves, given=part(Each), expect=NOTHING)
