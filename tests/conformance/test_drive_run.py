"""Runs against the reference server: what is sent, what is judged, what is left behind."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from first_contact import CONTACT
from meddler import Answer, Call, Forward, meddling

from harness.process import free_port
from patience import PATIENCE_SECONDS
from tmfkit_conformance.blotting import BLOTTED
from tmfkit_conformance.commands.options import settings_for
from tmfkit_conformance.drive.probes import PROBES
from tmfkit_conformance.drive.session import Session
from tmfkit_conformance.judge.engine import judge
from tmfkit_conformance.judge.verdict import Outcome, Verdict
from tmfkit_conformance.payloads.bodies import Payloads
from tmfkit_conformance.plan import plan
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.rules.updates import PatchTo
from tmfkit_conformance.run import drive
from tmfkit_conformance.settings import Settings
from tmfkit_models import contracts
from tmfkit_models.contracts import Contract

StartServer = Callable[..., contextlib.AbstractContextManager[str]]
USER, ADMIN = "user-key-12345678", "admin-key-12345678"
AUTH = "tmf655-v1"


def quiet(*_: object) -> None:
    pass


def run(api: str, url: str, *, only: tuple[str, ...] = (), **more: Any) -> Bundle:
    """Drive the register phase of an API, at the root of a server or at a base URL of its own."""
    contract = contracts.load(api)
    patience = {"event_seconds": PATIENCE_SECONDS, "timeout_seconds": PATIENCE_SECONDS}
    settings = Settings(api, **{"base_url": url + contract.base_path, "phases": ("register",), **patience, **more})
    return drive(contract, settings, quiet, only=only)


def rows(api: str, **wanted: str) -> tuple[str, ...]:
    """Return the ids of the rows with these fields that can be settled."""
    settled = [row for row in contracts.load(api).requirements if not row.reason]
    return tuple(row.id for row in settled if all(getattr(row, name) == value for name, value in wanted.items()))


def verdicts(bundle: Bundle, api: str, only: tuple[str, ...] = ()) -> dict[str, Verdict]:
    judged = judge(bundle, contracts.load(api)).verdicts
    return {verdict.requirement: verdict for verdict in judged if not only or verdict.requirement in only}


def overall(bundle: Bundle, contract: Contract) -> str:
    return judge(bundle, contract).overall(row.id for row in contract.requirements if row.level == "must")


def records(url: str, api: str, **headers: str) -> dict[str, list[Any]]:
    contract = contracts.load(api)
    return {
        resource.name: httpx.get(f"{url}{contract.base_path}{resource.collection}", headers=headers).json()
        for resource in contract.resources
    }


@pytest.fixture(scope="module")
def server(start_server: StartServer) -> Iterator[str]:
    """A server of the module's own, with records that are not the kit's."""
    with start_server() as url:
        for api, collection, body in (
            ("tmf629-v4", "/customer", {"name": "Somebody", "engagedParty": {"id": "1"}}),
            ("tmf681-v1", "/communicationMessage", {"content": "not yours"}),
        ):
            httpx.post(f"{url}{contracts.load(api).base_path}{collection}", json=body).raise_for_status()
        yield url


@pytest.mark.parametrize("api", ["tmf629-v4", "tmf681-v1"])
def test_reference_server_conforms_and_is_as_it_was_afterwards(server: str, api: str) -> None:
    before = records(server, api)
    contract = contracts.load(api)
    bundle = run(api, server, allow_destructive=True)
    judged = verdicts(bundle, api)
    musts = {row.id for row in contract.requirements if row.level == "must"}
    assert {row: one.remark for row, one in judged.items() if row in musts and one.outcome >= Outcome.SKIP} == {}
    assert overall(bundle, contract) == "conformant"
    assert records(server, api) == before
    assert not any(exchange.error for exchange in bundle.exchanges)


def test_kit_touches_only_what_it_made(server: str) -> None:
    api = "tmf629-v4"
    foreign = {member["id"] for members in records(server, api).values() for member in members}
    bundle = run(api, server, only=rows(api, kind="scenario"))
    assert foreign
    changing = [one.request.url for one in bundle.exchanges if one.request.method in ("PUT", "PATCH", "DELETE")]
    assert changing
    assert not any(identifier in url for url in changing for identifier in foreign)


def test_every_subscription_is_taken_back(server: str) -> None:
    seen: list[Call] = []

    def watch(call: Call, forward: Forward) -> Answer:
        seen.append(call)
        return forward(call)

    api = "tmf629-v1"
    with meddling(server, watch) as url:
        bundle = run(api, url, only=rows(api, operation="registerCustomerListener"))
    hubs = [one for one in bundle.exchanges if one.operation.startswith("register") and one.is_success]
    gone = {call.path.rsplit("/", 1)[-1] for call in seen if call.method == "DELETE"}
    assert hubs
    assert {one.identifier for one in hubs} <= gone


def test_without_a_listener_what_needs_one_is_skipped_and_the_run_incomplete(server: str) -> None:
    api = "tmf681-v1"
    only = rows(api, kind="event") + rows(api, kind="client-id") + rows(api, operation="createCommunicationMessage")
    bundle = run(api, server, only=only, listener=False)
    judged = verdicts(bundle, api, only)
    events = {judged[row] for row in rows(api, kind="event")}
    assert {(one.outcome, one.remark) for one in events} == {
        (Outcome.SKIP, "The kit lacked a listener: the configuration says `listener: false`")
    }
    assert overall(bundle, contracts.load(api)) == "incomplete"
    assert not any(exchange.operation == "registerListener" for exchange in bundle.exchanges)


def test_target_is_given_the_address_that_it_knows_the_listener_under(server: str) -> None:
    """What the target calls is a proxy that cuts off the beginning of the path."""
    api = "tmf681-v1"
    only = rows(api, kind="event") + rows(api, scenario="hub-delivers")
    port = free_port()

    def cut(call: Call, forward: Forward) -> Answer:
        assert call.path.startswith("/behind/the/proxy/")
        path = call.path.removeprefix("/behind/the/proxy")
        return forward(Call(call.method, path, call.headers, call.body))

    with meddling(f"http://127.0.0.1:{port}", cut) as proxy:
        bundle = run(
            api, server, only=only, listener_bind=f"127.0.0.1:{port}", listener_url=f"{proxy}/behind/the/proxy"
        )
    assert {one.outcome for one in verdicts(bundle, api, only).values()} == {Outcome.PASS}
    registered = [one for one in bundle.exchanges if one.operation == "registerListener"]
    assert all(one.request.json["callback"].startswith(f"{proxy}/behind/the/proxy/") for one in registered)


def test_hub_elsewhere_is_registered_at(server: str) -> None:
    api = "tmf629-v1"
    only = rows(api, scenario="hub-callback-only")
    base = contracts.load(api).base_path
    elsewhere: list[str] = []

    def hub(call: Call, forward: Forward) -> Answer:
        if call.method != "GET":  # first contact looks at it as well
            elsewhere.append(call.path)
        return forward(Call(call.method, call.path.replace("/events", f"{base}/customer/hub"), call.headers, call.body))

    with meddling(server, hub) as url:
        bundle = run(api, server, only=only, hub_urls={"customer": f"{url}/events/"})
    assert {one.outcome for one in verdicts(bundle, api, only).values()} == {Outcome.PASS}
    assert elsewhere[0] == "/events"
    assert elsewhere[1].startswith("/events/")
    assert {path.split("/")[1] for path in elsewhere} == {"events"}


def test_configuration_reaches_every_body(server: str, tmp_path: Path) -> None:
    api = "tmf629-v1"
    config = tmp_path / "kit.yaml"
    config.write_text(
        yaml.safe_dump(
            {
                "base_url": server + contracts.load(api).base_path,
                "phases": ["register"],
                "payloads": {"customer": {"relatedParty": {"id": "P-1"}, "tenant": "north"}},
                "values": {"customer": {"/name": ["Ann", "Bob"]}},
            }
        )
    )
    contract = contracts.load(api)
    only = ("TMF629V1-CUSTOMER-POST-009", *rows(api, kind="patchable", subject="/name", operation="patchCustomer"))
    bundle = drive(contract, settings_for(contract, config=config, given={}), quiet, only=only)
    created = [one.request.json for one in bundle.exchanges if one.operation == "createCustomer"]
    assert created
    assert all((body["relatedParty"]["id"], body["tenant"]) == ("P-1", "north") for body in created)
    patched = [one.request.json for one in bundle.exchanges if one.operation == "patchCustomer"]
    assert [body["name"] for body in patched] == ["Bob"]
    assert {one.outcome for one in verdicts(bundle, api, only).values()} == {Outcome.PASS}


def test_row_that_lists_values_is_not_settled_by_the_configured_ones(server: str) -> None:
    api = "tmf655-v1"
    [row, *_] = [row for row in contracts.load(api).requirements if row.kind == "values"]
    bundle = run(api, server, only=(row.id,), values={"changeRequest": {row.subject: ["New", "New"]}})
    sent = [one.request.json for one in bundle.exchanges if one.step.startswith("create-")]
    assert len(sent) == len(row.expect["values"])


@pytest.fixture(scope="module")
def guarded(start_server: StartServer) -> Iterator[str]:
    """A server with a key for each role, and a record that is not the kit's."""
    with start_server("--api-key", f"user:{USER}", "--api-key", f"admin:{ADMIN}") as url:
        contract = contracts.load(AUTH)
        body = Payloads(contract, contract.resources[0], {}, {}, {}).minimal()
        path = f"{url}{contract.base_path}/changeRequest"
        httpx.post(path, json=body, headers={"X-API-Key": USER}).raise_for_status()
        yield url


