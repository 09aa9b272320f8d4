"""Nothing that a run sends names the kit, and what two runs have in common is the document's own."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import RFC_4122, UUID

import pytest

from tmfkit_conformance.drive.client import ACCEPT
from tmfkit_conformance.drive.naming import Naming, agent
from tmfkit_conformance.payloads.contents import Contents
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


SEEDS = [f"seed {number}" for number in range(40)]
MOST_ALIKE = 3
"""Seeds that may draw one word by chance."""


def named(seed: str) -> dict[str, list[str]]:
    """Return what a run with a seed comes up with, by what it is for."""
    contents = Contents(seed)
    naming = Naming(contents, announce=False)
    count = range(8)
    return {
        "texts of its own": [naming.text_of_its_own() for _ in count],
        "marks": [naming.mark(f"attribute {number}") for number in count],
        "ids": [naming.unused_id() for _ in count],
        "paths": [naming.path() for _ in count],
        "texts": [contents.text(f"/attribute/{number}", 0) for number in count],
        "long texts": [contents.long_text(f"/attribute/{number}", 330) for number in count],
        "hosts": [
            contents.host(f"/attribute/{number}").removeprefix("https://").removesuffix(".example") for number in count
        ],
        "classes": [contents.class_name(f"/attribute/{number}", "") for number in count],
    }


DRAWN = [named(seed) for seed in SEEDS]


def shared(parts: Callable[[str], Iterable[str]], kind: str) -> dict[str, int]:
    """Return the parts of what is drawn that several seeds have, and how many of them."""
    counted = Counter(part for drawn in DRAWN for part in {part for text in drawn[kind] for part in parts(text)})
    return {part: count for part, count in counted.items() if count > MOST_ALIKE}


@pytest.mark.parametrize("kind", DRAWN[0])
def test_no_beginning_and_no_end_is_common_to_several_seeds(kind: str) -> None:
    length = 6 if kind in ("ids", "paths") else 8
    assert shared(lambda text: (text[:length],), kind) == {}
    assert shared(lambda text: (text[-length:],), kind) == {}


@pytest.mark.parametrize("kind", DRAWN[0])
def test_no_group_of_letters_or_digits_is_common_to_several_seeds(kind: str) -> None:
    assert shared(lambda text: re.findall(r"[^\W\d_]{6,}|\d{5,}|(?<=-)[0-9a-f]{4,}|[0-9a-f]{8,}", text), kind) == {}


def test_no_passage_of_a_long_text_is_common_to_several_seeds() -> None:
    assert shared(lambda text: (text[place : place + 12] for place in range(len(text) - 12)), "long texts") == {}


def test_numbers_begin_and_rise_otherwise_with_each_seed() -> None:
    numbers = [[int(re.sub(r"\D", "", text)) for text in drawn["texts of its own"]] for drawn in DRAWN]
    assert len({first for first, *_ in numbers}) > len(SEEDS) * 0.9
    assert len({second - first for first, second, *_ in numbers}) > len(SEEDS) / 3
    assert len({len(str(first)) for first, *_ in numbers}) == 3


def test_unused_ids_are_random_uuids() -> None:
    """Their first group is that of the run, the others are of no seed: only a version and a variant are fixed."""
    found = [UUID(text) for drawn in DRAWN for text in drawn["ids"]]
    assert {(one.version, one.variant) for one in found} == {(4, RFC_4122)}
    groups = [str(one).split("-") for one in found]
    assert [len({group[place] for group in groups}) > len(groups) * 0.9 for place in (1, 2, 3, 4)] == [True] * 4
    assert {group[3][0] for group in groups} == set("89ab")


def test_callbacks_have_no_length_of_their_own() -> None:
    lengths = {tuple(map(len, path.split("/"))) for drawn in DRAWN for path in drawn["paths"]}
    assert len(lengths) > len(SEEDS) / 3


def test_texts_have_several_forms() -> None:
    forms = {re.sub(r"[a-z]+", "a", re.sub(r"\d+", "1", text)) for drawn in DRAWN for text in drawn["texts"]}
    assert len(forms) >= 5


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
