"""Plan of a run: the probe that settles each row of a register, by the record of its kind.

The plan is made from the contract alone, and both the driver and the judge read it. Rows that the same probe settles
share it, so that it is driven once.
"""

from __future__ import annotations

from tmfkit_conformance.errors import KitDefect
from tmfkit_conformance.rules.register import KINDS, rule_of
from tmfkit_conformance.rules.rule import Case, PlannedProbe
from tmfkit_models.contracts import Contract, Operation, Requirement

__all__ = ["plan", "probes"]


def plan(contract: Contract) -> tuple[Case, ...]:
    """Return a case for every row of the register, in its order.

    Raises:
        KitDefect: A row cannot be planned; the kit and the contract do not fit together.
    """
    return tuple(_case(contract, row) for row in contract.requirements)


def probes(cases: tuple[Case, ...]) -> tuple[PlannedProbe, ...]:
    """Return the probes of the cases, each once, in the order of the register."""
    return tuple(dict.fromkeys(case.probe for case in cases if case.probe))


def _case(contract: Contract, row: Requirement) -> Case:
    if row.reason:
        return Case(row, None)
    rule = rule_of(row)
    rule.given_of(row)
    rule.expect_of(row)
    return KINDS[row.kind].plan(row, _operation(contract, row))


def _operation(contract: Contract, row: Requirement) -> Operation:
    """Return the operation of a row, or the registration that the events it speaks of are heard through."""
    if row.operation != "*" and row.operation not in (event.type for event in contract.events):
        return contract.operation(row.operation)
    registrations = [operation for operation in contract.operations if operation.action == "register"]
    named = [event.resource for event in contract.events if event.type == row.operation]
    fitting = [operation for operation in registrations if not named or operation.resource in ("", named[0])]
    if not fitting:
        raise KitDefect(
            row.id, "the contract has no hub to hear this event through", "Report it with the contract's digest"
        )
    return fitting[0]