ON_DELETE = rows(AUTH, operation="deleteChangeRequest")


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"bearer": USER, "admin_headers": {"authorization": f"Bearer {ADMIN}"}}, id="bearer"),
        pytest.param({"headers": {"X-API-Key": USER}, "admin_headers": {"x-api-key": ADMIN}}, id="header"),
    ],
)
def test_with_both_credentials_every_row_on_delete_is_settled(guarded: str, given: dict[str, Any]) -> None:
    before = records(guarded, AUTH, **{"X-API-Key": USER})
    bundle = run(AUTH, guarded, only=ON_DELETE, **given)
    judged = verdicts(bundle, AUTH, ON_DELETE)
    assert {row: one.remark for row, one in judged.items() if one.outcome >= Outcome.SKIP} == {}
    assert records(guarded, AUTH, **{"X-API-Key": USER}) == before


def test_without_the_admins_credential_rows_on_delete_are_skipped(guarded: str) -> None:
    bundle = run(AUTH, guarded, only=ON_DELETE, bearer=USER)
    judged = verdicts(bundle, AUTH, ON_DELETE)
    assert {one.outcome for one in judged.values()} == {Outcome.SKIP}
    assert all("admin_headers" in one.remark for one in judged.values())
    assert overall(bundle, contracts.load(AUTH)) == "incomplete"


