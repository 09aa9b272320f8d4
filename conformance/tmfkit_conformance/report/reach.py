"""What a kit that sends requests and asserts on answers, and does nothing else, could not have settled."""

from __future__ import annotations

from tmfkit_conformance.judge.verdict import Outcome
from tmfkit_conformance.report.model import Line, Report
from tmfkit_conformance.rules.hubs import RemovedFrom
from tmfkit_conformance.rules.operations import HeardAt
from tmfkit_conformance.rules.refusals import Auth

__all__ = ["unseen"]

_SETTLED = (Outcome.PASS, Outcome.PASS_WITH_REMARK, Outcome.FAIL)


def unseen(report: Report) -> str:
    """Say how many of the settled musts took a listener, a control or a second credential; empty for none."""
    settled = report.lines_with(*_SETTLED, levels=("must",))
    listener, control, credential = (
        sum(takes(line) for line in settled) for takes in (_takes_listener, _takes_control, _takes_credential)
    )
    parts = [
        (listener, "a listener"),
        (control, "a control that differs in one thing and succeeds"),
        (credential, "a second credential"),
    ]
    said = [f"{count:,} took {what}" for count, what in parts if count]
    if not said:
        return ""
    of = f"Of {len(settled):,} musts that were settled, {', '.join(said)}"
    return f"{of}: requests and assertions on their answers alone could not have told."


def _takes_listener(line: Line) -> bool:
    facts = line.case.probe.probe.facts if line.case.probe is not None else None
    return facts is not None and issubclass(facts, (HeardAt, RemovedFrom))


def _takes_credential(line: Line) -> bool:
    return line.case.probe is not None and issubclass(line.case.probe.probe, Auth)


def _takes_control(line: Line) -> bool:
    is_controlled = line.case.probe is not None and hasattr(line.case.probe.probe, "CONTROL")
    return is_controlled and not _takes_credential(line)
