"""The self-test of the kit: broken servers, how they are hosted, what is said of them."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import sys
import time
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from patience import PATIENCE_SECONDS
from tmfkit_conformance.cli import main
from tmfkit_conformance.errors import KitError, UsageError
from tmfkit_conformance.judge.verdict import Outcome
from tmfkit_conformance.rules.register import KINDS
from tmfkit_conformance.selftest import serving, table
from tmfkit_conformance.selftest.breaks import BREAKERS
from tmfkit_conformance.selftest.calls import operation_at
from tmfkit_conformance.selftest.choice import Filter, attempts, chosen, exemplars
from tmfkit_conformance.selftest.hosting import DEFECT, Hosting
from tmfkit_conformance.selftest.outcome import Shown
from tmfkit_conformance.selftest.serving import served
from tmfkit_conformance.selftest.table import Caught
from tmfkit_conformance.selftest.trials import Attempt, Trial
from tmfkit_conformance.selftest.variants import SOUND, Variant, variants
from tmfkit_models import contracts

API = "tmf629-v4"
BASE = "/tmf-api/customerManagement/v4"
ROOT = Path(__file__).parents[2]
CUSTOMER = {"name": "Blue Harbour", "engagedParty": {"id": "1", "name": "Ada"}}


@dataclass
class Shop:
    """A tiny sound application: it keeps customers and listeners in memory, and tells listeners nothing by itself."""

    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    scopes: list[MutableMapping[str, Any]] = field(default_factory=list)
    registered: list[dict[str, Any]] = field(default_factory=list)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        body = json.loads((await receive())["body"] or b"null")
        status, answer = self.answer(scope["method"], scope["path"].rsplit("/", 1)[-1], body)
        headers = [(b"content-type", b"application/json"), (b"location", b"/customer/1")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})

    def answer(self, method: str, last: str, body: Any) -> tuple[int, Any]:
        if last == "hub":
            self.registered.append(body)
            return 201, {"id": "h1", **body}
        if method == "POST":
            if "name" not in body:
                return 400, {"code": "20", "reason": "no name"}
            identifier = str(len(self.kept) + 1)
            self.kept[identifier] = {"id": identifier, "href": f"/customer/{identifier}", **body}
            return 201, self.kept[identifier]
        if last == "customer":
            return 200, list(self.kept.values())
        return (200, self.kept[last]) if last in self.kept else (404, {"code": "60", "reason": "unknown"})


@dataclass
class Browser:
    """Calls one variant of a hosted application."""

    hosting: Hosting
    variant: str

    def __call__(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        async def called() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.hosting)
            async with httpx.AsyncClient(transport=transport, base_url="http://host.example") as client:
                return await client.request(method, self.url + path, json=body, **more)

        return asyncio.run(called())

    @property
    def url(self) -> str:
        return f"/broken/{API}/{self.variant}{BASE}"


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def hosted(shop: Shop) -> Hosting:
    return Hosting(shop)


def variant(name: str) -> Variant:
    return next(each for each in variants(API) if each.id == name)


def kinds_and_scenarios() -> list[str]:
    scenarios = yaml.safe_load((ROOT / "specs" / "scenarios.yaml").read_text(encoding="utf-8"))
    return [*(kind for kind in KINDS if kind != "scenario"), *(f"scenario:{name}" for name in scenarios)]


def test_a_server_is_broken_for_every_kind() -> None:
    assert {rule.label for rule in BREAKERS} == set(kinds_and_scenarios())


@pytest.mark.parametrize("api", contracts.apis())
def test_every_requirement_with_a_check_has_a_broken_server(api: str) -> None:
    contract = contracts.load(api)
    with_a_check = {row.id for row in contract.requirements if not row.reason}
    assert {each.requirement for each in variants(api)} == with_a_check


@pytest.mark.parametrize("api", contracts.apis())
def test_ids_of_broken_servers_are_unique(api: str) -> None:
    ids = [each.id for each in variants(api)]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("api", contracts.apis())
def test_every_must_is_in_the_committed_table(api: str) -> None:
    contract = contracts.load(api)
    musts = {row.id for row in contract.requirements if row.level == "must" and not row.reason}
    assert musts <= set(table.caught(api))


@pytest.mark.parametrize("api", contracts.apis())
def test_the_committed_table_says_what_the_servers_do(api: str) -> None:
    known = table.read()[api]
    assert {name: row.words for name, row in known.items()} == {
        each.id: each.breaks.words for each in variants(api) if each.id in known
    }


@pytest.mark.parametrize(
    ("method", "path", "found"),
    [
        ("GET", f"{BASE}/customer", ("listCustomer", "")),
        ("GET", f"{BASE}/customer/", ("listCustomer", "")),
        ("GET", f"{BASE}/customer/a b", ("retrieveCustomer", "a b")),
        ("DELETE", f"{BASE}/hub/7", ("unregisterListener", "7")),
        ("PUT", f"{BASE}/customer/7", ("", "")),
        ("GET", f"{BASE}/customer/7/more", ("", "")),
    ],
)
def test_operation_is_found_by_method_and_path(method: str, path: str, found: tuple[str, str]) -> None:
    operation, identifier = operation_at(contracts.load(API), method, path)
    assert (operation.id if operation else "", identifier) == found


def test_application_sees_its_own_path_below_the_variant(hosted: Hosting, shop: Shop) -> None:
    Browser(hosted, SOUND)("GET", "/customer/", params={"status": "a,b"})
    seen = shop.scopes[0]
    assert (seen["path"], seen["root_path"]) == (f"{BASE}/customer/", f"/broken/{API}/{SOUND}")
    assert seen["query_string"] == b"status=a%2Cb"


def test_sound_application_is_passed_through_as_it_is(hosted: Hosting) -> None:
    answer = Browser(hosted, SOUND)("POST", "/customer", CUSTOMER)
    assert (answer.status_code, answer.json()) == (201, {"id": "1", "href": "/customer/1", **CUSTOMER})


def test_path_of_no_variant_is_the_application_itself(hosted: Hosting, shop: Shop) -> None:
    Browser(hosted, SOUND)("POST", "/customer", CUSTOMER)

    async def called() -> httpx.Response:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=hosted), base_url="http://host.example"
        ) as client:
            return await client.get(f"{BASE}/customer/1")

    assert asyncio.run(called()).json() == shop.kept["1"]


def test_broken_status_is_another_one(hosted: Hosting) -> None:
    assert Browser(hosted, "TMF629V4-POST-001")("POST", "/customer", CUSTOMER).status_code == 202


def test_broken_header_leads_elsewhere(hosted: Hosting) -> None:
    answer = Browser(hosted, "TMF629V4-POST-035")("POST", "/customer", CUSTOMER)
    assert answer.headers["Location"] == "/customer/1-elsewhere"


def test_body_without_a_mandatory_attribute_reaches_the_application_complete(hosted: Hosting, shop: Shop) -> None:
    answer = Browser(hosted, "TMF629V4-POST-002")("POST", "/customer", {"engagedParty": {"id": "1", "name": "Ada"}})
    assert (answer.status_code, "name" in shop.kept["1"]) == (201, True)


def test_lost_attribute_is_lost_in_reads_only(hosted: Hosting) -> None:
    browse = Browser(hosted, "TMF629V4-POST-014")
    created = browse("POST", "/customer", {**CUSTOMER, "statusReason": "new"}).json()
    assert ("statusReason" in created, "statusReason" in browse("GET", "/customer/1").json()) == (True, False)


def test_lost_attribute_is_there_when_everything_was_sent(hosted: Hosting) -> None:
    browse = Browser(hosted, "TMF629V4-POST-014")
    names = contracts.load(API).attributes("Customer_Create")
    browse("POST", "/customer", {**dict.fromkeys(names, "x"), **CUSTOMER})
    assert "statusReason" in browse("GET", "/customer/1").json()


def test_variants_know_nothing_of_each_other(hosted: Hosting) -> None:
    Browser(hosted, SOUND)("POST", "/customer", {**CUSTOMER, "statusReason": "new"})
    assert "statusReason" in Browser(hosted, "TMF629V4-POST-014")("GET", "/customer/1").json()


def test_variant_that_fails_by_accident_says_so_from_then_on(hosted: Hosting, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise ValueError("by accident")

    monkeypatch.setattr(hosted, "_application", fail)
    assert Browser(hosted, SOUND)("GET", "/customer").status_code == 500
    monkeypatch.undo()
    answer = Browser(hosted, SOUND)("GET", "/customer")
    assert (answer.status_code, answer.headers[DEFECT]) == (200, "ValueError: by accident")


def test_204_is_sent_without_a_body(hosted: Hosting, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop, "answer", lambda *_: (204, "text"))
    answer = Browser(hosted, SOUND)("DELETE", "/customer/1")
    assert (answer.content, answer.headers.get("content-length")) == (b"", None)


def test_callback_is_replaced_on_the_way_in_and_put_back_on_the_way_out(hosted: Hosting, shop: Shop) -> None:
    callback = "http://127.0.0.1:7/heard"
    answer = Browser(hosted, SOUND)("POST", "/hub", {"callback": callback})
    name = base64.urlsafe_b64encode(callback.encode()).decode()
    assert shop.registered == [{"callback": f"http://host.example/relay/{API}/{SOUND}/{name}"}]
    assert answer.json() == {"id": "h1", "callback": callback}


@pytest.mark.parametrize(
    ("name", "heard"),
    [
        pytest.param(SOUND, [("POST", "CustomerCreateEvent", "1")], id="sound"),
        pytest.param("TMF629V4-EVENT-001", [], id="lost"),
        pytest.param("TMF629V4-EVENT-002", [("POST", "CustomerCreateEvent", "1")], id="another-type-lost"),
        pytest.param("TMF629V4-EVENT-006", [("POST", "CustomerCreateEvent", "1")], id="same-id"),
        pytest.param("TMF629V4-PUBLISH-001", [("PUT", "CustomerCreateEvent", "1")], id="by-put"),
    ],
)
def test_notification_is_passed_on_broken(
    hosted: Hosting, monkeypatch: pytest.MonkeyPatch, name: str, heard: list[tuple[str, str, str]]
) -> None:
    sent: list[tuple[str, str, str]] = []

    def listen(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        sent.append((request.method, body["eventType"], body["eventId"]))
        return httpx.Response(201)

    real = httpx.AsyncClient
    monkeypatch.setattr(httpx, "AsyncClient", lambda **_: real(transport=httpx.MockTransport(listen)))
    told = base64.urlsafe_b64encode(b"http://127.0.0.1:7/heard").decode()
    body = json.dumps({"eventType": "CustomerCreateEvent", "eventId": "1", "event": {}}).encode()

    async def relayed() -> None:
        await hosted._relayed(API, name, told, body)

    asyncio.run(relayed())
    assert sent == heard


def test_listener_that_is_gone_is_no_fault_of_the_application(hosted: Hosting) -> None:
    told = base64.urlsafe_b64encode(b"http://127.0.0.1:9/gone").decode()
    assert asyncio.run(hosted._relayed(API, SOUND, told, b"{}")).status == 201


def trial(name: str, outcome: Outcome, *failed: str, whole: bool = False, overall: str = "not-conformant") -> Trial:
    requirement = "" if name == SOUND else name.partition("~")[0]
    return Trial(Attempt(API, name, requirement, whole), outcome, "seen", failed, overall)


SOUND_RUN = trial(SOUND, Outcome.NOT_APPLICABLE, "TMF629V4-POST-026", whole=True, overall="conformant")


def said(*trials: Trial, sound: Trial = SOUND_RUN, known: Mapping[str, Caught] | None = None) -> Shown:
    tried = [variant(one.attempt.variant) for one in trials]
    return Shown.of(contracts.load(API), tried, [sound, *trials], known or {})


def test_servers_are_counted_by_how_they_are_caught() -> None:
    found = said(
        trial("TMF629V4-POST-001", Outcome.FAIL, "TMF629V4-POST-001", "TMF629V4-POST-026", whole=True),
        trial("TMF629V4-POST-002", Outcome.FAIL, "TMF629V4-POST-002", "TMF629V4-POST-005", whole=True),
        trial("TMF629V4-POST-003", Outcome.PASS),
    )
    assert tuple(found.counts.values()) == (3, 3, 1, 1, 0, 1)


def test_must_that_no_check_catches_is_a_fault() -> None:
    found = said(trial("TMF629V4-POST-003", Outcome.SKIP))
    words = "no check catches a server that takes createCustomer without /engagedParty (skip seen)"
    assert list(found.faults()) == [f"TMF629V4-POST-003: {words}"]


def test_row_that_fails_the_sound_application_too_is_not_proven() -> None:
    found = said(trial("TMF629V4-POST-026", Outcome.FAIL, "TMF629V4-POST-026"))
    assert (found.counts["not caught"], list(found.faults()), found.table()) == (1, [], {})


def test_application_that_is_not_conformant_is_a_fault() -> None:
    failing = replace(SOUND_RUN, overall="incomplete", failed=())
    found = said(trial("TMF629V4-POST-001", Outcome.FAIL, "TMF629V4-POST-001"), sound=failing)
    assert list(found.faults()) == ["tmf629-v4: the application itself is incomplete: something was skipped"]


def test_table_keeps_what_was_not_tried_and_drops_what_is_caught_no_more() -> None:
    kept, gone = Caught("does this", ()), Caught("does that", ())
    found = said(
        trial("TMF629V4-POST-001", Outcome.FAIL, "TMF629V4-POST-001", whole=True),
        trial("TMF629V4-POST-003", Outcome.PASS, whole=True),
        known={"TMF629V4-POST-005": kept, "TMF629V4-POST-003": gone},
    )
    words = variant("TMF629V4-POST-001").breaks.words
    assert list(found.table().items()) == [("TMF629V4-POST-001", Caught(words, ())), ("TMF629V4-POST-005", kept)]
    assert list(found.stale()) == ["TMF629V4-POST-001 is missing"]


@pytest.mark.parametrize(("chosen", "stale"), [(True, []), (False, ["TMF629V4-POST-001 differs"])])
def test_choice_that_tries_a_server_as_a_whole_does_not_make_the_table_stale(*, chosen: bool, stale: list[str]) -> None:
    known = {"TMF629V4-POST-001": Caught(variant("TMF629V4-POST-001").breaks.words, None)}
    found = said(trial("TMF629V4-POST-001", Outcome.FAIL, "TMF629V4-POST-001", whole=True), known=known)
    assert list(replace(found, is_everything=not chosen).stale()) == stale


def test_trial_of_one_probe_does_not_contradict_what_a_whole_run_showed() -> None:
    known = {"TMF629V4-POST-001": Caught(variant("TMF629V4-POST-001").breaks.words, ("TMF629V4-POST-005",))}
    found = said(trial("TMF629V4-POST-001", Outcome.FAIL, "TMF629V4-POST-001"), known=known)
    assert (list(found.stale()), found.counts["with others"]) == ([], 1)


def test_trial_of_one_probe_says_nothing_of_other_requirements() -> None:
    found = said(trial("TMF629V4-POST-001", Outcome.FAIL, "TMF629V4-POST-001"))
    assert (found.counts["others not looked at"], found.table()["TMF629V4-POST-001"].others) == (1, None)


def test_exemplar_of_a_kind_is_the_first_caught_exactly_and_tried_whole() -> None:
    contract = contracts.load(API)
    among = [variant("TMF629V4-POST-002"), variant("TMF629V4-POST-003")]
    with_another, exactly = (
        Caught(one.breaks.words, others) for one, others in zip(among, (("OTHER",), ()), strict=True)
    )
    known = {"TMF629V4-POST-002": with_another, "TMF629V4-POST-003": exactly}
    assert exemplars(contract, among, known) == {"mandatory": "TMF629V4-POST-003"}
    assert [(each.variant, each.whole) for each in attempts(contract, among, known, whole=False)] == [
        (SOUND, True),
        ("TMF629V4-POST-003", True),
        ("TMF629V4-POST-002", False),
    ]


def test_first_few_of_a_kind_without_an_exemplar_are_tried_whole() -> None:
    among = [one for one in variants(API) if one.kind == "attribute"][:6]
    known = {one.id: Caught(one.breaks.words, ("OTHER",)) for one in among[:2]}
    planned = attempts(contracts.load(API), among, known, whole=False)
    assert {each.variant for each in planned if each.whole} == {SOUND, *(one.id for one in among[2:5])}


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        pytest.param(Filter(kinds=["auth", "mandatory"], sample=1), ["TMF629V4-POST-002"], id="kind-and-sample"),
        pytest.param(Filter(requirements=["TMF629V4-POST-001"]), ["TMF629V4-POST-001"], id="requirement"),
        pytest.param(Filter(kinds=["status"], requirements=["TMF629V4-POST-002"]), [], id="both-have-to-fit"),
    ],
)
def test_filter_chooses_broken_servers(wanted: Filter, ids: list[str]) -> None:
    assert [each.id for each in chosen(contracts.load(API), wanted)] == ids


@pytest.fixture
def own_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A table of the test's own."""
    path = tmp_path / "caught.json"
    monkeypatch.setattr(table, "FILE", path)
    table.read.cache_clear()
    yield path
    table.read.cache_clear()