def test_without_any_credential_nothing_is_settled_and_nothing_failed(guarded: str) -> None:
    bundle = run(AUTH, guarded)
    assert {one.outcome for one in verdicts(bundle, AUTH).values()} == {Outcome.SKIP, Outcome.NOT_APPLICABLE}
    assert overall(bundle, contracts.load(AUTH)) == "incomplete"


def test_no_secret_goes_into_the_bundle_even_where_the_target_repeats_it(guarded: str, tmp_path: Path) -> None:
    def mirror(call: Call, forward: Forward) -> Answer:
        answer = forward(call)
        headers = (*answer.headers, ("X-Seen", str(call.headers)))
        return Answer(answer.status, answer.body if answer.status < 400 else repr(call.headers).encode(), headers)

    given = {"bearer": USER, "admin_headers": {"X-API-Key": ADMIN, "X-Tenant": "north-tenant"}}
    with meddling(guarded, mirror) as url:
        bundle = run(AUTH, url, only=ON_DELETE, **given)
    path = tmp_path / "bundle.zip"
    bundle.write(path)
    text = repr(Bundle.read(path)) + "".join(str(one) for one in judge(bundle, contracts.load(AUTH)).verdicts)
    assert not any(secret in text for secret in (USER, ADMIN, "north-tenant"))
    assert BLOTTED in text


