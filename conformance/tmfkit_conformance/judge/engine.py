"""Judges a bundle: every row of the register by the check of its kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from tmfkit_conformance.judge import generated
from tmfkit_conformance.judge.causes import traced
from tmfkit_conformance.judge.checks import CHECKS
from tmfkit_conformance.judge.clock import Clock
from tmfkit_conformance.judge.compare import instant
from tmfkit_conformance.judge.evidence import Evidence, OutcomeReached
from tmfkit_conformance.judge.excuses import excused
from tmfkit_conformance.judge.schema import Shape
from tmfkit_conformance.judge.verdict import Finding, Judgement, Outcome, Verdict
from tmfkit_conformance.payloads.forms import how
from tmfkit_conformance.plan import plan
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.record.exchange import Exchange, ProbeRecord
from tmfkit_conformance.rules.register import KINDS
from tmfkit_conformance.rules.rule import Case
from tmfkit_models.contracts import MAKES_RESOURCE, Contract

__all__ = ["judge", "merged"]


def judge(bundle: Bundle, contract: Contract) -> Judgement:
    """Return the verdicts that a bundle gives; the same bundle and contract give the same verdicts.

    Args:
        bundle: What was recorded.
        contract: The contract to hold it against, not necessarily the one that it was recorded with.

    Returns:
        A verdict for every row of the register, and what the generated phases brought to light.
    """
    by_probe: dict[str, list[Exchange]] = defaultdict(list)
    for exchange in bundle.exchanges:
        if not exchange.superseded:
            by_probe[exchange.probe].append(exchange)
    records = {record.key: record for record in bundle.probes}
    shape, clock = Shape(contract), Clock(instant(bundle.run.get("started")), bundle.exchanges)
    verdicts = []
    cases = plan(contract)
    for case in cases:
        record = records.get(case.probe.key) if case.probe else None
        if case.probe is None or record is None:
            verdicts.append(_unseen(case))
            continue
        beside = records.get(case.probe.probe.beside.name) if case.probe.probe.beside else None
        exchanges = (*_borrowed(record, bundle), *(by_probe[beside.key] if beside else ()), *by_probe[record.key])
        evidence = Evidence(contract, case, record, beside, exchanges, bundle.notifications, shape, clock)
        verdicts.append(_judged(evidence, bundle))
    found, coverage = generated.findings(bundle, contract)
    settled, causes = traced(bundle, contract, cases, merged(verdicts, found))
    return Judgement(settled, found, coverage, causes)


def merged(verdicts: Iterable[Verdict], findings: Iterable[Finding]) -> tuple[Verdict, ...]:
    """Return the verdicts, those failed whose row a finding violates.

    Args:
        verdicts: What the checks of the register phase came to.
        findings: What the generated phases brought to light.
    """
    linked: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        linked[finding.requirement].append(finding)
    return tuple(_failed(verdict, linked[verdict.requirement]) for verdict in verdicts)


def _failed(verdict: Verdict, findings: list[Finding]) -> Verdict:
    if not findings:
        return verdict
    remarks = [verdict.remark, *(f"{found.message} ({found.phase} phase, {found.count}×)" for found in findings)]
    return replace(
        verdict,
        outcome=max(verdict.outcome, Outcome.FAIL),
        remark="; ".join(remark for remark in remarks if remark),
        exchanges=(*verdict.exchanges, *(number for found in findings for number in found.exchanges)),
    )


def _unseen(case: Case) -> Verdict:
    if case.probe is None:
        return Verdict(
            case.requirement.id, Outcome.NOT_APPLICABLE, f"Cannot be settled from outside: {case.requirement.reason}"
        )
    return Verdict(
        case.requirement.id,
        Outcome.SKIP,
        "The run did not drive this: the phase `register` was left out, or the bundle is older than the row",
    )


def _borrowed(record: ProbeRecord, bundle: Bundle) -> tuple[Exchange, ...]:
    """Return the exchanges of other probes that stand for steps of this one."""
    if not record.borrowed:
        return ()
    numbered = {exchange.sequence: exchange for exchange in bundle.exchanges}
    there = {step: numbered[number] for step, number in record.borrowed.items() if number in numbered}
    return tuple(replace(exchange, step=step) for step, exchange in there.items())


def _judged(evidence: Evidence, bundle: Bundle) -> Verdict:
    if evidence.record.foreign:
        evidence.used += [exchange.sequence for exchange in evidence.exchanges]
        outcome = Outcome.FAIL if evidence.operation.action in MAKES_RESOURCE else Outcome.BLOCKED
        return evidence.verdict(OutcomeReached(outcome, evidence.record.foreign))
    if evidence.record.lacking:
        return evidence.verdict(OutcomeReached(Outcome.SKIP, f"The kit lacked {evidence.record.lacking}"))
    if evidence.record.failure:
        return evidence.verdict(OutcomeReached(Outcome.ERROR, f"the probe itself failed: {evidence.record.failure}"))
    try:
        CHECKS[KINDS[evidence.row.kind]](evidence)
    except OutcomeReached as settled:
        reached = _with_dialect(excused(settled, evidence, bundle), evidence, bundle)
        return evidence.verdict(_with_waits(reached, evidence))
    except Exception as exc:  # noqa: BLE001 - a defect of the kit is a verdict of its own, and must not hide the others
        return evidence.verdict(OutcomeReached(Outcome.ERROR, f"the check itself failed: {type(exc).__name__}: {exc}"))
    return evidence.verdict(OutcomeReached(Outcome.ERROR, "the check came to no outcome"))


def _with_dialect(settled: OutcomeReached, evidence: Evidence, bundle: Bundle) -> OutcomeReached:
    """Remark a pass on an attribute that the target takes under another name, or in another form, only."""
    spoken = bundle.run.get("dialect", {}).get(evidence.operation.resource, {})
    around = [key for key in spoken if f"{evidence.row.subject}/".startswith(f"/{key}/")]
    if settled.outcome is Outcome.PASS and around:
        return OutcomeReached(
            Outcome.PASS_WITH_REMARK,
            "; ".join(f"The target takes {key} {how(spoken[key])}, which the document uses as well" for key in around),
        )
    return settled


def _with_waits(settled: OutcomeReached, evidence: Evidence) -> OutcomeReached:
    """Remark a pass that was waited for."""
    waits = dict.fromkeys(one.waited for one in evidence.exchanges if one.waited and one.sequence in evidence.used)
    if settled.outcome not in (Outcome.PASS, Outcome.PASS_WITH_REMARK) or not waits:
        return settled
    return OutcomeReached(Outcome.PASS_WITH_REMARK, "; ".join(part for part in (settled.remark, *waits) if part))