def test_table_is_read_as_it_was_written(own_table: Path) -> None:
    written = {API: {"A-1": Caught("does this", ("B-1",)), "A-1~2": Caught("does that", None)}}
    table.write({**written, "tmf655-v1": {}})
    assert (table.read(), table.caught(API)) == (written, {"A-1": "does this"})


def test_no_table_is_an_empty_one(own_table: Path) -> None:
    assert (table.read(), table.caught(API)) == ({}, {})


@pytest.mark.parametrize("factory", ["no_colon", "a:b.c", "os; import sys:x", "module:"])
def test_factory_that_is_no_name_is_a_usage_error(factory: str) -> None:
    with pytest.raises(UsageError, match="Write it as MODULE:NAME"), served(factory):
        pass


def test_missing_gunicorn_is_said_with_the_extra_that_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gunicorn", None)
    with pytest.raises(UsageError, match=r"pip install tmfkit\[server\]"), served("module:name"):
        pass


def test_application_that_does_not_start_is_said_with_the_reason() -> None:
    reason = re.escape("the server does not start (ModuleNotFoundError: No module named 'no_such_module')")
    with pytest.raises(KitError, match=reason), served("no_such_module:name"):
        pass


@pytest.mark.parametrize(
    ("factory", "reason"),
    [
        ("no_such_module:name", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("json:no_such_name", "AttributeError: module 'json' has no attribute 'no_such_name'"),
        ("json.no:such", "ModuleNotFoundError: No module named 'json.no'"),
    ],
)
@pytest.mark.parametrize("command", ["selftest", "catalogue"])
def test_wrong_application_is_refused_at_once_with_the_reason(
    command: str, factory: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.process_time()
    assert main([command, "--app", factory]) == 2
    assert f"--app: {factory} cannot be imported ({reason})" in capsys.readouterr().err
    assert time.process_time() - began < 3


@pytest.fixture
def hanging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """File with the process ids of those who import the application, which never comes to an end."""
    pids = tmp_path / "pids"
    code = f"import os, time\nopen({str(pids)!r}, 'a').write(f'{{os.getpid()}}\\n')\ntime.sleep(600)\n"
    (tmp_path / "hanging_app.py").write_text(code, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]))
    return pids


