"""A client for each API of the shared server."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

CUSTOMER = "/tmf-api/customerManagement/v4"
CUSTOMER_R14 = "/customerManagement"
CHANGE = "/changeManagement"
COMMUNICATION = "/communicationMessage/v1"
INTERACTION = "/tmf-api/partyInteraction/v4"


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
