"""Whether the server serves, whether its store does, and what it says while that does not."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
from server_processes import workers

from harness.database import Database, database
from harness.process import free_port
from patience import PATIENCE_SECONDS

Starter = Callable[..., AbstractContextManager[str]]
CUSTOMER = "/tmf-api/customerManagement/v4/customer"


@pytest.fixture
def cluster() -> Iterator[Database]:
    """A PostgreSQL of one test alone, which may stop and start it."""
    with database(settings={"fsync": "off"}) as made:
        yield made


def becomes(url: str, path: str, status: int) -> bool:
    """Tell whether every process comes to answer so; which one answers is chance."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        if all(httpx.get(url + path).status_code == status for _ in range(10)):
            return True
        time.sleep(0.1)
    return False


def test_both_are_there_without_a_key(start_server: Starter) -> None:
    with start_server("--api-key", "user:0123456789abcdef") as url:
        assert becomes(url, "/health/ready", 200)
        for path in ("/health/live", "/health/ready"):
            assert httpx.get(url + path).json() == {"status": "up"}
            assert httpx.head(url + path).status_code == 200
        assert httpx.get(f"{url}/metrics", headers={"X-API-Key": "0123456789abcdef"}).status_code == 404


def test_server_without_its_database_is_live_and_not_ready_and_says_so_once(
    start_server: Starter, cluster: Database, capfd: pytest.CaptureFixture[str]
) -> None:
    management = f"127.0.0.1:{free_port()}"
    options = ["--store", cluster.url, "--workers", "2", "--log-format", "json", "--management", management]
    with start_server(*options) as url:
        places = [url, f"http://{management}"]
        assert all(becomes(place, "/health/ready", 200) for place in places)
        httpx.post(f"{url}/tmf-api/customerManagement/v4/hub", json={"callback": "http://127.0.0.1:9/"})
        httpx.post(url + CUSTOMER, json={"name": "a", "engagedParty": {"id": "1"}}).raise_for_status()
        capfd.readouterr()
        cluster.stop()
        for place in places:
            assert becomes(place, "/health/ready", 503)
            assert httpx.get(f"{place}/health/live").status_code == 200
        with ThreadPoolExecutor(20) as threads:
            assert set(threads.map(lambda _: httpx.get(url + CUSTOMER).status_code, range(20))) == {503}
        time.sleep(3)
        away = said(capfd)
        cluster.start()
        assert all(becomes(place, "/health/ready", 200) for place in places)
        assert httpx.get(url + CUSTOMER).status_code == 200
        back = said(capfd)
    assert [line["level"] for line in away] == ["error"], away
    told = [line["event"] for line in back if "serves again" in line["event"]]
    assert len(told) == 1, back


def test_server_on_a_database_that_only_keeps_silent_answers_all_the_same(
    start_server: Starter, cluster: Database, capfd: pytest.CaptureFixture[str]
) -> None:
    management = f"127.0.0.1:{free_port()}"
    with (
        start_server("--store", cluster.url, "--log-format", "json", "--management", management) as url,
        ThreadPoolExecutor() as threads,
    ):
        assert becomes(url, "/health/ready", 200)
        httpx.post(url + CUSTOMER, json={"name": "a", "engagedParty": {"id": "1"}}).raise_for_status()
        with cluster.frozen():
            waiting = [
                threads.submit(httpx.request, method, url + CUSTOMER, json={"name": "a", "engagedParty": {"id": "1"}})
                for method in ("GET", "POST", "GET")
            ]
            assert "tmfkit_request_duration_seconds" in httpx.get(f"http://{management}/metrics").text
            assert becomes(url, "/health/ready", 503)
            assert httpx.get(f"{url}/health/live").status_code == 200
            assert {each.result().status_code for each in waiting} == {503}
            assert httpx.get(url + CUSTOMER).status_code == 503
        assert becomes(url, "/health/ready", 200)
        assert httpx.get(url + CUSTOMER).status_code == 200
    told = [line for line in said(capfd) if line["level"] == "error" or "serves again" in line["event"]]
    assert [line["level"] for line in told] == ["error", "warning"], told


def said(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return what the server has said; what it says of its listeners is none of the store's."""
    read = [json.loads(line) for line in capfd.readouterr().err.splitlines() if line.startswith("{")]
    return [line for line in read if not line["event"].startswith("listener ")]


def test_disk_that_takes_nothing_twice_is_told_of_twice(
    start_server: Starter, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    options = ["--store", f"tinydb:{tmp_path / 'a.db'}", "--log-format", "json"]
    body = {"name": "a" * 9000, "engagedParty": {"id": "1"}}
    with start_server(*options) as url:
        [worker] = workers(tmp_path)
        _, hard = resource.prlimit(worker, resource.RLIMIT_FSIZE)
        for _ in range(2):
            # Room enough for what the server says.
            resource.prlimit(worker, resource.RLIMIT_FSIZE, (200_000, hard))
            assert any(httpx.post(url + CUSTOMER, json=body).status_code == 503 for _ in range(50))
            # Reads are served, and are no end of it.
            assert becomes(url, "/health/ready", 200)
            assert httpx.get(url + CUSTOMER).status_code == 200
            assert httpx.post(url + CUSTOMER, json=body).status_code == 503
            resource.prlimit(worker, resource.RLIMIT_FSIZE, (hard, hard))
            assert httpx.post(url + CUSTOMER, json=body).status_code == 201
    events = [line["event"] for line in said(capfd) if line["level"] != "info"]
    assert ["failed at POST" in each for each in events] == [True, False] * 2, events
    assert ["serves again" in each for each in events] == [False, True] * 2
