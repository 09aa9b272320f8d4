"""A server that fails as it is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fault_server import FaultServer, fault_server


@pytest.fixture
def faulty() -> Iterator[FaultServer]:
    with fault_server() as server:
        yield server
