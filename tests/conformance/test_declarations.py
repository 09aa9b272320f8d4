"""Waivers and claims: checked before anything is sent, shown on page one, and never part of a verdict."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from filed_run import filed_run
from library import library, report
from library_server import serving
from rich.console import Console

from tmfkit_conformance.cli import main
from tmfkit_conformance.declarations.claims import Claim, claimable, read_claims, written_claims
from tmfkit_conformance.declarations.waivers import read_waivers
from tmfkit_conformance.errors import UsageError
from tmfkit_conformance.judge.verdict import Outcome
from tmfkit_conformance.report.console import print_summary
from tmfkit_conformance.report.declared import Declared
from tmfkit_conformance.report.html import html_page
from tmfkit_conformance.report.model import Report
from tmfkit_models import contracts

WAIVER = {
    "row": "LIB1-POST-002",
    "reason": "Old clients send none",
    "owner": "Ada",
    "expires": "2099-01-31",
    "issue": "SHELF-7",
}
TODAY = dt.date(2026, 5, 1)

Written = Callable[..., Path]


@pytest.fixture(autouse=True)
def _one_api(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contracts, "apis", lambda: ("library-v1",))
    monkeypatch.setattr(contracts, "load", lambda *_: library())


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Writes a file."""

    def write(content: Any, name: str = "declared.yaml") -> Path:
        path = tmp_path / name
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        pytest.param({"row": "LIB1-POST-999"}, "LIB1-POST-999: library-v1 has no such requirement", id="unknown"),
        pytest.param({"row": "LIB1-POST-004"}, "this is a should, and only musts decide", id="should"),
        pytest.param({"expires": "2026-04-30"}, "the waiver expired on 2026-04-30", id="expired"),
        pytest.param({"expires": "next week"}, "'next week' is no date", id="no-date"),
        pytest.param({"owner": ""}, "0/owner", id="nobody"),
        pytest.param({"ticket": "1"}, "declared.yaml, 0", id="other-name"),
    ],
)
def test_waiver_that_cannot_be_used_is_refused(written: Written, entry: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_waivers(written([{**WAIVER, **entry}]), library(), TODAY)
    assert said in str(caught.value)


def test_waiver_holds_to_the_end_of_its_last_day(written: Written) -> None:
    [waiver] = read_waivers(written([{**WAIVER, "expires": "2026-05-01"}]), library(), TODAY)
    assert waiver.row == "LIB1-POST-002"


def test_row_that_is_waived_twice_is_refused(written: Written) -> None:
    with pytest.raises(UsageError, match="is waived twice"):
        read_waivers(written([WAIVER, WAIVER]), library(), TODAY)


@pytest.mark.parametrize(
    "content",
    [{"operations": ["burnBook"]}, {"filters": {"listBook": ["/cover"]}}, {"shelves": []}, {"operations": "listBook"}],
    ids=["operation", "filter", "category", "text"],
)
def test_claim_of_what_the_api_does_not_have_is_refused(written: Written, content: Any) -> None:
    with pytest.raises(UsageError):
        read_claims(written(content), library())


@pytest.mark.parametrize("api", ["tmf629-v4", "tmf681-v1"])
def test_claims_are_read_as_they_were_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, api: str) -> None:
    monkeypatch.undo()
    contract = contracts.load(api)
    path = tmp_path / "claims.yaml"
    path.write_text(written_claims(claimable(contract)), encoding="utf-8")
    assert set(read_claims(path, contract)) == set(claimable(contract))
    assert {claim.category for claim in claimable(contract)} >= {"operations", "media_types", "events", "attributes"}


def test_nothing_is_sent_where_a_waiver_has_expired(written: Written, tmp_path: Path) -> None:
    waivers = str(written([{**WAIVER, "expires": "2020-01-01"}]))
    with serving() as url:
        arguments = ["run", "--api", "library-v1", "--base-url", url, "--report", str(tmp_path / "report")]
        assert main([*arguments, "--waivers", waivers]) == 2
    assert not (tmp_path / "report").exists()


