"""Twice the body, at most two and a half times the work, and everybody else is served meanwhile, on both stores."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from large_bodies import KINDS, Call, calls

from patience import PATIENCE_SECONDS

LARGE_BYTES = 1_000_000
_MOST_TIMES = 2.5
# What a request takes whatever its size.
_SLACK_SECONDS = 0.03
_LONGEST_WAIT_SECONDS = 0.3
_POLL_SECONDS = 0.05
_TRIES = 4
_KINDS_A_CALL = 3


@dataclass
class Server:
    """A server with one resource in each collection."""

    client: httpx.Client
    resources: dict[str, str] = field(default_factory=dict)

    def seconds(self, call: Call, content: bytes) -> float:
        path = call.path.replace("{id}", self.resources.get(call.path.removesuffix("/{id}"), ""))
        began = processor_seconds()
        answer = self.client.request(
            call.operation.method, path, content=content, headers={"Content-Type": call.media_type}
        )
        seconds = processor_seconds() - began
        assert answer.status_code < 500, answer.text
        if answer.status_code == 201 and call.operation.action in ("create", "register"):
            self.client.delete(f"{path}/{answer.json()['id']}")
        return seconds


def served(url: str) -> Server:
    found = Server(httpx.Client(base_url=url, timeout=PATIENCE_SECONDS, trust_env=False))
    for call in calls():
        if call.operation.action == "create":
            answer = found.client.post(
                call.path, content=json.dumps(call.body), headers={"Content-Type": call.media_type}
            )
            found.resources[call.path] = answer.json()["id"]
    return found


@pytest.fixture(scope="module", params=["memory", "postgres"])
def server(
    request: pytest.FixtureRequest,
    start_server: Callable[..., AbstractContextManager[str]],
    empty_store: Callable[[str], str],
) -> Iterator[Server]:
    with start_server("--store", empty_store(request.param)) as url:
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
    """Return the processor time that all processes below this one have had, and PostgreSQL's, wherever they are."""
    children: dict[int, list[int]] = {}
    used: dict[int, float] = {}
    databases: set[int] = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with contextlib.suppress(OSError):
                name, _, numbers = (folder / "stat").read_text().rpartition(")")
                fields = numbers.split()
                if name.endswith("(postgres"):
                    databases.add(int(folder.name))
                children.setdefault(int(fields[1]), []).append(int(folder.name))
                used[int(folder.name)] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    counted, waiting = databases, [os.getpid()]
    while waiting:
        below = children.get(waiting.pop(), [])
        counted |= set(below)
        waiting += below
    return sum(used[each] for each in counted)


CALLS = list(calls())


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_work_grows_with_the_body_and_holds_nobody_up(server: Server, call: Call) -> None:
    place = CALLS.index(call)
    names = list(KINDS)
    # Each operation has some kinds, and each kind has many operations.
    for number in range(_KINDS_A_CALL):
        make = KINDS[name := names[(place * _KINDS_A_CALL + number) % len(names)]]
        half, whole = (call.with_member(make(size)) for size in (LARGE_BYTES // 2, LARGE_BYTES))
        halves, wholes, waits = list[float](), list[float](), list[float]()
        # Other programs make some tries slower, none faster.
        for _ in range(_TRIES):
            halves.append(server.seconds(call, half))
            with longest_wait(server.client.base_url) as wait:
                wholes.append(server.seconds(call, whole))
            # Nobody waits for more than the whole work of the request.
            waits.append(min(wait(), wholes[-1]))
            is_linear = min(wholes) <= _MOST_TIMES * min(halves) + _SLACK_SECONDS
            if is_linear and min(waits) < _LONGEST_WAIT_SECONDS:
                break
        assert is_linear, f"{name}: {min(halves):.3f} s, twice the size {min(wholes):.3f} s"
        assert min(waits) < _LONGEST_WAIT_SECONDS, f"{name}: somebody else waited {min(waits):.3f} s"
