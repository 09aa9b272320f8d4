"""The generated phases against a small server: what is sent, what is left alone, what is written down."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from library import library
from library_server import ADMIN, serving
from meddler import Answer, Call, Forward, meddling

from tmfkit_conformance.blotting import BLOTTED
from tmfkit_conformance.drive.cleanup import GeneratedResources
from tmfkit_conformance.drive.client import SILENCE_LIMIT, Recorder, run_clock
from tmfkit_conformance.drive.generated import drive
from tmfkit_conformance.drive.listener import Listener
from tmfkit_conformance.drive.receipt import Receipt
from tmfkit_conformance.errors import KitDefect
from tmfkit_conformance.judge.generated import findings
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.record.exchange import Exchange
from tmfkit_conformance.rules.phases import PHASES
from tmfkit_conformance.settings import Settings

PHASES_MADE = PHASES[1:]
FOREIGN = {"title": "Middlemarch", "pages": 880}
TOKEN = "reader-token"


@dataclass(frozen=True)
class Run:
    """What one run left behind."""

    exchanges: list[Exchange]
    books: list[dict[str, Any]]
    progress: list[tuple[str, int, int]]
    listener_url: str

    def of(self, phase: str) -> list[Exchange]:
        return [exchange for exchange in self.exchanges if exchange.phase == phase]

    @property
    def lines(self) -> list[str]:
        """Method, path and status of every request; the seed is the same each time."""
        requests = ((exchange.request, exchange.status) for exchange in self.exchanges)
        return [f"{request.method} {request.url.split('/', 3)[3]} {status}" for request, status in requests]


def driven(url: str, **more: Any) -> Run:
    """Drive the generated phases against a server; the first thing there is not the kit's."""
    settings = Settings(
        api="library-v1",
        base_url=url,
        **{
            "phases": PHASES_MADE,
            "max_examples": 4,
            "seed": "a",
            "headers": {"X-Api-Key": TOKEN},
            "admin_headers": {"Authorization": ADMIN},
            **more,
        },
    )
    recorder = Recorder(settings.secret_headers, run_clock())
    progress: list[tuple[str, int, int]] = []
    with Listener("127.0.0.1:0", "", recorder.clock) as listener:
        drive(
            library(),
            settings,
            recorder,
            lambda *done: progress.append(done),
            receipt=Receipt(),
            listener_url=listener.url,
        )
        return Run(recorder.exchanges, [], progress, listener.url)


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """A run against a server that has a book of somebody else's."""
    with serving() as url:
        assert httpx.post(f"{url}/book", json=FOREIGN).json()["id"] == "1"
        made = driven(url, payloads={"book": {"shelf": "C3"}})
        yield Run(made.exchanges, httpx.get(f"{url}/book").json(), made.progress, made.listener_url)


@pytest.mark.parametrize("phase", PHASES_MADE)
def test_every_phase_reaches_operations_with_success(run: Run, phase: str) -> None:
    assert {exchange.operation for exchange in run.of(phase) if exchange.is_success} >= {"createBook"}


def test_every_operation_succeeds_in_some_phase(run: Run) -> None:
    served = {exchange.operation for exchange in run.exchanges if exchange.is_success and exchange.phase != "cleanup"}
    assert served == {operation.id for operation in library().operations}


def test_phases_come_in_their_order_each_tidied_up_after(run: Run) -> None:
    order = list(dict.fromkeys(exchange.phase for exchange in run.exchanges if exchange.phase != "cleanup"))
    assert order == list(PHASES_MADE)


def test_exchanges_say_where_they_come_from(run: Run) -> None:
    numbers: dict[str, int] = {}
    for exchange in (exchange for exchange in run.exchanges if exchange.phase != "cleanup"):
        assert exchange.probe == f"{exchange.phase} {exchange.operation}"
        numbers[exchange.probe] = numbers.get(exchange.probe, 0) + 1
        assert exchange.step == str(numbers[exchange.probe])
        assert exchange.mode in ("positive", "negative")
        assert bool(exchange.mutated) == (exchange.mode == "negative")


def test_negative_requests_say_where_they_depart(run: Run) -> None:
    mutated = {exchange.mutated for exchange in run.of("coverage") if exchange.operation == "createBook"}
    assert "body application/json /allOf/0/required Missing required property: title" in mutated


def test_what_is_not_the_kits_own_is_neither_changed_nor_deleted(run: Run) -> None:
    assert run.books == [{**FOREIGN, "id": "1", "href": "/library/v1/book/1"}]
    meddling = [x for x in run.exchanges if x.request.method != "GET" and x.request.url.endswith("/book/1")]
    assert meddling == []


