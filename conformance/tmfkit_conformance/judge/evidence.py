"""What a check looks at: the exchanges of its probe by step, and how a check says what it found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Never

from tmfkit_conformance.judge.schema import Shape
from tmfkit_conformance.judge.verdict import Outcome, Verdict
from tmfkit_conformance.plan import Case
from tmfkit_conformance.record.exchange import Exchange, Notification, ProbeRecord
from tmfkit_models.contracts import Contract, Operation, Requirement

__all__ = ["Evidence", "Settled", "failed", "moot", "passed", "remarked", "unproven"]


class Settled(Exception):  # noqa: N818 - the way out of a check, whichever way it went
    """A check has come to its outcome."""

    def __init__(self, outcome: Outcome, remark: str = "") -> None:
        super().__init__(outcome, remark)
        self.outcome, self.remark = outcome, remark


def passed() -> Never:
    """The requirement holds."""
    raise Settled(Outcome.PASS)


def remarked(remark: str) -> Never:
    """The requirement holds in a tolerated way."""
    raise Settled(Outcome.PASS_WITH_REMARK, remark)


def failed(remark: str) -> Never:
    """The requirement does not hold."""
    raise Settled(Outcome.FAIL, remark)


def unproven(remark: str) -> Never:
    """What was seen proves nothing either way."""
    raise Settled(Outcome.SKIP, remark)


def moot(remark: str) -> Never:
    """The requirement speaks of something that a tolerated reading or an option does away with."""
    raise Settled(Outcome.NOT_APPLICABLE, remark)


@dataclass
class Evidence:
    """What was recorded for one case.

    Attributes:
        contract: The contract.
        case: The case.
        record: How its probe went.
        exchanges: Those of its probe, in order.
        notifications: All of the run.
        shape: Holds answers against the contract.
        used: Sequence numbers of the exchanges that the check has looked at.
        heard: Sequence numbers of the notifications that the check has looked at.
    """

    contract: Contract
    case: Case
    record: ProbeRecord
    exchanges: tuple[Exchange, ...]
    notifications: tuple[Notification, ...]
    shape: Shape
    used: list[int] = field(default_factory=list)
    heard: list[int] = field(default_factory=list)

    @property
    def row(self) -> Requirement:
        """The requirement."""
        return self.case.requirement

    @property
    def operation(self) -> Operation:
        """The operation of the requirement, or the registration that its event is heard through."""
        return self.contract.operation(self.case.probe.operation if self.case.probe else self.row.operation)

    @property
    def resource_schema(self) -> str:
        """Component of the resource that the operation is about."""
        name = self.operation.resource or self.contract.resources[0].name
        return self.contract.resource(name).schema

    def all(self, step: str) -> list[Exchange]:
        """Return every exchange of a step."""
        found = [exchange for exchange in self.exchanges if exchange.step == step]
        self.used += [exchange.sequence for exchange in found if exchange.sequence not in self.used]
        return found

    def maybe(self, step: str) -> Exchange | None:
        """Return the first exchange of a step, or None."""
        return next(iter(self.all(step)), None)

    def step(self, step: str) -> Exchange:
        """Return the first exchange of a step; without one nothing is proven."""
        exchange = self.maybe(step)
        if exchange is None:
            self.used += [last.sequence for last in self.exchanges[-1:] if last.sequence not in self.used]
            unproven(self.record.ended or f"the step {step!r} was not reached")
        if exchange.response is None:
            failed(f"no answer: {exchange.error}")
        return exchange

    def done(self, step: str) -> Exchange:
        """Return the first exchange of a step, which has to have succeeded for anything to be proven."""
        exchange = self.step(step)
        if not exchange.is_success:
            unproven(f"the {step} that this check starts from was answered {exchange.status}")
        return exchange

    def object(self, step: str) -> dict[str, Any]:
        """Return the JSON object that a step was answered with."""
        exchange = self.done(step)
        if not isinstance(exchange.answer, dict):
            unproven(f"the {step} that this check looks at was not answered with a JSON object")
        return exchange.answer

    def verdict(self, settled: Settled) -> Verdict:
        """Return the verdict of a check that came to its outcome."""
        return Verdict(self.row.id, settled.outcome, settled.remark, tuple(self.used), tuple(self.heard))
