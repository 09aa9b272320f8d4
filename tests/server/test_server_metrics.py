"""Metrics: what is counted, that it is summed over processes, and that no sum goes back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families
from server_bodies import customer
from test_server_health import becomes

from harness.process import free_port
from patience import PATIENCE_SECONDS
from tmfkit_server import cli

Starter = Callable[..., AbstractContextManager[str]]
CUSTOMERS = "/tmf-api/customerManagement/v4"


def scraped(url: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    text = httpx.get(f"{url}/metrics").raise_for_status().text
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(url: str, name: str, **labels: str) -> float:
    return scraped(url).get((name, frozenset(labels.items())), 0.0)


@pytest.fixture(params=["memory", "postgres"])
def served(
    request: pytest.FixtureRequest, start_server: Starter, empty_store: Callable[[str], str]
) -> Iterator[tuple[str, str]]:
    """A server on each store, with one process and with two; and its management address."""
    place = f"127.0.0.1:{free_port()}"
    workers = ["--workers", "2"] if request.param == "postgres" else []
    with start_server("--store", empty_store(request.param), *workers, "--management", place) as url:
        yield url, f"http://{place}"


def test_requests_are_counted_by_operation_and_status(served: tuple[str, str]) -> None:
    url, management = served
    name = "tmfkit_request_duration_seconds_count"
    for _ in range(20):
        httpx.post(f"{url}{CUSTOMERS}/customer", json=customer()).raise_for_status()
    httpx.get(f"{url}{CUSTOMERS}/customer/nix")
    httpx.get(f"{url}/nix")
    assert value(management, name, api="tmf629-v4", operation="createCustomer", status="201") == 20
    assert value(management, name, api="tmf629-v4", operation="retrieveCustomer", status="404") == 1
    assert value(management, name, api="", operation="", status="404") == 1
    until = time.monotonic() + PATIENCE_SECONDS
    while value(management, "tmfkit_store_commits_total") < 1 and time.monotonic() < until:
        time.sleep(0.1)
    assert 1 <= value(management, "tmfkit_store_commits_total") <= 100
    assert value(management, "tmfkit_event_loop_lag_seconds_count") > 0


def test_head_of_the_metrics_is_answered(served: tuple[str, str]) -> None:
    _, management = served
    answer = httpx.head(f"{management}/metrics")
    assert (answer.status_code, answer.content) == (200, b"")


def test_what_waits_for_a_listener_is_counted(served: tuple[str, str], listener: Any) -> None:
    url, management = served
    listener.status = 500
    httpx.post(f"{url}{CUSTOMERS}/hub", json={"callback": listener.url}).raise_for_status()
    for _ in range(3):
        httpx.post(f"{url}{CUSTOMERS}/customer", json=customer()).raise_for_status()
    assert value(management, "tmfkit_notifications_waiting") == 3
    assert value(management, "tmfkit_dead_letters") == 0
    listener.status = 410
    until = time.monotonic() + PATIENCE_SECONDS
    while value(management, "tmfkit_dead_letters") < 3 and time.monotonic() < until:
        time.sleep(0.2)
    assert value(management, "tmfkit_dead_letters") == 3


def test_no_sum_goes_back_when_a_process_is_replaced(served: tuple[str, str]) -> None:
    url, management = served
    for _ in range(10):
        httpx.post(f"{url}{CUSTOMERS}/customer", json=customer()).raise_for_status()
    before = scraped(management)
    for pid in serving(management):
        os.kill(pid, signal.SIGKILL)
    assert becomes(url, "/health/ready", 200)
    after = scraped(management)
    grown = [key for key in before if "waiting" not in key[0]]
    assert [key for key in grown if after.get(key, 0) < before[key]] == []
    httpx.get(f"{url}{CUSTOMERS}/customer")
    key = frozenset({("api", "tmf629-v4"), ("operation", "listCustomer"), ("status", "200")})
    assert scraped(management)["tmfkit_request_duration_seconds_count", key] == 1


def test_numbers_that_there_is_no_room_for_end_nothing(tmp_path: Path) -> None:
    counting = """
import resource
from tmfkit_server.metrics import Metrics, MetricsPage
from tmfkit_server.middleware.watching import Answered
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
metrics = Metrics()
for number in range(200):
    for _ in range(2):
        metrics.observe(Answered("GET", "/", "api", f"operation{number}", 200, 0.1, "", "", ""))
metrics.keep()
registry = CollectorRegistry()
MultiProcessCollector(registry)
print(generate_latest(registry).decode())
"""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", counting], env=environment, capture_output=True, text=True, check=True)
    assert 'tmfkit_request_duration_seconds_count{api="api",operation="operation0",status="200"} 2.0' in done.stdout
    assert "tmfkit_store_commits_total 0.0" in done.stdout
    assert "operation199" not in done.stdout
    assert done.stderr.splitlines() == [
        "metrics: the disk has no room for more numbers, which are not counted: File too large"
    ]
    # No block is missing, which a write could find no room for.
    assert [file.name for file in tmp_path.iterdir() if file.stat().st_blocks * 512 < file.stat().st_size] == []


def test_folder_of_a_server_that_was_killed_goes_with_the_next_start(
    start_server: Starter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    (tmp_path / "tmfkit-metrics-left").mkdir()
    (tmp_path / "tmfkit-metrics-left" / "counter_1.db").write_bytes(b"")

    def folders() -> list[str]:
        return sorted(path.name for path in tmp_path.glob("tmfkit-metrics-*"))

    with start_server("--management", f"127.0.0.1:{free_port()}"):
        [first] = folders()
        with start_server("--management", f"127.0.0.1:{free_port()}"):
            assert len(folders()) == 2
            assert first in folders()
    assert folders() == []


def serving(management: str) -> list[int]:
    """Return the worker processes of the server that has a management address on its command line."""
    children = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(pid): int(parent) for pid, parent in (line.split() for line in children.splitlines())}
    place = management.removeprefix("http://")
    return [pid for pid, parent in parents.items() if parent != os.getpid() and place in command_of(parent)]


def command_of(pid: int) -> str:
    path = Path(f"/proc/{pid}/cmdline")
    return path.read_bytes().replace(b"\0", b" ").decode() if path.exists() else ""


def test_management_has_nothing_else_and_is_nowhere_else(served: tuple[str, str]) -> None:
    url, management = served
    assert httpx.get(f"{url}/metrics").status_code == 404
    assert httpx.get(f"{management}{CUSTOMERS}/customer").status_code == 404
    assert httpx.get(f"{management}/health/live").status_code == 200


@pytest.mark.parametrize("text", ["9100", ":9100", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:x"])
def test_management_address_of_another_form_is_refused(text: str) -> None:
    result = CliRunner().invoke(cli.main, ["run", "--management", text])
    message = "it is not of the form HOST:PORT. Give it as 127.0.0.1:9100."
    assert (result.exit_code, result.stderr) == (2, f"tmfkit-server: --management {text}: {message}\n")
