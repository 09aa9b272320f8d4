"""Canned evidence: a row of a register, a few exchanges, and the verdict that the judge comes to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tmfkit_conformance.judge.engine import judge
from tmfkit_conformance.judge.verdict import Outcome, Verdict
from tmfkit_conformance.plan import plan
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.record.exchange import Exchange, Notification, ProbeRecord, Request, Response
from tmfkit_conformance.rules.register import KINDS
from tmfkit_models import contracts
from tmfkit_models.contracts import Contract, Requirement

PASS, FAIL, SKIP, BLOCKED = Outcome.PASS, Outcome.FAIL, Outcome.SKIP, Outcome.BLOCKED
REMARK, MOOT = Outcome.PASS_WITH_REMARK, Outcome.NOT_APPLICABLE

HOST = "http://target.example"
CALLBACK = "http://127.0.0.1:9/kit/cb-1"
REMOVED = "http://127.0.0.1:9/kit/cb-2"
JSON = "application/json"

_NOTHING = object()


@dataclass(frozen=True)
class Step:
    """One exchange of a probe, as little of it as a check looks at."""

    step: str
    status: int
    answer: Any = _NOTHING
    sent: Any = _NOTHING
    method: str = "POST"
    path: str = "/customer"
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = JSON

    def exchange(self, sequence: int, probe: str, operation: str, base: str) -> Exchange:
        body = _bytes(self.answer)
        declared = (("Content-Type", self.media_type),) if body else ()
        response = Response(self.status, (*declared, *self.headers.items()), body) if self.status else None
        return Exchange(
            sequence=sequence,
            phase="register",
            probe=probe,
            step=self.step,
            operation=operation,
            request=Request(self.method, base + self.path, (("Content-Type", JSON),), _bytes(self.sent)),
            response=response,
            error="" if response else "ReadTimeout: timed out",
            started=float(sequence),
            elapsed_ms=1.0,
        )


@dataclass(frozen=True)
class Situation:
    """A row, what was recorded for it, and the outcome that it is to have."""

    api: str
    row: Requirement
    outcome: Outcome
    steps: tuple[Step, ...]
    notes: tuple[Notification, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    ended: str = ""
    beside: Mapping[str, Any] | None = None

    @property
    def check(self) -> str:
        """Kind of the row, or the scenario that it names."""
        return self.row.scenario or self.row.kind

    @property
    def contract(self) -> Contract:
        """The contract of the API, with this row as its whole register."""
        return replace(contracts.load(self.api), requirements=(self.row,))

    def bundle(self, *, lacking: str = "") -> Bundle:
        contract = self.contract
        [case] = plan(contract)
        assert case.probe is not None
        base = HOST + contract.base_path
        key = case.probe.key
        exchanges = tuple(
            step.exchange(number, key, case.probe.operation, base) for number, step in enumerate(self.steps, 1)
        )
        records = [ProbeRecord(key, lacking, self.ended, dict(self.facts))]
        if case.probe.probe.beside and self.beside is not None:
            records.append(ProbeRecord(case.probe.probe.beside.name, facts=dict(self.beside)))
        return Bundle({"api": self.api, "phases": ["register"]}, tuple(records), exchanges, self.notes)

    def verdict(self, *, lacking: str = "") -> Verdict:
        [verdict] = judge(self.bundle(lacking=lacking), self.contract).verdicts
        return verdict


@dataclass(frozen=True)
class Ask:
    """A row, of which situations are made."""

    api: str
    row: Requirement

    def gives(
        self,
        outcome: Outcome,
        words: str,
        *steps: Step,
        notes: Iterable[Notification] = (),
        facts: Mapping[str, Any] | None = None,
        ended: str = "",
        beside: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the parameters of a test: with this recorded, the row has this outcome."""
        situation = Situation(self.api, self.row, outcome, steps, tuple(notes), facts or {}, ended, beside)
        return pytest.param(situation, id=f"{situation.check}-{words}")


def ask(kind: str, operation: str, subject: str = "", *, api: str = "tmf629-v1", **fields: Any) -> Ask:
    """Return a row; a *kind* that is none is the name of a scenario."""
    scenario = "" if kind in KINDS else kind
    about = {"level": "must", "text": "", "section": "", "line": 1, "basis": "table", "errata": ("E1",), **fields}
    where: dict[str, Any] = {"operation": operation, "subject": subject, "scenario": scenario}
    where["kind"] = "scenario" if scenario else kind
    return Ask(api, Requirement("ROW-1", **where, **about))


def post(step: str, status: int, answer: Any = _NOTHING, *, sent: Any = _NOTHING, **more: Any) -> Step:
    return Step(step, status, answer, sent, **more)


def get(step: str, status: int, answer: Any = _NOTHING, *, at: str = "/customer/7", **more: Any) -> Step:
    return Step(step, status, answer, method="GET", path=at, **more)


def patch(step: str, status: int, sent: Any, answer: Any = _NOTHING, **more: Any) -> Step:
    return Step(step, status, answer, sent, method="PATCH", path="/customer/7", **more)


def delete(step: str, status: int, *, at: str = "/customer/7", **more: Any) -> Step:
    return Step(step, status, method="DELETE", path=at, **more)


def made(step: str = "create", *, identifier: str = "7", headers: Any = None, **body: Any) -> Step:
    """A create that was served, the answer repeating what was sent."""
    return post(step, 201, resource(identifier, **body), sent=body, headers=headers or {})


def resource(identifier: str = "7", **body: Any) -> dict[str, Any]:
    return {"id": identifier, "href": f"{HOST}/customerManagement/customer/{identifier}", **body}


def read(step: str = "read", *, identifier: str = "7", **body: Any) -> Step:
    """A read that was served."""
    return get(step, 200, resource(identifier, **body), at=f"/customer/{identifier}")


def note(event_type: str, body: Mapping[str, Any], *, number: int = 1, to: str = CALLBACK, **more: Any) -> Notification:
    """A notification that arrived."""
    whole = {"eventId": f"e{number}", "eventTime": "2026-05-01T10:00:00Z", "eventType": event_type, **body}
    path = to.removeprefix("http://127.0.0.1:9")
    fields = {"method": "POST", "headers": (("Content-Type", JSON),), "path": path, **more}
    return Notification(number, float(number), body=json.dumps(whole).encode(), **fields)


def _bytes(value: Any) -> bytes:
    if value is _NOTHING:
        return b""
    return value if isinstance(value, bytes) else json.dumps(value).encode()