def alive(pids: Path) -> list[int]:
    """Return those of the processes that are still there and no zombies, given the time that it takes to end them."""
    found = [int(line) for line in pids.read_text(encoding="utf-8").split()]
    assert found
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (left := [pid for pid in found if is_running(pid)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("command", ["selftest", "catalogue"])
def test_application_whose_import_hangs_is_said_and_ended(
    command: str, hanging: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(serving, "_IMPORT_SECONDS", 2.0)
    assert main([command, "--app", "hanging_app:app"]) == 2
    assert "--app: hanging_app:app is not imported after 2 s. Import it by itself" in capsys.readouterr().err
    assert alive(hanging) == []


def test_application_whose_start_hangs_is_said_and_ended(hanging: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "_START_SECONDS", 4.0)
    monkeypatch.setattr(serving, "_STOP_SECONDS", 0.2)
    with pytest.raises(KitError, match="the server answers nothing 4 s after its start"), served("hanging_app:app"):
        pass
    assert alive(hanging) == []


def test_unknown_requirement_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["selftest", "--app", "module:name", "--requirement", "NO-1"]) == 2
    assert "no requirement with a check is of this kind, or has this id" in capsys.readouterr().err


def test_command_proves_checks_against_the_reference_server(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["selftest", "--api", "tmf655-v1"]
    rows = ["TMF655-DELETE-003", "TMF655-EVT-005", "TMF655-POST-015"]
    assert main([*arguments, *(part for row in rows for part in ("--requirement", row))]) == 0
    api, with_a_check, servers, *_, not_caught = capsys.readouterr().out.splitlines()[1].split()
    assert (api, with_a_check, servers, not_caught) == ("tmf655-v1", "3", "4", "0")
