"""A target that demands If-Match: what the kit read is named in what it sends, and it asks once only."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from evidence_builder import Step
from meddler import Answer, Call, Forward, meddling

from patience import PATIENCE_SECONDS
from tmfkit_conformance.drive.preconditions import Preconditions
from tmfkit_conformance.judge.engine import judge
from tmfkit_conformance.judge.verdict import Outcome
from tmfkit_conformance.run import drive
from tmfkit_conformance.settings import Settings
from tmfkit_models import contracts

CONTRACT = contracts.load("tmf629-v4")
PATCHES = tuple(row.id for row in CONTRACT.requirements if row.kind == "patchable" and not row.reason)


def test_change_names_the_version_that_was_read(server_url: str) -> None:
    refused: Counter[str] = Counter()

    def strict(call: Call, forward: Forward) -> Answer:
        named = {name.lower(): value for name, value in call.headers.items()}
        if call.method in ("PATCH", "DELETE") and "/customer/" in call.path and "if-match" not in named:
            refused[call.method] += 1
            return Answer(428, b'{"reason": "name the version"}')
        return forward(call)

    with meddling(server_url, strict) as url:
        given: dict[str, Any] = {"phases": ("register",), "timeout_seconds": PATIENCE_SECONDS}
        settings = Settings("tmf629-v4", url + CONTRACT.base_path, **given)
        bundle = drive(CONTRACT, settings, only=PATCHES)
    assert refused == {"PATCH": 1, "DELETE": 1}
    assert (
        "DELETE, PATCH without If-Match is answered 428: the kit sends the ETag that it read, or `*`."
        in (bundle.run["contact"])
    )
    outcomes = {one.outcome for one in judge(bundle, CONTRACT).verdicts if one.requirement in PATCHES}
    assert outcomes <= {Outcome.PASS, Outcome.PASS_WITH_REMARK}
    sent = [dict(one.request.headers).get("If-Match") for one in bundle.exchanges if one.operation == "patchCustomer"]
    assert sent[0] is None
    assert all(tag and tag.startswith('"') for tag in sent[1:])


URL = "http://target.example/customer/7"


@pytest.mark.parametrize(
    ("seen", "sent"),
    [
        pytest.param([("GET", 200, '"1"')], '"1"', id="as-read"),
        pytest.param([("GET", 200, '"1"'), ("PATCH", 200, '"2"')], '"2"', id="as-changed"),
        pytest.param([("GET", 200, '"1"'), ("PATCH", 200, "")], '"read"', id="changed-and-not-told"),
        pytest.param([("GET", 200, '"1"'), ("PATCH", 412, "")], '"read"', id="changed-by-another"),
        pytest.param([], '"read"', id="never-read"),
    ],
)
def test_latest_version_that_was_seen_is_sent(seen: list[tuple[str, int, str]], sent: str) -> None:
    known = Preconditions()

    def saw(method: str, status: int, tag: str) -> None:
        headers = {"ETag": tag} if tag else {}
        known.saw(Step("x", status, method=method, path=URL, headers=headers).exchange(1, "x", "", ""))

    saw("PATCH", 428, "")
    for one in seen:
        saw(*one)
    assert known.met("PATCH", URL, lambda _: saw("GET", 200, '"read"')) == {"If-Match": sent}
    assert known.met("DELETE", URL, lambda _: None) == {}
    assert known.met("PATCH", URL.replace("/7", "/8"), lambda _: None) == {"If-Match": "*"}
