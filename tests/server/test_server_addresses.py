"""Addresses: the path is stored, and what the server is called by is put before it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from click.testing import CliRunner
from falcon.testing import create_asgi_req
from server_bodies import customer, message, unique

from tmfkit_models import contracts
from tmfkit_server import cli
from tmfkit_server.errors import InvalidHeader, SettingsError, StoreUnusable
from tmfkit_server.network import is_host
from tmfkit_server.resources.addresses import Addresses
from tmfkit_server.settings import Settings
from tmfkit_server.storage.embedded import opening
from tmfkit_server.storage.embedded.store import EmbeddedStore
from tmfkit_server.storage.postgres import migrate as migrations
from tmfkit_server.storage.postgres.changes import insertion
from tmfkit_server.storage.postgres.scalars import Scalars
from tmfkit_server.storage.record import Record

Starter = Callable[..., AbstractContextManager[str]]

TO_LOOPBACK = ["--allow-callbacks", "127.0.0.1"]
BASE = contracts.load("tmf629-v4").base_path
JSON_PATCH = {"Content-Type": "application/json-patch+json"}
QUERY_PATCH = {"Content-Type": "application/json-patch-query+json"}


def _hrefs(answer: httpx.Response) -> list[str]:
    body = answer.json()
    return [each["href"] for each in (body if isinstance(body, list) else [body])]


@pytest.fixture(params=["file", "postgres"])
def store(request: pytest.FixtureRequest, empty_store: Callable[[str], str]) -> str:
    return empty_store(request.param)


def test_everything_has_the_address_of_now(store: str, start_server: Starter, listener: Any) -> None:
    key = {"Idempotency-Key": unique()}
    path = f"{BASE}/customer"
    with start_server("--store", store, "--public-url", "https://one.example/a", *TO_LOOPBACK) as url:
        hub = httpx.post(f"{url}{BASE}/hub", json={"callback": listener.url})
        made = httpx.post(f"{url}{path}", json=customer(name="n"), headers=key)
        identifier = made.json()["id"]
        assert listener.next()["event"]["customer"]["href"] == f"https://one.example/a{path}/{identifier}"
        assert made.headers["Location"] == made.json()["href"] == f"https://one.example/a{path}/{identifier}"
        assert hub.headers["Location"].startswith(f"https://one.example/a{BASE}/hub/")
        httpx.delete(f"{url}{BASE}/hub/{hub.json()['id']}")
    with start_server("--store", store, "--public-url", "https://two.example/", *TO_LOOPBACK) as url:
        httpx.post(f"{url}{BASE}/hub", json={"callback": listener.url})
        href = f"https://two.example{path}/{identifier}"
        again = httpx.post(f"{url}{path}", json=customer(name="n"), headers=key)
        read = httpx.get(f"{url}{path}/{identifier}")
        listed = httpx.get(f"{url}{path}?limit=1")
        changed = httpx.patch(f"{url}{path}/{identifier}", json={"name": "m", "href": made.json()["href"]})
        told = [listener.next()["event"]["customer"]["href"] for _ in range(1)]
        httpx.delete(f"{url}{path}/{identifier}")
        told.append(listener.next()["event"]["customer"]["href"])
        assert (again.headers["Idempotent-Replayed"], again.headers["Location"]) == ("true", href)
        assert [*_hrefs(again), *_hrefs(read), *_hrefs(listed), *_hrefs(changed), *told] == [href] * 6
        assert read.headers["ETag"] == made.headers["ETag"]
        assert listed.headers["Link"].startswith(f"<https://two.example{path}?")
        assert "one.example" not in read.text + listed.text + changed.text


@pytest.fixture(scope="module")
def made(server_url: str) -> dict[str, Any]:
    body: dict[str, Any] = httpx.post(f"{server_url}{BASE}/customer", json=customer(mark=unique())).json()
    return body


ADDRESSES = ["", "http://other.example", "https://a.b:8443/prefix", "http://[::1]:80", "http://evil.example/x?"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_any_address_before_the_right_path_is_the_same(server_url: str, made: dict[str, Any], address: str) -> None:
    path = f"{BASE}/customer/{made['id']}"
    collection, item, written = f"{server_url}{BASE}/customer", f"{server_url}{path}", f"{address}{path}"
    for query in ({"href": written}, {"href.eq": written}, {"href": f"nix,{written}"}):
        assert _hrefs(httpx.get(collection, params=query)) == [made["href"]]
    others = httpx.get(collection, params={"href!": written, "mark": made["mark"]})
    assert others.json() == []
    assert httpx.patch(item, json={"href": written}).json() == made
    for headers in (JSON_PATCH, QUERY_PATCH):
        for operation in (
            {"op": "test", "path": "/href", "value": written},
            {"op": "test", "path": "", "value": {**made, "href": written}},
            {"op": "replace", "path": "/href", "value": written},
        ):
            answer = httpx.patch(item, content=json.dumps([operation]), headers=headers)
            assert (answer.status_code, answer.json()) == (200, made), operation


@pytest.mark.parametrize(
    "wrong",
    ["http://x/other", "{path}x", "http://x{path}/y", "http://x{path}?a", "x{path}", "{id}", 5, "ftp://x{path}"],
)
def test_another_path_is_another_address(server_url: str, made: dict[str, Any], wrong: Any) -> None:
    path = f"{BASE}/customer/{made['id']}"
    written = wrong.format(path=path, id=made["id"]) if isinstance(wrong, str) else wrong
    item = f"{server_url}{path}"
    assert httpx.get(f"{server_url}{BASE}/customer", params={"href": written}).json() == []
    assert httpx.patch(item, json={"href": written}).status_code == 400
    test = [{"op": "test", "path": "/href", "value": written}]
    assert httpx.patch(item, content=json.dumps(test), headers=JSON_PATCH).status_code == 409
    assert httpx.get(item).json() == made


def test_questions_see_the_address_as_it_is_answered(server_url: str, made: dict[str, Any]) -> None:
    collection = f"{server_url}{BASE}/customer"
    mark = made["mark"]
    for query, is_found in (
        ({"href.regex": f"^{server_url}/tmf-api"}, True),
        ({"href.regex": "^/tmf-api"}, False),
        ({"href.gte": server_url}, True),
        ({"href.gte": "i"}, False),
        ({"href.lt": "i"}, True),
        ({"href.lt": "/"}, False),
        ({"filter": f"$[?@.href=='{made['href']}']"}, True),
        ({"filter": f"$[?@.href=='{BASE}/customer/{made['id']}']"}, False),
        ({"filter": f"$[?search(@.href, '^{server_url}')]"}, True),
    ):
        answer = httpx.get(collection, params={**query, "mark": mark})
        assert (len(answer.json()) == 1) == is_found, query
    assert httpx.get(made["href"], params={"fields": "$.href"}).json()["href"] == made["href"]
    copied = [{"op": "copy", "from": "/href", "path": "/seenAs"}, {"op": "remove", "path": "/seenAs"}]
    shown = httpx.patch(made["href"], content=json.dumps(copied[:1]), headers=JSON_PATCH).json()
    assert shown["seenAs"] == made["href"]
    httpx.patch(made["href"], content=json.dumps(copied[1:]), headers=JSON_PATCH)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        *(
            (host, 200)
            for host in ("name.example", "name.example:8080", "127.0.0.1", "[::1]:8080", "a_b.example", "localhost")
        ),
        *(
            (host, 400)
            for host in ("evil.example/x?", "a b", "a@b", "x:99999", "[::1", "[zz]", "a?b", "a#b", 'a"b', "..", "a:b")
        ),
    ],
)
def test_host_is_the_address_when_it_is_valid(server_url: str, host: str, status: int) -> None:
    answer = httpx.post(f"{server_url}{BASE}/customer", json=customer(), headers={"Host": host})
    assert answer.status_code == (201 if status == 200 else 400)
    if status == 200:
        assert answer.json()["href"].startswith(f"http://{host}{BASE}/customer/")
    else:
        assert httpx.get(f"{server_url}{BASE}/customer", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize(
    ("addresses", "address"),
    [
        pytest.param(Addresses(""), "http://one.example/shop", id="host"),
        pytest.param(Addresses("https://shop.example"), "https://shop.example", id="public-url"),
        pytest.param(
            Addresses("", [ip_network("127.0.0.0/8")], ["/gate"]), "https://two.example/gate/shop", id="proxy"
        ),
    ],
)
def test_path_that_the_application_is_mounted_at_belongs_to_its_address(addresses: Addresses, address: str) -> None:
    headers = {"X-Forwarded-Host": "two.example", "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/gate"}
    request = create_asgi_req(path="/customer", host="one.example", root_path="/shop", headers=headers)
    request.scope["client"] = ("127.0.0.1", 50000)
    assert addresses.of(request) == address


def test_host_of_whoever_created_it_is_nobody_elses(server_url: str) -> None:
    made = httpx.post(f"{server_url}{BASE}/customer", json=customer(), headers={"Host": "other.example"}).json()
    assert made["href"].startswith("http://other.example/")
    path = made["href"].removeprefix("http://other.example")
    assert httpx.get(f"{server_url}{path}").json() == {**made, "href": f"{server_url}{path}"}


FORWARDED = [
    ({"Forwarded": "for=1.2.3.4;host=api.example;proto=https"}, "https://api.example"),
    ({"Forwarded": 'for="[2001:db8::1]:80";Proto=HTTPS;host="api.example:8443"'}, "https://api.example:8443"),
    ({"Forwarded": "host=evil.example, for=1.2.3.4;host=api.example;proto=https"}, "https://api.example"),
    ({"Forwarded": "for=1.2.3.4;host=api.example;proto=https, for=127.0.0.1;host=inner"}, "https://api.example"),
    ({"Forwarded": "x-id=1;host=api.example;proto=https;by_2=_a"}, "https://api.example"),
    ({"Forwarded": ", ;host=api.example;; proto = https ;,"}, "https://api.example"),
    (
        {
            "Forwarded": "host=api.example;proto=https;for=1.2.3.4",
            "X-Forwarded-For": "1.2.3.4",
            "X-Forwarded-Host": "api.example",
            "X-Forwarded-Proto": "https",
        },
        "https://api.example",
    ),
    ({"X-Forwarded-Host": "api.example", "X-Forwarded-Proto": "https"}, "https://api.example"),
    ({"X-Forwarded-Host": "evil.example, api.example", "X-Forwarded-Proto": "https"}, "https://api.example"),
    ({"X-Forwarded-Host": "api.example", "X-Forwarded-Prefix": "/tmf/"}, "http://api.example/tmf"),
    ({"X-Forwarded-Prefix": "/tmf", "Host": "here.example"}, "http://here.example/tmf"),
    ({"X-Forwarded-Proto": "https", "Host": "here.example"}, "https://here.example"),
    (
        {
            "X-Forwarded-For": "1.2.3.4, 127.0.0.1",
            "X-Forwarded-Host": "api.example, inner",
            "X-Forwarded-Proto": "https",
        },
        "https://api.example",
    ),
]


@pytest.fixture(scope="module")
def behind_proxy(start_server: Starter) -> Iterator[str]:
    with start_server("--trusted-proxy", "127.0.0.0/8", "--trusted-prefix", "/tmf/") as url:
        yield url


@pytest.mark.parametrize(("headers", "address"), FORWARDED)
def test_trusted_proxy_says_the_address(behind_proxy: str, headers: dict[str, str], address: str) -> None:
    made = httpx.post(f"{behind_proxy}{BASE}/customer", json=customer(), headers=headers)
    assert made.json()["href"] == made.headers["Location"] == f"{address}{BASE}/customer/{made.json()['id']}"
    listed = httpx.get(f"{behind_proxy}{BASE}/customer?limit=1", headers=headers)
    assert listed.headers["Link"].startswith(f"<{address}{BASE}/customer?")


def test_any_path_may_be_the_prefix_where_none_is_named(start_server: Starter) -> None:
    with start_server("--trusted-proxy", "127.0.0.0/8") as url:
        made = httpx.post(f"{url}{BASE}/customer", json=customer(), headers={"X-Forwarded-Prefix": "/gate/one"})
        assert made.json()["href"] == f"{url}/gate/one{BASE}/customer/{made.json()['id']}"
        for prefix in ("/a?b", "//evil.example", "a", "/a b", "/a/../b/%"):
            answer = httpx.get(f"{url}{BASE}/customer", headers={"X-Forwarded-Prefix": prefix})
            assert (answer.status_code, answer.json()["code"]) == (400, "invalid-header"), prefix


@pytest.mark.parametrize(("headers", "address"), FORWARDED)
def test_whoever_is_no_proxy_says_nothing(server_url: str, headers: dict[str, str], address: str) -> None:
    del address
    made = httpx.post(f"{server_url}{BASE}/customer", json=customer(), headers=headers)
    begins = f"http://{headers['Host']}" if "Host" in headers else server_url
    assert made.json()["href"].startswith(f"{begins}{BASE}/")


@pytest.mark.parametrize(
    "headers",
    [
        {"Forwarded": "host=a/b"},
        {"Forwarded": "proto=ftp;host=a.example"},
        {"Forwarded": "nonsense"},
        {"Forwarded": 'host="a.example'},
        {"Forwarded": "host=a.example;host=b.example"},
        {"Forwarded": "host=a.example=b"},
        {"X-Forwarded-Host": "evil.example/x?"},
        {"X-Forwarded-Proto": "javascript"},
        {"X-Forwarded-Prefix": "/a?b"},
        {"X-Forwarded-Prefix": "//evil.example"},
        {"X-Forwarded-Prefix": "a"},
        {"X-Forwarded-Prefix": "/evil"},
        {"X-Forwarded-Prefix": "/evil", "Forwarded": "host=a.example;proto=https"},
        *(
            {
                "X-Forwarded-For": "1.2.3.4",
                "X-Forwarded-Host": "a.example",
                "X-Forwarded-Proto": "https",
                "Forwarded": said,
            }
            for said in (
                "host=b.example;proto=https;for=1.2.3.4",
                "host=a.example;proto=https;for=10.9.9.9",
                "host=a.example;for=1.2.3.4",
                "for=1.2.3.4",
                "host=a.example;proto=https",
                "by=x",
            )
        ),
        # A proxy that says less.
        {"X-Forwarded-For": "1.2.3.4", "Forwarded": "for=1.2.3.4;host=b.example"},
        {"X-Forwarded-Proto": "https", "Forwarded": "proto=https;for=10.9.9.9"},
    ],
)
def test_proxy_that_says_what_is_no_address_is_400(behind_proxy: str, headers: dict[str, str]) -> None:
    answer = httpx.get(f"{behind_proxy}{BASE}/customer", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-header")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example",
        "a.example",
        "https://",
        "https://a b",
        "https://a.example/x?y",
        "https://u@a.example",
        "https://a/#x",
        "https://a:99999",
    ],
)
def test_public_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="--public-url"):
        Settings(public_url=url)


def test_start_beyond_loopback_without_a_public_url_warns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "serve", lambda *_: None)
    run = ["run", "--api-key", "admin:key-of-an-admin-1", "--host", "0.0.0.0"]
    assert "without --public-url" in CliRunner().invoke(cli.main, run).stderr
    assert "public-url" not in CliRunner().invoke(cli.main, [*run, "--public-url", "https://a.example"]).stderr
    assert "public-url" not in CliRunner().invoke(cli.main, ["run"]).stderr


def test_waiting_notification_has_the_address_of_the_request(store: str, start_server: Starter, listener: Any) -> None:
    listener.status = 500
    with start_server("--store", store) as url:
        httpx.post(f"{url}{BASE}/hub", json={"callback": listener.url})
        made = httpx.post(f"{url}{BASE}/customer", json=customer(), headers={"Host": "one.example"}).json()
        assert listener.next()["event"]["customer"] == made
    listener.status = 201
    with start_server("--store", store):
        assert listener.next()["event"]["customer"]["href"] == made["href"]
        assert made["href"].startswith("http://one.example/")


def test_waiting_notification_has_the_public_url_of_now(store: str, start_server: Starter, listener: Any) -> None:
    listener.status = 500
    with start_server("--store", store, "--public-url", "https://one.example", *TO_LOOPBACK) as url:
        httpx.post(f"{url}{BASE}/hub", json={"callback": listener.url})
        made = httpx.post(f"{url}{BASE}/customer", json=customer()).json()
        assert listener.next()["event"]["customer"]["href"] == made["href"]
    listener.status = 400
    with start_server("--store", store, "--public-url", "https://two.example", *TO_LOOPBACK) as url:
        # What the first server tried more than once has arrived more than once.
        told = made["href"]
        while told == made["href"]:
            told = listener.next()["event"]["customer"]["href"]
        assert told == made["href"].replace("one", "two")
        letters: list[Any] = []
        for _ in range(200):
            letters = letters or httpx.get(f"{url}/admin/dead-letters").json()
        assert [each["notification"]["event"]["customer"]["href"] for each in letters] == [told]


@pytest.mark.parametrize("fields", ["event.customer.href", "event.customer", "$.event.customer.href"])
def test_query_of_a_listener_sees_the_address(customers: httpx.Client, listener: Any, fields: str) -> None:
    host = f"{unique()}.example"
    query = f"event.customer.href.regex=^http://{host}/&fields={fields}"
    hub = customers.post("/hub", json={"callback": listener.url, "query": query})
    customers.post("/customer", json=customer())
    made = customers.post("/customer", json=customer(), headers={"Host": host}).json()
    assert listener.next()["event"]["customer"]["href"] == made["href"]
    customers.delete(f"/hub/{hub.json()['id']}")
    assert listener.is_silent()


def test_message_that_is_sent_in_the_background_is_told_with_the_address_of_its_request(
    messages: httpx.Client, listener: Any
) -> None:
    hub = messages.post("/hub", json={"callback": listener.url}).headers["Location"]
    sent = messages.post("/communicationMessage/send", json=message(), headers={"Host": "sender.example"}).json()
    hrefs = {listener.next()["event"]["CommunicationMessage"]["href"] for _ in range(2)}
    messages.delete(hub)
    assert hrefs == {sent["href"]}
    assert sent["href"].startswith("http://sender.example/")


OLD = [
    ("http://evil.example/x?", "evil.example/x?"),
    ("https://one.example", "one.example"),
    ("http://127.0.0.1:8080", "127.0.0.1"),
    ("https://a.example/prefix", "a.example/prefix"),
]


def _old_lines() -> list[bytes]:
    entries: list[dict[str, Any]] = []
    for number, (address, _) in enumerate(OLD):
        body = {"id": str(number), "href": f"{address}{BASE}/customer/{number}", "name": f"é{number}"}
        entries.append({"record": {"collection": "tmf629-v4:customer", "id": str(number), "body": body}})
    lines = [{"tmfkit": "store", "format": 1}, *entries, {"end": {"entries": len(entries)}}]
    return [json.dumps(line).encode() + b"\n" for line in lines]


def _exported(store: str, tmp_path: Path) -> list[str]:
    file = tmp_path / f"{unique()}.jsonl"
    result = CliRunner().invoke(cli.main, ["export", "--store", store, str(file)])
    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    return [line["record"]["body"]["href"] for line in lines if "record" in line and "href" in line["record"]["body"]]


def test_exports_have_the_path_and_imports_take_both(store: str, start_server: Starter, tmp_path: Path) -> None:
    file = tmp_path / "old.jsonl"
    file.write_bytes(b"".join(_old_lines()))
    result = CliRunner().invoke(cli.main, ["import", "--store", store, str(file)])
    assert result.exit_code == 0, result.output
    assert _exported(store, tmp_path) == [f"{BASE}/customer/{number}" for number in range(len(OLD))]
    with start_server("--store", store, "--public-url", "https://new.example") as url:
        found = httpx.get(f"{url}{BASE}/customer").json()
        assert [each["href"] for each in found] == [f"https://new.example{BASE}/customer/{n}" for n in range(len(OLD))]


def _old_file(path: Path) -> None:
    """Write a file as the version before did: format 1, addresses with whatever the server was called by."""
    opening.create(path)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA user_version = 1")
    for number, (address, _) in enumerate(OLD, start=1):
        body = {"id": str(number), "href": f"{address}{BASE}/customer/{number}", "name": f"é{number}"}
        record = Record(str(number), body)
        connection.execute(
            f"INSERT INTO change ({opening.COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",
            (number, "tmf629-v4:customer", str(number), record.tag, b"", record.encoded),
        )
    connection.execute(
        f"INSERT INTO change ({opening.COLUMNS}) VALUES (0, '', '', '4', ?, ?)", (b"", str(len(OLD)).encode())
    )
    connection.close()


def test_file_of_the_version_before_is_converted_at_the_first_opening(tmp_path: Path, start_server: Starter) -> None:
    path = tmp_path / "store.db"
    _old_file(path)
    store = f"tinydb:{path}"
    # An export changes nothing.
    assert _exported(store, tmp_path) == [f"{BASE}/customer/{number}" for number in range(1, len(OLD) + 1)]
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    connection.close()
    for address in ("https://one.example", "https://two.example"):
        with start_server("--store", store, "--public-url", address) as url:
            found = httpx.get(f"{url}{BASE}/customer").json()
            assert [each["href"] for each in found] == [f"{address}{BASE}/customer/{each['id']}" for each in found]
            assert len(found) == len(OLD)
            one = httpx.get(f"{url}{BASE}/customer", params={"href.regex": f"^{address}{BASE}/customer/1$"}).json()
            assert [each["id"] for each in one] == ["1"]
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (opening.FORMAT,)
    texts = [bytes(text).decode() for [text] in connection.execute("SELECT content FROM document WHERE number > 0")]
    connection.close()
    assert not [text for text in texts if "example" in text]


def test_conversion_that_is_cut_short_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "store.db"
    _old_file(path)
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(opening, "FORMAT", "nonsense(")
        with pytest.raises((StoreUnusable, sqlite3.Error)):
            _opened(path)
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    connection.close()
    _opened(path)


def _opened(path: Path) -> None:
    import asyncio

    async def open_and_close() -> None:
        store = EmbeddedStore(str(path))
        await store.open()
        assert await store.count() == len(OLD)
        await store.close()

    asyncio.run(open_and_close())


def test_database_of_the_version_before_is_converted_by_a_step(
    postgres_url: str, start_server: Starter, tmp_path: Path
) -> None:
    tags = {}
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(migrations._TABLE)
        for step in migrations.steps()[:5]:
            connection.execute(step.sql)
            connection.execute("INSERT INTO migration (number, name) VALUES (%s, %s)", [step.number, step.name])
        for number, (address, _) in enumerate(OLD):
            # The same address stands in a part as well, where it stays what the client wrote.
            href = f"{address}{BASE}/customer/{number}"
            body = {"id": str(number), "href": href, "name": f"é{number}", "engagedParty": {"id": "1", "href": href}}
            record = Record(str(number), body)
            tags[str(number)] = record.tag
            columns = insertion("tmf629-v4:customer", record, Scalars()).columns
            connection.execute(
                "INSERT INTO record (collection, id, body, spelling, tag, terms, orders) VALUES (%s, %s, %s, %s, %s, %s, %s)",
                columns,
            )
    store = postgres_url
    with start_server("--store", store, "--public-url", "https://new.example") as url:
        for number, (address, _) in enumerate(OLD):
            href = f"https://new.example{BASE}/customer/{number}"
            [found] = httpx.get(f"{url}{BASE}/customer", params={"href": href}).json()
            assert (found["href"], found["engagedParty"]["href"]) == (href, f"{address}{BASE}/customer/{number}")
            assert httpx.get(f"{url}{BASE}/customer/{number}").headers["ETag"] == f'"{tags[str(number)]}"'
            [found] = httpx.get(f"{url}{BASE}/customer", params={"href.gte": href, "href.lte": href}).json()
            assert found["id"] == str(number)
    assert _exported(store, tmp_path) == [f"{BASE}/customer/{number}" for number in range(len(OLD))]


def test_file_of_a_later_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    opening.create(path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 4")
    connection.close()
    with pytest.raises(StoreUnusable, match="has format 4"):
        opening.preflight(str(path))


@pytest.mark.parametrize("text", ["a", "a.b", "a.b.", "1.2.3.4:1", "[::1]", "[::1]:65535", "x_y"])
def test_host_is_taken(text: str) -> None:
    assert is_host(text)


@pytest.mark.parametrize(
    "text",
    ["", " ", "a/b", "a?", "a#", "@a", "a:", "a:x", "a:65536", "[::1", "::1", "[g::]", "-a", "é", "a..b", "a\r\nb"],
)
def test_host_is_not_taken(text: str) -> None:
    assert not is_host(text)


def test_bad_forwarded_header_has_words() -> None:
    assert "Host" in str(InvalidHeader("Host", "x").args)
