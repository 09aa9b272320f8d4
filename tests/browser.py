"""Chromium with windows of two widths, for people who like it light or dark, and what holds for every page.

Needs Chromium and its driver; the axe library says what people with assistive technology could not use.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest
from selenium import webdriver

__all__ = ["browser", "look_at"]

_AXE = (resources.files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")
_SERIOUS = """const done = arguments[0];
axe.run().then(found => done(found.violations.filter(each => ["serious", "critical"].includes(each.impact))
  .map(each => [each.id, each.nodes.map(node => node.html)])));"""
_SHOTS = Path("reports", "pages")


# What is too wide is so in either scheme, and what has too little contrast at either width.
@pytest.fixture(scope="module", params=[(390, "dark"), (1280, "light")], ids=str)
def browser(request: pytest.FixtureRequest) -> Iterator[webdriver.Chrome]:
    """Give Chromium with a window of a width, in a colour scheme."""
    width, scheme = request.param
    options = webdriver.ChromeOptions()
    options.binary_location = _program("chromium", "chromium-browser", "google-chrome")
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(_program("chromedriver"))
    with webdriver.Chrome(options=options, service=service) as driver:
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        yield driver


def _program(*names: str) -> str:
    found = next(filter(None, map(shutil.which, names)), None)
    assert found is not None, f"none of {', '.join(names)} is installed"
    return found


def look_at(driver: webdriver.Chrome, shot: str) -> None:
    """Hold the page, as it is now, against what holds for all pages, and leave a picture of it.

    It is not wider than the window, axe finds nothing serious, its own policy is kept and no script failed.
    """
    _SHOTS.mkdir(parents=True, exist_ok=True)
    wide = driver.execute_script("return [innerWidth, matchMedia('(prefers-color-scheme: dark)').matches]")
    driver.save_screenshot(str(_SHOTS / f"{shot}-{wide[0]}-{'dark' if wide[1] else 'light'}.png"))
    assert driver.execute_script("return document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    driver.execute_cdp_cmd("Runtime.evaluate", {"expression": _AXE})
    assert driver.execute_async_script(_SERIOUS) == []
    said = [entry["message"] for entry in driver.get_log("browser")]  # type: ignore[no-untyped-call]
    assert [message for message in said if "Content Security Policy" in message or "Uncaught" in message] == []
