"""Judges what the generated phases recorded.

A finding counts against conformance only through a row of the register that it violates; every other one is a remark.
Refusing a generated body is never held against the target: business rules are its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tmfkit_conformance.judge.exchange_inspector import ExchangeInspector, Observation
from tmfkit_conformance.judge.resource_tracker import settled_reads
from tmfkit_conformance.judge.verdict import Finding
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.record.exchange import Exchange
from tmfkit_conformance.rules.phases import CLEANUP, PHASES, REGISTER
from tmfkit_models.contracts import Contract

__all__ = ["findings"]

Coverage = dict[str, dict[str, str]]
"""Phase → operationId → ``2xx/all``."""

_GENERATED = tuple(phase for phase in PHASES if phase != REGISTER)
_SHOWN = 6
_FIRST = ("server-error", "no-answer", "target-silent")
"""Rules of what is shown at the top: that the target broke, whatever it was asked."""


def findings(bundle: Bundle, contract: Contract) -> tuple[tuple[Finding, ...], Coverage]:
    """Return what the generated requests of a run brought to light, and how far they got.

    Args:
        bundle: What was recorded.
        contract: The contract to hold it against.

    Returns:
        The findings, those that the target broke at first, else in the order in which they were first seen; and, for
        every generated phase of the run and every operation of the contract, how many answers had a 2xx status among
        all answers. ``0/0`` says that the operation was not called in that phase.
    """
    # Operations are looked up: the contract need not be the one that the bundle was recorded with.
    known = {operation.id for operation in contract.operations}
    final = (exchange for exchange in bundle.exchanges if not exchange.superseded)
    exchanges = [exchange for exchange in final if exchange.operation in known]
    generated = [exchange for exchange in exchanges if exchange.phase in _GENERATED]
    inspector = ExchangeInspector(contract, _served(generated), settled_reads(contract, generated))
    observations: list[Observation] = []
    for exchange in exchanges:
        if exchange.phase in _GENERATED:
            observations += inspector.observations(exchange)
        elif exchange.phase == CLEANUP:
            inspector.follow(exchange)
    return _grouped([*observations, *_silence(generated)]), _coverage(bundle, contract, generated)


def _served(exchanges: Iterable[Exchange]) -> frozenset[tuple[str, str]]:
    return frozenset((exchange.phase, exchange.operation) for exchange in exchanges if exchange.is_success)


def _silence(exchanges: list[Exchange]) -> Iterator[Observation]:
    """Yield a remark when the last requests got no answer: the driver gives up then."""
    trailing = 0
    for exchange in reversed(exchanges):
        if exchange.response is not None:
            break
        trailing += 1
    if trailing > 1:
        message = f"The last {trailing} requests got no answer; the generated phases ended there"
        yield Observation(exchanges[-1], "target-silent", message)


def _grouped(observations: Iterable[Observation]) -> tuple[Finding, ...]:
    groups: dict[tuple[str, ...], list[Observation]] = {}
    for observation in observations:
        groups.setdefault(observation.key, []).append(observation)
    found = (_finding(group) for group in groups.values())
    return tuple(sorted(found, key=lambda finding: finding.rule not in _FIRST))


def _finding(group: list[Observation]) -> Finding:
    first = group[0]
    shown = dict.fromkeys(
        number for observation in group for number in (observation.before, observation.exchange.sequence) if number
    )
    return Finding(
        phase=first.exchange.phase,
        operation=first.exchange.operation,
        rule=first.rule,
        requirement=first.requirement,
        message=first.message,
        exchanges=tuple(shown)[:_SHOWN],
        count=len({observation.exchange.sequence for observation in group}),
    )


def _coverage(bundle: Bundle, contract: Contract, generated: list[Exchange]) -> Coverage:
    table: Coverage = {}
    for phase in (phase for phase in _GENERATED if phase in bundle.run.get("phases", ())):
        of_phase = [exchange for exchange in generated if exchange.phase == phase]
        table[phase] = {operation.id: _share(of_phase, operation.id) for operation in contract.operations}
    return table


def _share(exchanges: list[Exchange], operation: str) -> str:
    answered = [exchange for exchange in exchanges if exchange.operation == operation]
    return f"{sum(exchange.is_success for exchange in answered)}/{len(answered)}"
