"""Who asks: the administrator in place of the user, and tokens that run out."""

from __future__ import annotations

import base64
import itertools
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from meddler import Answer, Call, Forward, meddling

from patience import PATIENCE_SECONDS
from tmfkit_conformance.errors import NoCredential, UsageError
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.run import drive
from tmfkit_conformance.settings import OAUTH_SECRET, Settings
from tmfkit_models import contracts

API = "tmf655-v1"
SECRET = "s3cret-of-the-client"
JSON = (("Content-Type", "application/json"),)


def run(url: str, only: tuple[str, ...] = ("TMF655-DELETE-001",), **more: Any) -> Bundle:
    contract = contracts.load(API)
    given = {"phases": ("register",), "timeout_seconds": PATIENCE_SECONDS, "listener": False, **more}
    return drive(contract, Settings(API, url + contract.base_path, **given), lambda *_: None, only=only)


def watching(seen: list[Call]) -> Callable[[Call, Forward], Answer]:
    def serve(call: Call, forward: Forward) -> Answer:
        seen.append(call)
        return forward(call)

    return serve


def test_credentials_of_the_administrator_replace_all_of_the_users_and_other_headers_stay(server_url: str) -> None:
    seen: list[Call] = []
    with meddling(server_url, watching(seen)) as url:
        run(url, headers={"X-API-Key": "user", "X-Tenant": "north"}, admin_headers={"Authorization": "Bearer admin"})
    deleted = [call.headers for call in seen if call.method == "DELETE"]
    assert deleted
    for headers in deleted:
        told = {name.lower(): value for name, value in headers.items()}
        assert (told["authorization"], told["x-tenant"]) == ("Bearer admin", "north")
        assert "x-api-key" not in told


def taking(token: Callable[[], str], seen: list[str]) -> Callable[[Call, Forward], Answer]:
    def serve(call: Call, forward: Forward) -> Answer:
        seen.append(call.headers.get("Authorization", ""))
        return forward(call) if seen[-1] == f"Bearer {token()}" else Answer(401)

    return serve


def test_command_is_run_again_when_its_token_is_refused(server_url: str, tmp_path: Path) -> None:
    current = tmp_path / "token"
    current.write_text("token-number-one\n")
    seen: list[str] = []

    def token() -> str:
        if len(seen) == 5:
            current.write_text("token-number-two\n")
        return current.read_text().strip()

    code = f"print(open({str(current)!r}).read())"
    with meddling(server_url, taking(token, seen)) as url:
        bundle = run(url, bearer_command=shlex.join([sys.executable, "-c", code]), admin_headers={})
    assert seen[4] == "Bearer token-number-one"
    assert set(seen[5:]) == {"Bearer token-number-two"}
    assert [one.status for one in bundle.exchanges if one.superseded] == [401]
    assert b"token-number" not in bundle.content


def issuing(lives_seconds: int, asked: list[Call]) -> Callable[[Call, Forward], Answer]:
    numbers = itertools.count(1)

    def serve(call: Call, _forward: Forward) -> Answer:
        asked.append(call)
        said = f'{{"access_token": "issued-token-{next(numbers)}", "expires_in": {lives_seconds}}}'
        return Answer(200, said.encode(), JSON)

    return serve


@pytest.mark.parametrize("source", ["environment", "file"])
def test_token_of_a_client_is_fetched_once_and_written_down_nowhere(
    server_url: str, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, str] = {}
    if source == "file":
        (tmp_path / "secret").write_text(f"{SECRET}\n")
        given["oauth_client_secret_file"] = str(tmp_path / "secret")
    else:
        monkeypatch.setenv(OAUTH_SECRET, SECRET)
    asked: list[Call] = []
    seen: list[str] = []
    with (
        meddling("http://127.0.0.1:9", issuing(3600, asked)) as issuer,
        meddling(server_url, taking(lambda: "issued-token-1", seen)) as url,
    ):
        bundle = run(url, oauth_token_url=f"{issuer}/token", oauth_client_id="kit", oauth_scope="tmf.write", **given)
    [request] = asked
    assert request.headers["Authorization"] == f"Basic {base64.b64encode(f'kit:{SECRET}'.encode()).decode()}"
    assert request.body == b"grant_type=client_credentials&scope=tmf.write"
    assert set(seen) == {"Bearer issued-token-1"}
    assert b"issued-token" not in bundle.content


def test_token_is_renewed_before_it_ends(server_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OAUTH_SECRET, SECRET)
    asked: list[Call] = []
    seen: list[Call] = []
    with (
        meddling("http://127.0.0.1:9", issuing(1, asked)) as issuer,
        meddling(server_url, watching(seen)) as url,
    ):
        run(url, oauth_token_url=f"{issuer}/token", oauth_client_id="kit", rate=8)
    assert len(asked) > 1
    assert seen[-1].headers["Authorization"] == f"Bearer issued-token-{len(asked)}"


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        pytest.param(
            Answer(401, b'{"error": "invalid_client"}', JSON), "gave no token (it answered 401)", id="refused"
        ),
        pytest.param(Answer(200, b"{}", JSON), "gave nothing that can be sent as a token", id="nothing"),
    ],
)
def test_token_that_cannot_be_had_is_a_run_that_did_not_happen(
    answer: Answer, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(OAUTH_SECRET, SECRET)
    with meddling("http://127.0.0.1:9", lambda *_: answer) as issuer, pytest.raises(NoCredential) as raised:
        run("http://127.0.0.1:9", oauth_token_url=f"{issuer}/token", oauth_client_id="kit")
    assert raised.value.problem == problem
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"bearer": "token-one", "bearer_command": "cat token"}, "a token comes from one place only"),
        ({"oauth_client_id": "kit"}, "the token endpoint is missing"),
        ({"oauth_token_url": "http://issuer/token"}, "the id of the client is missing"),
        ({"oauth_token_url": "http://issuer/token", "oauth_client_id": "kit"}, "the secret of the client is missing"),
    ],
    ids=["two-places", "no-endpoint", "no-client", "no-secret"],
)
def test_half_a_source_of_tokens_is_wrong_usage(given: dict[str, str], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        Settings(API, "http://127.0.0.1", **given)  # type: ignore[arg-type]
