"""From a bundle to the report of it: at the end of a run, and again whenever somebody asks."""

from __future__ import annotations

import json
from dataclasses import replace

from tmfkit_conformance.judge.engine import judge
from tmfkit_conformance.judge.verdict import Outcome
from tmfkit_conformance.proof.provenance import digests
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.report.model import Report, SelfTestRow
from tmfkit_conformance.selftest.table import caught
from tmfkit_models.contracts import Contract

__all__ = ["concluded", "rejudged"]


def concluded(bundle: Bundle, contract: Contract) -> Report:
    """Judge what a run recorded; the report's bundle holds the verdicts, and what they were made with."""
    judgement = judge(bundle, contract)
    run = {**bundle.run, "outcomes": [outcome.label for outcome in Outcome], "digests": digests(contract)}
    judged = replace(
        bundle,
        run=json.loads(json.dumps(run, sort_keys=True)),  # as it will be read again, so that the report is the same
        verdicts=[verdict.to_json() for verdict in judgement.verdicts],
    )
    return Report.of(judged, judgement, contract, self_test=_self_test(contract))


def rejudged(bundle: Bundle, contract: Contract) -> Report:
    """Judge a bundle anew; what verdicts it holds makes no difference.

    Raises:
        AttributeError, LookupError, TypeError, ValueError: The bundle says what no run writes.
    """
    report = Report.of(bundle, judge(bundle, contract), contract, self_test=_self_test(contract))
    report.to_json()  # what no run writes is noticed here, and not in the middle of a page
    return report


def _self_test(contract: Contract) -> tuple[SelfTestRow, ...]:
    """Return what broken servers the checks of this API are known to catch."""
    rows = {row.id for row in contract.requirements}
    known = caught(contract.id).items()
    return tuple(SelfTestRow(row, f"A server that {words}", caught=True) for row, words in known if row in rows)
