"""What is sent: the documents, and the requests of every scenario in the dialect of each contestant."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

__all__ = ["COUNTER", "DIALECTS", "SCENARIOS", "Dialect", "Request", "Scenario", "document"]

# The load generator puts a number of the same length here, so that every write is a change.
COUNTER = "@COUNTER"

_FIRST_DAY = datetime(2020, 1, 1, tzinfo=UTC)
_SMALL_BYTES, _LARGE_BYTES = 200, 2000
_PAGE = 10
_DISTINCT_REQUESTS = 2000
_PADDING = "Every document has its own length. "


@dataclass(frozen=True, slots=True)
class Request:
    """One request; *path* begins below the collection's own."""

    method: str
    path: str = ""
    body: str = ""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a contestant spells what the scenarios ask for.

    Attributes:
        fields: Query that selects attributes of one document.
        page: Offset → query of a page of ten.
        span: Earliest and latest instant → query of a range over ``validFor.startDateTime``.
    """

    fields: str
    page: Callable[[int], str]
    span: Callable[[str, str], str]


def _tmf_page(offset: int) -> str:
    return f"?offset={offset}&limit={_PAGE}"


def _tmf_span(earliest: str, latest: str) -> str:
    return f"?validFor.startDateTime.gte={quote(earliest)}&validFor.startDateTime.lte={quote(latest)}"


def _json_server_page(offset: int) -> str:
    return f"?_start={offset}&_limit={_PAGE}"


def _json_server_span(earliest: str, latest: str) -> str:
    return f"?validFor.startDateTime_gte={quote(earliest)}&validFor.startDateTime_lte={quote(latest)}"


DIALECTS = {
    "tmf": Dialect("?fields=name,status", _tmf_page, _tmf_span),
    "json-server": Dialect("", _json_server_page, _json_server_span),
}


@dataclass(frozen=True, slots=True)
class Scenario:
    """One kind of load.

    Attributes:
        name: What it is called in the results.
        requests: Dialect, identifiers of the documents by number, source of chance → requests.
        is_sized: Whether it is measured at the fewest and at the most documents, rather than in between.
        is_filter: Whether it is measured at every number of documents.
        hits: Documents in each answer, where the answer is a list.
        spends: Whether each request can be sent only once.
    """

    name: str
    requests: Callable[[Dialect, Sequence[str], random.Random], list[Request]]
    is_sized: bool = False
    is_filter: bool = False
    hits: int | None = None
    spends: bool = False


def document(number: int, size_bytes: int = _SMALL_BYTES) -> dict[str, Any]:
    """Return the customer with a number: no other has its name or its date."""
    body = {
        "name": f"Customer {number:08d}",
        "status": ("Initialized", "Validated", "Approved", "Closed")[number % 4],
        "engagedParty": {"id": "500"},
        "validFor": {"startDateTime": _instant(number)},
    }
    return _padded(body, size_bytes)


def _instant(number: int) -> str:
    return (_FIRST_DAY + timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _padded(body: dict[str, Any], size_bytes: int) -> dict[str, Any]:
    missing = size_bytes - len(_encoded({**body, "statusReason": ""}))
    return {**body, "statusReason": (_PADDING * (missing // len(_PADDING) + 1))[: max(missing, 0)]}


def _encoded(body: dict[str, Any]) -> str:
    return json.dumps(body, separators=(",", ":"))


def _retrievals(_dialect: Dialect, ids: Sequence[str], chance: random.Random) -> list[Request]:
    return [Request("GET", f"/{each}") for each in chance.choices(ids, k=_DISTINCT_REQUESTS)]


def _selections(dialect: Dialect, ids: Sequence[str], chance: random.Random) -> list[Request]:
    return [Request("GET", f"/{each}{dialect.fields}") for each in chance.choices(ids, k=_DISTINCT_REQUESTS)]


def _first_pages(dialect: Dialect, _ids: Sequence[str], _chance: random.Random) -> list[Request]:
    return [Request("GET", dialect.page(0))]


def _deep_pages(dialect: Dialect, ids: Sequence[str], chance: random.Random) -> list[Request]:
    deepest = len(ids) - _PAGE
    return [Request("GET", dialect.page(chance.randint(deepest * 9 // 10, deepest))) for _ in range(500)]


def _equalities(_dialect: Dialect, ids: Sequence[str], chance: random.Random) -> list[Request]:
    numbers = chance.choices(range(len(ids)), k=_DISTINCT_REQUESTS)
    return [Request("GET", f"?name=Customer%20{each:08d}") for each in numbers]


def _ranges(dialect: Dialect, ids: Sequence[str], chance: random.Random) -> list[Request]:
    numbers = chance.choices(range(len(ids) - _PAGE), k=_DISTINCT_REQUESTS)
    return [Request("GET", dialect.span(_instant(each), _instant(each + _PAGE - 1))) for each in numbers]


def _creations(size_bytes: int) -> Callable[[Dialect, Sequence[str], random.Random], list[Request]]:
    def requests(_dialect: Dialect, _ids: Sequence[str], _chance: random.Random) -> list[Request]:
        body = _encoded(_padded({**document(0, 0), "name": f"Written {COUNTER}"}, size_bytes))
        return [Request("POST", "", body)]

    return requests


def _patches(size_bytes: int) -> Callable[[Dialect, Sequence[str], random.Random], list[Request]]:
    def requests(_dialect: Dialect, ids: Sequence[str], chance: random.Random) -> list[Request]:
        body = _encoded(_padded({"status": f"Changed {COUNTER}"}, size_bytes))
        return [Request("PATCH", f"/{each}", body) for each in chance.choices(ids, k=_DISTINCT_REQUESTS)]

    return requests


def _deletions(_dialect: Dialect, ids: Sequence[str], _chance: random.Random) -> list[Request]:
    return [Request("DELETE", f"/{each}") for each in ids]


def _mix(dialect: Dialect, ids: Sequence[str], chance: random.Random) -> list[Request]:
    """Six in ten read one, two filter, one creates, one patches."""
    sources = [_retrievals] * 6 + [_equalities] * 2 + [_creations(_SMALL_BYTES), _patches(_SMALL_BYTES)]
    lists = [source(dialect, ids, chance) for source in sources]
    return [each[turn % len(each)] for turn in range(_DISTINCT_REQUESTS // len(lists)) for each in lists]


SCENARIOS = (
    Scenario("GET by id", _retrievals, is_sized=True),
    Scenario("GET with fields", _selections),
    Scenario("list, first page", _first_pages, hits=_PAGE),
    Scenario("list, deep page", _deep_pages, is_sized=True, hits=_PAGE),
    Scenario("equality filter", _equalities, is_filter=True, hits=1),
    Scenario("range filter", _ranges, is_filter=True, hits=_PAGE),
    Scenario("POST 200 B", _creations(_SMALL_BYTES), is_sized=True),
    Scenario("POST 2 kB", _creations(_LARGE_BYTES)),
    Scenario("PATCH 200 B", _patches(_SMALL_BYTES)),
    Scenario("PATCH 2 kB", _patches(_LARGE_BYTES)),
    Scenario("mix", _mix),
    # Last, because it takes documents away that the others read.
    Scenario("DELETE", _deletions, spends=True),
)