def test_interrupted_run_leaves_nothing_behind(server: str) -> None:
    api = "tmf681-v1"
    contract = contracts.load(api)
    before = records(server, api)
    settings = Settings(api, server + contract.base_path, phases=("register",))

    def interrupt(_phase: str, done: int, _all: int) -> None:
        if done == 12:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drive(contract, settings, interrupt)
    assert records(server, api) == before


def test_only_the_probes_of_the_rows_asked_for_are_driven(server: str) -> None:
    api, only = "tmf681-v1", ("TMF681-GET-002",)
    bundle = run(api, server, only=only)
    [case] = [case for case in plan(contracts.load(api)) if case.requirement.id in only]
    assert case.probe is not None
    assert {record.key for record in bundle.probes} - CONTACT == {case.probe.key}
    assert {row for row, one in verdicts(bundle, api).items() if one.outcome is Outcome.PASS} >= set(only)


def test_list_that_is_configured_without_what_a_row_speaks_of_fails_nothing(server: str) -> None:
    api = "tmf629-v1"
    contacts = [
        [{"contactType": "primary", "contactName": name, "validFor": {"startDateTime": "2026-01-01T00:00:00Z"}}]
        for name in "ab"
    ]
    only = tuple(
        row.id
        for row in contracts.load(api).requirements
        if row.subject.startswith("/contact/*/contactMedium") and row.kind == "attribute" and not row.reason
    )
    judged = verdicts(run(api, server, only=only, values={"customerAccount": {"/contact": contacts}}), api, only)
    assert len(judged) > 5
    assert {row: verdict.remark for row, verdict in judged.items() if verdict.outcome is not Outcome.PASS} == {}


def test_row_that_an_override_takes_away_is_skipped_and_the_entry_named(server: str) -> None:
    api = "tmf683-v4"
    only = ("TMF683-POST-014", "TMF683-PATCH-017")
    bundle = run(api, server, only=only, payloads={"partyInteraction": {"note": None}})
    assert bundle.run["configured"] == ["payloads.partyInteraction.note: null"]
    judged = verdicts(bundle, api, only)
    assert {verdict.outcome for verdict in judged.values()} == {Outcome.SKIP}
    assert all("`payloads.partyInteraction.note` is null" in verdict.remark for verdict in judged.values())


def test_one_configured_value_is_judged_and_a_second_one_is_asked_for(server: str) -> None:
    api = "tmf683-v4"
    only = ("TMF683-POST-014", "TMF683-PATCH-017")
    judged = verdicts(
        run(api, server, only=only, values={"partyInteraction": {"/note": [[{"text": "ours"}]]}}), api, only
    )
    assert judged["TMF683-POST-014"].outcome is Outcome.PASS
    assert judged["TMF683-PATCH-017"].outcome is Outcome.SKIP
    assert "values.partyInteraction./note" in judged["TMF683-PATCH-017"].remark


STATES = [("tmf629-v4", "customer", "Active"), ("tmf683-v4", "partyInteraction", "completed")]


