"""Which probe settles which requirement: the one table between the register and the requests.

A *probe* is a short series of requests with a purpose; its *steps* have names. Rows that the same probe settles share
it, so that it is driven once. The plan is made from the contract alone, and both the driver and the judge read it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tmfkit_conformance.errors import KitDefect
from tmfkit_models.contracts import Contract, Operation, Requirement

__all__ = ["Case", "Probe", "plan", "probes"]


@dataclass(frozen=True, slots=True)
class Probe:
    """A series of requests.

    Attributes:
        name: Name of the driving function.
        operation: ``operationId`` it is about.
        subject: What of the operation: a JSON pointer, a media type, a condition.
        row: Id of the only row it is for, when it needs that row's own values; empty when rows share it.
    """

    name: str
    operation: str
    subject: str = ""
    row: str = ""

    @property
    def key(self) -> str:
        """One line that names the probe in a bundle."""
        return " ".join(
            part for part in (self.name, self.operation, self.subject, self.row and f"[{self.row}]") if part
        )


@dataclass(frozen=True, slots=True)
class Case:
    """A requirement and what settles it.

    Attributes:
        requirement: The row.
        probe: The probe that settles it; None when nothing outside can.
        step: The step of the probe whose answer the row speaks of.
    """

    requirement: Requirement
    probe: Probe | None
    step: str = ""


_VALID = {
    "create": ("create", "create"),
    "list": ("list", "list"),
    "retrieve": ("create", "read"),
    "patch": ("patch", "patch"),
    "replace": ("replace", "replace"),
    "delete": ("delete", "delete"),
    "register": ("register", "register"),
    "unregister": ("unregister", "unregister"),
    "send": ("send", "send"),
    "send-stored": ("send-stored", "send"),
}
"""Action → the probe that does it rightly, and the step that is the operation itself."""

_GIVEN = {
    "malformed-body": ("refused", "refused"),
    "wrong-type": ("refused", "refused"),
    "missing-mandatory": ("refused", "refused"),
    "bad-query": ("refused", "refused"),
    "unknown-id": ("unknown-id", "unknown"),
    "deleted": ("deleted", "again"),
    "repeated": ("repeated", "second"),
}
"""Condition of a ``status`` row → the probe that brings it about."""


def plan(contract: Contract) -> tuple[Case, ...]:
    """Return a case for every row of the register, in its order.

    Raises:
        KitDefect: A row cannot be planned; the kit and the contract do not fit together.
    """
    return tuple(_case(contract, row) for row in contract.requirements)


def probes(cases: tuple[Case, ...]) -> tuple[Probe, ...]:
    """Return the probes of the cases, each once, in the order of the register."""
    return tuple(dict.fromkeys(case.probe for case in cases if case.probe))


def _case(contract: Contract, row: Requirement) -> Case:
    if row.reason:
        return Case(row, None)
    if row.operation == "*" or row.operation in (event.type for event in contract.events):
        name = f"scenario:{row.scenario}" if row.scenario else "events"
        return Case(row, Probe(name, _registration(contract, row)))
    operation = contract.operation(row.operation)
    try:
        return _PLANNERS[row.kind](row, operation)
    except KeyError as exc:
        raise KitDefect(
            row.id, f"nothing drives a row of kind {row.kind!r} with {exc}", "Report it with the contract's digest"
        ) from exc


def _registration(contract: Contract, row: Requirement) -> str:
    """Return the registration that events are heard through."""
    registrations = [operation for operation in contract.operations if operation.action == "register"]
    named = [event.resource for event in contract.events if event.type == row.operation]
    fitting = [operation.id for operation in registrations if not named or operation.resource in ("", named[0])]
    if not fitting:
        raise KitDefect(
            row.id, "the contract has no hub to hear this event through", "Report it with the contract's digest"
        )
    return fitting[0]


def _valid(row: Requirement, operation: Operation) -> Case:
    name, step = _VALID[operation.action]
    return Case(row, Probe(name, operation.id), step)


def _status(row: Requirement, operation: Operation) -> Case:
    given = row.given if isinstance(row.given, str) and row.given else "valid"
    if given == "valid":
        if row.subject == "206":
            return Case(row, Probe("page", operation.id, "limit"), "page")
        return _valid(row, operation)
    name, step = _GIVEN[given]
    return Case(row, Probe(name, operation.id, given if name == "refused" else ""), step)


def _header(row: Requirement, operation: Operation) -> Case:
    if row.expect.get("leads-to"):
        return Case(row, Probe(*_VALID[operation.action][:1], operation.id), f"follow-{row.subject.lower()}")
    if row.subject.lower() == "link":
        return Case(row, Probe("page", operation.id, "limit"), "page")
    return _valid(row, operation)


def _body(row: Requirement, operation: Operation) -> Case:
    if row.expect.get("form") in ("schema", "whole", "echo") and operation.action in ("create", "retrieve"):
        return Case(row, Probe("create-full", operation.id), "create" if operation.action == "create" else "read")
    return _valid(row, operation)


def _consumes(row: Requirement, operation: Operation) -> Case:
    if operation.action in ("patch", "replace"):
        return Case(
            row, Probe("patch-media" if operation.action == "patch" else "replace", operation.id, row.subject), ""
        )
    if operation.action == "create":
        return Case(row, Probe("create-full", operation.id), "create")
    return _valid(row, operation)


def _generated(row: Requirement, operation: Operation) -> Case:
    form = row.expect.get("form", "non-empty")
    if form == "unique":
        return Case(row, Probe("create-twice", operation.id), "second")
    if form == "later":
        return Case(row, Probe("touch", operation.id, row.subject), "after")
    if row.subject.count("/") > 1:  # a create with no more than it needs has nothing there that could have a part
        return Case(row, Probe("minus", operation.id, row.subject), "create")
    return Case(
        row,
        Probe(_VALID[operation.action][0], operation.id),
        "follow-href" if form == "location" else _VALID[operation.action][1],
    )


def _about(name: str, step: str = "") -> Callable[[Requirement, Operation], Case]:
    """Plan a probe that rows of the same operation and subject share."""
    return lambda row, operation: Case(row, Probe(name, operation.id, row.subject), step)


def _alone(name: str, step: str = "") -> Callable[[Requirement, Operation], Case]:
    """Plan a probe that needs the row's own values."""
    return lambda row, operation: Case(row, Probe(name, operation.id, row.subject, row.id), step)