def test_everything_made_is_deleted_by_its_operation(run: Run) -> None:
    cleanup = run.of("cleanup")
    assert {exchange.operation for exchange in cleanup} == {"deleteBook", "unregisterListener"}
    assert {exchange.status for exchange in cleanup} == {204}


def test_credentials_are_sent_and_not_written_down(run: Run) -> None:
    as_admin = [x for x in run.exchanges if dict(x.request.headers).get("Authorization") == BLOTTED]
    as_user = [x for x in run.exchanges if x not in as_admin]
    assert as_user
    assert all(dict(x.request.headers)["X-Api-Key"] == BLOTTED for x in as_user)
    assert not any("X-Api-Key" in dict(x.request.headers) for x in as_admin)  # one role at a time
    assert {exchange.operation for exchange in as_admin} == {"deleteBook"}
    # Only the credential makes this server answer anything but 403.
    assert 403 not in {exchange.status for exchange in as_admin}


def test_configured_members_are_in_every_generated_create(run: Run) -> None:
    bodies = [x.request.json for x in run.exchanges if x.operation == "createBook"]
    objects = [body for body in bodies if isinstance(body, dict)]
    assert objects
    assert all(body["shelf"] == "C3" for body in objects)


def test_subscriptions_lead_to_the_kit_alone(run: Run) -> None:
    bodies = [x.request.json for x in run.exchanges if x.operation == "registerListener"]
    callbacks = [body["callback"] for body in bodies if isinstance(body, dict) and "callback" in body]
    texts = [callback for callback in callbacks if isinstance(callback, str)]
    assert texts
    assert all(callback.startswith(f"{run.listener_url}/") for callback in texts)
    assert len(set(texts)) == len(texts)


def test_requests_say_nothing_of_what_made_them(run: Run) -> None:
    said = "\n".join(f"{name}: {value}" for exchange in run.exchanges for name, value in exchange.request.headers)
    assert "python-httpx/" in said
    assert not any(word in said.lower() for word in ("schemathesis", "tmfkit", "conformance"))


def test_progress_is_told_for_every_phase(run: Run) -> None:
    assert list(dict.fromkeys(phase for phase, _, _ in run.progress)) == list(PHASES_MADE)
    assert all(0 < done <= parts for _, done, parts in run.progress)


def test_two_runs_with_one_seed_send_the_same_and_with_another_seed_something_else() -> None:
    lines, bodies = [], []
    for seed in ("a", "a", "b"):
        with serving() as url:
            made = driven(url, seed=seed)
        lines.append(made.lines)
        bodies.append({one.request.body for one in made.of("fuzzing") if one.operation == "createBook"})
    assert len(lines[0]) > 100
    assert (lines[0], bodies[0]) == (lines[1], bodies[1])
    assert len(bodies[0] & bodies[2]) < len(bodies[0]) / 2


def test_nothing_is_left_in_the_folder_and_nothing_taken_from_the_kits_sources(tmp_path: Path) -> None:
    # In a process of its own, because Hypothesis collects and caches once for each process.
    with serving() as url:
        script = f"""
from hypothesis.internal.conjecture import providers
from tmfkit_conformance.drive.client import Recorder, run_clock
from tmfkit_conformance.drive.generated import drive
from tmfkit_conformance.drive.receipt import Receipt
from tmfkit_conformance.settings import Settings
from tmfkit_models.contracts import load
settings = Settings("tmf629-v4", base_url={url!r}, phases=("fuzzing",), max_examples=5)
recorder = Recorder(frozenset(), run_clock())
drive(load(settings.api), settings, recorder, lambda *_: None, receipt=Receipt())
assert recorder.exchanges
assert len(providers._local_constants) == 0
"""
        subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, timeout=120)
    assert list(tmp_path.iterdir()) == []


def test_server_that_demands_nothing_is_found_out() -> None:
    with serving(demands_title=False) as url:
        made = driven(url, phases=("coverage",))
    bundle = Bundle({"phases": ["coverage"]}, (), tuple(made.exchanges), ())
    found = {(finding.rule, finding.requirement) for finding in findings(bundle, library())[0]}
    assert ("accepted", "LIB1-POST-002") in found


def test_server_in_order_violates_no_row(run: Run) -> None:
    bundle = Bundle({"phases": list(PHASES_MADE)}, (), tuple(run.exchanges), ())
    assert [finding for finding in findings(bundle, library())[0] if finding.requirement] == []


