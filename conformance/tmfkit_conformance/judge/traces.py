"""What a whole run shows of a target, beside what each row shows of itself: which operations are there, what lasts."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.judge.losses import losses
from tmfkit_conformance.judge.round_trip import spelt
from tmfkit_conformance.plan import plan
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.record.exchange import Exchange
from tmfkit_conformance.record.wire import last_segment
from tmfkit_conformance.rules.attributes import ATTRIBUTE, With
from tmfkit_conformance.rules.operations import Triggers
from tmfkit_conformance.rules.phases import REGISTER
from tmfkit_conformance.rules.rule import Case
from tmfkit_models.contracts import Contract, Event, Operation

__all__ = ["Traces", "is_whole", "kind_of"]

_NOT_THERE: Final = frozenset({404, 405, 501})
_ON_ITEMS: Final = ("retrieve", "patch", "replace", "delete")
_FEW: Final = 2
"""Patches that a run has to show before it can be said that none takes effect."""


class Traces:
    """What the register phase of a run shows.

    Args:
        bundle: What was recorded.
        contract: The contract.
    """

    def __init__(self, bundle: Bundle, contract: Contract) -> None:
        self.contract = contract
        self.operations: Mapping[str, Operation] = {operation.id: operation for operation in contract.operations}
        self.exchanges: Mapping[int, Exchange] = {exchange.sequence: exchange for exchange in bundle.exchanges}
        sent = [one for one in bundle.exchanges if one.phase == REGISTER and not one.superseded]
        self.by_probe: Mapping[str, Sequence[Exchange]] = _grouped((one.probe, one) for one in sent)
        self._by_operation = _grouped((one.operation, one) for one in sent)
        self.notifications = bundle.notifications
        self.run = bundle.run
        self._facts = {record.key: record.facts for record in bundle.probes}

    def before(self, sequence: int) -> Exchange | None:
        """Return the exchange before one, of any probe."""
        return self.exchanges.get(sequence - 1)

    def breakdown(self, unanswered: Exchange) -> Exchange:
        """Return the exchange with which a silence began: the first that got no answer, with none answered between."""
        first = unanswered
        while (previous := self.before(first.sequence)) is not None and previous.response is None:
            first = previous
        return first

    @functools.cached_property
    def missing(self) -> frozenset[str]:
        """Operations that were never answered otherwise than as an address or method that is not there."""
        return frozenset(
            name
            for name, exchanges in self._by_operation.items()
            if name in self.operations and all(one.status in _NOT_THERE for one in exchanges)
        )

    @functools.cached_property
    def missing_resources(self) -> frozenset[str]:
        """Resources none of whose collection operations is there."""
        return frozenset(
            resource.name for resource in self.contract.resources if self._is_missing(resource.name, ("create", "list"))
        )

    @functools.cached_property
    def not_stored(self) -> frozenset[str]:
        """Resources of which nothing that was made can be found at its address."""
        return frozenset(
            resource.name
            for resource in self.contract.resources
            if self._is_missing(resource.name, _ON_ITEMS) and not self._is_missing(resource.name, ("create",))
        )

    def _is_missing(self, resource: str, actions: Iterable[str]) -> bool:
        """Say whether none of several operations is there, and at least one of them was called."""
        ids = [one.id for one in self.operations.values() if one.resource == resource and one.action in actions]
        called = [name for name in ids if name in self._by_operation]
        return bool(called) and all(name in self.missing for name in called)

    @functools.cached_property
    def _refused(self) -> Mapping[str, Sequence[str]]:
        """Resource → attributes with which a create was refused that was taken without them; the shortest first."""
        found: dict[str, set[str]] = defaultdict(set)
        for case in plan(self.contract):
            row = case.requirement
            if row.kind == ATTRIBUTE.name and case.probe:
                steps = {one.step: one for one in self.by_probe.get(case.probe.key, ())}
                sent, beside = steps.get(With.CREATE.name), steps.get(With.CONTROL.name)
                if sent and sent.is_refusal and beside and beside.is_success:
                    found[self.resource_of(sent)].add(row.subject)
        return {name: sorted(subjects, key=lambda one: (one.count("/"), one)) for name, subjects in found.items()}

    def culprit(self, exchange: Exchange) -> str:
        """Return the attribute for which a body was refused, as creates with it and without it show; empty for none."""
        body, name = exchange.request.json, self.resource_of(exchange)
        if not exchange.is_refusal or not isinstance(body, dict) or not self._refused.get(name):
            return ""
        schema = self.contract.resource(name).schema
        there = (one for one in self._refused[name] if pointers.select(body, spelt(self.contract, schema, body, one)))
        return next(there, "")

    def lacks(self, kind: str) -> bool:
        """Say whether no operation of a kind is there that was called, of whatever resource."""
        called = [name for name in self._by_operation if name in self.operations]
        return all(name in self.missing for name in called if kind_of(self.operations[name]) == kind)

    @functools.cached_property
    def undeleted(self) -> frozenset[str]:
        """Resources of which what was deleted, as the target says, can still be read."""
        found = set()
        for probe in self.by_probe.values():
            gone = set()
            for one in probe:
                action, key = self._action(one), (self.resource_of(one), last_segment(one.request.url))
                if action == "delete" and one.is_success:
                    gone.add(key)
                elif action == "retrieve" and one.is_success and key in gone:
                    found.add(key[0])
        return frozenset(found)

    @functools.cached_property
    def idle(self) -> frozenset[str]:
        """Patch operations that are answered with success and change nothing at all."""
        return frozenset(name for name, one in self.operations.items() if one.action == "patch" and self._is_idle(name))

    def _is_idle(self, operation: str) -> bool:
        effects = [effect for probe in self.by_probe.values() for effect in _effects(probe, operation)]
        return effects.count(False) >= _FEW and True not in effects

    @functools.cached_property
    def lists_without_new(self) -> frozenset[str]:
        """Operations whose lists never hold what was made before, though they are lists."""
        return frozenset(name for name, one in self.operations.items() if one.action == "list" and self._is_blind(one))

    def _is_blind(self, listing: Operation) -> bool:
        seen = []
        for probe in self.by_probe.values():
            made = {one.identifier for one in probe if self._creates(one, listing.resource)} - {""}
            pages = [one for one in probe if one.operation == listing.id and isinstance(one.answer, list)]
            if made and pages:
                seen += [made & {str(member.get("id")) for page in pages for member in _objects(page.answer)}]
        return len(seen) >= _FEW and not any(seen)

    def _creates(self, exchange: Exchange, resource: str) -> bool:
        operation = self.operations.get(exchange.operation)
        return bool(
            operation and exchange.is_success and (operation.action, operation.resource) == ("create", resource)
        )

    def resource_of(self, exchange: Exchange) -> str:
        """Return the resource that an exchange is about, also where an address was followed; empty for none."""
        operation = self.operations.get(exchange.operation)
        if operation:
            return "" if operation.action in ("register", "unregister") else operation.resource
        path = urlsplit(exchange.request.url).path
        return next((one.name for one in self.contract.resources if f"{one.collection}/" in path), "")

    @functools.cached_property
    def given_ids(self) -> frozenset[str]:
        """Every id that a create gave."""
        actions = ("create", "send")
        made = (one for one in self.exchanges.values() if one.is_success and self._action(one) in actions)
        return frozenset(one.identifier for one in made) - {""}

    @functools.cached_property
    def doubled(self) -> frozenset[int]:
        """Creates that gave the id of something that had been made before and was not deleted."""
        there: set[tuple[str, str]] = set()
        found = set()
        for exchange in self.exchanges.values():
            action, resource = self._action(exchange), self.resource_of(exchange)
            is_create = action == "create" and exchange.request.method == "POST"
            if is_create and exchange.is_success and exchange.identifier:
                found |= {exchange.sequence} if (resource, exchange.identifier) in there else set()
                there.add((resource, exchange.identifier))
            elif action == "delete" and exchange.is_success:
                there.discard((resource, last_segment(exchange.request.url)))
        return frozenset(found)

    def _action(self, exchange: Exchange) -> str:
        operation = self.operations.get(exchange.operation)
        return operation.action if operation else ""

    def heard_by(self, case: Case) -> frozenset[str]:
        """Types of the notifications that came to the callback of a case."""
        callback = self._facts.get(case.probe.key if case.probe else "", {}).get("callback")
        came = (note for note in self.notifications if isinstance(callback, str) and note.came_to(callback))
        return frozenset(note.event_type for note in came)

    def untriggered(self, case: Case) -> Exchange | None:
        """Return the first refusal, where nothing that the probe of a case did could be told of."""
        sent = self.by_probe.get(case.probe.key if case.probe else "", ())
        names = {Triggers.TRIGGER.of(event.on).name for event in self.contract.events}
        tried = [one for one in sent if one.step in names]
        refused = [one for one in tried if one.response is not None and not one.is_success]
        return refused[0] if refused and len(refused) == len(tried) else None

    def is_triggered(self, case: Case, event: Event) -> bool:
        """Say whether the probe of a case did, with success, what a type of notification is about."""
        sent = self.by_probe.get(case.probe.key if case.probe else "", ())
        name = Triggers.TRIGGER.of(event.on).name
        return any(one.step == name and one.is_success and self.resource_of(one) == event.resource for one in sent)


def kind_of(operation: Operation) -> str:
    """Return what an operation does, a registration and its end being one kind."""
    return "hub" if operation.action in ("register", "unregister") else operation.action.partition("-")[0]


def _effects(probe: Sequence[Exchange], operation: str) -> list[bool]:
    """Return whether it took effect, for every patch that succeeded and whose thing is known before and after it."""
    found = []
    for number, patch in enumerate(probe):
        if patch.operation != operation or not patch.is_success or not isinstance(patch.request.json, dict):
            continue
        identifier = last_segment(patch.request.url)
        after = _state(probe[number + 1 :], identifier)
        before = _state(reversed(probe[:number]), identifier)
        if after is None or before is None or not _departures(patch.request.json, before):
            continue
        found.append(bool(_departures(patch.request.json, before) - _departures(patch.request.json, after)))
    return found


def _state(exchanges: Iterable[Exchange], identifier: str) -> dict[str, Any] | None:
    """Return the first representation of a record that a read or a create gave."""
    shown = (one.answer for one in exchanges if one.request.method in ("GET", "POST") and is_whole(one))
    known = (answer for answer in shown if isinstance(answer, dict))
    return next((answer for answer in known if str(answer.get("id", identifier)) == identifier), None)


def is_whole(exchange: Exchange) -> bool:
    """Say whether an answer that succeeded shows a record as it is, and not a selection of its attributes."""
    return exchange.is_success and "fields" not in parse_qs(urlsplit(exchange.request.url).query)


def _departures(changes: dict[str, Any], state: dict[str, Any]) -> set[str]:
    """Return what a merge patch asks for that a state does not have; a null asks for the member to be gone."""
    gone = {name for name, value in changes.items() if value is None and state.get(name) is not None}
    return gone | {loss.pointer for loss in losses(changes, state)}


def _objects(answer: list[Any]) -> list[dict[str, Any]]:
    return [member for member in answer if isinstance(member, dict)]


def _grouped(pairs: Iterable[tuple[str, Exchange]]) -> dict[str, list[Exchange]]:
    groups: dict[str, list[Exchange]] = defaultdict(list)
    for name, exchange in pairs:
        groups[name].append(exchange)
    return groups
