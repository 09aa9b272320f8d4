"""Finds the row of the register that a finding violates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tmfkit_conformance.judge.request_violations import RequestViolation
from tmfkit_conformance.rules.answers import BODY, STATUS, BodyForm
from tmfkit_conformance.rules.attributes import GENERATED
from tmfkit_conformance.rules.refusals import MANDATORY, SUB_MANDATORY
from tmfkit_conformance.rules.rule import Kind, Scenario
from tmfkit_models.contracts import Contract, Operation, Requirement

__all__ = ["Rows"]

_LEVELS = ("must", "should")


class Rows:
    """The rows that a finding can be linked to: musts and shoulds that can be settled from outside, musts first.

    Args:
        contract: The contract.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        settled = [row for row in contract.requirements if not row.reason and row.level in _LEVELS]
        self._rows = sorted(settled, key=lambda row: _LEVELS.index(row.level))

    def find(self, kind: Kind[Any, Any], operation: Operation, *, subject: str) -> str:
        """Return the id of the first row of a kind on this subject; empty without one."""
        return next((row.id for row in self._of(kind, operation) if row.subject == subject), "")

    def success(self, operation: Operation) -> str:
        """Return the id of the first row on the success status of a valid request; empty without one."""
        rows = (row for row in self._of(STATUS, operation) if row.subject == str(operation.success))
        return next((row.id for row in rows if STATUS.given_of(row).situation == "valid"), "")

    def body(self, operation: Operation, form: BodyForm) -> str:
        """Return the id of the first row on the form of the whole body of the answer; empty without one."""
        rows = (row for row in self._of(BODY, operation) if not row.subject)
        return next((row.id for row in rows if BODY.expect_of(row).form == form), "")

    def unique_id(self, operation: Operation) -> str:
        """Return the id of the first row by which no two resources have one id; empty without one."""
        rows = (row for row in self._of(GENERATED, operation) if row.subject == "/id")
        return next((row.id for row in rows if GENERATED.expect_of(row).form == "unique"), "")

    def refusing(self, operation: Operation, violation: RequestViolation) -> str:
        """Return the id of the row by which a body with this violation is to be refused; empty without one.

        A value of the wrong type, the whole body included, is linked to a row on wrong types only: a row on malformed
        bodies speaks of what is no JSON.
        """
        if violation.kind == "missing":
            found = (self.find(kind, operation, subject=violation.pointer) for kind in (MANDATORY, SUB_MANDATORY))
            return next((row for row in found if row), "")
        situation = {"malformed": "malformed-body", "wrong-type": "wrong-type"}.get(violation.kind)
        refusals = (row for row in self._of(STATUS, operation) if row.subject[:1] == "4")
        return next((row.id for row in refusals if STATUS.given_of(row).situation == situation), "")

    def tolerated_statuses(self, operation: Operation) -> tuple[str, ...]:
        """Return the statuses that errata tolerate in the place of the success status."""
        settled = (row for row in self._contract.requirements if not row.reason and row.operation == operation.id)
        rows = (row for row in settled if row.kind == STATUS.name and STATUS.given_of(row).situation == "valid")
        return tuple(status for row in rows for status in STATUS.expect_of(row).tolerate)

    def scenario(self, played: Scenario[Any, Any], resource: str) -> str:
        """Return the id of the first row that a scenario settles for a resource; empty without one."""
        for row in self._rows:
            if row.scenario == played.name and self._contract.operation(row.operation).resource == resource:
                return row.id
        return ""

    def _of(self, kind: Kind[Any, Any], operation: Operation) -> Iterator[Requirement]:
        return (row for row in self._rows if row.kind == kind.name and row.operation == operation.id)
