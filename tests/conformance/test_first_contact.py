"""First contact: what is no API is said to be none, and what is learned of one holds for the whole run."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from evidence_builder import Step
from first_contact import CONTACT
from meddler import Answer, Call, Forward, meddling

from patience import PATIENCE_SECONDS
from tmfkit_conformance.cli import main
from tmfkit_conformance.drive.bounds import LARGEST_BYTES
from tmfkit_conformance.drive.watch import Watch
from tmfkit_conformance.errors import KitError, NoApi, TargetUnreachable
from tmfkit_conformance.judge.engine import judge
from tmfkit_conformance.judge.verdict import Outcome, Verdict
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.run import drive
from tmfkit_conformance.settings import Settings
from tmfkit_models import contracts

API = "tmf629-v4"
PATH = contracts.load(API).base_path
ONE = ("TMF629V4-GET-001",)


def run(api: str, base: str, only: tuple[str, ...] = ONE, **more: Any) -> Bundle:
    contract = contracts.load(api)
    given = {"phases": ("register",), "timeout_seconds": PATIENCE_SECONDS, "event_seconds": 0.2, **more}
    return drive(contract, Settings(api, base + contract.base_path, **given), lambda *_: None, only=only)


def verdicts(bundle: Bundle, api: str = API) -> dict[str, Verdict]:
    return {one.requirement: one for one in judge(bundle, contracts.load(api)).verdicts}


def always(answer: Answer) -> Callable[[Call, Forward], Answer]:
    return lambda _call, _forward: answer


JSON = (("Content-Type", "application/json"),)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(
            Answer(302, b"", (("Location", "/crm/customer"),)), "Use this as --base-url: {}/crm.", id="redirect"
        ),
        pytest.param(
            Answer(301, b"", (("Location", f"{PATH}/Customer"),)), "have the server answer GET", id="another-spelling"
        ),
        pytest.param(
            Answer(301, b"", (("Location", f"{PATH}/customer/all"),)), "have the server answer GET", id="below-itself"
        ),
        pytest.param(Answer(302, b"", (("Location", "/login"),)), "if it is a log-in, give credentials", id="log-in"),
        pytest.param(Answer(404), "every collection of tmf629-v4 is answered 404", id="404"),
        pytest.param(Answer(502, b"<html>"), "every request is answered 502", id="502"),
        pytest.param(Answer(503, b"", (("Retry-After", "7200"),)), "503, Retry-After: 7200", id="maintenance"),
        pytest.param(Answer(429, b"", (("Retry-After", "3600"),)), "too many requests (Retry-After: 3600)", id="429"),
        pytest.param(
            Answer(200, b"<html>Welcome</html>"), "is answered 200 with an HTML page: '<html>Welcome", id="html"
        ),
        pytest.param(Answer(200, b"[" * 100_000 + b"]" * 100_000, JSON), "with no JSON", id="deep-json"),
        pytest.param(Answer(200, b"[]", JSON), "an id that nothing has as well", id="a-list-of-everything"),
        pytest.param(Answer(405), "nothing can be listed and nothing be made", id="405"),
        pytest.param(
            Answer(400, b"sent to an HTTPS port"), "the port speaks TLS (it answered 400)", id="tls-said-in-http"
        ),
    ],
)
def test_what_is_no_api_gets_no_verdict_and_a_sentence_that_helps(
    answer: Answer, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with meddling("http://127.0.0.1:9", always(answer)) as url:
        status = main(["run", "--api", API, "--base-url", url + PATH, "--report", str(tmp_path)])
        assert said.format(url) in capsys.readouterr().err
    assert status == NoApi.exit_status == 3
    assert not list(tmp_path.iterdir())


@contextlib.contextmanager
def speaking(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """Serve on a free port what *talk* does with each connection."""

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=guarded, args=(connection,), daemon=True).start()

    def guarded(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.recv(65536)
            talk(connection)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def dribbling(head: bytes, piece: bytes) -> Callable[[socket.socket], None]:
    def talk(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(piece)
            time.sleep(0.05)

    return talk


def saying(words: bytes) -> Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(words)


BOMB = gzip.compress(b" " * (LARGEST_BYTES + 1), 1)


@pytest.mark.parametrize(
    ("talk", "said"),
    [
        pytest.param(
            dribbling(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"), "no answer (Read", id="body"
        ),
        pytest.param(dribbling(HEAD + b"X-Slow: ", b"a"), "no answer (ReadTimeout", id="header"),
        pytest.param(dribbling(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "no answer (ReadTimeout", id="interim-answers"),
        pytest.param(saying(HEAD + b"X-A: b\r\n" * 100_000), "Receive buffer too long", id="flood-of-headers"),
        pytest.param(saying(HEAD + b"Content-Length: 53687091200\r\n\r\n["), "peer closed", id="huge-length"),
        pytest.param(
            saying(HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB) + BOMB),
            "the answer has more than 64 MiB",
            id="gzip-bomb",
        ),
        pytest.param(
            saying(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n[]"), "Decoding", id="gzip-lie"
        ),
        pytest.param(saying(b"SSH-2.0-OpenSSH_9.6\r\n"), "does not speak HTTP as it should", id="another-protocol"),
    ],
)
def test_answer_without_end_or_measure_ends_the_run_in_time(talk: Callable[[socket.socket], None], said: str) -> None:
    with speaking(talk) as url:
        began = time.monotonic()
        with pytest.raises(TargetUnreachable) as raised:
            run(API, url, timeout_seconds=1.0)
        assert said in str(raised.value)
        assert time.monotonic() - began < PATIENCE_SECONDS


def test_port_that_speaks_the_other_of_http_and_https_is_named(server_url: str) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with (
        meddling(server_url, lambda call, forward: forward(call), tls=context) as url,
        pytest.raises(TargetUnreachable) as raised,
    ):
        run(API, url.replace("https:", "http:"))
    assert raised.value.remedy == f"Use --base-url {url}{PATH}"
    secure = server_url.replace("http:", "https:")
    with pytest.raises(TargetUnreachable) as raised:
        run(API, secure)
    assert raised.value.remedy == f"Use --base-url {server_url}{PATH}"


def test_refused_credentials_leave_the_run_incomplete(tmp_path: Path) -> None:
    with meddling("http://127.0.0.1:9", always(Answer(401))) as url:
        assert main(["run", "--api", API, "--base-url", url + PATH, "--report", str(tmp_path)]) == 1
    assert json.loads((tmp_path / "report.json").read_text())["verdict"] == "incomplete"
    assert len(Bundle.read(tmp_path / "bundle.zip").exchanges) == 2


def test_credentials_that_end_during_the_run_end_it(server_url: str) -> None:
    left = threading.Semaphore(60)

    def expiring(call: Call, forward: Forward) -> Answer:
        return forward(call) if left.acquire(blocking=False) else Answer(401)

    with meddling(server_url, expiring) as url:
        bundle = run(API, url, only=())
    judged = verdicts(bundle)
    assert len(bundle.exchanges) < 100
    assert bundle.run["contact"][-1].startswith(
        "The run ended early: the target refuses the credentials since exchange"
    )
    assert not [row for row, one in judged.items() if one.outcome >= Outcome.FAIL]


READABLE = tuple(row.id for row in contracts.load(API).requirements if row.scenario == "created-is-readable")


def test_read_that_shows_the_state_before_a_write_is_repeated_and_remarked(server_url: str) -> None:
    made: dict[str, float] = {}

    def lagging(call: Call, forward: Forward) -> Answer:
        name = call.path.rsplit("/", 1)[-1]
        if call.method == "GET" and time.monotonic() - made.get(name, 0) < 0.3:
            return Answer(404)
        answer = forward(call)
        if call.method == "POST" and answer.status == 201:
            made[json.loads(answer.body)["id"]] = time.monotonic()
        return answer

    with meddling(server_url, lagging) as url:
        bundle = run(API, url, only=READABLE, settle_seconds=PATIENCE_SECONDS)
    assert bundle.run["lag_ms"] >= 250
    for row in READABLE:
        assert verdicts(bundle)[row].outcome is Outcome.PASS_WITH_REMARK
        assert "visible after" in verdicts(bundle)[row].remark


def test_list_that_shows_nothing_in_time_is_not_said_to_show_it_at_once(server_url: str) -> None:
    def late(call: Call, forward: Forward) -> Answer:
        is_list = call.method == "GET" and call.path.partition("?")[0].endswith("/customer")
        return Answer(200, b"[]", JSON) if is_list else forward(call)

    with meddling(server_url, late) as url:
        bundle = run(API, url, settle_seconds=0.2)
    assert bundle.run["contact"][-1] == (
        "GET /customer does not show after 0.2 s what was made; if it needs longer, give more seconds with --settle."
    )
    assert bundle.run["unseen"] == ["listCustomer"]


def test_what_is_never_visible_is_waited_for_three_times_and_fails(server_url: str) -> None:
    def forgetful(call: Call, forward: Forward) -> Answer:
        return Answer(404) if call.method == "GET" and "/customer/" in call.path else forward(call)

    with meddling(server_url, forgetful) as url:
        bundle = run(API, url, only=READABLE, settle_seconds=0.2)
    assert {verdicts(bundle)[row].outcome for row in READABLE} == {Outcome.FAIL}
    waits = {one.probe for one in bundle.exchanges if one.superseded}
    assert 0 < len(waits) <= 3


@pytest.mark.parametrize(
    ("status", "headers", "said"),
    [
        pytest.param(429, (("Retry-After", "1"),), "429 with Retry-After", id="too-many-requests"),
        pytest.param(503, (("Retry-After", "0"),), "503 with Retry-After", id="unavailable"),
        pytest.param(502, (), "502", id="bad-gateway"),
    ],
)
def test_answer_that_passes_is_not_the_last_word(
    server_url: str, status: int, headers: tuple[tuple[str, str], ...], said: str
) -> None:
    seen: set[str] = set()

    def at_first(call: Call, forward: Forward) -> Answer:
        if call.method == "GET" and "/customer/" in call.path and call.path not in seen:
            seen.add(call.path)
            return Answer(status, b"", headers)
        return forward(call)

    with meddling(server_url, at_first) as url:
        bundle = run(API, url)
    assert verdicts(bundle)[ONE[0]].remark == f"answered so after {said}"
    assert verdicts(bundle)[ONE[0]].outcome is Outcome.PASS_WITH_REMARK
    assert {one.status for one in bundle.exchanges if one.superseded} == {status}


MESSAGES = contracts.load("tmf681-v1")


@pytest.mark.parametrize("status", [404, 405, 501])
def test_list_that_need_not_be_offered_is_no_sign_that_there_is_no_api(server_url: str, status: int) -> None:
    def without_list(call: Call, forward: Forward) -> Answer:
        if call.method == "GET" and call.path.partition("?")[0].endswith("/communicationMessage"):
            return Answer(status, b"{}")
        return demanding("tenant")(call, forward)

    with meddling(server_url, without_list) as url:
        bundle = run("tmf681-v1", url, only=("TMF681-POST-001",))
    assert bundle.run["demanded"]["communicationMessage"]["words"] == "tenant is mandatory"


def test_target_that_breaks_down_and_has_no_list_is_there_all_the_same(server_url: str) -> None:
    left = iter(range(20))

    def breaking(call: Call, forward: Forward) -> Answer:
        if call.method == "GET" and call.path.partition("?")[0].endswith("/communicationMessage"):
            return Answer(501, b"{}")
        return Answer(500) if call.method == "POST" and next(left, None) is None else forward(call)

    rows = tuple(row.id for row in MESSAGES.requirements if row.kind == "attribute" and not row.reason)
    with meddling(server_url, breaking) as url:
        bundle = run("tmf681-v1", url, only=rows)
    assert [one.status for one in bundle.exchanges].count(500) > 12
    assert bundle.run["lost_since"] == 0


@pytest.mark.parametrize(("status", "is_lost"), [(500, True), (501, False)])
def test_answer_that_something_is_not_offered_is_no_trouble(status: int, *, is_lost: bool) -> None:
    watch = Watch(1.0, lambda: False)
    for number in range(1, 20):
        watch.saw(Step("list", status).exchange(number, "list", "", "http://target.example"))
    assert bool(watch.ended) is is_lost


def test_names_are_tried_together(server_url: str) -> None:
    own = {"paymentMeanType": "type", "IBAN": "iban", "BIC": "bic"}

    def in_its_own_words(call: Call, forward: Forward) -> Answer:
        if call.method == "POST" and any(f'"{name}"'.encode() in call.body for name in own):
            return Answer(400, b'{"reason": "unknown attribute"}', JSON)
        return forward(call)

    with meddling(server_url, in_its_own_words) as url:
        bundle = run("tmf629-v1", url, only=("TMF629V1-PAYMENTMEAN-GET-001",))
    assert bundle.run["dialect"] == {
        "paymentMean": {"paymentMeanType": "type", "bankAccount/IBAN": "iban", "bankAccount/BIC": "bic"}
    }


def test_other_names_are_found_inside_what_has_another_name(server_url: str) -> None:
    def capital(call: Call, forward: Forward) -> Answer:
        if call.method == "POST" and any(f'"{name}"'.encode() in call.body for name in ("attachment", "path", "url")):
            return Answer(400, b'{"faultstring": "no such element"}', JSON)
        return forward(call)

    with meddling(server_url, capital) as url:
        bundle = run("tmf681-v1", url, only=("TMF681-GET-001",))
    assert bundle.run["dialect"] == {
        "communicationMessage": {"attachment": "Attachment", "attachment/*/path": "Path", "attachment/*/url": "URL"}
    }


def test_alias_that_is_not_kept_is_not_spoken(server_url: str) -> None:
    def ignorant(call: Call, forward: Forward) -> Answer:
        body = call.json if call.method == "POST" else None
        if isinstance(body, dict):
            call = call.with_json({key: value for key, value in body.items() if key.lower() != "attachment"})
        return forward(call)

    with meddling(server_url, ignorant) as url:
        bundle = run("tmf683-v4", url, only=("TMF683-GET-001",))
    assert bundle.run["dialect"] == {}


def test_alias_in_the_configuration_is_recognised(server_url: str) -> None:
    given = {"paymentMean": {"type": "BankAccountDebit"}}
    bundle = run("tmf629-v1", server_url, only=("TMF629V1-PAYMENTMEAN-GET-001",), payloads=given)
    assert bundle.run["dialect"]["paymentMean"] == {"paymentMeanType": "type"}
    sent = [one.request.json for one in bundle.exchanges if one.operation == "createPaymentMean"]
    assert sent
    assert not any("paymentMeanType" in body for body in sent)


def demanding(name: str) -> Callable[[Call, Forward], Answer]:
    def serve(call: Call, forward: Forward) -> Answer:
        if call.method == "POST" and "callback" not in call.json and name not in call.json:
            return Answer(400, json.dumps({"code": "21", "reason": f"{name} is mandatory"}).encode(), JSON)
        return forward(call)

    return serve


@pytest.mark.parametrize(
    ("name", "is_proven"), [pytest.param("relatedParty", True, id="of-the-contract"), ("tenant", False)]
)
def test_attribute_that_is_demanded_beyond_the_document_is_a_matter_of_configuration(
    server_url: str, name: str, *, is_proven: bool
) -> None:
    created = ("TMF629V4-POST-001",)
    with meddling(server_url, demanding(name)) as url:
        bundle = run(API, url, only=created)
        configured = run(
            API, url, only=created, payloads={"customer": bundle.run["demanded"]["customer"]["attributes"]}
        )
    demand = bundle.run["demanded"]["customer"]
    assert (list(demand["attributes"]), demand["is_proven"]) == ([name], is_proven)
    assert demand["words"] == f"{name} is mandatory"
    verdict = verdicts(bundle)[created[0]]
    assert verdict.outcome is Outcome.SKIP
    assert f"configure `payloads: {json.dumps({'customer': demand['attributes']})}`" in verdict.remark
    assert verdicts(configured)[created[0]].outcome is Outcome.PASS


def demanding_a_segment(call: Call, forward: Forward) -> Answer:
    if call.method != "POST" or "callback" in call.json:
        return forward(call)
    missing = [name for name in ("relatedParty", "segment", "tenant") if name not in call.json]
    if missing:
        return Answer(422, json.dumps({"message": f"Mandatory attribute missing: {missing[0]}"}).encode(), JSON)
    if call.json["segment"] not in ("RES", "SMB"):
        return Answer(422, json.dumps({"message": "segment has to be one of RES, SMB"}).encode(), JSON)
    return forward(call)


@pytest.mark.parametrize(
    ("configured", "demanded"),
    [
        pytest.param({}, ["relatedParty", "segment"], id="one-after-the-other"),
        pytest.param({"segment": "SMB"}, ["relatedParty", "tenant"], id="one-is-configured"),
        pytest.param({"segment": "?", "tenant": "a"}, ["relatedParty", "segment"], id="value-is-wrong"),
    ],
)
def test_demand_that_the_kit_cannot_meet_is_a_matter_of_configuration(
    server_url: str, configured: dict[str, str], demanded: list[str]
) -> None:
    rows = ("TMF629V4-POST-001", "TMF629V4-POST-005")
    with meddling(server_url, demanding_a_segment) as url:
        bundle = run(API, url, only=rows, payloads={"customer": configured})
    demand = bundle.run["demanded"]["customer"]
    assert (list(demand["attributes"]), demand["is_proven"]) == (demanded, False)
    found = verdicts(bundle)
    assert {found[row].outcome for row in rows} == {Outcome.SKIP}
    assert f"configure `payloads: {json.dumps({'customer': demand['attributes']})}`" in found[rows[0]].remark


@pytest.mark.parametrize("status", [403, 405])
def test_records_that_cannot_be_deleted_are_said_at_first_contact(server_url: str, status: int) -> None:
    def keeping(call: Call, forward: Forward) -> Answer:
        return Answer(status, b"{}", JSON) if call.method == "DELETE" else forward(call)

    with meddling(server_url, keeping) as url:
        bundle = run(API, url)
    said = f"customer: what the run makes stays there, DELETE was answered {status}; the receipt names it."
    assert bundle.run["contact"].count(said) == 1


PLACED = {"reason": "Bad Request", "errors": [{"field": "engagedParty"}, {"field": "relatedParty"}]}


@pytest.mark.parametrize(
    ("said", "is_picky"),
    [
        pytest.param({"reason": "Bad Request"}, False, id="says-nothing"),
        pytest.param(PLACED, False, id="names-both"),
        pytest.param(PLACED, True, id="names-both-and-knows-little-else"),
    ],
)
def test_form_and_demanded_attribute_are_found_together(
    server_url: str, said: dict[str, Any], *, is_picky: bool
) -> None:
    def demanding_both(call: Call, forward: Forward) -> Answer:
        if call.method != "POST" or not isinstance(call.json, dict) or "callback" in call.json:
            return forward(call)
        party, known = call.json.get("engagedParty"), {"name", "engagedParty", "relatedParty", "statusReason"}
        if not isinstance(party, list) or "relatedParty" not in call.json or (is_picky and set(call.json) - known):
            return Answer(400, json.dumps(said).encode(), JSON)
        return forward(call.with_json({**call.json, "engagedParty": party[0]}))

    with meddling(server_url, demanding_both) as url:
        bundle = run(API, url)
        configured = run(API, url, payloads={"customer": bundle.run["demanded"]["customer"]["attributes"]})
    demand = bundle.run["demanded"]["customer"]
    assert (list(demand["attributes"]), demand["is_proven"]) == (["relatedParty"], True)
    assert bundle.run["dialect"]["customer"] == {"engagedParty": "as a list of one"}
    assert configured.run["demanded"] == {}
    assert configured.run["dialect"]["customer"] == {"engagedParty": "as a list of one"}


def test_attribute_that_is_demanded_where_the_document_does_not_let_it_is_a_failure(server_url: str) -> None:
    requirements = contracts.load("tmf655-v1").requirements
    about = [row for row in requirements if (row.kind, row.operation) == ("status", "createChangeRequest")]
    created = [row.id for row in about if row.given == "valid"]
    with meddling(server_url, demanding("sponsor")) as url:
        bundle = run("tmf655-v1", url, only=tuple(created))
    assert list(bundle.run["demanded"]["changeRequest"]["attributes"]) == ["sponsor"]
    assert verdicts(bundle, "tmf655-v1")[created[0]].outcome is Outcome.FAIL


EVENTS = tuple(row.id for row in contracts.load(API).requirements if row.kind == "event")


@pytest.mark.parametrize(
    ("listener_url", "outcome"),
    [pytest.param("", Outcome.SKIP, id="derived"), pytest.param("http://127.0.0.1:0", Outcome.FAIL, id="vouched-for")],
)
def test_notifications_that_never_come_fail_where_the_operator_vouches_for_the_way(
    server_url: str, listener_url: str, outcome: Outcome
) -> None:
    def astray(call: Call, forward: Forward) -> Answer:
        if call.method == "POST" and "callback" in call.json:
            return forward(call.with_json({**call.json, "callback": "http://127.0.0.1:9/nobody"}))
        return forward(call)

    with meddling(server_url, astray) as url:
        bundle = run(API, url, only=EVENTS, listener_url=listener_url)
    assert {verdicts(bundle)[row].outcome for row in EVENTS} == {outcome}


def test_listener_that_the_target_cannot_reach_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["run", "--api", API, "--base-url", "http://target.invalid/api", "--report", str(tmp_path)]
    assert main(asked) == 2
    assert "the target is on another host (target.invalid)" in capsys.readouterr().err
    assert main([*asked, "--no-listener"]) == 3
    with pytest.raises(KitError, match="Correct the name of the host"):
        run(API, "http://target.invalid")


def test_requests_are_spread_at_the_rate_that_is_given(server_url: str) -> None:
    bundle = run(API, server_url, rate=20)
    starts = [one.started for one in bundle.exchanges]
    assert starts[-1] - starts[0] >= (len(starts) - 1) / 20 - 0.05
    assert {one.probe for one in bundle.exchanges} & CONTACT
