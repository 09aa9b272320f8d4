"""Credentials: sent where they belong, renewed once, and shown nowhere."""

from __future__ import annotations

import asyncio
import base64
import logging
import pickle
import ssl
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest
import trustme
from fault_server import Connection, FaultServer, Got, answer, document, fault_server
from tiny import AsyncTiny, Tiny

from tmfkit_sdk._runtime.auth import ApiKey, Auth, Basic, Bearer, ClientCredentials
from tmfkit_sdk._runtime.errors import ServerError, TmfError, Unauthorized, Unreadable
from tmfkit_sdk._runtime.hooks import LogHook
from tmfkit_sdk._runtime.retries import Retries

OK = document({"id": "42"})
SECRET = "s3cr3t-w0rd"
QUICK = Retries(attempts=2, pause_seconds=0.001)


@pytest.fixture
def tokens() -> Iterator[FaultServer]:
    """A server that gives tokens."""
    with fault_server() as server:
        yield server


def credentials(tokens: FaultServer, **options: object) -> ClientCredentials:
    return ClientCredentials(f"{tokens.url}/token", "me", SECRET, scope="a b", **options)  # type: ignore[arg-type]


def token(value: str, seconds: float | None = 3600) -> object:
    return {"access_token": value, "token_type": "Bearer"} | ({} if seconds is None else {"expires_in": seconds})


@pytest.mark.parametrize(
    ("auth", "name", "value"),
    [
        (Bearer(SECRET), "authorization", f"Bearer {SECRET}"),
        (ApiKey(SECRET), "x-api-key", SECRET),
        (ApiKey(SECRET, header="apikey"), "apikey", SECRET),
        (Basic("me", SECRET), "authorization", f"Basic {base64.b64encode(f'me:{SECRET}'.encode()).decode()}"),
    ],
)
def test_credentials_are_sent_and_not_kept(faulty: FaultServer, auth: Auth, name: str, value: str) -> None:
    faulty.replies(OK)
    with Tiny(faulty.url, auth=auth) as api:
        response = api.request("GET", "thing")
    assert faulty.got[0].headers[name] == value
    assert name not in response.request.headers


def test_the_short_forms(faulty: FaultServer) -> None:
    faulty.replies(OK)
    for client in (
        Tiny(faulty.url, token="t"),
        Tiny(faulty.url, api_key="k"),
        Tiny(faulty.url.replace("//", "//me:p%40ss@")),
    ):
        with client as api:
            api.get("42")
    basic = f"Basic {base64.b64encode(b'me:p@ss').decode()}"
    assert [got.headers.get("authorization", got.headers.get("x-api-key")) for got in faulty.got] == [
        "Bearer t",
        "k",
        basic,
    ]


def test_two_kinds_of_credentials_are_refused() -> None:
    with pytest.raises(ValueError, match="give one of token, api_key and auth"):
        Tiny("http://host", token="t", api_key="k")


@pytest.mark.parametrize("value", ["", " s3cr3t", "s3cr3t\n", "s3cr3tö", None])
def test_a_secret_that_no_header_can_carry_is_refused_without_being_shown(value: str) -> None:
    for kind in (Bearer, ApiKey):
        with pytest.raises(ValueError, match="is empty, or has characters") as caught:
            kind(value)
        assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("reply", ["refused", "lost", "broken", "done"])
def test_no_secret_is_shown_anywhere(
    faulty: FaultServer, tokens: FaultServer, caplog: pytest.LogCaptureFixture, reply: str
) -> None:
    replies = {"refused": answer(401), "lost": _lost, "broken": answer(200, b"{"), "done": OK}
    shown: list[str] = []
    for auth in (Bearer(SECRET), ApiKey(SECRET, header="X-Odd"), Basic("me", SECRET), credentials(tokens)):
        faulty.replies(replies[reply])
        tokens.replies(document(token(SECRET)))
        url = faulty.url
        with caplog.at_level(logging.DEBUG), Tiny(url, auth=auth, retries=QUICK, hooks=[LogHook()]) as api:
            shown += [repr(api), repr(auth), str(auth), repr(api._driver.settings)]
            try:
                response = api.request("GET", "thing", options={"headers": {"Cookie": SECRET}})
                shown += [repr(response), repr(response.request), repr(response.request.headers)]
                api.get("42")
            except TmfError as error:
                shown += [*traceback.format_exception(error), repr(vars(error)), repr(error)]
                shown.append(pickle.dumps(error).decode("latin-1"))
    ours = [record.getMessage() for record in caplog.records if record.name == "tmfkit_sdk"]
    encoded = base64.b64encode(f"me:{SECRET}".encode()).decode()
    for text in [*shown, *ours]:
        assert SECRET not in text
        assert encoded not in text


def _lost(connection: Connection, got: Got) -> None:
    connection.reset()


def test_a_token_is_fetched_once_and_used(faulty: FaultServer, tokens: FaultServer) -> None:
    faulty.replies(OK)
    tokens.replies(document(token("t-1")))
    with Tiny(faulty.url, auth=credentials(tokens)) as api:
        api.get("1")
        api.get("2")
    assert [got.headers["authorization"] for got in faulty.got] == ["Bearer t-1", "Bearer t-1"]
    [asked] = tokens.got
    assert (asked.method, asked.target) == ("POST", "/token")
    assert asked.headers["authorization"] == f"Basic {base64.b64encode(f'me:{SECRET}'.encode()).decode()}"
    assert parse_qs(asked.body.decode()) == {"grant_type": ["client_credentials"], "scope": ["a b"]}