def test_gate_passes_where_every_failed_must_is_waived_and_the_verdict_stays(written: Written, tmp_path: Path) -> None:
    waivers = str(written([WAIVER]))
    folder = tmp_path / "report"
    assert filed_run(folder, "--waivers", waivers, demands_title=False) == 1
    assert filed_run(folder, "--waivers", waivers, "--gate", "waivers", demands_title=False) == 0
    plain = json.loads((folder / "report.json").read_bytes())
    assert (plain["verdict"], plain["waivers"]) == ("not-conformant", [{**WAIVER, "needed": True}])
    assert main(["verify", str(folder)]) == 1


def test_waiver_of_a_row_that_holds_is_a_failure_of_its_own(written: Written, tmp_path: Path) -> None:
    for gate in ("verdict", "waivers"):
        assert filed_run(tmp_path / gate, "--waivers", str(written([WAIVER])), "--gate", gate) == 1
    assert json.loads((tmp_path / "verdict" / "report.json").read_bytes())["verdict"] == "conformant"


@pytest.mark.parametrize(
    ("changed", "waived", "status"),
    [
        pytest.param({}, ["LIB1-POST-002"], 1, id="others-fail"),
        pytest.param({}, ["LIB1-POST-002", "LIB1-GET-002", "LIB1-EVENT-001"], 0, id="all-that-failed-is-waived"),
        pytest.param(
            {"LIB1-GET-002": Outcome.BLOCKED, "LIB1-EVENT-001": Outcome.SKIP}, ["LIB1-POST-002"], 0, id="open"
        ),
        pytest.param({"*": Outcome.SKIP}, ["LIB1-POST-002"], 1, id="nothing-checked"),
        pytest.param({"*": Outcome.SKIP}, [], 1, id="nothing-checked-and-nothing-waived"),
        pytest.param({"LIB1-POST-001": Outcome.ERROR}, ["LIB1-POST-001"], 4, id="the-kit-fails"),
    ],
)
def test_gate_of_waivers_asks_one_for_each_must_that_failed(
    changed: dict[str, Outcome], waived: list[str], status: int
) -> None:
    waivers = [{**WAIVER, "row": row} for row in waived]
    made = report(changed, waivers=waivers, gate="waivers")
    assert made.gate_status == status
    assert made.verdict == report(changed).verdict


def test_console_says_what_the_gate_did_not_ask_for(capsys: pytest.CaptureFixture[str]) -> None:
    print_summary(report(waivers=[WAIVER], gate="waivers"), Console(width=200))
    said = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("Gate:"))
    assert said == "Gate: of 3 musts that failed, 1 is waived; 1 left open, of which a waiver is not asked"


def test_waivers_and_claims_stand_on_page_one() -> None:
    claims = [{"category": "events", "operation": "BookCreateEvent", "subject": ""}]
    page = html_page(report(waivers=[WAIVER], claims=claims))
    first = page[: page.index('id="causes"')]
    for said in ("LIB1-POST-002", "Old clients send none", "Ada, until 2099-01-31, SHELF-7", "not met: "):
        assert said in first
    assert 'href="#row-LIB1-POST-002"' in first
    assert 'id="row-LIB1-POST-002"' in page


def test_claim_is_met_unmet_or_untested_and_what_is_not_claimed_is_a_remark() -> None:
    plain = [
        {"category": "operations", "operation": name, "subject": ""}
        for name in ("createBook", "retrieveBook", "deleteBook")
    ]
    changed = {"LIB1-GET-001": Outcome.FAIL, "LIB1-DELETE-001": Outcome.SKIP}
    declared = report(changed, claims=plain).declared
    assert declared.met == (Claim("operations", "createBook"),)
    assert declared.unmet == (Claim("operations", "retrieveBook"),)
    assert declared.untested == (Claim("operations", "deleteBook"),)
    assert Claim("operations", "patchBook") in declared.unclaimed
    assert report().declared.unclaimed == ()


