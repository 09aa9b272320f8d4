"""What a check looks at: the exchanges of its probe by step, and how a check says what it found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Never, TypeVar

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.errors import KitDefect
from tmfkit_conformance.judge import round_trip
from tmfkit_conformance.judge.answered import answered, asked
from tmfkit_conformance.judge.clock import Clock
from tmfkit_conformance.judge.losses import losses
from tmfkit_conformance.judge.schema import Shape
from tmfkit_conformance.judge.verdict import Outcome, Verdict
from tmfkit_conformance.record.exchange import Exchange, Notification, ProbeRecord
from tmfkit_conformance.rules.attributes import asked_for_below
from tmfkit_conformance.rules.members import Tolerating
from tmfkit_conformance.rules.probes import Facts, Probe, Step
from tmfkit_conformance.rules.reasons import NO_ID
from tmfkit_conformance.rules.refusals import AUTH
from tmfkit_conformance.rules.register import rule_of
from tmfkit_conformance.rules.rule import Case
from tmfkit_models.contracts import Contract, Operation, Requirement

__all__ = ["Evidence", "OutcomeReached", "blocked", "failed", "not_applicable", "pass_with_remark", "passed", "skip"]

F = TypeVar("F", bound=Facts)


class OutcomeReached(Exception):  # noqa: N818 - the way out of a check, whichever way it went
    """A check has come to its outcome."""

    def __init__(self, outcome: Outcome, remark: str = "", root: int = 0) -> None:
        super().__init__(outcome, remark, root)
        self.outcome, self.remark, self.root = outcome, remark, root


def passed() -> Never:
    """The requirement holds."""
    raise OutcomeReached(Outcome.PASS)


def pass_with_remark(remark: str) -> Never:
    """The requirement holds in a tolerated way."""
    raise OutcomeReached(Outcome.PASS_WITH_REMARK, remark)


def failed(remark: str) -> Never:
    """The requirement does not hold."""
    raise OutcomeReached(Outcome.FAIL, remark)


def skip(remark: str) -> Never:
    """What was seen proves nothing either way."""
    raise OutcomeReached(Outcome.SKIP, remark)


def blocked(remark: str, root: Exchange | None = None) -> Never:
    """What the row starts from failed, so nothing can be said about the row itself.

    Args:
        remark: What failed.
        root: The exchange that shows it.
    """
    raise OutcomeReached(Outcome.BLOCKED, remark, root.sequence if root else 0)


def not_applicable(remark: str) -> Never:
    """The requirement speaks of something that a tolerated reading or an option does away with."""
    raise OutcomeReached(Outcome.NOT_APPLICABLE, remark)


@dataclass
class Evidence:
    """What was recorded for one case.

    Attributes:
        contract: The contract.
        case: The case.
        record: How its probe went.
        beside: How the probe of the run went that it looks at as well; None without one.
        exchanges: Those of its probe, in order, and of the one beside it.
        notifications: All of the run.
        shape: Holds answers against the contract.
        clock: Tells what time it was at the target.
        used: Sequence numbers of the exchanges that the check has looked at.
        heard: Sequence numbers of the notifications that the check has looked at.
        ways: Other names and forms, allowed by the document, in which things came back; a pass is remarked with them.
    """

    contract: Contract
    case: Case
    record: ProbeRecord
    beside: ProbeRecord | None
    exchanges: tuple[Exchange, ...]
    notifications: tuple[Notification, ...]
    shape: Shape
    clock: Clock = field(default_factory=lambda: Clock(None))
    used: list[int] = field(default_factory=list)
    heard: list[int] = field(default_factory=list)
    ways: list[str] = field(default_factory=list)

    @property
    def row(self) -> Requirement:
        """The requirement."""
        return self.case.requirement

    @property
    def operation(self) -> Operation:
        """The operation of the requirement, or the registration that its event is heard through."""
        return self.contract.operation(self.case.probe.operation if self.case.probe else self.row.operation)

    @property
    def probe(self) -> type[Probe]:
        """The probe that settles the requirement."""
        return self.case.probe.probe if self.case.probe else Probe

    @property
    def own_step(self) -> Step:
        """The step whose answer the requirement speaks of.

        Raises:
            KitDefect: It speaks of several.
        """
        if self.case.step is None:
            raise KitDefect(self.row.id, "no step was planned", "Plan one, in rules/")
        return self.case.step

    @property
    def tolerated(self) -> tuple[str, ...]:
        """Statuses or names of headers that an erratum tolerates instead."""
        expected = rule_of(self.row).expect_of(self.row)
        if not isinstance(expected, Tolerating):
            raise KitDefect(self.row.id, "such a row tolerates nothing", "Declare it in rules/")
        return expected.tolerate

    @property
    def resource_schema(self) -> str:
        """Component of the resource that the operation is about."""
        name = self.operation.resource or self.contract.resources[0].name
        return self.contract.resource(name).schema

    def all(self, step: Step) -> list[Exchange]:
        """Return every exchange of a step.

        Raises:
            KitDefect: The probe has no such step.
        """
        if not any(one is not None and one.declares(step) for one in (self.probe, self.probe.beside)):
            what = f"the probe {self.probe.name} does not declare the step {step.name!r}"
            raise KitDefect(self.row.id, what, "Declare it in rules/")
        found = [exchange for exchange in self.exchanges if exchange.step == step.name]
        self.used += [exchange.sequence for exchange in found if exchange.sequence not in self.used]
        return found

    def optional(self, step: Step) -> Exchange | None:
        """Return the first exchange of a step, or None."""
        return next(iter(self.all(step)), None)

    def step(self, step: Step) -> Exchange:
        """Return the first exchange of a step.

        Without one nothing is proven, nor by an answer that speaks of credentials, time or rate, except in rows that
        are about credentials.
        """
        exchange = self.optional(step)
        if exchange is None:
            self._nothing_to_see("the request that this row speaks of was not sent")
        return self.telling(exchange)

    def telling(self, exchange: Exchange) -> Exchange:
        """Return an exchange whose answer says something of the request: there is one, and not of who asks."""
        if exchange.is_out_of_reach:
            blocked(f"{self.answered(exchange)}: nothing listens there any more", exchange)
        if exchange.response is None:
            failed(self.answered(exchange))
        if exchange.speaks_of_caller and self.row.kind != AUTH.name:
            skip(f"{self.answered(exchange)}, which speaks of credentials, time or rate")
        return exchange

    def _nothing_to_see(self, otherwise: str) -> Never:
        """Come to an outcome on a probe that did not get so far: blocked where what it starts from was refused."""
        if self.record.ended == NO_ID:
            not_applicable(f"{NO_ID[:1].upper()}{NO_ID[1:]}")
        refused = [one for one in self.exchanges if one.response is None or not one.is_success]
        last = next(iter((refused or self.exchanges)[-1:]), None)
        self.used += [last.sequence] if last and last.sequence not in self.used else []
        if not self.record.ended or last is None:
            skip(self.record.ended or otherwise)
        if last.speaks_of_caller:
            skip(f"{self.answered(last)}, which speaks of credentials, time or rate")
        if not last.is_success:
            blocked(self.answered(last), last)
        creates = (operation.id for operation in self.contract.operations if operation.action == "create")
        if not last.identifier and last.operation in creates:
            blocked(f"{self.answered(last)}, and nothing in the answer tells the id of what was made", last)
        skip(self.record.ended)

    def succeeded(self, step: Step) -> Exchange:
        """Return the first exchange of a step, which has to have succeeded for anything to be proven."""
        exchange = self.step(step)
        if not exchange.is_success:
            blocked(self.answered(exchange), exchange)
        return exchange

    def object(self, step: Step) -> dict[str, Any]:
        """Return the JSON object that a step was answered with."""
        exchange = self.succeeded(step)
        if not isinstance(exchange.answer, dict):
            blocked(f"{self.asked(exchange)} was not answered with a JSON object", exchange)
        return exchange.answer

    def facts(self, kind: type[F]) -> F | None:
        """Return what the driver wrote down; None when it wrote down nothing.

        Raises:
            KitDefect: The probe has no such facts.
        """
        for probe, record in ((self.probe, self.record), (self.probe.beside, self.beside)):
            if probe is not None and probe.facts is not None and issubclass(probe.facts, kind):
                return kind.from_json(record.facts) if record else None
        what = f"the probe {self.probe.name} does not declare the facts {kind.__name__}"
        raise KitDefect(self.row.id, what, "Declare them in rules/")

    def tried(self, number: int) -> int:
        """Return how many values the driver tried, which it wrote down; without any nothing is proven."""
        return number if number > 0 else self._nothing_to_see("no value was tried")

    def resource_at(self, step: Step, made: Exchange) -> dict[str, Any]:
        """Return the JSON object that a step was answered with, which has to be the thing that *made* made."""
        found = self.object(step)
        if not made.identifier or str(found.get("id")) != made.identifier:
            wrong = self.step(step)
            blocked(
                f"{self.asked(wrong)} gave the id {found.get('id')!r:.200}, and {made.identifier!r} was made", wrong
            )
        return found

    def asked(self, exchange: Exchange) -> str:
        """Return what was asked for in an exchange, as a reader says it: ``PATCH /customer/{id}``."""
        return asked(self.contract, exchange)

    def answered(self, exchange: Exchange) -> str:
        """Return what was asked for and how it was answered, with the target's own words and the exchange's number."""
        return answered(self.contract, exchange)

    def need_time(self, what: str, value: str, seconds: float, carrier: Exchange | None = None) -> str:
        """Fail a time that is not the time that it was; remark it where no Date header tells the target's clock.

        Args:
            what: What has the time, as a remark begins.
            value: The time, as the target wrote it.
            seconds: When it was, in seconds since the run began.
            carrier: The exchange whose answer has it; None where no answer does.

        Returns:
            The remark; empty where there is nothing to remark.
        """
        skew = self.clock.skew_seconds(carrier)
        departure = self.clock.departure(value, seconds, skew or 0.0)
        if not departure:
            return ""
        if skew is not None:
            failed(f"{what} is {value!r}, {departure} by the target's own Date header")
        return f"{what} is {value!r}, {departure} by the kit's clock; no Date header tells the target's"

    def spelt(self, body: Any, pointer: str) -> str:
        """Return a pointer of the resource in the names that a body uses: an alias counts as the attribute."""
        return round_trip.spelt(self.contract, self.resource_schema, body, pointer)

    def value(self, body: Any, pointer: str) -> Any:
        """Return what a body has at a pointer of the resource, under whichever name; ``ABSENT`` for nothing."""
        return pointers.get(body, self.spelt(body, pointer))

    def keeps(self, pointer: str, sent: dict[str, Any], got: Any) -> bool:
        """Say whether what stood at *pointer* in a body that was sent stands in one that came back.

        The whole first-level attribute is compared, else what the pointer itself names.
        """
        whole = "/" + pointer.split("/")[1]
        asked = self.without_optional_losses(sent, got)
        return any(self._is_kept(at, asked, got) for at in dict.fromkeys((whole, pointer)))

    def lost(self, sent: dict[str, Any], got: Any) -> list[str]:
        """Return the names of the attributes that were sent and did not come back."""
        asked = self.without_optional_losses(sent, got)
        names = [name for name, value in asked.items() if value is not None]
        return [name for name in names if not self._is_kept(f"/{name}", asked, got)]

    def loss(self, sent: Any, got: Any, pointer: str) -> str:
        """Say which member under *pointer* did not come back as it was sent: the first, in the contract's own names."""
        own = (round_trip.canonical(self.contract, self.resource_schema, body) for body in (sent, got))
        there, back = (pointers.get(body, self.spelt(body, pointer)) for body in own)
        found = next(losses(there, back, pointer), None)
        return str(found) if found else f"{pointer} was sent and did not come back as sent"

    def without_optional_losses(self, sent: dict[str, Any], got: Any) -> dict[str, Any]:
        """Return a body without the attributes that a target lacks and may lack: those with rows of a lower level.

        Bodies with every attribute have them as well, and a must is not to fail for what the document only allows. One
        that did come back is compared: else nothing might be left of an attribute all of whose members are optional.
        """
        for pointer in asked_for_below(self.contract, self.operation.resource, self.row.level):
            if self._is_lacking(sent, got, pointer) and not f"{self.row.subject}/".startswith(f"{pointer}/"):
                sent = pointers.without(sent, self.spelt(sent, pointer))
        return sent

    def is_dropped(self, sent: dict[str, Any], got: Any, pointer: str) -> bool:
        """Say whether a target lacks an attribute that was sent, and may lack it: its row is of a lower level."""
        weaker = asked_for_below(self.contract, self.operation.resource, self.row.level)
        return pointer in weaker and self._is_lacking(sent, got, pointer)

    def _is_lacking(self, sent: Any, got: Any, pointer: str) -> bool:
        there, back = (pointers.select(body, self.spelt(body, pointer)) for body in (sent, got))
        return bool(there) and not back

    def _is_kept(self, pointer: str, sent: Any, got: Any) -> bool:
        there, back = self.spelt(sent, pointer), self.spelt(got, pointer)
        value = pointers.get(sent, there)
        words = None
        if value is not pointers.ABSENT:
            schema = round_trip.schema_at(self.contract, self.resource_schema, pointer)
            words = round_trip.kept(self.contract, schema, value, pointers.get(got, back))
        if words is None:
            return False
        self.ways += words if there == back else [*words, f"with {there} under the name {back}"]
        return True

    def verdict(self, settled: OutcomeReached) -> Verdict:
        """Return the verdict of a check that came to its outcome."""
        if settled.outcome is Outcome.PASS and self.ways:
            settled = OutcomeReached(Outcome.PASS_WITH_REMARK, f"Given back {'; '.join(dict.fromkeys(self.ways))}")
        return Verdict(
            self.row.id, settled.outcome, settled.remark, tuple(self.used), tuple(self.heard), root=settled.root
        )
