"""Nothing that a run sends names the kit, and what two runs have in common is the document's own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tmfkit_conformance.drive.client import ACCEPT
from tmfkit_conformance.drive.naming import agent
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.record.exchange import Request
from tmfkit_conformance.run import drive
from tmfkit_conformance.settings import Settings
from tmfkit_models import contracts
from tmfkit_models.contracts import Contract

KIT = re.compile("tmfkit|conforman|schemathesis|hypothesis|selftest|pytest", re.IGNORECASE)
USUAL = {*ACCEPT.replace("*", " ").replace("/", " ").replace(",", " ").split(), "DELETE"}
"""Words of every client: media types, and a method in the place of another."""
WORD = re.compile(r"[^\W\d]{3,}")


@pytest.fixture(scope="module", params=["tmf629-v4", "tmf681-v1"])
def runs(request: pytest.FixtureRequest, server_url: str) -> tuple[Contract, list[Bundle]]:
    contract = contracts.load(request.param)
    told = Settings(
        contract.id,
        base_url=server_url + contract.base_path,
        listener_url="http://127.0.0.1:0",
        phases=("register",),
        hold_seconds=0,
    )
    return contract, [drive(contract, replace(told, seed=seed)) for seed in "ab"]


def texts(value: Any) -> Iterator[str]:
    """Yield every text and number of a JSON value."""
    if isinstance(value, (dict, list)):
        for member in value.values() if isinstance(value, dict) else value:
            yield from texts(member)
    elif isinstance(value, (str, int, float)):
        yield str(value)


def contents(request: Request) -> Iterator[str]:
    """Yield what a request says, but for the names of what it speaks of."""
    yield from texts(request.json)
    yield "" if request.is_json else request.body.decode()
    yield from (value for _, value in parse_qsl(urlsplit(request.url).query))


def test_nothing_that_is_sent_names_the_kit(runs: tuple[Contract, list[Bundle]]) -> None:
    for request in (exchange.request for bundle in runs[1] for exchange in bundle.exchanges):
        sent = f"{request.method} {request.url} {request.headers} {request.body.decode()}"
        assert KIT.search(sent) is None, sent


def test_headers_are_those_of_a_client_of_http(runs: tuple[Contract, list[Bundle]]) -> None:
    agents = {dict(one.request.headers)["User-Agent"] for bundle in runs[1] for one in bundle.exchanges}
    assert agents == set(agent(announce=False).values())
    names = {name for bundle in runs[1] for one in bundle.exchanges for name, _ in one.request.headers}
    assert names <= {"Accept", "User-Agent", "Content-Type", "X-HTTP-Method-Override"}


def test_what_two_runs_have_in_common_is_the_documents_own(runs: tuple[Contract, list[Bundle]]) -> None:
    contract, bundles = runs
    one, other = ({text for x in bundle.exchanges for text in contents(x.request)} for bundle in bundles)
    rows = [[str(row.given), str(row.expect), row.subject] for row in contract.requirements]
    documented = {*WORD.findall(json.dumps([contract.openapi, rows, str(contract.errata)], ensure_ascii=False)), *USUAL}
    common = {text: {*WORD.findall(text)} - documented for text in one & other}
    assert {text: words for text, words in common.items() if words} == {}
    assert len(one - other) > len(one) / 3
