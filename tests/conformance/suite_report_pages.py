"""What the kit writes for people, in a real browser: narrow and wide, light and dark; ``nox -s surroundings`` runs it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from filed_run import filed_run
from library import library, report
from selenium import webdriver
from selenium.webdriver.common.by import By

from browser import browser, look_at
from tmfkit_conformance.cli import main
from tmfkit_conformance.judge.verdict import Outcome
from tmfkit_conformance.proof.reporting import concluded
from tmfkit_conformance.report.html import html_page
from tmfkit_conformance.report.model import Report
from tmfkit_conformance.run import drive
from tmfkit_conformance.settings import Settings
from tmfkit_models import contracts

__all__ = ["browser"]

_SCREENS = 20
_IS_NO_WIDER = "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages by name: reports of a run that is right, one that is not, one full of hostile text; statement, comparison."""
    found = tmp_path_factory.mktemp("pages")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contracts, "apis", lambda: ("library-v1",))
        patch.setattr(contracts, "load", lambda *_: library())
        assert filed_run(found / "right") == 0
        assert filed_run(found / "wrong", demands_title=False) == 1
        assert main(["statement", str(found / "right")]) == 0
        reports = [str(found / name / "report.json") for name in ("right", "wrong")]
        assert main(["compare", *reports, "--html", str(found / "compare.html")]) == 0
    (found / "hostile.html").write_text(html_page(report()), encoding="utf-8")
    return found


def most_rows() -> str:
    """Return the id of the API with the most rows."""
    return max(contracts.apis(), key=lambda api: len(contracts.load(api).requirements))


@pytest.fixture(scope="module", params=["tmf683-v4", most_rows()])
def real(request: pytest.FixtureRequest, server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Page of a run of an API: long names of notifications, hundreds of rows; one of its rows does not hold."""
    contract = contracts.load(request.param)
    told = Settings(contract.id, server_url + contract.base_path, phases=("register",), hold_seconds=0)
    made = concluded(drive(contract, told), contract)
    first, *others = made.judgement.verdicts
    judgement = replace(made.judgement, verdicts=(replace(first, outcome=Outcome.FAIL, remark="x" * 200), *others))
    page = tmp_path_factory.mktemp("real") / f"{contract.id}.html"
    page.write_text(html_page(Report.of(made.bundle, judgement, contract)), encoding="utf-8")
    return page


def test_page_of_an_api_is_no_wider_than_the_window(browser: webdriver.Chrome, real: Path) -> None:
    """Axe takes longer for so many rows than a test may; it sees the same template with fewer."""
    browser.get(real.as_uri())
    assert browser.execute_script("return document.documentElement.scrollHeight / innerHeight") <= _SCREENS
    assert browser.execute_script(_IS_NO_WIDER)
    browser.execute_script("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert browser.execute_script(_IS_NO_WIDER)


@pytest.mark.parametrize(
    "page", ["right/report.html", "wrong/report.html", "hostile.html", "right/statement.html", "compare.html"]
)
def test_page(browser: webdriver.Chrome, folder: Path, page: str) -> None:
    browser.get((folder / page).as_uri())
    shot = page.replace("/", "-").removesuffix(".html")
    look_at(browser, shot)
    assert browser.execute_script("return document.documentElement.scrollHeight / innerHeight") <= _SCREENS
    for each in browser.find_elements(By.CSS_SELECTOR, "details"):
        browser.execute_script("arguments[0].open = true", each)
    look_at(browser, f"{shot}-open")


def test_a_ticket_links_to_a_row_and_a_filter(browser: webdriver.Chrome, folder: Path) -> None:
    rows = json.loads((folder / "wrong" / "report.json").read_text(encoding="utf-8"))["requirements"]
    failed = next(row["id"] for row in rows if row["verdict"] == "fail")
    address = (folder / "wrong" / "report.html").as_uri()
    browser.get(f"{address}#{failed}")
    assert browser.find_element(By.ID, failed).is_displayed()
    look_at(browser, "row")
