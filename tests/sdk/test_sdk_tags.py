"""ETags and If-Match against our server: straight, behind a proxy that weakens tags, and behind one that compresses."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import httpx
import pytest
from fault_server import Connection, FaultServer, Got, Reply, answer

from tmfkit_sdk.customer_v4 import Customer, CustomerManagement, RelatedParty
from tmfkit_sdk.errors import PreconditionFailed


@pytest.fixture(scope="module")
def url(start_server: Callable[..., AbstractContextManager[str]]) -> Iterator[str]:
    with start_server("--store", "memory:") as address:
        yield address


def proxy(url: str, *, weakens: bool = False, compresses: bool = False) -> Reply:
    """What a proxy before *url* does with a request."""

    def reply(connection: Connection, got: Got) -> None:
        headers = {name: value for name, value in got.headers.items() if name not in {"host", "content-length"}}
        found = httpx.request(got.method, f"{url}{got.target}", headers=headers, content=got.body or None)
        passed = {name: value for name, value in found.headers.items() if name in {"content-type", "etag", "location"}}
        body = found.content
        if weakens and "etag" in passed:
            passed["etag"] = f"W/{passed['etag']}"
        if compresses:
            body, passed["content-encoding"] = gzip.compress(body), "gzip"
        answer(found.status_code, body, passed)(connection, got)

    return reply


def conditions(faulty: FaultServer) -> list[str | None]:
    return [got.headers.get("if-match") for got in faulty.got if got.method in {"PATCH", "DELETE"}]


def made(tmf: CustomerManagement) -> Customer:
    return tmf.customers.create(name="Club", engaged_party=RelatedParty(id="1"))


def test_a_whole_object_brings_its_tag_and_each_change_the_next(url: str, faulty: FaultServer) -> None:
    faulty.replies(proxy(url))
    with CustomerManagement(faulty.url) as tmf:
        first = made(tmf)
        second = tmf.customers.update(first, status="New")
        with pytest.raises(PreconditionFailed):
            tmf.customers.update(first, status="Old")
        tmf.customers.delete(second)
    tags = [first.response.etag, first.response.etag, second.response.etag]
    assert conditions(faulty) == tags
    assert None not in tags


@pytest.mark.parametrize("proxied", [{"weakens": True}, {"compresses": True}, {"weakens": True, "compresses": True}])
def test_a_tag_that_a_proxy_has_changed_is_not_sent(url: str, faulty: FaultServer, proxied: dict[str, bool]) -> None:
    faulty.replies(proxy(url, **proxied))
    with CustomerManagement(faulty.url) as tmf:
        changed = tmf.customers.update(made(tmf), status="New")
        tmf.customers.delete(tmf.customers.get(changed.id))
    assert conditions(faulty) == [None, None]


def test_a_tag_is_not_sent_for_parts_members_of_lists_and_where_it_is_left_out(url: str, faulty: FaultServer) -> None:
    faulty.replies(proxy(url))
    with CustomerManagement(faulty.url) as tmf:
        one = made(tmf)
        tmf.customers.update(tmf.customers.get(one.id, fields=["name"]), status="1")
        for member in tmf.customers.list(where={"id": one.id}):
            tmf.customers.update(member, status="2")
        tmf.customers.update(one, status="3", if_match=None)
        tmf.customers.update(one, status="4", if_match="*")
        tmf.customers.delete(one.id)
    assert conditions(faulty) == [None, None, None, "*", None]
