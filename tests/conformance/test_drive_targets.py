"""Targets that are gone, hang, break off, answer nonsense or keep nothing: the kit says so, and never breaks."""

from __future__ import annotations

import contextlib
import json
import random
import re
import socket
import ssl
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from first_contact import CONTACT
from meddler import Answer, Call, Forward, meddling

from patience import PATIENCE_SECONDS
from tmfkit_conformance.cli import main
from tmfkit_conformance.drive.client import SILENCE_LIMIT
from tmfkit_conformance.errors import TargetUnreachable
from tmfkit_conformance.judge.engine import judge
from tmfkit_conformance.judge.verdict import Outcome, Verdict
from tmfkit_conformance.payloads.bodies import Payloads
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.run import drive
from tmfkit_conformance.settings import Settings
from tmfkit_models import contracts
from tmfkit_models.contracts import Contract

API = "tmf629-v4"

MARK = re.compile(rb"[a-z]{8,}[0-9]{5}")
"""What tells the records of a run apart: a text of the run with a number."""


def run(api: str, url: str, *, only: tuple[str, ...] = (), **more: Any) -> Bundle:
    contract = contracts.load(api)
    given = {"base_url": url + contract.base_path, "phases": ("register",), "event_seconds": 0.05}
    given["timeout_seconds"] = PATIENCE_SECONDS
    return drive(contract, Settings(api, **{**given, **more}), lambda *_: None, only=only)


def verdicts(bundle: Bundle, contract: Contract) -> dict[str, Verdict]:
    return {verdict.requirement: verdict for verdict in judge(bundle, contract).verdicts}


def overall(bundle: Bundle, contract: Contract) -> str:
    return judge(bundle, contract).overall(row.id for row in contract.requirements if row.level == "must")


@pytest.fixture
def deaf() -> Iterator[socket.socket]:
    """Takes connections and answers nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture
def gone() -> Iterator[str]:
    """Nothing listens there: bound, so that nobody else does either."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{reserved.getsockname()[1]}"