def _sub_mandatory(row: Requirement, operation: Operation) -> Case:
    return Case(
        row, Probe("patch-without" if operation.action == "patch" else "without", operation.id, row.subject), "refused"
    )


def _optional(row: Requirement, operation: Operation) -> Case:
    return Case(row, Probe("minus", operation.id, row.subject, row.id if row.given else ""), "create")


_PLANNERS: dict[str, Callable[[Requirement, Operation], Case]] = {
    "status": _status,
    "header": _header,
    "produces": _valid,
    "accept": _about("accept", "call"),
    "body": _body,
    "consumes": _consumes,
    "attribute": _about("with", "read"),
    "values": _alone("values"),
    "mandatory": _about("without", "refused"),
    "optional": _optional,
    "sub-mandatory": _sub_mandatory,
    "any-of": _alone("any-of"),
    "conditional": _alone("conditional", "refused"),
    "generated": _generated,
    "read-only": _about("read-only", "read"),
    "client-id": _about("client-id", "create"),
    "default": _about("minus", "read"),
    "patchable": _about("patch-to", "read"),
    "non-patchable": _about("patch-not", "read"),
    "fields": _about("fields"),
    "filter": _alone("filter", "list"),
    "sort": _about("sort", "list"),
    "paging": _about("page", "page"),
    "auth": _alone("auth", "call"),
    "scenario": lambda row, operation: Case(
        row, Probe(f"scenario:{row.scenario}", operation.id, row.subject, row.id if row.given else ""), ""
    ),
}
