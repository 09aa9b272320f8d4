"""Lists that come in pages, in any way that a target may have: what is in them is found, and what is not is proven."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from meddler import Answer, Call, Forward, meddling

from patience import PATIENCE_SECONDS
from tmfkit_conformance.judge.engine import judge
from tmfkit_conformance.judge.verdict import Outcome, Verdict
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.run import drive
from tmfkit_conformance.settings import Settings
from tmfkit_models import contracts

API = "tmf629-v4"
CONTRACT = contracts.load(API)
COLLECTION = f"{CONTRACT.base_path}/customer"
[LISTED] = [row.id for row in CONTRACT.requirements if row.scenario == "created-is-listed"]
[GONE] = [row.id for row in CONTRACT.requirements if row.scenario == "deleted-is-gone"]
FIELDS = [row.id for row in CONTRACT.requirements if (row.kind, row.operation) == ("fields", "listCustomer")]
ROWS = (LISTED, GONE, *FIELDS)


@cache
def strangers(count: int) -> list[dict[str, str]]:
    return [{"id": f"other-{number}", "name": "Somebody"} for number in range(count)]


@dataclass(frozen=True)
class Paged:
    """A target with records of others, whose lists come in pages."""

    others: int = 25
    size: int = 10
    tells_next: bool = False
    next_path: str = COLLECTION
    tells_total: bool = False
    takes_offset: bool = True
    filters: bool = True
    hides_new: bool = False
    keeps_deleted: bool = False

    def __call__(self, call: Call, forward: Forward) -> Answer:
        path, _, query = call.path.partition("?")
        if call.method != "GET" or path != COLLECTION:
            return forward(call)
        given = dict(parse_qsl(query))
        records = [*strangers(self.others)]
        if not self.hides_new:
            records += json.loads(forward(Call("GET", COLLECTION, call.headers, b"")).body)
        if self.filters and "id" in given:
            records = [record for record in records if record["id"] == given["id"]]
        start = int(given.get("offset", 0)) if self.takes_offset else 0
        page = records[start : start + self.size]
        more = {**given, "offset": start + self.size}
        headers = [("Content-Type", "application/json")]
        headers += [("X-Total-Count", str(len(records)))] if self.tells_total else []
        is_last = start + self.size >= len(records)
        headers += (
            [("Link", f'<{self.next_path}?{urlencode(more)}>; rel="next"')] if self.tells_next and not is_last else []
        )
        names = {"id", "href", *given["fields"].split(",")} if "fields" in given else set()
        shown = [{name: record[name] for name in record if not names or name in names} for record in page]
        return Answer(200, json.dumps(shown).encode(), tuple(headers))


def run(target: Paged, server_url: str, *only: str, **more: Any) -> tuple[Bundle, dict[str, Verdict]]:
    with meddling(server_url, target) as url:
        settings = Settings(
            API, url + CONTRACT.base_path, phases=("register",), timeout_seconds=PATIENCE_SECONDS, **more
        )
        bundle = drive(CONTRACT, settings, lambda *_: None, only=only or ROWS)
    return bundle, {verdict.requirement: verdict for verdict in judge(bundle, CONTRACT).verdicts}


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(Paged(tells_next=True), id="link"),
        pytest.param(Paged(tells_next=True, next_path=""), id="link-with-a-query-alone"),
        pytest.param(Paged(tells_total=True), id="total"),
        pytest.param(Paged(), id="neither"),
        pytest.param(Paged(others=0), id="one-page-only"),
        pytest.param(Paged(others=30), id="last-page-full"),
        pytest.param(Paged(others=3000, tells_total=True), id="long"),
        pytest.param(Paged(others=3000), id="long-and-not-told"),
        pytest.param(Paged(others=50_000, size=100, tells_total=True, tells_next=True), id="fifty-thousand"),
    ],
)
def test_record_is_found_in_every_kind_of_pages(server_url: str, target: Paged) -> None:
    _, judged = run(target, server_url)
    assert {row: judged[row].remark for row in ROWS if judged[row].outcome is not Outcome.PASS} == {}


@pytest.mark.parametrize("target", [Paged(hides_new=True, tells_total=True), Paged(hides_new=True, tells_next=True)])
def test_record_that_is_on_no_page_fails_its_row_and_blocks_selections(server_url: str, target: Paged) -> None:
    _, judged = run(target, server_url)
    assert (judged[LISTED].outcome, judged[LISTED].remark) == (
        Outcome.FAIL,
        "The resource just made is not in the list",
    )
    assert {judged[row].outcome for row in FIELDS} == {Outcome.BLOCKED}


@pytest.mark.parametrize(
    "target", [Paged(others=300, filters=False, tells_total=True), Paged(others=300, filters=False)]
)
def test_list_that_is_too_long_and_not_filtered_proves_nothing(server_url: str, target: Paged) -> None:
    _, judged = run(target, server_url, LISTED, GONE)
    for row in (LISTED, GONE):
        assert judged[row].outcome is Outcome.SKIP
        assert judged[row].remark.endswith("raise `list_pages` (or --list-pages), or use fewer records")
    _, judged = run(target, server_url, LISTED, GONE, list_pages=400)
    assert {judged[row].outcome for row in (LISTED, GONE)} == {Outcome.PASS}


def test_target_that_ignores_offset_is_taken_to_have_shown_all(server_url: str) -> None:
    bundle, judged = run(Paged(others=0, size=500, takes_offset=False), server_url, LISTED)
    assert judged[LISTED].outcome is Outcome.PASS
    _, judged = run(Paged(others=10, takes_offset=False), server_url, LISTED)
    assert judged[LISTED].outcome is Outcome.FAIL
    assert len([each for each in bundle.exchanges if each.step == "list"]) == 1
