"""Twice the size, at most two and a half times the work, and everybody else is served meanwhile; on both stores."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from large_bodies import KINDS, PATCHES, QUERY_PATCHES, VALUE, Call, calls
from server_bodies import JSON, customer, unique

from patience import PATIENCE_SECONDS
from tmfkit_server import cli

STORES = ["memory", "postgres"]
CUSTOMER = "/tmf-api/customerManagement/v4/customer"
HUB = "/tmf-api/customerManagement/v4/hub"

LARGE_BYTES = 1_000_000
_MOST_TIMES = 2.5
# What a request takes whatever its size, and a tick of the clock that counts processor time.
_SLACK_SECONDS = 0.04
_LONGEST_WAIT_SECONDS = 0.3
_POLL_SECONDS = 0.05
_TRIES = 4
_KINDS_A_CALL = 3


@dataclass
class Server:
    """A server with one resource in each collection."""

    client: httpx.Client
    resources: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> httpx.URL:
        return self.client.base_url

    def seconds(self, call: Call, content: bytes) -> float:
        self.tidy(call)
        path, made = self._path(call), list[httpx.Response]()

        def send() -> httpx.Response:
            headers = {"Content-Type": call.media_type}
            made.append(self.client.request(call.operation.method, path, content=content, headers=headers))
            return made[0]

        seconds = self.timed(send)
        if made[0].status_code == 201 and call.operation.action in ("create", "register"):
            self.client.delete(f"{path}/{made[0].json()['id']}")
        return seconds

    def timed(self, send: Callable[[], httpx.Response]) -> float:
        began = processor_seconds()
        answer = send()
        seconds = processor_seconds() - began
        # What is too large is not looked at.
        assert answer.status_code < 500 and answer.status_code != 413, answer.text  # noqa: PT018 - one claim
        return seconds

    def tidy(self, call: Call) -> None:
        """Take away what patches have added: every one has as much to change."""
        if call.operation.action == "patch":
            gone = {"zzz": None, "zzy": None, "description": "x"}
            self.client.patch(self._path(call), json=gone, headers={"Content-Type": "application/merge-patch+json"})

    def _path(self, call: Call) -> str:
        return call.path.replace("{id}", self.resources.get(call.path.removesuffix("/{id}"), ""))


def served(url: str) -> Server:
    found = Server(httpx.Client(base_url=url, timeout=PATIENCE_SECONDS, trust_env=False))
    for call in calls():
        if call.operation.action == "create":
            answer = found.client.post(
                call.path, content=json.dumps(call.body), headers={"Content-Type": call.media_type}
            )
            found.resources[call.path] = answer.json()["id"]
    return found


@pytest.fixture(scope="module", params=STORES)
def server(
    request: pytest.FixtureRequest,
    start_server: Callable[..., AbstractContextManager[str]],
    empty_store: Callable[[str], str],
) -> Iterator[Server]:
    # Nobody listens at this port.
    options = ["--allow-callbacks", "127.0.0.0/8", "--allow-callback-port", "9"]
    with start_server("--store", empty_store(request.param), *options) as url:
        found = served(url)
        yield found
        found.client.close()


@contextmanager
def longest_wait(url: httpx.URL) -> Iterator[Callable[[], float]]:
    """Ask whether the server lives, again and again; tell how long the slowest answer took."""
    waits, ends = [0.0], threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=url, timeout=PATIENCE_SECONDS, trust_env=False) as client:
            while not ends.wait(_POLL_SECONDS):
                began = time.perf_counter()
                client.get("/health/live")
                waits.append(time.perf_counter() - began)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield lambda: max(waits)
    finally:
        ends.set()
        thread.join()


def processor_seconds() -> float:
    """Return the processor time that all processes below this one have had: other programs do not make it longer.

    What a process that has ended had is told by the one that started it.
    """
    children: dict[int, list[int]] = {}
    used: dict[int, float] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with contextlib.suppress(OSError):
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                children.setdefault(int(fields[1]), []).append(int(folder.name))
                used[int(folder.name)] = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    found, waiting = sum(os.times()[2:4]), [os.getpid()]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += sum(used[each] for each in below)
        waiting += below
    return found


CALLS = list(calls())
# Another number tries other kinds with other forms.
ROUND = int(os.environ.get("LINEAR_ROUND", "0"))


def check(name: str, half: Callable[[], float], whole: Callable[[], float], url: httpx.URL) -> None:
    """Check that *whole*, which is twice as much, takes at most so much longer, and that nobody else waits for it."""
    halves, wholes, waits = list[float](), list[float](), list[float]()
    # Other programs make some tries slower, none faster.
    for _ in range(_TRIES):
        halves.append(half())
        with longest_wait(url) as wait:
            wholes.append(whole())
        # Nobody waits for more than the whole work of the request.
        waits.append(min(wait(), wholes[-1]))
        is_linear = min(wholes) <= _MOST_TIMES * min(halves) + _SLACK_SECONDS
        if is_linear and min(waits) < _LONGEST_WAIT_SECONDS:
            break
    assert is_linear, f"{name}: {min(halves):.3f} s, twice the size {min(wholes):.3f} s"
    assert min(waits) < _LONGEST_WAIT_SECONDS, f"{name}: somebody else waited {min(waits):.3f} s"


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_work_grows_with_the_body_and_holds_nobody_up(server: Server, call: Call) -> None:
    place, names, forms = CALLS.index(call) + ROUND, list(KINDS), call.forms
    # Each form of each operation has some kinds, and each kind has many operations.
    for number in range(_KINDS_A_CALL):
        make = KINDS[name := names[(place * _KINDS_A_CALL + number) % len(names)]]
        form = forms[(place + number) % len(forms)]
        half, whole = (form.replace(VALUE, make(size)).encode() for size in (LARGE_BYTES // 2, LARGE_BYTES))
        seconds = server.seconds
        check(f"{name} in {form[:200]}", partial(seconds, call, half), partial(seconds, call, whole), server.url)
    server.tidy(call)


def test_every_form_of_a_body_is_sent() -> None:
    forms = {form for call in CALLS for form in call.forms}
    assert {*PATCHES, *QUERY_PATCHES} <= forms
    assert all(form.count(VALUE) == 1 for form in forms)


QUESTIONS = {
    "conditions": "&".join(f"zzz.a{number}.ne=1" for number in range(10)),
    "regular expressions": "zzz.a*=x;zzz*=x$",
    "orders": "zzz.a.gt=5&zzz.b.lt=7",
    "sort": "sort=zzz.a,-zzz.b,zzz.c,zzz.d,zzz.e",
    "sort by JSONPath": "sort=$.zzz[?@.a==1].b",
    "fields": "fields=zzz.a,zzz.b.c",
    "fields by JSONPath": "fields=$.zzz[*].a,$..b",
    "JSONPath": "filter=$.zzz[?@.a=='x' %26%26 @.b==1]",
    "JSONPath from anywhere": "filter=$..*[?@.a==1]",
}
ARRAYS = ("numbers", "objects", "arrays", "nested", "small objects", "dates", "names")


class Large:
    """A record with a large array, and one with half of it."""

    def __init__(self, server: Server, kind: str) -> None:
        self._server = server
        self.names = [unique() for _ in range(2)]
        for name, size in zip(self.names, (LARGE_BYTES // 2, LARGE_BYTES), strict=True):
            made = server.client.post(CUSTOMER, content=self.content(name, kind, size), headers=JSON)
            assert made.status_code == 201, made.text

    @staticmethod
    def content(name: str, kind: str, size: int) -> bytes:
        return f'{json.dumps(customer(name=name))[:-1]},"zzz":{KINDS[kind](size)}}}'.encode()

    def asked(self, name: str, question: str) -> float:
        return self._server.timed(lambda: self._server.client.get(f"{CUSTOMER}?name={name}&{question}"))

    def forget(self) -> None:
        for name in self.names:
            for each in self._server.client.get(f"{CUSTOMER}?name={name}&fields=id").json():
                self._server.client.delete(each["href"])


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_questions_about_a_large_record_hold_nobody_up(server: Server, question: str) -> None:
    kind = ARRAYS[(list(QUESTIONS.values()).index(question) + ROUND) % len(ARRAYS)]
    large = Large(server, kind)
    half, whole = large.names
    check(
        f"{kind}, {question}", partial(large.asked, half, question), partial(large.asked, whole, question), server.url
    )
    large.forget()


HUB_QUERIES = {
    "conditions": "&".join(
        [*(f"event.customer.zzz.a{number}.ne=1" for number in range(5)), "eventType=CustomerDeleteEvent"]
    ),
    "fields": "fields=event.customer.zzz.a",
    "JSONPath": "$.event.customer.zzz[?@.a=='x']",
}
LISTENERS = 10
# So that their queries are answered: what is told whole is another matter.
TOLD_BYTES = 300_000


@pytest.mark.parametrize("query", HUB_QUERIES.values(), ids=HUB_QUERIES)
def test_queries_of_listeners_hold_nobody_up(server: Server, query: str) -> None:
    kind = ARRAYS[(list(HUB_QUERIES.values()).index(query) + ROUND) % len(ARRAYS)]
    bodies = [{"callback": f"http://127.0.0.1:9/{number}", "query": query} for number in range(LISTENERS)]
    answers = [server.client.post(HUB, json=body) for body in bodies]
    assert {each.status_code for each in answers} == {201}, answers[0].text
    hubs = [each.headers["Location"] for each in answers]
    half, whole = (Large.content(unique(), kind, size) for size in (TOLD_BYTES // 2, TOLD_BYTES))
    create = next(call for call in CALLS if call.path == CUSTOMER and call.operation.action == "create")
    check(f"{kind}, {query}", partial(server.seconds, create, half), partial(server.seconds, create, whole), server.url)
    for each in hubs:
        server.client.delete(each)


MANY = 100_000


@pytest.fixture(scope="module", params=["file", "postgres"])
def full_server(
    request: pytest.FixtureRequest,
    start_server: Callable[..., AbstractContextManager[str]],
    empty_store: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[httpx.Client]:
    """A server with a hundred thousand records."""
    store, file = empty_store(request.param), tmp_path_factory.mktemp("many") / "many.jsonl"
    file.write_bytes(b"".join(_lines()))
    imported = CliRunner().invoke(cli.main, ["import", "--store", store, str(file)])
    assert imported.exit_code == 0, imported.output
    with (
        start_server("--store", store) as url,
        httpx.Client(base_url=url, timeout=PATIENCE_SECONDS, trust_env=False) as client,
    ):
        yield client


def _lines() -> Iterator[bytes]:
    yield b'{"tmfkit":"store","format":1}\n'
    for number in range(MANY):
        body = customer(id=str(number), href=f"{CUSTOMER}/{number}", name=f"c{number}", note=[{"n": [number]}] * 4)
        record = {"collection": "tmf629-v4:customer", "id": str(number), "body": body}
        yield json.dumps({"record": record}).encode() + b"\n"
    yield json.dumps({"end": {"entries": MANY}}).encode() + b"\n"


@pytest.mark.parametrize(
    ("query", "statuses"),
    [
        ("", {206}),
        ("offset=99000", {206}),
        ("name=c77", {200}),
        ("sort=-name&limit=10", {206}),
        ("sort=note.n,-name&limit=10", {206}),
        ("name*=c1&limit=10", {206}),
        ("note.n.gt=5&sort=$.note[0].n[0]&limit=10", {206, 400}),
        ("&".join(f"name.ne=c{number}" for number in range(50)) + "&limit=10", {206, 400}),
        ("filter=$.note[?@.n[0]==77]", {200, 400}),
        ("filter=$..*..*..*[?(@.x=='y')]", {400}),
        ("fields=$..n", {206, 400}),
    ],
)
def test_searches_among_many_hold_nobody_up(full_server: httpx.Client, query: str, statuses: set[int]) -> None:
    waits = []
    for _ in range(_TRIES):
        with longest_wait(full_server.base_url) as wait:
            answer = full_server.get(f"{CUSTOMER}?{query}")
        assert answer.status_code in statuses, answer.text[:500]
        waits.append(wait())
        if min(waits) < _LONGEST_WAIT_SECONDS:
            break
    assert min(waits) < _LONGEST_WAIT_SECONDS, f"somebody else waited {min(waits):.3f} s"
