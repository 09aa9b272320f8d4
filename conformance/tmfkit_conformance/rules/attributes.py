"""Rules on single attributes of a create: kept, made by the server, optional, given a default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from tmfkit_conformance.rules.members import Condition, Members, Tolerating, optional, part
from tmfkit_conformance.rules.operations import VALID, Create
from tmfkit_conformance.rules.planning import alone, shared
from tmfkit_conformance.rules.probes import Facts, Probe, Step, StepFamily
from tmfkit_conformance.rules.reasons import STARTS
from tmfkit_conformance.rules.rule import LEVELS, NOTHING, Case, Kind, PlannedProbe
from tmfkit_models.contracts import Contract, Operation, Requirement

__all__ = [
    "ATTRIBUTE",
    "CLIENT_ID",
    "DEFAULT",
    "GENERATED",
    "OPTIONAL",
    "READ_ONLY",
    "VALUES",
    "AttributeExpectation",
    "ClientId",
    "CreateTwice",
    "DefaultExpectation",
    "Demanded",
    "DemandedFurther",
    "DemandedTwice",
    "GeneratedExpectation",
    "GeneratedForm",
    "Minus",
    "ReadOnly",
    "Touch",
    "Tried",
    "Values",
    "ValuesExpectation",
    "With",
    "asked_for_below",
]


@dataclass(frozen=True, slots=True)
class Demanded(Facts):
    """What was asked of the target beyond an ordinary value.

    Attributes:
        demanding: Whether a demanding value was sent.
    """

    demanding: bool


@dataclass(frozen=True, slots=True)
class DemandedTwice(Demanded):
    """What was asked of the target beyond a demanding value.

    Attributes:
        longer: Whether a text was sent that is longer still.
    """

    longer: bool


@dataclass(frozen=True, slots=True)
class DemandedFurther(DemandedTwice):
    """What was asked of the target beside a demanding value.

    Attributes:
        less: Whether a value was sent that demands less, as the demanding one was refused.
        zero: Whether 0 was sent.
    """

    less: bool
    zero: bool


class With(Probe, name="with", facts=DemandedFurther):
    """Creates with the subject, reads back; where that is refused, creates without it.

    Of a state that is refused, another one is tried before that: a record may have to begin in it.

    A text for people, an integer, an instant, a list and an object are sent once more with a demanding value: long and
    in several scripts, near the ends of 32 bits, with an offset, with several members, with everything in it; a period
    with its end alone. Where such a text is taken, one more is sent that is longer still, and where such a list or
    period is not, one that asks less. An integer is sent as 0 as well.
    """

    CREATE = Step("create")
    OTHER = Step("other")
    CONTROL = Step("control")
    READ = Step("read")
    DEMANDING = Step("demanding")
    DEMANDING_READ = Step("demanding-read")
    LONGER = Step("longer")
    LONGER_READ = Step("longer-read")
    LESS = Step("less-demanding")
    LESS_READ = Step("less-demanding-read")
    ZERO = Step("zero")
    ZERO_READ = Step("zero-read")


@dataclass(frozen=True, slots=True)
class AttributeExpectation(Members):
    """Type of an attribute in its table.

    Attributes:
        type: Its type.
        array: Whether it is a list of these; the contract, which has to agree, holds answers to it.
    """

    type: str
    array: bool


ATTRIBUTE: Final = Kind(
    "attribute",
    given=optional(Condition, "the attribute may be sent in any body"),
    expect=part(AttributeExpectation),
    words="the attribute is sent on create, also with a demanding value; what is read back has to be the value sent",
    plan=shared(With, With.READ),
)


@dataclass(frozen=True, slots=True)
class Tried(Facts):
    """Number of values that were tried.

    Attributes:
        values: How many values.
    """

    values: int


class Values(Probe, name="values", facts=Tried):
    """Creates with each of the row's values; one that a create refuses is tried by patch.

    A state that is refused there as well is come to through those before it, each of them a move.
    """

    CREATE = StepFamily("create-{}")
    PLAIN = StepFamily("plain-{}", evidence_only=STARTS)
    PATCH = StepFamily("patch-{}")
    MOVE = StepFamily("move-{}")
    READ = StepFamily("read-{}")


@dataclass(frozen=True, slots=True)
class ValuesExpectation(Members):
    """The values that are to be taken."""

    values: tuple[Any, ...]


VALUES: Final = Kind(
    "values",
    given=NOTHING,
    expect=part(ValuesExpectation),
    words="each of the values is sent; each has to be taken and read back",
    plan=alone(Values),
)


class Minus(Probe, name="minus"):
    """Creates the smallest with and without the subject (under the row's condition, if it has one), reads back."""

    CONTROL = Step("control")
    CREATE = Step("create")
    READ = Step("read")


def _optional(row: Requirement, operation: Operation) -> Case:
    own = row.id if OPTIONAL.given_of(row) else ""
    return Case(row, PlannedProbe(Minus, operation.id, row.subject, own), Minus.CREATE)


OPTIONAL: Final = Kind(
    "optional",
    given=optional(Condition, "the attribute is optional under any condition"),
    expect=NOTHING,
    words="a body without the attribute is sent; it has to be taken",
    plan=_optional,
)


@dataclass(frozen=True, slots=True)
class DefaultExpectation(Members):
    """The value that an attribute has when none was sent."""

    value: Any


DEFAULT: Final = Kind(
    "default",
    given=NOTHING,
    expect=part(DefaultExpectation),
    words="the attribute is left out of the request; the resource has to have the document's value",
    plan=shared(Minus, Minus.READ),
)


class CreateTwice(Probe, name="create-twice"):
    """Creates the same body twice."""

    FIRST = Step("first")
    SECOND = Step("second")


class Touch(Probe, name="touch"):
    """Creates, waits until a clock of whole seconds has moved, changes what moves the subject, reads again."""

    CREATE = Step("create", STARTS)
    BEFORE = Step("before")
    PATCH = Step("patch")
    AFTER = Step("after")


GeneratedForm = Literal["non-empty", "unique", "date-time", "location", "later"]


@dataclass(frozen=True, slots=True)
class GeneratedExpectation(Tolerating):
    """Form of a value that the server makes."""

    form: GeneratedForm

    def fault(self) -> str:
        """Return what is wrong with the members together; empty when nothing is."""
        is_fit = not self.tolerate or (self.form == "location" and {*self.tolerate} <= {"absent", "base-path"})
        return "" if is_fit else "may tolerate `absent` and `base-path` of the form `location`, and nothing else"


def _generated(row: Requirement, operation: Operation) -> Case:
    form = GENERATED.expect_of(row).form
    if form == "unique":
        return Case(row, PlannedProbe(CreateTwice, operation.id), CreateTwice.SECOND)
    if form == "later":
        return Case(row, PlannedProbe(Touch, operation.id, row.subject), Touch.AFTER)
    if row.subject.count("/") > 1:  # a create with no more than it needs has nothing there that could have a part
        return Case(row, PlannedProbe(Minus, operation.id, row.subject), Minus.CREATE)
    probe, step = VALID[operation.action]
    return Case(row, PlannedProbe(probe, operation.id), Create.FOLLOW.of("href") if form == "location" else step)


GENERATED: Final = Kind(
    "generated",
    given=NOTHING,
    expect=part(GeneratedExpectation),
    words="the attribute is left out of the request, and its value is looked for in the answer",
    plan=_generated,
)


class ReadOnly(Probe, name="read-only"):
    """Creates with a value of our own for the subject, reads back."""

    CONTROL = Step("control")
    CONTROL_READ = Step("control-read")
    CREATE = Step("create")
    READ = Step("read")


READ_ONLY: Final = Kind(
    "read-only",
    given=NOTHING,
    expect=NOTHING,
    words="the client sends a value of its own; it has to be refused, or not taken",
    plan=shared(ReadOnly, ReadOnly.READ),
)


class ClientId(Probe, name="client-id"):
    """Creates with an id of our own; where that is refused, creates without one."""

    CREATE = Step("create")
    CONTROL = Step("control")


CLIENT_ID: Final = Kind(
    "client-id",
    given=NOTHING,
    expect=NOTHING,
    words="the client sends an id; the resource has to be found under it",
    plan=shared(ClientId, ClientId.CREATE),
)


def asked_for_below(contract: Contract, resource: str, level: str) -> tuple[str, ...]:
    """Return the attributes of a resource whose being kept is asked for below a level only: pointers."""
    lower = LEVELS[LEVELS.index(level) + 1 :]
    rows = (row for row in contract.requirements if row.kind == ATTRIBUTE.name and row.level in lower)
    return tuple(row.subject for row in rows if contract.operation(row.operation).resource == resource)
