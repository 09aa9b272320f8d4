"""The server's pages in a real browser: narrow and wide, light and dark; ``nox -s surroundings`` runs it.

Needs Chromium and its driver. No page may load anything from elsewhere, break its own policy, be wider than the window,
or have what axe calls serious.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import httpx
import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.ui import WebDriverWait
from server_bodies import customer, message

from browser import browser, look_at
from patience import PATIENCE_SECONDS

__all__ = ["browser"]

Starter = Callable[..., AbstractContextManager[str]]
ADMIN = "key-of-an-admin-1"
MARKUP = "<img src=x onerror='window.owned=1'><script>window.owned=1</script>"


@pytest.fixture(scope="module")
def served(start_server: Starter) -> Iterator[str]:
    with start_server("--api-key", f"admin:{ADMIN}", "--allow-callbacks", "127.0.0.1") as url:
        yield url


def until(driver: WebDriver, condition: Callable[[WebDriver], Any]) -> Any:
    return WebDriverWait(driver, PATIENCE_SECONDS, 0.1).until(condition)


def inspect(driver: webdriver.Chrome, url: str, shot: str) -> list[str]:
    """Hold a page, as it is now, against what holds for all pages; return what it has asked for since the last time."""
    look_at(driver, shot)
    events = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]  # type: ignore[no-untyped-call]
    asked = [each["params"]["request"]["url"] for each in events if each["method"] == "Network.requestWillBeSent"]
    assert [each for each in asked if not each.startswith((url, "data:", "blob:", "chrome"))] == []
    return asked


def test_start_page(browser: webdriver.Chrome, served: str) -> None:
    browser.get(f"{served}/")
    assert f"{served}/docs/files/page.css" in inspect(browser, served, "start")
    browser.find_element(By.CSS_SELECTOR, "tbody a").click()
    until(browser, lambda driver: driver.find_elements(By.CSS_SELECTOR, ".opblock-summary-control"))


def test_contract_is_shown_opened_and_tried(browser: webdriver.Chrome, served: str) -> None:
    browser.get(f"{served}/docs/tmf655-v1")
    found = until(browser, lambda driver: driver.find_elements(By.CSS_SELECTOR, ".opblock-summary-control"))
    assert f"{served}/openapi/tmf655-v1.json" in inspect(browser, served, "contract")
    for each in found[:3]:
        browser.execute_script("arguments[0].click()", each)
    until(browser, lambda driver: len(driver.find_elements(By.CSS_SELECTOR, ".try-out__btn")) == 3)
    inspect(browser, served, "contract-open")
    browser.execute_script("document.querySelector('.try-out__btn').click()")
    execute = until(browser, lambda driver: driver.find_element(By.CSS_SELECTOR, ".btn.execute"))
    browser.execute_script("arguments[0].click()", execute)
    until(browser, lambda driver: driver.find_elements(By.CSS_SELECTOR, ".live-responses-table .response"))
    assert "unauthenticated" in browser.find_element(By.CSS_SELECTOR, ".live-responses-table").text
    inspect(browser, served, "contract-tried")


def test_operator_turns_pages_and_looks_for_what_failed(browser: webdriver.Chrome, served: str) -> None:
    path = f"{served}/communicationMessage/v1/communicationMessage"
    names = [f"{number}-{browser.session_id}" for number in range(52)]
    with httpx.Client(headers={"X-API-Key": ADMIN}) as client:
        for name in names:
            client.post(path, json=message(id=name, subject=name)).raise_for_status()

        def shown() -> list[str]:
            # At one moment: the rows are made anew.
            script = (
                "return Array.from(document.querySelectorAll('#messages td:first-child'), each => each.textContent)"
            )
            return list(browser.execute_script(script))

        def press(selector: str) -> None:
            browser.execute_script("arguments[0].click()", browser.find_element(By.CSS_SELECTOR, selector))

        browser.get(f"{served}/admin")
        browser.find_element(By.ID, "key").send_keys(ADMIN)
        browser.find_element(By.CSS_SELECTOR, "#credential button").click()
        until(browser, lambda _: shown() == names[:1:-1])
        inspect(browser, served, "admin-pages")
        press("#messages-pages button:last-of-type")
        until(browser, lambda _: shown()[:2] == names[1::-1])
        press("#messages-pages button:first-of-type")
        until(browser, lambda _: shown() == names[:1:-1])
        press("#failed-only")
        until(browser, lambda _: shown() == ["None"])
        assert browser.find_elements(By.CSS_SELECTOR, "#messages-pages button") == []
        for name in names:
            client.delete(f"{path}/{name}").raise_for_status()


def test_operator_sees_and_resends(browser: webdriver.Chrome, served: str, listener: Any) -> None:
    key = {"X-API-Key": ADMIN}
    listener.status = 410
    base = f"{served}/tmf-api/customerManagement/v4"
    hub = httpx.post(f"{base}/hub", json={"callback": listener.url}, headers=key).json()["id"]
    httpx.post(f"{base}/customer", json=customer(name="<b>x</b>"), headers=key).raise_for_status()
    listener.next()
    until(browser, lambda _: httpx.get(f"{served}/admin/dead-letters", headers=key).json())
    body = message(subject=MARKUP, id=f"a'b&{MARKUP[5:9]}{browser.session_id}")
    httpx.post(f"{served}/communicationMessage/v1/communicationMessage", json=body, headers=key).raise_for_status()
    browser.get(f"{served}/admin")
    browser.find_element(By.ID, "key").send_keys("wrong")
    browser.find_element(By.CSS_SELECTOR, "#credential button").click()
    until(browser, lambda driver: "401" in driver.find_element(By.ID, "said").text)
    assert not browser.find_element(By.ID, "found").is_displayed()
    inspect(browser, served, "admin-refused")
    browser.find_element(By.ID, "key").clear()
    browser.find_element(By.ID, "key").send_keys(ADMIN)
    browser.find_element(By.CSS_SELECTOR, "#credential button").click()
    until(browser, lambda driver: listener.url in driver.find_element(By.ID, "dead-letters").text)
    assert hub in browser.page_source
    assert MARKUP in browser.find_element(By.ID, "messages").text
    assert browser.execute_script("return window.owned") is None
    assert browser.find_elements(By.CSS_SELECTOR, "#messages :not(tr, td, button)") == []
    assert f"{served}/admin/listeners" in inspect(browser, served, "admin")
    assert ADMIN not in browser.execute_script(
        "return document.cookie + JSON.stringify([localStorage, sessionStorage])"
    )
    listener.status = 201
    again = browser.find_element(By.CSS_SELECTOR, "#dead-letters button")
    browser.execute_script("arguments[0].click()", again)
    assert listener.next()["eventType"] == "CustomerCreateEvent"
    until(browser, lambda driver: driver.find_element(By.ID, "dead-letters").text == "None")
    httpx.delete(f"{base}/hub/{hub}", headers=key).raise_for_status()
