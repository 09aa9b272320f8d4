"""Rules on answers: their status, headers, media type and body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal

from tmfkit_conformance.rules.members import Members, Tolerating, absent, part
from tmfkit_conformance.rules.operations import VALID, Create, CreateFull, ReadBack, Replace, done_rightly
from tmfkit_conformance.rules.planning import shared
from tmfkit_conformance.rules.probes import Probe, Step
from tmfkit_conformance.rules.queries import Page
from tmfkit_conformance.rules.reasons import STARTS, UNDOES
from tmfkit_conformance.rules.rule import NOTHING, TOLERATING, Case, Kind, PlannedProbe
from tmfkit_models.contracts import Operation, Requirement

__all__ = [
    "ACCEPT",
    "BODY",
    "CONSUMES",
    "HEADER",
    "PRODUCES",
    "STATUS",
    "Accept",
    "BodyExpectation",
    "BodyForm",
    "Deleted",
    "HeaderExpectation",
    "PatchMedia",
    "Refused",
    "Repeated",
    "Situation",
    "StatusGiven",
    "UnknownId",
]


class Accept(Probe, name="accept"):
    """Does the operation with an Accept header that names one media type and no other."""

    CREATE = Step("create", STARTS)
    CALL = Step("call")
    UNDONE = Step("undone", UNDOES)


class PatchMedia(ReadBack, name="patch-media"):
    """Patches one attribute with the media type in the subject, reads back; where that is refused, with another."""

    CREATE = Step("create", STARTS)
    PATCH = Step("patch")
    CONTROL = Step("control")


class Refused(Probe, name="refused"):
    """Sends a request that is in order, and one with the fault that the subject names."""

    CREATE = Step("create", STARTS)
    CONTROL = Step("control")
    CONTROL_UNDONE = Step("control-undone", UNDOES)
    REFUSED = Step("refused")


class UnknownId(Probe, name="unknown-id", alone="records"):
    """Does the operation on something that is there, and on an id that nothing has.

    A change is tried on what was there as well, once it is deleted.
    """

    CREATE = Step("create", STARTS)
    CONTROL = Step("control")
    UNKNOWN = Step("unknown")
    DELETE = Step("delete", STARTS)
    GONE = Step("gone")
    CHANGE_GONE = Step("change-gone")
    TAKEN_AWAY = Step("taken-away", UNDOES)


class Deleted(Probe, name="deleted", alone="records"):
    """Does the operation on something that has just been taken away."""

    CREATE = Step("create", STARTS)
    CONTROL = Step("control")
    AGAIN = Step("again")


class Repeated(Probe, name="repeated", alone="records"):
    """Does the same twice: registers one callback, or creates with one id."""

    FIRST = Step("first")
    SECOND = Step("second")
    UNDONE = Step("undone", UNDOES)


Situation = Literal[
    "valid", "malformed-body", "wrong-type", "missing-mandatory", "bad-query", "unknown-id", "deleted", "repeated"
]


@dataclass(frozen=True, slots=True)
class StatusGiven(Members):
    """Situation that the request of a ``status`` row is made in."""

    text: ClassVar[str] = "situation"

    situation: Situation


_FAULTY: Final[Mapping[str, tuple[type[Probe], Step]]] = {
    "malformed-body": (Refused, Refused.REFUSED),
    "wrong-type": (Refused, Refused.REFUSED),
    "missing-mandatory": (Refused, Refused.REFUSED),
    "bad-query": (Refused, Refused.REFUSED),
    "unknown-id": (UnknownId, UnknownId.UNKNOWN),
    "deleted": (Deleted, Deleted.AGAIN),
    "repeated": (Repeated, Repeated.SECOND),
}
"""Situation → the probe that brings it about, and the step whose status the row speaks of."""


def _status(row: Requirement, operation: Operation) -> Case:
    situation = STATUS.given_of(row).situation
    if situation == "valid":
        if row.subject == "206":
            return Case(row, PlannedProbe(Page, operation.id, "limit"), Page.PAGE)
        return done_rightly(row, operation)
    probe, step = _FAULTY[situation]
    return Case(row, PlannedProbe(probe, operation.id, situation if probe is Refused else ""), step)


STATUS: Final = Kind(
    "status",
    given=part(StatusGiven),
    expect=TOLERATING,
    words="the status of the answer is looked at",
    plan=_status,
)


@dataclass(frozen=True, slots=True)
class HeaderExpectation(Tolerating):
    """Target of a header, and the headers that are tolerated in its place."""

    leads_to: Literal["resource", "subscription"] | None = field(
        default=None, metadata=absent("the header only has to be there")
    )


def _header(row: Requirement, operation: Operation) -> Case:
    if HEADER.expect_of(row).leads_to == "resource" and operation.action == "create":
        return Case(row, PlannedProbe(Create, operation.id), Create.FOLLOW.of(row.subject.lower()))
    if row.subject.lower() == "link":
        return Case(row, PlannedProbe(Page, operation.id, "limit"), Page.PAGE)
    return done_rightly(row, operation)


HEADER: Final = Kind(
    "header",
    given=NOTHING,
    expect=part(HeaderExpectation),
    words="the header is looked for in the answer, and the address in it is followed where one has to be",
    plan=_header,
)

PRODUCES: Final = Kind(
    "produces",
    given=NOTHING,
    expect=NOTHING,
    words="the Content-Type of the answer is looked at",
    plan=done_rightly,
)

ACCEPT: Final = Kind(
    "accept",
    given=NOTHING,
    expect=NOTHING,
    words="a request that accepts this media type only is sent; it has to be served",
    plan=shared(Accept, Accept.CALL),
)


def _consumes(row: Requirement, operation: Operation) -> Case:
    if operation.action == "patch":
        return Case(row, PlannedProbe(PatchMedia, operation.id, row.subject), PatchMedia.PATCH)
    if operation.action == "replace":
        return Case(row, PlannedProbe(Replace, operation.id, row.subject), Replace.REPLACE)
    if operation.action == "create":
        return Case(row, PlannedProbe(Create, operation.id), Create.CREATE)
    return done_rightly(row, operation)


CONSUMES: Final = Kind(
    "consumes",
    given=NOTHING,
    expect=TOLERATING,
    words="a body of this media type is sent; it has to be taken and to take effect",
    plan=_consumes,
)

BodyForm = Literal["array", "object", "empty", "schema", "same-id", "own-href", "echo", "whole", "present"]


@dataclass(frozen=True, slots=True)
class BodyExpectation(Members):
    """Form that the body of an answer has.

    Attributes:
        form: Its form.
        value: Type of the member that has to be present.
    """

    form: BodyForm
    value: str | None = field(default=None, metadata=absent("the form is another than `present`"))

    def fault(self) -> str:
        """Return what is wrong with the members together; empty when nothing is."""
        is_typed = self.value is not None
        return "" if is_typed == (self.form == "present") else "has `value` with the form `present`, and with no other"


def _body(row: Requirement, operation: Operation) -> Case:
    if BODY.expect_of(row).form in ("schema", "whole", "echo") and operation.action in ("create", "retrieve"):
        _, step = VALID[operation.action]
        return Case(row, PlannedProbe(CreateFull, operation.id), step)
    return done_rightly(row, operation)


BODY: Final = Kind(
    "body",
    given=NOTHING,
    expect=part(BodyExpectation),
    words="the form of the answer's body is looked at",
    plan=_body,
)
