"""Judges what the generated phases recorded.

A finding counts against conformance only through a row of the register that it violates; every other one is a remark.
Refusing a generated body is never held against the target: business rules are its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tmfkit_conformance.judge.departures import Bodies, Departure
from tmfkit_conformance.judge.lives import Lives, addressed
from tmfkit_conformance.judge.rows import Rows
from tmfkit_conformance.judge.schema import Shape
from tmfkit_conformance.judge.verdict import Finding
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.record.exchange import Exchange
from tmfkit_models.contracts import Contract, Operation

__all__ = ["Coverage", "findings"]

Coverage = dict[str, dict[str, str]]
"""Phase → operationId → ``2xx/all``."""

_REGISTER_PHASES = ("register", "cleanup")
_SHOWN = 6


@dataclass(frozen=True, slots=True)
class _Sighting:
    """One exchange that shows something; those that agree in everything but the exchange make a finding."""

    exchange: Exchange
    rule: str
    message: str
    requirement: str = ""
    about: str = ""
    before: int = 0

    @property
    def key(self) -> tuple[str, ...]:
        return (self.exchange.phase, self.exchange.operation, self.rule, self.requirement, self.about)


def findings(bundle: Bundle, contract: Contract) -> tuple[tuple[Finding, ...], Coverage]:
    """Return what the generated requests of a run brought to light, and how far they got.

    Args:
        bundle: What was recorded.
        contract: The contract to hold it against.

    Returns:
        The findings, in the order in which they were first seen; and, for every generated phase of the run and every
        operation of the contract, how many answers had a 2xx status among all answers. ``0/0`` says that the operation
        was not called in that phase.
    """
    generated = [exchange for exchange in bundle.exchanges if exchange.phase not in _REGISTER_PHASES]
    watch = _Watch(contract, _served(generated))
    sightings = [sighting for exchange in generated for sighting in watch.sightings(exchange)]
    return _grouped([*sightings, *_silence(generated)]), _coverage(bundle, contract, generated)


@dataclass
class _Watch:
    """Looks at exchanges in recorded order.

    Attributes:
        contract: The contract.
        served: Phase and operation of every call that was answered 2xx at least once.
        faulty: Resource name and id of what was stored with a value that the contract does not have.
    """

    contract: Contract
    served: frozenset[tuple[str, str]]
    lives: Lives = field(default_factory=Lives)
    faulty: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.rows = Rows(self.contract)
        self.shape = Shape(self.contract)
        self.bodies = Bodies(self.contract)

    def sightings(self, exchange: Exchange) -> Iterator[_Sighting]:
        """Yield what one exchange shows."""
        operation = self.contract.operation(exchange.operation)
        if exchange.response is None:
            yield _Sighting(exchange, "no-answer", f"No answer ({exchange.error[:200]})")
            return
        departures = self.bodies.departures(operation, exchange)
        if exchange.status >= 500:
            yield self._server_error(operation, exchange, departures)
        if exchange.status >= 400:
            yield from self._error_answer(exchange)
        if exchange.is_success:
            yield from (self._accepted(operation, exchange, departure) for departure in departures)
            yield from self._status(operation, exchange, departures)
            self._mark_faulty(operation, exchange)
            yield from self._answer(operation, exchange)
        yield from self._life(operation, exchange)

    def _server_error(
        self, operation: Operation, exchange: Exchange, departures: tuple[Departure, ...]
    ) -> _Sighting:
        """Link a 5xx to the row that asks for a refusal, if the operation works at all."""
        works = (exchange.phase, exchange.operation) in self.served
        linked = [row for departure in departures if (row := self.rows.refusing(operation, departure))]
        message = f"Answered {exchange.status}"
        if exchange.mutated:
            message += f" to a request that is not in order ({exchange.mutated[:200]})"
        return _Sighting(exchange, "server-error", message, linked[0] if linked and works else "")

    def _accepted(self, operation: Operation, exchange: Exchange, departure: Departure) -> _Sighting:
        row = self.rows.refusing(operation, departure)
        message = f"Answered {exchange.status} although {departure.message}"
        return _Sighting(exchange, "accepted", message, row, departure.pointer if row else "")

    def _status(
        self, operation: Operation, exchange: Exchange, departures: tuple[Departure, ...]
    ) -> Iterator[_Sighting]:
        if str(exchange.status) in (*operation.statuses, *self.rows.tolerated_statuses(operation)):
            return
        row = "" if departures else self.rows.find("status", operation.id, subject=str(operation.success), given="valid")
        message = f"Answered {exchange.status}, which the document does not name for this operation"
        yield _Sighting(exchange, "success-status", message, row, str(exchange.status))

    def _answer(self, operation: Operation, exchange: Exchange) -> Iterator[_Sighting]:
        """Hold the answer to a call that succeeded against the contract."""
        response = exchange.response
        if response is None or not operation.response_schema or response.status == 204:
            return
        if not response.is_json:
            row = self.rows.find("body", operation.id, subject="", form="schema")
            yield _Sighting(exchange, "answer", "The answer is not JSON", row, "not JSON")
            return
        if response.media_type not in operation.produces:
            row = self.rows.find("produces", operation.id, subject=operation.produces[0])
            declared = response.media_type or "nothing"
            yield _Sighting(exchange, "media-type", f"A JSON answer is declared {declared}", row, declared)
        is_list = operation.action == "list"
        if is_list != isinstance(exchange.answer, list):
            row = self.rows.find("body", operation.id, subject="", form="array" if is_list else "object")
            found = f"The answer is {'no' if is_list else 'a'} JSON array"
            yield _Sighting(exchange, "answer", found, row or self._schema_row(operation), "form")
            return
        yield from self._faults(operation, exchange)

    def _faults(self, operation: Operation, exchange: Exchange) -> Iterator[_Sighting]:
        members = exchange.answer if operation.action == "list" else [exchange.answer]
        for member in members:
            if self._repeats_a_fault(operation, member):
                continue
            faults, _ = self.shape.faults(member, operation.response_schema)
            if faults:
                yield _Sighting(exchange, "answer", "; ".join(faults), self._schema_row(operation), faults[0])
                return

    def _repeats_a_fault(self, operation: Operation, member: object) -> bool:
        """Say whether a resource was stored with a fault, which its answers then repeat: that is another finding."""
        identifier = str(member.get("id", "")) if isinstance(member, dict) else ""
        if not identifier:
            return any(resource == operation.resource for resource, _ in self.faulty)
        return (operation.resource, identifier) in self.faulty

    def _mark_faulty(self, operation: Operation, exchange: Exchange) -> None:
        if operation.action not in ("create", "patch", "replace", "send"):
            return
        sent = exchange.request.json
        # What a JSON patch makes of a resource is not told by the patch alone.
        if not isinstance(sent, dict) or self.shape.faults(sent, operation.response_schema)[0]:
            identifier = addressed(operation, exchange) or exchange.identifier
            self.faulty.add((operation.resource, identifier))

    def _schema_row(self, operation: Operation) -> str:
        return self.rows.find("body", operation.id, subject="", form="schema")

    def _error_answer(self, exchange: Exchange) -> Iterator[_Sighting]:
        answer = exchange.answer
        if not isinstance(answer, dict):
            yield _Sighting(exchange, "error-body", f"{exchange.status} was answered without a JSON object")
            return
        faults, _ = self.shape.faults(answer, "Error")
        missing = [f"{name} is missing" for name in self.contract.required("Error") if not answer.get(name)]
        if faults or missing:
            yield _Sighting(exchange, "error-body", f"The body of {exchange.status}: {'; '.join([*missing, *faults])}")

    def _life(self, operation: Operation, exchange: Exchange) -> Iterator[_Sighting]:
        deleted = self.lives.read_after_delete(operation, exchange)
        if deleted:
            row = self.rows.scenario("deleted-is-gone", operation.resource)
            message = "A deleted resource was read all the same"
            yield _Sighting(exchange, "use-after-delete", message, row, before=deleted)
        created = self.lives.lost(operation, exchange)
        if created:
            row = self.rows.scenario("created-is-readable", operation.resource)
            message = f"A resource that was created was answered {exchange.status}"
            yield _Sighting(exchange, "not-readable", message, row, before=created)
        self.lives.observe(operation, exchange)


def _served(exchanges: Iterable[Exchange]) -> frozenset[tuple[str, str]]:
    return frozenset((exchange.phase, exchange.operation) for exchange in exchanges if exchange.is_success)


def _silence(exchanges: list[Exchange]) -> Iterator[_Sighting]:
    """Yield a remark when the last requests got no answer: the driver gives up then."""
    trailing = 0
    for exchange in reversed(exchanges):
        if exchange.response is not None:
            break
        trailing += 1
    if trailing > 1:
        message = f"The last {trailing} requests got no answer; the generated phases ended there"
        yield _Sighting(exchanges[-1], "target-silent", message)


def _grouped(sightings: Iterable[_Sighting]) -> tuple[Finding, ...]:
    groups: dict[tuple[str, ...], list[_Sighting]] = {}
    for sighting in sightings:
        groups.setdefault(sighting.key, []).append(sighting)
    return tuple(_finding(group) for group in groups.values())


def _finding(group: list[_Sighting]) -> Finding:
    first = group[0]
    shown = dict.fromkeys(
        number for sighting in group for number in (sighting.before, sighting.exchange.sequence) if number
    )
    return Finding(
        phase=first.exchange.phase,
        operation=first.exchange.operation,
        rule=first.rule,
        requirement=first.requirement,
        message=first.message,
        exchanges=tuple(shown)[:_SHOWN],
        count=len({sighting.exchange.sequence for sighting in group}),
    )


def _coverage(bundle: Bundle, contract: Contract, generated: list[Exchange]) -> Coverage:
    phases = [phase for phase in bundle.run.get("phases", ()) if phase not in _REGISTER_PHASES]
    table: Coverage = {}
    for phase in phases:
        of_phase = [exchange for exchange in generated if exchange.phase == phase]
        table[phase] = {operation.id: _share(of_phase, operation.id) for operation in contract.operations}
    return table


def _share(exchanges: list[Exchange], operation: str) -> str:
    answered = [exchange for exchange in exchanges if exchange.operation == operation]
    return f"{sum(exchange.is_success for exchange in answered)}/{len(answered)}"
