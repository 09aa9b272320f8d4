"""The pytest plugin: ``pytest --tmfkit-api ID --tmfkit-base-url URL`` makes one run, and a test of every row.

pytest loads this in every project that has the kit installed, so nothing else of the kit is imported before it is asked
for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

__all__: Sequence[str] = ()

_GROUP = "tmfkit", "conformance of a TM Forum API"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup(*_GROUP)
    group.addoption("--tmfkit-api", metavar="ID", help="API to check; `tmfkit-conformance list` names them.")
    group.addoption("--tmfkit-base-url", metavar="URL", help="Base URL of the API under test.")
    group.addoption("--tmfkit-config", metavar="FILE", help="Configuration; `tmfkit-conformance init` writes one.")
    group.addoption("--tmfkit-phase", metavar="PHASE", action="append", default=[], help="Phase to run; all without.")
    group.addoption("--tmfkit-report", metavar="DIR", help="Folder for the reports; none are written without.")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add a test of every row of the register, before tests are chosen by ``-k`` and the like."""
    if config.getoption("--tmfkit-api"):
        from tmfkit_conformance.pytest_plugin import items as ours

        items.extend(ours.collected(session, config))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Tell the verdict of the run."""
    if config.getoption("--tmfkit-api"):
        from tmfkit_conformance.pytest_plugin import items as ours

        for line in ours.told(config):
            terminalreporter.write_line(line)