@pytest.mark.parametrize(("api", "resource", "state"), STATES)
def test_state_that_every_create_has_is_no_change_of_state(server: str, api: str, resource: str, state: str) -> None:
    """The other notifications are settled, and a configured state that differs from the record's is one to change to."""
    contract = contracts.load(api)
    only = tuple(row.id for row in contract.requirements if row.kind == "event" and not row.reason)
    fixed: dict[str, Any] = {"payloads": {resource: {"status": state}}}
    judged = verdicts(run(api, server, only=only, event_seconds=PATIENCE_SECONDS, **fixed), api, only)
    of_state = {event.type for event in contract.events if event.on == "state-change"}
    [row] = [row.id for row in contract.requirements if row.id in only and row.operation in of_state]
    assert judged.pop(row).outcome is Outcome.SKIP
    assert judged
    assert {one.outcome for one in judged.values()} == {Outcome.PASS}
    fixed["values"] = {resource: {"/status": ["other", state]}}
    judged = verdicts(run(api, server, only=(row,), event_seconds=PATIENCE_SECONDS, **fixed), api, (row,))
    assert judged[row].outcome is Outcome.PASS


def test_patch_changes_what_the_record_shows_and_not_what_was_to_be_sent(server: str) -> None:
    api, only = "tmf629-v4", ("TMF629V4-PATCH-019",)
    fixed = {"payloads": {"customer": {"status": "Active"}}}
    [skipped] = verdicts(run(api, server, only=only, **fixed), api, only).values()
    assert skipped.outcome is Outcome.SKIP
    assert skipped.remark.endswith("give `values.customer./status` three values that differ")
    for values in (["Suspended", "Active"], ["Suspended"]):
        bundle = run(api, server, only=only, **fixed, values={"customer": {"/status": values}})
        [passed] = verdicts(bundle, api, only).values()
        assert passed.outcome is Outcome.PASS
        sent = [one.request.json["status"] for one in bundle.exchanges if one.step in ("create", "patch")]
        assert sent[-2:] == ["Active", "Suspended"]


def test_attribute_that_is_refused_fails_its_own_row_beside_a_control(server: str) -> None:
    """A server that knows no note: rows about a note alone are concerned."""
    contract = contracts.load("tmf683-v4")

    def refusing(call: Call, forward: Forward) -> Answer:
        sent = json.loads(call.body) if call.method == "POST" and call.body.endswith(b"}") else {}
        if "note" in sent:
            return Answer(
                400, b'{"code": "20", "reason": "note is not known"}', (("Content-Type", "application/json"),)
            )
        return forward(call)

    with meddling(server, refusing) as url:
        bundle = run(contract.id, url)
    judged = judge(bundle, contract).verdicts
    failed = {verdict.requirement: verdict.remark for verdict in judged if verdict.outcome is Outcome.FAIL}
    levels = {row.id: row.level for row in contract.requirements}
    musts = {row for row in failed if levels[row] == "must"}
    assert musts == {"TMF683-POST-014", "TMF683-MODEL-023"}  # the attribute, and the create with every attribute
    assert "without it, 201" in failed["TMF683-POST-014"]
    blocked = {verdict.requirement for verdict in judged if verdict.outcome is Outcome.BLOCKED}
    assert "TMF683-PATCH-017" in blocked


def test_probe_that_fails_is_an_error_of_its_rows_and_hides_no_other(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_session: Session, _subject: str) -> None:
        raise KeyError("contactMedium")

    monkeypatch.setitem(PROBES, PatchTo, failing)
    api = "tmf683-v4"
    only = ("TMF683-POST-014", "TMF683-PATCH-017")
    judged = verdicts(run(api, server, only=only), api, only)
    assert judged["TMF683-POST-014"].outcome is Outcome.PASS
    assert judged["TMF683-PATCH-017"].outcome is Outcome.ERROR
    assert judged["TMF683-PATCH-017"].remark == "the probe itself failed: KeyError: 'contactMedium'"
