"""Rules on refusals, each beside a control that differs in one thing and succeeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from tmfkit_conformance.rules.answers import UnknownId
from tmfkit_conformance.rules.members import Condition, Tolerating, part
from tmfkit_conformance.rules.planning import alone, shared
from tmfkit_conformance.rules.probes import Facts, Probe, Step, StepFamily
from tmfkit_conformance.rules.reasons import STARTS, UNDOES
from tmfkit_conformance.rules.rule import NOTHING, TOLERATING, Case, Kind, PlannedProbe, scenario, tolerating
from tmfkit_models.contracts import Operation, Requirement

__all__ = [
    "ANY_OF",
    "AUTH",
    "COLLECTION_DELETE_REFUSED",
    "CONDITIONAL",
    "MANDATORY",
    "NON_PATCHABLE",
    "PARTIAL",
    "PUT_REFUSED",
    "SUB_MANDATORY",
    "UNKNOWN_ID_REFUSED",
    "UNLISTED_VALUE",
    "AnyOf",
    "AnyOfExpectation",
    "Auth",
    "AuthExpectation",
    "CollectionDeleteRefused",
    "Conditional",
    "Marked",
    "MethodRefused",
    "PatchNot",
    "PatchWithout",
    "PutRefused",
    "Refusing",
    "UnlistedValue",
    "Without",
]


class Refusing(Probe):
    """Sends what is in order, and what is to be refused."""

    CONTROL = Step("control")
    REFUSED = Step("refused")


@dataclass(frozen=True, slots=True)
class Marked(Facts):
    """Mark by which one sees whether something came into being.

    Attributes:
        marker: An attribute with a text that is nowhere else at the target.
    """

    marker: Mapping[str, str]


class Without(Refusing, name="without", facts=Marked):
    """Sends a body with the subject, and the same without it; an array gets a faulty second member as well."""

    CREATE = Step("create", STARTS)
    CONTROL_UNDONE = Step("control-undone", UNDOES)
    LISTED = Step("listed")
    TAKEN_AWAY = Step("taken-away", UNDOES)
    REFUSED_SECOND = Step("refused-second")


class PatchWithout(Refusing, name="patch-without"):
    """Patches with a whole value, and with one whose element lacks the subject; reads after each."""

    CREATE = Step("create", STARTS)
    BEFORE = Step("before")
    READ = Step("read")


def _sub_mandatory(row: Requirement, operation: Operation) -> Case:
    probe: type[Refusing] = PatchWithout if operation.action == "patch" else Without
    return Case(row, PlannedProbe(probe, operation.id, row.subject), probe.REFUSED)


MANDATORY: Final = Kind(
    "mandatory",
    given=NOTHING,
    expect=TOLERATING,
    words="a body without the attribute has to be refused, one with it taken",
    plan=shared(Without, Without.REFUSED),
)

SUB_MANDATORY: Final = Kind(
    "sub-mandatory",
    given=NOTHING,
    expect=TOLERATING,
    words="an element without the attribute has to be refused, one with it taken",
    plan=_sub_mandatory,
)


class AnyOf(Probe, name="any-of"):
    """Sends the object with each of the members alone, and with none of them."""

    CREATE = Step("create", STARTS)
    WITH = StepFamily("with-{}")
    REFUSED = Step("refused")


@dataclass(frozen=True, slots=True)
class AnyOfExpectation(Tolerating):
    """The members of which one has to be there."""

    members: tuple[str, ...]


ANY_OF: Final = Kind(
    "any-of",
    given=NOTHING,
    expect=part(AnyOfExpectation),
    words="an element with none of the members is sent, and one with each alone: only the first may be refused",
    plan=alone(AnyOf),
)


class Conditional(Refusing, name="conditional"):
    """Brings the condition about, sends the body with the subject and without it."""

    CREATE = Step("create", STARTS)


CONDITIONAL: Final = Kind(
    "conditional",
    given=part(Condition),
    expect=TOLERATING,
    words="under the condition, a body without the attribute has to be refused, one with it taken",
    plan=alone(Conditional, Conditional.REFUSED),
)


PARTIAL: Final = ("application/merge-patch+json", "application/json")
"""Media types of a patch that is a partial object."""


class PatchNot(Refusing, name="patch-not"):
    """Patches something that may be changed, then the subject, and reads by the old id.

    Where the media type is refused, the other one of a partial object is taken; an id is tried with both.
    """

    CREATE = Step("create", STARTS)
    CONTROL_OTHER = Step("control-other")
    BEFORE = Step("before")
    READ = Step("read")
    REFUSED_OTHER = Step("refused-other")
    READ_OTHER = Step("read-other")


NON_PATCHABLE: Final = Kind(
    "non-patchable",
    given=NOTHING,
    expect=NOTHING,
    words="another value is sent in a patch; it has to be refused, or not taken",
    plan=shared(PatchNot, PatchNot.READ),
)


class Auth(Probe, name="auth"):
    """Calls the operation in the role of the subject; where that is to be refused, calls it as admin afterwards."""

    CREATE = Step("create", STARTS)
    BEFORE = Step("before")
    CALL = Step("call")
    READ = Step("read")
    CONTROL = Step("control")


@dataclass(frozen=True, slots=True)
class AuthExpectation(Tolerating):
    """Answer that a role is to get: it may call the operation, or may not."""

    form: Literal["allowed", "refused"]


AUTH: Final = Kind(
    "auth",
    given=NOTHING,
    expect=part(AuthExpectation),
    words="the call is made with the credential of this role",
    plan=alone(Auth, Auth.CALL),
)


class UnlistedValue(Refusing, name="unlisted-value"):
    """Creates with a listed value and with one that is not."""

    READ = Step("read")


class MethodRefused(Probe):
    """Tries a method that is not offered, reads afterwards."""

    CREATE = Step("create", STARTS)
    BEFORE = Step("before")
    REFUSED = Step("refused")
    READ = Step("read")


class PutRefused(MethodRefused, name="put-refused"):
    """Tries PUT, reads afterwards."""


class CollectionDeleteRefused(MethodRefused, name="collection-delete-refused", alone="records"):
    """Tries to delete the collection, reads a member afterwards."""


UNKNOWN_ID_REFUSED: Final = tolerating("unknown-id-refused", UnknownId)
UNLISTED_VALUE: Final = tolerating("unlisted-value", UnlistedValue)
PUT_REFUSED: Final = scenario("put-refused", PutRefused)
COLLECTION_DELETE_REFUSED: Final = scenario("collection-delete-refused", CollectionDeleteRefused)