def test_target_that_is_not_there_is_a_run_that_did_not_happen(
    gone: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--api", API, "--base-url", gone, "--report", str(tmp_path)]) == 3
    assert capsys.readouterr().err == (
        f"Error: {gone}: no answer (ConnectError: [Errno 111] Connection refused). "
        "Start the server, or correct --base-url and the TLS options. [target-unreachable]\n"
    )
    assert not list(tmp_path.glob("report.*"))


def test_target_that_never_answers_is_given_up_after_the_time_out(deaf: socket.socket) -> None:
    url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
    with ThreadPoolExecutor(1) as pool:
        patient = pool.submit(run, API, url, timeout_seconds=PATIENCE_SECONDS)
        with pytest.raises(TargetUnreachable, match="ReadTimeout: timed out"):
            run(API, url, timeout_seconds=0.1)
        assert not patient.done()
        deaf.close()
        assert isinstance(patient.exception(), TargetUnreachable)


def test_target_that_falls_silent_is_given_up_and_settles_nothing_more(server_url: str) -> None:
    contract = contracts.load(API)
    answered = threading.Semaphore(30)
    is_silent, hold = threading.Event(), threading.Event()

    def falls_silent(call: Call, forward: Forward) -> Answer:
        if answered.acquire(blocking=False):
            return forward(call)
        if not is_silent.is_set():
            is_silent.set()
            hold.wait(PATIENCE_SECONDS)
        # One time-out is enough to wait for: from then on it hangs up.
        return Answer(200, b"x", cut=True)

    with meddling(server_url, falls_silent) as url:
        bundle = run(API, url, timeout_seconds=5)
        hold.set()
    silent = [exchange for exchange in bundle.exchanges if exchange.response is None]
    assert silent[0].error == "ReadTimeout: timed out"
    assert bundle.run["lost_since"] == silent[0].sequence
    assert SILENCE_LIMIT <= len(silent) <= SILENCE_LIMIT + 1  # tidying up, where something is left, is tried once more
    judged = verdicts(bundle, contract)
    assert judged[contract.requirements[-1].id].outcome in (Outcome.SKIP, Outcome.NOT_APPLICABLE)
    assert any(
        "the target left 5 requests one after the other without an answer" in one.remark for one in judged.values()
    )
    assert overall(bundle, contract) != "conformant"


def test_answer_that_breaks_off_is_no_answer(server_url: str) -> None:
    def cut(call: Call, forward: Forward) -> Answer:
        answer = forward(call)
        return Answer(answer.status, answer.body, answer.headers, cut=call.method == "PATCH")

    contract = contracts.load(API)
    with meddling(server_url, cut) as url:
        bundle = run(API, url)
    patched = [exchange for exchange in bundle.exchanges if exchange.operation == "patchCustomer"]
    assert patched
    assert all(exchange.error.startswith("RemoteProtocolError: ") for exchange in patched)
    judged = verdicts(bundle, contract)
    for row in contract.requirements:
        if row.kind == "patchable" and not row.reason:
            assert judged[row.id].outcome is Outcome.FAIL
            assert judged[row.id].remark.startswith("PATCH /customer/{id} got no answer (RemoteProtocolError")
    assert overall(bundle, contract) == "not-conformant"


def sample(contract: Contract) -> dict[str, Any]:
    """A whole resource as a mock server gives it that was made from the contract."""
    body = Payloads(contract, contract.resources[0], {}, {}, {}).full()
    return {"id": "1", "href": f"{contract.base_path}{contract.resources[0].collection}/1", **body}


PERSISTENT = frozenset({"created-is-readable", "full-create", "created-is-listed", "patch-lasts", "patch-one-of-two",
                        "deleted-is-gone", "delete-one-of-two", "reads-one-object", "created-once"})  # fmt: skip
"""Scenarios that no target passes which keeps nothing."""


@pytest.mark.parametrize("api", ["tmf629-v4", "tmf655-v1"])
def test_mock_that_keeps_nothing_does_not_conform(api: str) -> None:
    contract = contracts.load(api)
    canned = sample(contract)
    collection = contract.base_path + contract.resources[0].collection

    def mock(call: Call, _forward: Forward) -> Answer:
        path = call.path.partition("?")[0]
        status = {"POST": 201, "DELETE": 204}.get(call.method, 200)
        answer = [canned] if call.method == "GET" and path == collection else canned
        body = b"" if status == 204 else json.dumps(answer).encode()
        location = ("Location", canned["href"])
        return Answer(status, body, (("Content-Type", "application/json"), location))

    with meddling("http://127.0.0.1:9", mock) as url:
        bundle = run(api, url)
    judged = verdicts(bundle, contract)
    assert overall(bundle, contract) == "not-conformant"
    passed = {
        row.id for row in contract.requirements if judged[row.id].outcome in (Outcome.PASS, Outcome.PASS_WITH_REMARK)
    }
    kept = [row.id for row in contract.requirements if row.id in passed and row.scenario in PERSISTENT]
    changed = [
        row.id for row in contract.requirements if row.id in passed and row.kind in ("patchable", "mandatory", "event")
    ]
    assert (kept, changed) == ([], [])


def nonsense(seed: int) -> Callable[[Call, Forward], Answer]:
    """Serve most calls rightly, and every so often anything that HTTP can carry."""
    dice = random.Random(seed)
    bodies = [
        b"", b"null", b"7", b'"text"', b"[]", b"{}", b'["a"]', b"[[]]", b"<html>", b'{"id": 7}', b'{"id": {"a": []}}',
        b'{"id": "..", "href": "http://["}', b'{"id": "\\ud800", "href": "/\\ud800\\u0000"}', b'{"id": "a/b?c#d e"}',
        b'[{"id": null}, 7, null]', b"[" * 5000, bytes(range(256)), b'{"id": "' + b"x" * 80_000 + b'"}',
    ]  # fmt: skip
    headers = [
        (), (("Location", "http://[::1"),), (("Location", "//\x7f"),), (("Link", "<http://[>; rel=next"),),
        (("Location", "x" * 30_000),), (("Content-Encoding", "gzip"),), (("Content-Type", ""),), (("Link", "<>; rel=next"),),
    ]  # fmt: skip

    made: list[Call] = []

    def serve(call: Call, forward: Forward) -> Answer:
        # Until first contact has made something there is no API to be seen, and no run.
        if len(made) < 10 or dice.random() < 0.6:
            made.extend([call] if call.method == "POST" else [])
            return forward(call)
        status = dice.choice([200, 200, 201, 204, 206, 301, 400, 404, 409, 500])
        body = b"" if status == 204 else dice.choice(bodies)
        return Answer(status, body, (("Content-Type", "application/json"), *dice.choice(headers)))

    return serve


@pytest.mark.parametrize(("api", "seed"), [("tmf629-v4", 1), ("tmf681-v1", 2)])
def test_run_against_nonsense_comes_to_its_end_and_to_verdicts(
    server_url: str, api: str, seed: int, tmp_path: Path
) -> None:
    contract = contracts.load(api)
    with meddling(server_url, nonsense(seed)) as url:
        bundle = run(api, url)
    bundle.write(tmp_path / "bundle.zip")
    judged = judge(Bundle.read(tmp_path / "bundle.zip"), contract)
    assert judged == judge(bundle, contract)
    assert not [verdict for verdict in judged.verdicts if verdict.outcome is Outcome.ERROR]
    assert overall(bundle, contract) != "conformant"


def test_what_a_refused_create_made_all_the_same_is_found_and_taken_away(server_url: str) -> None:
    def keep(call: Call, forward: Forward) -> Answer:
        if call.method != "POST" or "name" in call.json:
            return forward(call)
        forward(call.with_json({**call.json, "name": "made all the same"}))
        return Answer(400, b'{"code": "20", "reason": "name is missing"}')

    contract = contracts.load("tmf629-v1")
    row = "TMF629V1-CUSTOMER-POST-008"
    with meddling(server_url, keep) as url:
        bundle = run("tmf629-v1", url, only=(row,))
    [listed] = [exchange for exchange in bundle.exchanges if exchange.step == "listed"]
    verdict = verdicts(bundle, contract)[row]
    assert verdict.outcome is Outcome.FAIL
    assert verdict.remark.endswith(" came into being all the same")
    assert (len(listed.answer), listed.sequence in verdict.exchanges) == (2, True)
    taken_away = [exchange.status for exchange in bundle.exchanges if exchange.step == "taken-away"]
    assert (taken_away, bundle.run["left_behind"]) == ([204], [])
    sound = run("tmf629-v1", server_url, only=(row,))
    assert verdicts(sound, contract)[row].outcome is Outcome.PASS
    assert [len(exchange.answer) for exchange in sound.exchanges if exchange.step == "listed"] == [1]


@pytest.mark.parametrize("status", [403, 500, 404, 410, 204])
def test_what_is_not_deleted_is_named_whatever_the_answer(server_url: str, status: int) -> None:
    # Of a listener, and of what has no mark of the run, the target's word is all there is.
    def keep(call: Call, forward: Forward) -> Answer:
        return Answer(status) if call.method == "DELETE" else forward(call)

    with meddling(server_url, keep) as url:
        bundle = run(API, url, only=("TMF629V4-POST-001", "TMF629V4-HUBREG-002"))
    made = [exchange for exchange in bundle.exchanges if exchange.request.method == "POST"]
    assert len([exchange for exchange in made if exchange.probe not in CONTACT]) == 2
    base = f"{url}{contracts.load(API).base_path}"
    collections = {"registerListener": "hub", "createCustomer": "customer"}
    addresses = [f"{base}/{collections[one.operation]}/{one.identifier}" for one in reversed(made)]
    marked = [one.operation == "createCustomer" and MARK.search(one.request.body) for one in reversed(made)]
    left = [address for address, is_marked in zip(addresses, marked, strict=True) if status != 204 or is_marked]
    assert bundle.run["left_behind"] == left
    receipt = bundle.run["receipt"]
    counts = receipt["made"], receipt["deleted"], receipt["confirmed_gone"]
    assert counts == (len(made), len(made) - len(left), 0)
    assert [one["curl"] for one in receipt["left"]] == [f"curl -X DELETE {address}" for address in left]


@pytest.mark.parametrize(("status", "gone"), [(201, 1), (202, 0)])
def test_what_somebody_else_took_away_is_gone_if_its_create_was_done(server_url: str, status: int, gone: int) -> None:
    """A record is taken away before it is read; of one that was only accepted nobody knows what becomes."""
    created: list[str] = []

    def lose(call: Call, forward: Forward) -> Answer:
        answer = forward(call)
        if call.method == "POST" and answer.status == 201:
            created.append(json.loads(answer.body)["id"])
            if len(created) == lost:
                forward(replace(call, method="DELETE", path=f"{call.path}/{created[-1]}", body=b""))
                return replace(answer, status=status)
        return answer

    row, lost = ("TMF629V4-POST-024",), 0
    with meddling(server_url, lose) as url:
        run(API, url, only=row)
        lost, created = len(created), []
        receipt = run(API, url, only=row).run["receipt"]
    assert (len(created), len(receipt["left"])) == (lost, 1 - gone)
    assert receipt["confirmed_gone"] == receipt["made"] - len(receipt["left"])


def test_target_that_ends_leaves_what_it_was_not_asked_to_delete(server_url: str, tmp_path: Path) -> None:
    is_gone, creates = threading.Event(), list[bool]()

    def end(call: Call, forward: Forward) -> Answer:
        if is_gone.is_set():
            return Answer(200, b"x", cut=True)
        answer = forward(call)
        creates.append(call.method == "POST")
        if (
            sum(creates) > 4
        ):  # those of first contact: the smallest, the largest, one with a mark, one whose lag is measured
            is_gone.set()
        return answer

    with meddling(server_url, end) as url:
        bundle = run(API, url, only=("TMF629V4-POST-001",))
    bundle.write(tmp_path / "bundle.zip")
    [made] = [one for one in bundle.exchanges if one.request.method == "POST" and one.probe not in CONTACT]
    left = Bundle.read(tmp_path / "bundle.zip").run["left_behind"]
    assert left == [f"{url}{contracts.load(API).base_path}/customer/{made.identifier}"]


@pytest.mark.parametrize("is_done", [False, True])
@pytest.mark.parametrize("times", [1, 3])
def test_deletion_that_breaks_off_is_asked_for_again(server_url: str, times: int, is_done: bool) -> None:
    broken = Counter[str]()

    def breaks_off(call: Call, forward: Forward) -> Answer:
        if call.method != "DELETE" or broken[call.path] == times:
            return forward(call)
        broken[call.path] += 1
        if is_done:
            forward(call)
        return Answer(200, b"x", cut=True)

    with meddling(server_url, breaks_off) as url:
        bundle = run(API, url, only=("TMF629V4-POST-001",), settle_seconds=0.05)
    receipt = bundle.run["receipt"]
    assert receipt["made"] == receipt["deleted"] == len(broken) > 2
    assert (bundle.run["left_behind"], bundle.run.get("lost_since")) == ([], 0)


ADDRESSES = ("TMF629V4-POST-025",)


RIGHT = contracts.load(API).base_path


@pytest.mark.parametrize(
    ("base", "outcome"),
    [
        pytest.param(f"https://gateway.example{RIGHT}", Outcome.PASS_WITH_REMARK, id="another-host"),
        pytest.param(f"https://gateway.example/eu{RIGHT}", Outcome.PASS_WITH_REMARK, id="another-host-and-prefix"),
        pytest.param("https://gateway.example:9443/customer-management", Outcome.FAIL, id="another-host-and-path"),
        pytest.param("", Outcome.PASS, id="path-only"),
        pytest.param("..", Outcome.PASS, id="relative"),
    ],
)
def test_address_at_another_host_is_never_called_and_held_by_its_path(
    server_url: str, base: str, outcome: Outcome
) -> None:
    contract = contracts.load(API)

    def elsewhere(call: Call, forward: Forward) -> Answer:
        answer = forward(call)
        here = f"http://{call.headers['Host']}{contract.base_path}"
        there = base if base.startswith("http") else contract.base_path if not base else "."
        return Answer(answer.status, answer.body.replace(here.encode(), there.encode()), answer.headers)

    with meddling(server_url, elsewhere) as url:
        bundle = run(API, url, only=ADDRESSES)
    [verdict] = [one for row, one in verdicts(bundle, contract).items() if row in ADDRESSES]
    assert verdict.outcome is outcome, verdict.remark
    assert {exchange.request.url.split("/")[2] for exchange in bundle.exchanges} == {url.split("/")[2]}


def test_identifier_of_dots_never_leads_out_of_the_collection(server_url: str) -> None:
    def dots(call: Call, forward: Forward) -> Answer:
        if call.method == "POST":
            return Answer(201, b'{"id": ".."}')
        return forward(call)

    paths: list[str] = []

    def watch(call: Call, forward: Forward) -> Answer:
        paths.append(call.path)
        return dots(call, forward)

    with meddling(server_url, watch) as url:
        run(API, url, only=ADDRESSES)
    base = contracts.load(API).base_path
    deleted = [path for path in paths if path.startswith(f"{base}/customer/")]
    assert deleted
    assert all(path.startswith((f"{base}/customer", f"{base}/hub")) for path in paths)


ALIASED = "tmf655-v1"
OWN, OTHER = "targetEntityRef", "targetEntity"


def renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [renamed(member, names) for member in value]
    return {names.get(name, name): member for name, member in value.items()} if isinstance(value, dict) else value


def only_the_samples_name(call: Call, forward: Forward) -> Answer:
    """Serve the API with an attribute that is known by the name of the document's samples alone."""
    if f'"{OWN}"'.encode() in call.body:
        return Answer(400, b'{"code": "20", "reason": "unknown attribute"}')
    body = call.body.replace(f"/{OTHER}".encode(), f"/{OWN}".encode())
    answer = forward(Call(call.method, call.path.replace(OTHER, OWN), call.headers, body))
    if not answer.body:
        return answer
    return Answer(answer.status, json.dumps(renamed(json.loads(answer.body), {OWN: OTHER})).encode(), answer.headers)


@pytest.fixture(scope="module")
def aliased(server_url: str) -> Bundle:
    """A run against a target with a dialect."""
    with meddling(server_url, only_the_samples_name) as url:
        return run(ALIASED, url, listener=False)


def test_rows_on_an_attribute_of_the_dialect_pass_with_a_remark(aliased: Bundle) -> None:
    contract = contracts.load(ALIASED)
    judged = verdicts(aliased, contract)
    rows = [
        row.id
        for row in contract.requirements
        if row.kind in ("attribute", "mandatory", "patchable") and row.subject == f"/{OWN}" and not row.reason
    ]
    assert {judged[row].outcome for row in rows} == {Outcome.PASS_WITH_REMARK}
    assert {judged[row].remark for row in rows} == {
        f"The target takes {OWN} under the name {OTHER}, which the document uses as well"
    }


def test_no_row_fails_because_of_a_dialect(aliased: Bundle) -> None:
    judged = verdicts(aliased, contracts.load(ALIASED))
    assert {row: one.remark for row, one in judged.items() if one.outcome >= Outcome.FAIL} == {}


def test_two_names_of_an_attribute_never_mix(aliased: Bundle) -> None:
    assert aliased.run["dialect"] == {"changeRequest": {OWN: OTHER}}
    settled = [exchange for exchange in aliased.exchanges if exchange.probe not in CONTACT]
    assert settled
    assert not any(f'"{OWN}"'.encode() in exchange.request.body for exchange in settled)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a server's and a client's certificate, each signed by itself, and their keys."""
    folder = tmp_path_factory.mktemp("tls")
    for name in ("server", "client", "stranger"):
        subject = ["-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"]
        files = ["-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.pem")]
        command = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ]
        subprocess.run([*command, *subject, *files], check=True, capture_output=True)
    return folder


@pytest.fixture
def encrypted(server_url: str, certificates: Path) -> Iterator[Callable[..., str]]:
    """Starts a proxy to the reference server that speaks TLS, with or without asking for a client's certificate."""
    with contextlib.ExitStack() as stack:

        def start(*, client: bool = False) -> str:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
            if client:
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(certificates / "client.pem")
            return stack.enter_context(meddling(server_url, lambda call, forward: forward(call), tls=context))

        yield start


ONE_ROW = ("TMF629V4-GET-001",)


def test_target_whose_authority_is_given_is_spoken_to(encrypted: Callable[..., str], certificates: Path) -> None:
    bundle = run(API, encrypted(), only=ONE_ROW, ca_file=str(certificates / "server.pem"))
    assert verdicts(bundle, contracts.load(API))[ONE_ROW[0]].outcome is Outcome.PASS


@pytest.mark.parametrize("authority", ["stranger.pem", ""], ids=["another", "none"])
def test_target_whose_authority_is_not_known_is_not_spoken_to(
    encrypted: Callable[..., str], certificates: Path, authority: str
) -> None:
    ca_file = str(certificates / authority) if authority else ""
    with pytest.raises(TargetUnreachable) as raised:
        run(API, encrypted(), ca_file=ca_file)
    assert "CERTIFICATE_VERIFY_FAILED" in raised.value.problem
    assert "TLS options" in raised.value.remedy


@pytest.mark.parametrize("verified", [True, False], ids=["verified", "insecure"])
def test_target_that_asks_for_a_certificate_is_shown_the_kits(
    encrypted: Callable[..., str], certificates: Path, *, verified: bool
) -> None:
    given = {
        "client_certificate": str(certificates / "client.pem"),
        "client_key": str(certificates / "client.key"),
        "verify_tls": verified,
        "ca_file": str(certificates / "server.pem") if verified else "",
    }
    bundle = run(API, encrypted(client=True), only=ONE_ROW, **given)
    assert verdicts(bundle, contracts.load(API))[ONE_ROW[0]].outcome is Outcome.PASS


def test_target_that_asks_for_a_certificate_refuses_a_kit_without_one(
    encrypted: Callable[..., str], certificates: Path
) -> None:
    with pytest.raises(TargetUnreachable):
        run(API, encrypted(client=True), ca_file=str(certificates / "server.pem"))


CHANGES = {
    "New": ("Request for Authorization", "Cancelled"),
    "Request for Authorization": ("Scheduled for Approval",),
    "Scheduled for Approval": ("Pending for Implementation",),
    "Pending for Implementation": ("Post Implementation Review",),
    "Post Implementation Review": ("Fallback Execution", "Closed"),
}


def test_every_state_of_a_target_that_takes_no_short_cut_is_come_to(server_url: str) -> None:
    contract = contracts.load("tmf655-v1")
    rows = tuple(row.id for row in contract.requirements if row.id.startswith("TMF655-LIFE-") and row.kind == "values")
    at: dict[str, str] = {}

    def strict(call: Call, forward: Forward) -> Answer:
        wanted = call.json.get("status") if call.method in ("POST", "PATCH") else None
        if wanted and wanted not in (CHANGES.get(at[call.path], ()) if call.path in at else ("New",)):
            return Answer(422, b'{"code": "20", "reason": "no way to this state"}')
        answer = forward(call)
        if wanted and answer.status in (200, 201):
            at[call.path if call.method == "PATCH" else f"{call.path}/{json.loads(answer.body)['id']}"] = wanted
        return answer

    with meddling(server_url, strict) as url:
        bundle = run("tmf655-v1", url, only=rows)
    judged = verdicts(bundle, contract)
    assert {row: judged[row].remark for row in rows if judged[row].outcome is not Outcome.PASS} == {}
    assert max(Counter(one.probe for one in bundle.exchanges if one.step == "move-0").values()) <= 12


def test_ways_to_a_state_that_no_move_leads_to_are_given_up(server_url: str) -> None:
    contract = contracts.load("tmf655-v1")

    def stays(call: Call, forward: Forward) -> Answer:
        wanted = call.json.get("status") if call.method in ("POST", "PATCH") else None
        is_refused = wanted in ("Closed", "Post Implementation Review") or (call.method == "POST" and wanted != "New")
        return Answer(422, b'{"code": "20", "reason": "no way"}') if wanted and is_refused else forward(call)

    with meddling(server_url, stays) as url:
        bundle = run("tmf655-v1", url, only=("TMF655-LIFE-008",))
    assert verdicts(bundle, contract)["TMF655-LIFE-008"].outcome is Outcome.NOT_APPLICABLE
    moves = [one.request.json["status"] for one in bundle.exchanges if one.step == "move-0"]
    assert moves == ["Pending for Implementation", "Post Implementation Review"]