@pytest.mark.parametrize(
    ("outcomes", "stands"),
    [
        pytest.param([Outcome.PASS], "met", id="holds"),
        pytest.param([Outcome.PASS_WITH_REMARK, Outcome.SKIP], "met", id="one-holds-with-a-remark"),
        pytest.param([Outcome.PASS, Outcome.NOT_APPLICABLE], "met", id="one-of-two-operators"),
        pytest.param([Outcome.PASS, Outcome.FAIL], "unmet", id="one-fails"),
        pytest.param([Outcome.NOT_APPLICABLE], "unmet", id="not-offered"),
        pytest.param([Outcome.NOT_APPLICABLE, Outcome.SKIP], "unmet", id="not-offered-and-skipped"),
        pytest.param([Outcome.SKIP], "untested", id="skipped"),
        pytest.param([Outcome.BLOCKED], "untested", id="blocked"),
        pytest.param([Outcome.ERROR], "untested", id="the-kit-failed"),
    ],
)
def test_claim_stands_by_the_outcomes_of_its_rows(outcomes: list[Outcome], stands: str) -> None:
    [row] = [one for one in library().requirements if one.id == "LIB1-GET-001"]
    rows = [replace(row, id=f"{row.id}-{number}") for number in range(len(outcomes))]
    contract = replace(library(), requirements=tuple(rows))
    claim = {"category": "operations", "operation": "retrieveBook", "subject": ""}
    bundle = replace(report().bundle, run={"claims": [claim]})
    found = Declared.of(bundle, contract, dict(zip((one.id for one in rows), outcomes, strict=True)))
    assert [name for name in ("met", "unmet", "untested") if getattr(found, name)] == [stands]
    assert found.is_kept is (stands == "met")


@pytest.mark.parametrize(
    ("outcome", "status", "said"),
    [
        pytest.param(Outcome.NOT_APPLICABLE, 1, "not met: operations retrieveBook", id="not-offered"),
        pytest.param(Outcome.SKIP, 1, "not tested: operations retrieveBook", id="not-tested"),
        pytest.param(Outcome.PASS, 0, "met: 1", id="met"),
    ],
)
def test_claim_that_is_not_shown_to_hold_fails_a_conformant_run_and_is_named(
    outcome: Outcome, status: int, said: str
) -> None:
    claims = [{"category": "operations", "operation": "retrieveBook", "subject": ""}]
    judged = report({"*": Outcome.PASS, "LIB1-GET-001": outcome}, claims=claims)
    rows = (replace(row, level="may") if row.id == "LIB1-GET-001" else row for row in library().requirements)
    made = Report.of(judged.bundle, judged.judgement, replace(library(), requirements=tuple(rows)))
    console = Console(record=True, width=200, file=io.StringIO())
    print_summary(made, console)
    assert (made.verdict, made.gate_status) == ("conformant", status)
    assert said in console.export_text()


def test_unmet_claim_fails_a_conformant_run(written: Written, tmp_path: Path) -> None:
    for content, status in (({"operations": ["createBook"]}, 0), ({"media_types": {}}, 0)):
        assert filed_run(tmp_path / "report", "--claims", str(written(content))) == status
    made = report({"*": Outcome.PASS, "LIB1-POST-004": Outcome.FAIL}, claims=[])
    unmet = report({"*": Outcome.PASS, "LIB1-GET-001": Outcome.FAIL},
                   claims=[{"category": "operations", "operation": "retrieveBook", "subject": ""}])  # fmt: skip
    assert (made.gate_status, unmet.gate_status) == (0, 1)


def test_probe_drafts_claims_that_the_target_meets(tmp_path: Path) -> None:
    config, claims = tmp_path / "kit.yaml", tmp_path / "claims.yaml"
    with serving() as url:
        arguments = ["init", "--api", "library-v1", "--probe", url, "--output", str(config), "--claims", str(claims)]
        assert main(arguments) == 0
        assert main(arguments) == 2
    assert yaml.safe_load(config.read_text(encoding="utf-8"))["base_url"] == url
    drafted = yaml.safe_load(claims.read_text(encoding="utf-8"))
    assert {"createBook", "patchBook"} <= set(drafted["operations"])
    assert filed_run(tmp_path / "report", "--claims", str(claims)) == 0
    plain = json.loads((tmp_path / "report" / "report.json").read_bytes())["claims"]
    assert (plain["unmet"], len(plain["met"])) == ([], len(read_claims(claims, library())))
