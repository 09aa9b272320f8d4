"""What the kit writes for people, in a real browser: narrow and wide, light and dark; ``nox -s surroundings`` runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from filed_run import filed_run
from library import library, report
from selenium import webdriver
from selenium.webdriver.common.by import By

from browser import browser, look_at
from tmfkit_conformance.cli import main
from tmfkit_conformance.report.html import html_page
from tmfkit_models import contracts

__all__ = ["browser"]

_SCREENS = 20


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