def test_id_and_secret_may_stand_in_the_form(faulty: FaultServer, tokens: FaultServer) -> None:
    faulty.replies(OK)
    tokens.replies(document(token("t-1")))
    with Tiny(faulty.url, auth=credentials(tokens, in_body=True, extra={"audience": "x"})) as api:
        api.get("1")
    assert "authorization" not in tokens.got[0].headers
    form = parse_qs(tokens.got[0].body.decode())
    assert (form["client_id"], form["client_secret"], form["audience"]) == (["me"], [SECRET], ["x"])


def test_a_token_that_ends_is_renewed_before(faulty: FaultServer, tokens: FaultServer) -> None:
    faulty.replies(OK)
    tokens.replies(document(token("t-1", 0.001)), document(token("t-2", None)))
    with Tiny(faulty.url, auth=credentials(tokens)) as api:
        api.get("1")
        time.sleep(0.002)  # longer than the first one lasts
        api.get("2")
        api.get("3")
    assert [got.headers["authorization"] for got in faulty.got] == ["Bearer t-1", "Bearer t-2", "Bearer t-2"]


def test_a_token_that_is_refused_is_renewed_and_the_call_made_again(faulty: FaultServer, tokens: FaultServer) -> None:
    faulty.replies(answer(401), document({"id": "1"}, 201))
    tokens.replies(document(token("t-1")), document(token("t-2")))
    with Tiny(faulty.url, auth=credentials(tokens), retries=0) as api:
        assert api.create({}) == {"id": "1"}
    assert [got.headers["authorization"] for got in faulty.got] == ["Bearer t-1", "Bearer t-2"]


def test_a_new_token_that_is_refused_too_is_an_error(faulty: FaultServer, tokens: FaultServer) -> None:
    faulty.replies(answer(401))
    tokens.replies(document(token("t-1")))
    with Tiny(faulty.url, auth=credentials(tokens)) as api, pytest.raises(Unauthorized):
        api.get("1")
    assert (len(faulty.got), len(tokens.got)) == (2, 2)


def test_many_threads_renew_once(faulty: FaultServer, tokens: FaultServer) -> None:
    faulty.replies(OK)

    def slow(connection: Connection, got: Got) -> None:
        connection.wait(0.1)
        document(token("t-1"))(connection, got)

    tokens.replies(slow)
    with Tiny(faulty.url, auth=credentials(tokens)) as api:
        threads = [threading.Thread(target=api.get, args=("1",)) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (len(faulty.got), len(tokens.got)) == (12, 1)


def test_many_tasks_renew_once_even_when_a_token_is_refused(faulty: FaultServer, tokens: FaultServer) -> None:
    def by_token(connection: Connection, got: Got) -> None:
        (OK if got.headers["authorization"] == "Bearer t-2" else answer(401))(connection, got)

    faulty.replies(by_token)
    tokens.replies(document(token("t-1")), document(token("t-2")))

    async def several() -> None:
        async with AsyncTiny(faulty.url, auth=credentials(tokens)) as api:
            await asyncio.gather(*(api.get("1") for _ in range(12)))

    asyncio.run(several())
    assert len(tokens.got) == 2


@pytest.mark.parametrize(
    "reply",
    [answer(200, b"{"), answer(200, b"[]"), answer(200, b'{"access_token": ""}'), answer(200, b'{"access_token": 5}')],
    ids=["json-cut", "list", "empty", "number"],
)
def test_an_answer_without_a_token_is_unreadable(faulty: FaultServer, tokens: FaultServer, reply: object) -> None:
    tokens.replies(reply)  # type: ignore[arg-type]
    with (
        Tiny(faulty.url, auth=credentials(tokens)) as api,
        pytest.raises(Unreadable, match=f"POST {tokens.url}/token: 200"),
    ):
        api.get("1")


def test_a_token_that_is_not_given_is_an_error_of_that_server(faulty: FaultServer, tokens: FaultServer) -> None:
    tokens.replies(answer(503), document({"error": "invalid_client"}, 401))
    with Tiny(faulty.url, auth=credentials(tokens), retries=QUICK) as api, pytest.raises(Unauthorized) as caught:
        api.get("1")
    assert str(caught.value) == f"POST {tokens.url}/token: 401 Unauthorized: invalid_client (after 2 attempts)"
    tokens.replies(answer(500))
    with Tiny(faulty.url, auth=credentials(tokens), retries=QUICK) as api, pytest.raises(ServerError):
        api.get("1")


@pytest.mark.parametrize("url", ["", "ftp://host/token", "https://me:secret@host/token", "/token"])
def test_an_address_that_gives_no_tokens_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="token_url has to begin with") as caught:
        ClientCredentials(url, "me", SECRET)
    assert "secret@" not in str(caught.value)


def test_own_authorities_and_client_certificates(tmp_path: Path) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    files = {name: str(tmp_path / name) for name in ("ca.pem", "other.pem", "mine.pem")}
    authority.cert_pem.write_to_path(files["ca.pem"])
    stranger.cert_pem.write_to_path(files["other.pem"])
    authority.issue_cert("me").private_key_and_cert_chain_pem.write_to_path(files["mine.pem"])
    with fault_server(context) as server:
        server.replies(OK)
        with Tiny(server.url, verify=files["ca.pem"], cert=files["mine.pem"]) as api:
            assert api.get("42") == {"id": "42"}
        for options in ({"verify": files["other.pem"], "cert": files["mine.pem"]}, {"verify": files["ca.pem"]}, {}):
            with Tiny(server.url, retries=0, **options) as api, pytest.raises(TmfError):  # type: ignore[arg-type]
                api.get("42")
