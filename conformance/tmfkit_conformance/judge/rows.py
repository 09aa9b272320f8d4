"""Finds the row of the register that a finding violates."""

from __future__ import annotations

from collections.abc import Iterator

from tmfkit_conformance.judge.departures import Departure
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

    def find(self, kind: str, operation: str, *, subject: str, given: str = "", form: str = "") -> str:
        """Return the id of the first row of a kind on this subject, with this condition and form; empty without one."""
        for row in self._of(kind, operation):
            has_given = not given or (row.given or "valid") == given
            if row.subject == subject and has_given and (not form or row.expect.get("form") == form):
                return row.id
        return ""

    def refusing(self, operation: Operation, departure: Departure) -> str:
        """Return the id of the row by which a body with this departure is to be refused; empty without one.

        A value of the wrong type inside the body is linked to a row on wrong types only: a row on malformed bodies
        speaks of what is no JSON object at all.
        """
        if departure.kind == "missing":
            return self.find("mandatory", operation.id, subject=departure.pointer) or self.find(
                "sub-mandatory", operation.id, subject=departure.pointer
            )
        given = {"malformed": "malformed-body", "wrong-type": "wrong-type"}.get(departure.kind)
        refusals = (row for row in self._of("status", operation.id) if row.given == given and row.subject[:1] == "4")
        return next((row.id for row in refusals), "")

    def tolerated_statuses(self, operation: Operation) -> tuple[str, ...]:
        """Return the statuses that errata tolerate in the place of the success status."""
        rows = (row for row in self._contract.requirements if row.kind == "status" and row.operation == operation.id)
        return tuple(
            status for row in rows if (row.given or "valid") == "valid" for status in row.expect.get("tolerate", ())
        )

    def scenario(self, name: str, resource: str) -> str:
        """Return the id of the first row that a scenario settles for a resource; empty without one."""
        for row in self._rows:
            if row.scenario == name and self._contract.operation(row.operation).resource == resource:
                return row.id
        return ""

    def _of(self, kind: str, operation: str) -> Iterator[Requirement]:
        return (row for row in self._rows if row.kind == kind and row.operation == operation)