def test_only_the_phases_asked_for_are_driven() -> None:
    with serving() as url:
        made = driven(url, phases=("register", "examples"))
    assert {exchange.phase for exchange in made.exchanges} == {"examples", "cleanup"}


def test_register_phase_alone_sends_nothing_generated() -> None:
    assert driven("http://127.0.0.1:9/library/v1", phases=("register",)).exchanges == []


def test_target_that_is_gone_is_given_up() -> None:
    with socket.socket() as reserved:
        # Bound and not listening: every connection is refused.
        reserved.bind(("127.0.0.1", 0))
        made = driven(f"http://127.0.0.1:{reserved.getsockname()[1]}/library/v1")
    assert len(made.exchanges) == SILENCE_LIMIT
    assert {exchange.response for exchange in made.exchanges} == {None}
    assert all(exchange.error.startswith("ConnectionError: ") for exchange in made.exchanges)


@pytest.mark.parametrize("times", [1, 3])
def test_deletion_that_breaks_off_is_asked_for_again_at_last_at_the_end_of_the_run(times: int) -> None:
    broken: list[str] = []

    def breaks_off(call: Call, forward: Forward) -> Answer:
        if call.method != "DELETE" or len(broken) == times or call.path not in [*broken[:1], call.path][:1]:
            return forward(call)
        broken.append(call.path)
        return Answer(200, b"x", cut=True)

    with serving() as sound, meddling(sound.partition("/library")[0], breaks_off) as url:
        driven(f"{url}/library/v1", phases=("examples", "stateful"))
        assert httpx.get(f"{sound}/book").json() == []
    assert len(broken) == times


class Busy:
    """Asks every other request to come again."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self, call: Call, forward: Forward) -> Answer:
        self.number += 1
        if self.number % 2:
            return Answer(429, b'{"code": "429", "reason": "busy"}', (("Retry-After", "0"),))
        return forward(call)


def test_request_that_is_to_come_again_is_sent_again() -> None:
    with serving() as sound, meddling(sound.partition("/library")[0], Busy()) as url:
        made = driven(f"{url}/library/v1", phases=("examples", "stateful"))
    final = [exchange for exchange in made.exchanges if not exchange.superseded]
    assert len(made.exchanges) == 2 * len(final) > 20
    assert {exchange.status for exchange in made.exchanges if exchange.superseded} == {429}
    assert 429 not in {exchange.status for exchange in final}
    assert {exchange.waited for exchange in final} == {"answered so after 429 with Retry-After"}
    assert any(exchange.operation == "retrieveBook" and exchange.is_success for exchange in final)


class Late:
    """Finds a record at the second look only."""

    def __init__(self) -> None:
        self.looked: set[str] = set()

    def __call__(self, call: Call, forward: Forward) -> Answer:
        answer = forward(call)
        if call.method == "GET" and answer.status == 200 and call.path not in self.looked:
            self.looked.add(call.path)
            return Answer(404, b'{"code": "404", "reason": "not yet"}')
        return answer


def test_write_that_is_seen_late_is_waited_for() -> None:
    with serving() as sound, meddling(sound.partition("/library")[0], Late()) as url:
        made = driven(f"{url}/library/v1", phases=("stateful",))
    late = [exchange for exchange in made.exchanges if exchange.waited.startswith("visible after")]
    assert {exchange.operation for exchange in late} == {"retrieveBook"}
    bundle = Bundle({"phases": ["stateful"]}, (), tuple(made.exchanges), ())
    assert [one.rule for one in findings(bundle, library())[0] if one.rule == "not-readable"] == []


def test_generated_requests_are_as_far_apart_as_is_asked_for() -> None:
    with serving() as url:
        made = driven(url, phases=("fuzzing",), max_examples=2, rate=50)
    sent = [exchange.started for exchange in made.of("fuzzing")]
    assert len(sent) > 5
    assert sent[-1] - sent[0] > 0.9 * (len(sent) - 1) / 50


@pytest.mark.parametrize("phase", PHASES_MADE)
def test_failure_of_the_kit_itself_is_not_passed_over(monkeypatch: pytest.MonkeyPatch, phase: str) -> None:
    def broken(*_: object) -> str:
        raise RuntimeError("no id to be had")

    monkeypatch.setattr(GeneratedResources, "choose", broken)
    with serving() as url, pytest.raises(KitDefect, match="no id to be had"):
        driven(url, phases=(phase,), max_examples=10)
