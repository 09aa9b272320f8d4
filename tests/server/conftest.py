"""A client for each API of the shared server; stores to run scenarios on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest
from store_runner import KINDS, LASTING, PATIENT, Runner, Scenario, opened

from faultlab.obstacles import small_disk
from harness.errors import HarnessError
from patience import PATIENCE_SECONDS
from tmfkit_server import logs
from tmfkit_server.storage.base import Store
from tmfkit_server.storage.postgres import connections
from tmfkit_server.storage.stores import kind_of

CUSTOMER = "/tmf-api/customerManagement/v4"
CUSTOMER_R14 = "/customerManagement"
CHANGE = "/changeManagement"
COMMUNICATION = "/communicationMessage/v1"
INTERACTION = "/tmf-api/partyInteraction/v4"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--every-api", action="store_true", help="have suite_surroundings.py take all APIs, not two")
    parser.addoption("--json-patch-suite", metavar="FOLDER", help="folder of the suite that suite_json_patch.py runs")


@pytest.fixture(scope="session")
def empty_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Gives the address of an empty store of a kind, a new one each time."""

    def address(name: str) -> str:
        kind = KINDS[name]
        if kind.place == "database":
            return str(request.getfixturevalue("postgres_databases")())
        return kind.at(str(tmp_path_factory.mktemp("store") / "store.db") if kind.place == "file" else "")

    return address


@pytest.fixture(scope="session", params=["memory", "postgres"])
def server_url(
    request: pytest.FixtureRequest,
    start_server: Callable[..., AbstractContextManager[str]],
    empty_store: Callable[[str], str],
) -> Iterator[str]:
    """URL of a server without credentials, on each store."""
    options = ["--workers", "2"] if KINDS[request.param].takes_processes else []
    with start_server("--store", empty_store(request.param), *options) as url:
        yield url


@pytest.fixture(autouse=True)
def _patient_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store in this process fails nobody because the machine is slow."""
    monkeypatch.setattr(connections, "_WAIT_SECONDS", PATIENCE_SECONDS)


@pytest.fixture(autouse=True)
def _no_logs_of_others() -> Iterator[None]:
    """A command that ran in this process leaves no log behind."""
    yield
    root = logging.getLogger()
    for handler in [each for each in root.handlers if type(each).__module__ == logs.__name__]:
        root.removeHandler(handler)
    logging.captureWarnings(capture=False)


def _client(server_url: str, base_path: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server_url + base_path, trust_env=False) as client:
        yield client


@pytest.fixture
def root(server_url: str) -> Iterator[httpx.Client]:
    yield from _client(server_url, "")


@pytest.fixture
def customers(server_url: str) -> Iterator[httpx.Client]:
    yield from _client(server_url, CUSTOMER)


@pytest.fixture
def r14(server_url: str) -> Iterator[httpx.Client]:
    yield from _client(server_url, CUSTOMER_R14)


@pytest.fixture
def changes(server_url: str) -> Iterator[httpx.Client]:
    yield from _client(server_url, CHANGE)


@pytest.fixture
def messages(server_url: str) -> Iterator[httpx.Client]:
    yield from _client(server_url, COMMUNICATION)


@pytest.fixture
def interactions(server_url: str) -> Iterator[httpx.Client]:
    yield from _client(server_url, INTERACTION)


@pytest.fixture(params=["memory", *LASTING])
def new_store(request: pytest.FixtureRequest, empty_store: Callable[[str], str]) -> Callable[[], Store]:
    """Makes a store; every store of one test that outlives its process has the same content."""
    address = empty_store(request.param)
    return lambda: kind_of(address).new(address, {}, searches=PATIENT)


@pytest.fixture
def run(new_store: Callable[[], Store]) -> Runner:
    """Runs a scenario on an open store."""

    async def in_store(scenario: Scenario) -> None:
        async with opened(new_store()) as store:
            await scenario(store)

    return lambda scenario: asyncio.run(in_store(scenario))


@pytest.fixture
def small_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 40 MB of its own."""
    try:
        with small_disk(tmp_path / "disk", 40) as disk:
            yield disk
    except HarnessError as exc:
        pytest.skip(f"no file system can be mounted here: {exc}")
