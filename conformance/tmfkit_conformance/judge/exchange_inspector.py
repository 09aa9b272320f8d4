"""What a single generated exchange shows, looked at in recorded order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.judge import round_trip
from tmfkit_conformance.judge.not_json import not_json
from tmfkit_conformance.judge.request_violations import Bodies, RequestViolation
from tmfkit_conformance.judge.resource_tracker import Key, ResourceTracker, addressed
from tmfkit_conformance.judge.rows import Rows
from tmfkit_conformance.judge.schema import Shape
from tmfkit_conformance.record.exchange import Exchange
from tmfkit_conformance.rules.answers import PRODUCES
from tmfkit_conformance.rules.attributes import asked_for_below
from tmfkit_conformance.rules.lifecycle import CREATED_IS_READABLE, DELETED_IS_GONE
from tmfkit_models.contracts import Contract, Operation

__all__ = ["ExchangeInspector", "Observation"]


@dataclass(frozen=True, slots=True)
class Observation:
    """One exchange that shows something; observations of one key make a finding.

    Attributes:
        exchange: The exchange.
        rule: Short name of what was violated.
        message: What was seen.
        requirement: Id of the row that it violates; empty when none does.
        about: What tells observations of one rule apart.
        before: Sequence number of an earlier exchange that belongs to it; 0 without one.
    """

    exchange: Exchange
    rule: str
    message: str
    requirement: str = ""
    about: str = ""
    before: int = 0

    @property
    def key(self) -> tuple[str, ...]:
        """Phase, operation, rule, requirement and what tells it apart."""
        return (self.exchange.phase, self.exchange.operation, self.rule, self.requirement, self.about)


def _departs_beside_the_body(exchange: Exchange) -> bool:
    """Say whether a request departs from the contract in its path, its query or a header."""
    return exchange.mode == "negative" and exchange.mutated.partition(" ")[0] in ("path", "query", "header", "cookie")


class ExchangeInspector:
    """Looks at the exchanges of the generated phases, one after the other.

    Args:
        contract: The contract.
        served: Phase and operation of every call that was answered 2xx at least once.
        reads: How every resource was last read.
    """

    def __init__(self, contract: Contract, served: frozenset[tuple[str, str]], reads: Mapping[Key, Exchange]) -> None:
        self._contract = contract
        self._served = served
        self._rows = Rows(contract)
        self._shape = Shape(contract)
        self._bodies = Bodies(contract)
        self._tracker = ResourceTracker(reads)
        self._describes_errors = "Error" in contract.openapi["components"]["schemas"]
        self._faulty: set[tuple[str, str]] = set()

    def observations(self, exchange: Exchange) -> Iterator[Observation]:
        """Yield what one exchange shows."""
        operation = self._contract.operation(exchange.operation)
        if exchange.response is None:
            yield Observation(exchange, "no-answer", f"No answer ({exchange.error[:200]})")
            return
        violations = self._bodies.violations(operation, exchange)
        if exchange.is_breakdown:
            yield self._server_error(operation, exchange, violations)
        if exchange.status >= 400 and self._describes_errors:
            yield from self._error_answer(exchange)
        if exchange.is_success:
            yield from (self._accepted(operation, exchange, violation) for violation in violations)
            yield from self._status(operation, exchange, violations)
            self._mark_faulty(operation, exchange)
            yield from self._answer(operation, exchange)
        yield from self._life(operation, exchange)

    def follow(self, exchange: Exchange) -> None:
        """Take in an exchange that is not judged, such as those that tidy up."""
        self._tracker.observe(self._contract.operation(exchange.operation), exchange)

    def _server_error(
        self, operation: Operation, exchange: Exchange, violations: tuple[RequestViolation, ...]
    ) -> Observation:
        """Link a 5xx to the row that asks for a refusal of the one thing that is wrong, if the operation works at all.

        Where more is wrong, in the body or beside it, nothing tells what the target broke at.
        """
        works = (exchange.phase, exchange.operation) in self._served
        is_single = len(violations) == 1 and not _departs_beside_the_body(exchange)
        linked = self._rows.refusing(operation, violations[0]) if works and is_single else ""
        message = f"Answered {exchange.status}"
        if exchange.mutated:
            message += f" to a request that is not in order ({exchange.mutated[:200]})"
        return Observation(exchange, "server-error", message, linked)

    def _accepted(self, operation: Operation, exchange: Exchange, violation: RequestViolation) -> Observation:
        row = "" if self._is_dropped(operation, exchange, violation) else self._rows.refusing(operation, violation)
        message = f"Answered {exchange.status} although {violation.message}"
        return Observation(exchange, "accepted", message, row, violation.pointer if row else "")

    def _is_dropped(self, operation: Operation, exchange: Exchange, violation: RequestViolation) -> bool:
        """Say whether what a violation stands in is not kept, and need not be: its members need not be known either."""
        parts = violation.pointer.split("/")
        attribute = "/".join(parts[:2])
        optional = len(parts) > 2 and attribute in asked_for_below(self._contract, operation.resource, "must")
        if not optional or not isinstance(exchange.answer, dict):
            return False
        component = self._contract.resource(operation.resource).schema
        return not pointers.select(round_trip.canonical(self._contract, component, exchange.answer), attribute)

    def _status(
        self, operation: Operation, exchange: Exchange, violations: tuple[RequestViolation, ...]
    ) -> Iterator[Observation]:
        if str(exchange.status) in (*operation.statuses, *self._rows.tolerated_statuses(operation)):
            return
        row = "" if violations or exchange.mutated else self._rows.success(operation)
        message = f"Answered {exchange.status}, which the document does not name for this operation"
        yield Observation(exchange, "success-status", message, row, str(exchange.status))

    def _answer(self, operation: Operation, exchange: Exchange) -> Iterator[Observation]:
        """Hold the answer to a call that succeeded against the contract."""
        response = exchange.response
        if response is None or not operation.response_schema or response.status == 204:
            return
        if not response.is_json:
            row = self._rows.body(operation, "schema")
            yield Observation(exchange, "answer", not_json(response), row, "not JSON")
            return
        if response.media_type not in operation.produces:
            row = self._rows.find(PRODUCES, operation, subject=operation.produces[0])
            declared = response.media_type or "nothing"
            yield Observation(exchange, "media-type", f"A JSON answer is declared {declared}", row, declared)
        is_list = operation.action == "list"
        if is_list != isinstance(exchange.answer, list):
            row = self._rows.body(operation, "array" if is_list else "object")
            found = f"The answer is {'no' if is_list else 'a'} JSON array"
            yield Observation(exchange, "answer", found, row or self._schema_row(operation), "form")
            return
        yield from self._faults(operation, exchange)

    def _faults(self, operation: Operation, exchange: Exchange) -> Iterator[Observation]:
        members = exchange.answer if operation.action == "list" else [exchange.answer]
        for member in members:
            if self._repeats_a_fault(operation, member):
                continue
            faults, _ = self._shape.faults(member, operation.response_schema)
            if faults:
                yield Observation(exchange, "answer", "; ".join(faults), self._schema_row(operation), faults[0])
                return

    def _repeats_a_fault(self, operation: Operation, member: object) -> bool:
        """Say whether a resource was stored with a fault, which its answers then repeat: that is another finding."""
        identifier = str(member.get("id", "")) if isinstance(member, dict) else ""
        if not identifier:
            return any(resource == operation.resource for resource, _ in self._faulty)
        return (operation.resource, identifier) in self._faulty

    def _mark_faulty(self, operation: Operation, exchange: Exchange) -> None:
        if operation.action not in ("create", "patch", "replace", "send"):
            return
        sent = exchange.request.json
        # What a JSON patch makes of a resource is not told by the patch alone.
        if not isinstance(sent, dict) or self._shape.faults(sent, operation.response_schema)[0]:
            identifier = addressed(operation, exchange) or exchange.identifier
            self._faulty.add((operation.resource, identifier))

    def _schema_row(self, operation: Operation) -> str:
        return self._rows.body(operation, "schema")

    def _error_answer(self, exchange: Exchange) -> Iterator[Observation]:
        answer = exchange.answer
        if not isinstance(answer, dict):
            yield Observation(exchange, "error-body", f"{exchange.status} was answered without a JSON object")
            return
        faults, _ = self._shape.faults(answer, "Error")
        missing = [f"{name} is missing" for name in self._contract.required("Error") if not answer.get(name)]
        if faults or missing:
            yield Observation(
                exchange, "error-body", f"The body of {exchange.status}: {'; '.join([*missing, *faults])}"
            )

    def _life(self, operation: Operation, exchange: Exchange) -> Iterator[Observation]:
        given = self._tracker.made_before(operation, exchange)
        if given:
            row = self._rows.unique_id(operation)
            message = "A create was answered with the id of a resource that is there"
            yield Observation(exchange, "id-given-twice", message, row, before=given)
        deleted = self._tracker.read_after_delete(operation, exchange)
        if deleted:
            is_late = self._tracker.settles_later(operation, exchange)
            row = "" if is_late else self._rows.scenario(DELETED_IS_GONE, operation.resource)
            message = "A deleted resource was read all the same" + (", and was gone a moment later" if is_late else "")
            yield Observation(exchange, "use-after-delete", message, row, before=deleted)
        created = self._tracker.lost(operation, exchange)
        if created:
            is_late = self._tracker.settles_later(operation, exchange)
            row = "" if is_late else self._rows.scenario(CREATED_IS_READABLE, operation.resource)
            message = f"A resource that was created was answered {exchange.status}"
            message += ", and was there a moment later" if is_late else ""
            yield Observation(exchange, "not-readable", message, row, before=created)
        self._tracker.observe(operation, exchange)
