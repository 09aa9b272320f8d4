"""A made-up API, a run against it, and its verdicts: what the tests of the reports work on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tmfkit_conformance.blotting import BLOTTED
from tmfkit_conformance.judge.causes import traced
from tmfkit_conformance.judge.verdict import Finding, Judgement, Outcome, Verdict
from tmfkit_conformance.plan import plan
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.record.exchange import Exchange, Notification, ProbeRecord, Request, Response
from tmfkit_conformance.report.model import Report, SelfTestRow
from tmfkit_models.contracts import Contract, from_document

DATA = Path(__file__).parent / "data"
BASE = "http://library.example/library/v1"
JSON = ("Content-Type", "application/json")

HOSTILE = "<script>alert('x')</script> \x1b[31m \x00 \ud800 \u202e &amp; ]]>"
"""Text that a page, an XML file or a terminal must not take literally."""

LACKING = "The kit lacked a credential of an administrator (--admin-header)"


def library() -> Contract:
    """Return the contract of the made-up API."""
    return from_document(json.loads((DATA / "library-v1.json").read_text(encoding="utf-8")))


def exchange(
    sequence: int, method: str, path: str, status: int, *, sent: Any = None, answer: Any = None, **more: Any
) -> Exchange:
    """Return an exchange whose bodies are the JSON values given; status 0 is one without an answer."""
    headers = (("Accept", "application/json"), ("Authorization", BLOTTED), *((JSON,) if sent is not None else ()))
    body = b"" if sent is None else json.dumps(sent, separators=(",", ":")).encode()
    answered = b"" if answer is None else json.dumps(answer, separators=(",", ":")).encode()
    return Exchange(
        sequence=sequence,
        request=Request(method, BASE + path, headers, body),
        response=Response(status, (JSON, ("Server", "shelf/1")), answered) if status else None,
        started=sequence / 10,
        elapsed_ms=12.5,
        **{
            "phase": "register",
            "probe": "create createBook",
            "step": "create",
            "operation": "createBook",
            "error": "",
            **more,
        },
    )


EXCHANGES = (
    exchange(1, "POST", "/book", 201, sent={"title": "Emma"}, answer={"id": "1", "title": "Emma"}, step="control"),
    exchange(2, "POST", "/book", 201, sent={"pages": 320}, answer={"id": "2", "pages": 320}, step="refused"),
    exchange(3, "GET", "/book/1?filter=$[?(@.a==1)]", 200, answer={"id": "1", "note": HOSTILE, "long": "x" * 9000}),
    exchange(4, "PATCH", "/book/1", 201, sent={"title": "Persuasion"}, answer={"id": "1", "title": "Persuasion"}),
    exchange(5, "POST", "/hub", 0, sent={"callback": "http://127.0.0.1:9/cb"}, error="ReadTimeout: timed out"),
)

NOTIFICATIONS = (
    Notification(1, 0.7, "/cb", "POST", (JSON,), b'{"eventType":"BookCreated","event":{"book":{"id":"1"}}}'),
)

OUTCOMES: Mapping[str, Verdict] = {
    verdict.requirement: verdict
    for verdict in (
        Verdict("LIB1-POST-001", Outcome.PASS, exchanges=(1,)),
        Verdict("LIB1-POST-002", Outcome.FAIL, "A create without title was answered 201", (1, 2)),
        Verdict("LIB1-POST-003", Outcome.PASS, exchanges=(2,)),
        Verdict("LIB1-POST-004", Outcome.FAIL, "There is no Location header", (1,)),
        Verdict("LIB1-GET-001", Outcome.PASS, exchanges=(3,)),
        Verdict("LIB1-GET-002", Outcome.FAIL, f"Answered with {HOSTILE}", (3,)),
        Verdict("LIB1-GET-003", Outcome.NOT_APPLICABLE, "The target does not offer fields="),
        Verdict("LIB1-PATCH-001", Outcome.PASS, exchanges=(4,)),
        Verdict("LIB1-PATCH-002", Outcome.PASS_WITH_REMARK, "Answered 201, which LIB1-E02 tolerates", (4,)),
        Verdict("LIB1-DELETE-001", Outcome.PASS),
        Verdict("LIB1-DELETE-002", Outcome.SKIP, LACKING),
        Verdict("LIB1-EVENT-001", Outcome.FAIL, "No BookCreateEvent arrived; one BookCreated did", (5,), (1,)),
        Verdict("LIB1-GEN-001", Outcome.NOT_APPLICABLE, "Cannot be settled from outside: friendliness"),
    )
}

FINDINGS = (Finding("fuzzing", "listBook", "server-error", "", "A filter with %00 was answered 500", (3,), 7),)
COVERAGE = {"fuzzing": {"listBook": "31/38", "createBook": "0/40"}}
SELF_TEST = (SelfTestRow("LIB1-POST-002", "takes a book without a title", caught=True),)


def report(
    changed: Mapping[str, Outcome] | None = None, *, self_test: tuple[SelfTestRow, ...] = SELF_TEST, **run: Any
) -> Report:
    """Return the report of the made-up run.

    Args:
        changed: Id of a requirement → an outcome other than that of ``OUTCOMES``; ``*`` stands for every one.
        self_test: Rows of the self-test.
        run: What is to be different about the run.
    """
    changed = changed or {}
    verdicts = tuple(
        replace(verdict, outcome=changed.get(verdict.requirement, changed.get("*", verdict.outcome)))
        for verdict in OUTCOMES.values()
    )
    about = {
        "api": "library-v1",
        "contract_sha256": "5f" * 32,
        "kit_version": "0.1.0",
        "base_url": BASE,
        "phases": ["register", "fuzzing"],
        "dialect": {"book": {"pages": "pageCount"}},
        "seconds": 1.25,
        "outcomes": [outcome.label for outcome in Outcome],
        **run,
    }
    probes = (ProbeRecord("create createBook"),)
    bundle = Bundle(about, probes, EXCHANGES, NOTIFICATIONS)
    settled, causes = traced(bundle, library(), plan(library()), verdicts)
    judged = replace(bundle, verdicts=[verdict.to_json() for verdict in settled])
    return Report.of(judged, Judgement(settled, FINDINGS, COVERAGE, causes), library(), self_test=self_test)
