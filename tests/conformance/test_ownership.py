"""Whose a record is: only what the run made is changed or deleted, each thing as soon as its probe is over."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from meddler import Answer, Call, Forward, Meddle, meddling

from patience import PATIENCE_SECONDS
from tmfkit_conformance.judge.engine import judge
from tmfkit_conformance.judge.verdict import Outcome, Verdict
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.run import drive
from tmfkit_conformance.settings import Settings
from tmfkit_models import contracts

API = "tmf629-v4"
CONTRACT = contracts.load(API)
COLLECTION = f"{CONTRACT.base_path}/customer"
HUB = f"{CONTRACT.base_path}/hub"
MARK = re.compile(rb"[a-z]{8,}(?=[0-9]{5})")
[PATCH_ID] = [row.id for row in CONTRACT.requirements if (row.kind, row.subject) == ("non-patchable", "/id")]


def run(meddle: Meddle, server_url: str, *, only: tuple[str, ...] = (), path: Path | None = None) -> Bundle:
    with meddling(server_url, meddle) as url:
        settings = Settings(
            API,
            url + CONTRACT.base_path,
            phases=("register",),
            timeout_seconds=PATIENCE_SECONDS,
            event_seconds=PATIENCE_SECONDS,
        )
        return drive(CONTRACT, settings, lambda *_: None, only=only, receipt_path=path)


def verdicts(bundle: Bundle) -> dict[str, Verdict]:
    return {verdict.requirement: verdict for verdict in judge(bundle, CONTRACT).verdicts}


def overall(bundle: Bundle) -> str:
    return judge(bundle, CONTRACT).overall(row.id for row in CONTRACT.requirements if row.level == "must")


@pytest.fixture
def somebody(server_url: str) -> Iterator[str]:
    """The address of a record of somebody else."""
    made = httpx.post(server_url + COLLECTION, json={"name": "Somebody", "engagedParty": {"id": "1"}})
    address = f"{server_url}{COLLECTION}/{made.json()['id']}"
    yield address
    httpx.delete(address)


def answering(call: Call, forward: Forward, *, of: str) -> Answer:
    """Make a record, and answer with the id of another one; all that was sent is repeated."""
    forward(call)
    return Answer(201, json.dumps({**call.json, "id": of.rpartition("/")[2]}).encode())


def test_record_that_was_there_is_not_touched_and_ends_the_writing(server_url: str, somebody: str) -> None:
    calls: list[Call] = []

    def wrong(call: Call, forward: Forward) -> Answer:
        calls.append(call)
        if call.method == "POST" and call.path == COLLECTION:
            return answering(call, forward, of=somebody)
        return forward(call)

    before = httpx.get(somebody).json()
    bundle = run(wrong, server_url)
    assert httpx.get(somebody).json() == before
    assert [call.path for call in calls if call.method != "GET"] == [COLLECTION]
    assert overall(bundle) == "not-conformant"
    failed = {one.remark for one in verdicts(bundle).values() if one.outcome is Outcome.FAIL}
    assert len(failed) == 1
    assert "of a record that is somebody else's" in failed.pop()
    assert bundle.run["receipt"]["left"] == []


def test_record_that_came_later_is_known_by_its_text(server_url: str) -> None:
    foreign: list[str] = []
    writes: list[Call] = []

    def wrong(call: Call, forward: Forward) -> Answer:
        if call.method == "POST" and call.path == COLLECTION:
            if len(writes) < 13:
                writes.append(call)
                return forward(call)
            if not foreign:
                body = {"name": "Somebody new", "engagedParty": {"id": "1"}}
                foreign.append(json.loads(forward(call.with_json(body)).body)["id"])
                return answering(call, forward, of=foreign[0])
        elif foreign and call.method != "GET":
            writes.append(call)
        return forward(call)

    bundle = run(wrong, server_url)
    assert httpx.get(f"{server_url}{COLLECTION}/{foreign[0]}").json()["name"] == "Somebody new"
    assert not [call for call in writes if foreign[0] in call.path]
    seen = [exchange.request.url.endswith(foreign[0]) for exchange in bundle.exchanges]
    recognised = max(index for index, is_read in enumerate(seen) if is_read)
    assert {exchange.request.method for exchange in bundle.exchanges[recognised:]} == {"GET"}
    assert overall(bundle) == "not-conformant"
    for record in httpx.get(server_url + COLLECTION).json():
        httpx.delete(f"{server_url}{COLLECTION}/{record['id']}")


def test_creates_carry_a_text_of_the_run_and_its_records_go_at_once(server_url: str) -> None:
    alive: set[str] = set()
    most: list[int] = []
    bodies: list[bytes] = []

    def watch(call: Call, forward: Forward) -> Answer:
        answer = forward(call)
        if call.path == COLLECTION and call.method == "POST" and answer.status == 201:
            bodies.append(call.body)
            alive.add(json.loads(answer.body)["id"])
        if call.method == "DELETE" and answer.status == 204:
            alive.discard(call.path.rpartition("/")[2])
        most.append(len(alive))
        return answer

    bundle = run(watch, server_url)
    marked = [MARK.search(body) for body in bodies]
    about_names = [body for body, found in zip(bodies, marked, strict=True) if not found]
    assert len({found[0] for found in marked if found}) == 1
    assert len(about_names) < len(bodies) / 10  # only those whose subject is the attribute that carries it
    assert max(most) <= 6  # one of them lasts through the run
    assert alive == set()
    receipt = bundle.run["receipt"]
    # Listeners cannot be looked at, so their deletion is what the target says.
    assert receipt["made"] == receipt["deleted"] > receipt["confirmed_gone"] >= len(bodies)


@pytest.mark.parametrize("kept", [True, False], ids=["refused", "not-kept"])
def test_target_without_room_for_the_text_is_judged_and_left_clean(server_url: str, *, kept: bool) -> None:
    def without(call: Call, forward: Forward) -> Answer:
        if call.method == "POST" and MARK.search(call.body) and call.path == COLLECTION:
            if kept:
                return Answer(400, b'{"code": "20", "reason": "unknown name"}')
            body = {**call.json, "name": "Nobody"}
            return forward(call.with_json({name: body[name] for name in body if name != "statusReason"}))
        return forward(call)

    before = httpx.get(server_url + COLLECTION).json()
    bundle = run(without, server_url, only=("TMF629V4-POST-001", "TMF629V4-LIST-005"))
    assert httpx.get(server_url + COLLECTION).json() == before
    assert verdicts(bundle)["TMF629V4-POST-001"].outcome is Outcome.PASS


class Renaming:
    """Takes another id in a patch, and has the record there from then on."""

    def __init__(self) -> None:
        self.renamed: dict[str, str] = {}
        self.deleted: list[str] = []

    def __call__(self, call: Call, forward: Forward) -> Answer:
        identifier = call.path.partition("?")[0].rpartition("/")[2]
        if call.method == "DELETE":
            self.deleted.append(identifier)
        if identifier in self.renamed.values():
            return Answer(404)
        if call.method == "PATCH" and "id" in call.json:
            self.renamed[call.json["id"]] = identifier
            return Answer(200, json.dumps({"id": call.json["id"]}).encode())
        real = self.renamed.get(identifier, identifier)
        answer = forward(Call(call.method, call.path.replace(identifier, real), call.headers, call.body))
        return Answer(answer.status, answer.body.replace(real.encode(), identifier.encode()), answer.headers)


def test_record_that_a_patch_renamed_is_deleted_where_it_is(server_url: str) -> None:
    target = Renaming()
    before = httpx.get(server_url + COLLECTION).json()
    bundle = run(target, server_url, only=(PATCH_ID,))
    assert verdicts(bundle)[PATCH_ID].outcome is Outcome.FAIL
    [(new, old)] = target.renamed.items()
    assert target.deleted[-2:] == [old, new]
    assert httpx.get(server_url + COLLECTION).json() == before


def test_id_that_a_patch_was_not_to_give_is_never_deleted(server_url: str) -> None:
    deleted: list[str] = []

    def ignore(call: Call, forward: Forward) -> Answer:
        if call.method == "DELETE":
            deleted.append(call.path.rpartition("/")[2])
        if call.method == "PATCH" and "id" in call.json:
            return forward(call.with_json({"status": "Active"}))
        return forward(call)

    run(ignore, server_url, only=(PATCH_ID,))
    assert deleted
    assert not any(MARK.search(identifier.encode()) for identifier in deleted)


def test_registration_without_an_id_serves_every_row_and_is_listed(server_url: str, tmp_path: Path) -> None:
    registered: list[str] = []
    ids: list[str] = []

    def bare(call: Call, forward: Forward) -> Answer:
        answer = forward(call)
        if call.path == HUB and call.method == "POST" and answer.status == 201:
            registered.append(call.json["callback"])
            ids.append(json.loads(answer.body)["id"])
            return Answer(204)
        return answer

    path = tmp_path / "receipt.txt"
    bundle = run(bare, server_url, path=path)
    for identifier in ids:
        httpx.delete(f"{server_url}{HUB}/{identifier}")
    assert len(set(registered)) == 1
    left: list[dict[str, Any]] = bundle.run["receipt"]["left"]
    assert [one["address"] for one in left] == registered
    assert f"left    {registered[0]}" in path.read_text(encoding="utf-8")
    events = [row.id for row in CONTRACT.requirements if row.kind == "event" and row.level == "must"]
    judged = verdicts(bundle)
    assert {judged[row].outcome for row in events} == {Outcome.PASS}
    assert overall(bundle) != "not-conformant"


def test_receipt_is_written_as_the_run_goes(server_url: str, tmp_path: Path) -> None:
    path = tmp_path / "receipt.txt"
    states: list[str] = []

    def watch(call: Call, forward: Forward) -> Answer:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []  # made with its first line
        states.extend(line.split()[0] for line in lines[-1:])
        return forward(call)

    run(watch, server_url, only=("TMF629V4-POST-001",), path=path)
    assert set(states) == {"made", "deleted", "gone"}
    assert path.read_text(encoding="utf-8").splitlines()[-1].startswith("gone    http://127.0.0.1:")


def test_message_that_is_sent_and_not_stored_is_not_left(server_url: str) -> None:
    contract = contracts.load("tmf681-v1")
    gone: list[str] = []

    def not_storing(call: Call, forward: Forward) -> Answer:
        answer = forward(call)
        if call.path.endswith("/communicationMessage/send"):
            identifier = json.loads(answer.body)["id"]
            gone.append(identifier)
            forward(Call("DELETE", call.path.removesuffix("send") + identifier, call.headers, b""))
        return answer

    with meddling(server_url, not_storing) as url:
        settings = Settings(
            contract.id,
            url + contract.base_path,
            phases=("register",),
            listener=False,
            timeout_seconds=PATIENCE_SECONDS,
        )
        bundle = drive(contract, settings, lambda *_: None, only=("TMF681-SEND-001",))
    assert gone
    assert bundle.run["receipt"]["left"] == []
