"""What was deleted is waited for until it is gone, whatever was tried with it in between."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from evidence_builder import Step
from meddler import Answer, meddling

from patience import PATIENCE_SECONDS
from tmfkit_conformance.drive.cleanup import GeneratedResources
from tmfkit_conformance.drive.client import Client, Recorder, run_clock
from tmfkit_conformance.drive.naming import Naming
from tmfkit_conformance.drive.settling import Settling
from tmfkit_conformance.payloads.contents import Contents
from tmfkit_conformance.record.exchange import Exchange
from tmfkit_conformance.settings import Settings
from tmfkit_models import contracts

CONTRACT = contracts.load("tmf655-v1")
STALE = Answer(200, b'{"id": "7", "status": "New"}')
GONE = Answer(410, b'{"code": "1", "reason": "gone"}')


@contextlib.contextmanager
def reading(*answers: Answer) -> Iterator[tuple[Client, str]]:
    """Serve answers to reads one after the other, the last of them for ever."""
    left = list(answers)
    with meddling("http://127.0.0.1:9", lambda *_: left.pop(0) if len(left) > 1 else left[0]) as url:
        client = Client(
            Settings(CONTRACT.id, url, timeout_seconds=PATIENCE_SECONDS), Recorder(frozenset(), run_clock())
        )
        with contextlib.closing(client):
            yield client, f"{url}/changeRequest/7"


def write(method: str, status: int, url: str) -> Exchange:
    return Step("write", status, {"id": "7", "status": "Closed"}, {}, method, "").exchange(1, "p", "", url)


@pytest.mark.parametrize("between", [(), (("PATCH", 410),), (("PATCH", 201),), (("PUT", 404),), (("DELETE", 410),)])
def test_read_of_what_was_deleted_is_repeated_until_it_is_gone(between: tuple[tuple[str, int], ...]) -> None:
    with reading(STALE, STALE, GONE) as (client, url):
        settling = Settling(client, PATIENCE_SECONDS)
        settling.made(url, {"id": "7", "status": "New"})
        for method, status in (("DELETE", 204), *between):
            settling.wrote(write(method, status, url))

        def read() -> Exchange:
            return client.send("GET", url, operation="retrieveChangeRequest")

        assert settling.settled(read(), read).status == 410


def test_deletion_answered_410_leaves_nothing_to_work_on() -> None:
    resources = GeneratedResources(CONTRACT, Naming(Contents("s"), announce=True))
    made = Step("create", 201, {"id": "7"}, {}).exchange(1, "p", "createChangeRequest", "http://target.example")
    resources.observe(CONTRACT.operation("createChangeRequest"), "", made)
    gone = Step("delete", 410, method="DELETE").exchange(2, "p", "deleteChangeRequest", "http://target.example")
    resources.observe(CONTRACT.operation("deleteChangeRequest"), "7", gone)
    assert list(resources.leftovers()) == []


ITEM, OTHER = b'{"id": "7"}', b'{"id": "8"}'


@pytest.mark.parametrize(
    ("method", "early", "late", "query"),
    [
        pytest.param("", b"[" + OTHER + b"]", b"[" + ITEM + b", " + OTHER + b"]", "", id="made"),
        pytest.param("", b"[]", b"[" + ITEM + b"]", "?status=New", id="made-and-found"),
        pytest.param("DELETE", b"[" + ITEM + b"]", b"[]", "", id="deleted"),
        pytest.param("DELETE", b"[" + ITEM + b"]", b"[]", "?status=New", id="deleted-and-found"),
    ],
)
def test_list_that_is_behind_what_was_made_or_deleted_last_is_repeated(
    method: str, early: bytes, late: bytes, query: str
) -> None:
    with reading(Answer(200, early), Answer(200, late)) as (client, url):
        settling = Settling(client, PATIENCE_SECONDS)
        settling.made(url, {"id": "7"})
        if method:
            settling.wrote(write(method, 204, url))

        def listing() -> Exchange:
            return client.send("GET", url.rpartition("/")[0] + query, operation="listChangeRequest")

        shown = settling.settled(listing(), listing)
    assert shown.response is not None
    assert shown.response.body == late
    assert settling.lag_seconds > 0


def test_filter_that_rightly_lacks_what_was_made_last_is_looked_at_again_three_times_in_all() -> None:
    with reading(Answer(200, b"[]")) as (client, url):
        settling, asked = Settling(client, PATIENCE_SECONDS), []

        def listing() -> Exchange:
            asked.append(url)
            return client.send("GET", f"{url.rpartition('/')[0]}?status=Closed", operation="listChangeRequest")

        for _ in range(5):
            settling.made(url, {"id": "7"})
            settling.settled(listing(), listing)
    assert len(asked) == 5 + 3
