"""Bearer tokens, of an issuer with keys of its own."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey
from server_bodies import customer

from harness.issuer import Issuer
from patience import PATIENCE_SECONDS
from tmfkit_server import cli
from tmfkit_server.middleware import issuer_keys
from tmfkit_server.middleware.tokens import Tokens
from tmfkit_server.signing_keys import signing_keys
from tmfkit_server.token_issuer import TokenIssuer

Starter = Callable[..., AbstractContextManager[str]]
CUSTOMER = "/tmf-api/customerManagement/v4/customer"
RSA = RSAKey.generate_key(2048, {"kid": "rsa-1"})
EC = ECKey.generate_key("P-256", {"kid": "ec-1"})
NEXT = ECKey.generate_key("P-256", {"kid": "ec-2"})
AUDIENCE = "tmfkit"
ROLES = "/realm_access/roles"


def status(url: str, token: str, method: str = "GET") -> int:
    body = customer() if method == "POST" else None
    return httpx.request(method, url + CUSTOMER, headers={"Authorization": f"Bearer {token}"}, json=body).status_code


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    made = Issuer([RSA, EC])
    with made.running():
        yield made


@pytest.fixture(scope="module")
def served(start_server: Starter, issuer: Issuer) -> Iterator[str]:
    """A server that takes tokens, and one API key."""
    with start_server(*issuer.options(), "--api-key", "reader:0123456789abcdef") as url:
        yield url


@pytest.mark.parametrize(("key", "alg"), [(RSA, "RS256"), (RSA, "PS512"), (EC, "ES256")])
def test_token_of_any_key_of_the_issuer_is_taken(served: str, issuer: Issuer, key: Any, alg: str) -> None:
    assert status(served, issuer.token(key, alg)) == 200
    assert status(served, issuer.token(key, alg), "POST") == 201


@pytest.mark.parametrize(
    ("roles", "reads", "writes"),
    [
        ({"roles": ["reader"]}, 200, 403),
        ({"roles": "user"}, 200, 201),
        ({"roles": ["reader", "admin", 7, None]}, 200, 201),
        ({"roles": []}, 403, 403),
        ({}, 403, 403),
        ("user", 403, 403),
        (None, 403, 403),
    ],
)
def test_role_is_that_of_the_claim(served: str, issuer: Issuer, roles: Any, reads: int, writes: int) -> None:
    token = issuer.token(RSA, "RS256", realm_access=roles)
    assert (status(served, token), status(served, token, "POST")) == (reads, writes)


def test_api_key_is_taken_beside_tokens(served: str) -> None:
    assert (status(served, "0123456789abcdef"), status(served, "fedcba9876543210")) == (200, 401)


def wrong_tokens() -> dict[str, Callable[[Issuer], str]]:
    def by(issuer: Issuer, key: Any, alg: str, **header: Any) -> str:
        return issuer.token(key, alg, header=header)

    def encoded(part: bytes) -> str:
        return base64.urlsafe_b64encode(part).rstrip(b"=").decode()

    def by_hand(issuer: Issuer, header: dict[str, str]) -> str:
        return ".".join(encoded(json.dumps(part).encode()) for part in (header, issuer.claims()))

    def unsigned(issuer: Issuer) -> str:
        return by_hand(issuer, {"alg": "none"}) + "."

    def public_key_as_secret(issuer: Issuer) -> str:
        signed = by_hand(issuer, {"alg": "HS256", "kid": "rsa-1"})
        return f"{signed}.{encoded(hmac.digest(RSA.as_pem(private=False), signed.encode(), 'sha256'))}"

    stranger = RSAKey.generate_key(2048, {"kid": "rsa-1"})
    return {
        "alg-none": unsigned,
        "public-key-as-secret": public_key_as_secret,
        "key-of-a-stranger": lambda issuer: by(issuer, stranger, "RS256"),
        "other-key-named": lambda issuer: by(issuer, EC, "ES256", kid="rsa-1"),
        "expired": lambda issuer: issuer.token(RSA, "RS256", exp=int(time.time()) - 60),
        "without-an-end": lambda issuer: issuer.token(RSA, "RS256", exp=None),
        "end-is-no-number": lambda issuer: issuer.token(RSA, "RS256", exp="never"),
        "not-yet": lambda issuer: issuer.token(RSA, "RS256", nbf=int(time.time()) + 600),
        "other-audience": lambda issuer: issuer.token(RSA, "RS256", aud="other"),
        "no-audience": lambda issuer: issuer.token(RSA, "RS256", aud=None),
        "other-issuer": lambda issuer: issuer.token(RSA, "RS256", iss="https://evil.example"),
        "no-issuer": lambda issuer: issuer.token(RSA, "RS256", iss=None),
        "nobody": lambda issuer: issuer.token(RSA, "RS256", sub=None),
        "cut-off": lambda issuer: issuer.token(RSA, "RS256")[:-6],
        "changed": lambda issuer: issuer.token(RSA, "RS256").replace(".", ".e", 1),
        "no-token": lambda _: "a.b.c",
        "no-ascii": lambda _: "ä.ö.ü",
    }


@pytest.mark.parametrize("wrong", [pytest.param(make, id=name) for name, make in wrong_tokens().items()])
def test_every_other_token_is_401(served: str, issuer: Issuer, wrong: Callable[[Issuer], str]) -> None:
    token = wrong(issuer).encode("latin-1")
    answer = httpx.get(served + CUSTOMER, headers={b"Authorization": b"Bearer " + token})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert status(served, issuer.token(RSA, "RS256")) == 200


@pytest.mark.parametrize(
    ("changed", "status_"),
    [
        ({"sub": "\ud800\nERROR forged" + "x" * 2000}, 200),
        ({"exp": 10**400}, 200),
        ({"aud": {AUDIENCE: 1}}, 401),
        ({"sub": ["ann"]}, 401),
    ],
)
def test_odd_claims_are_read_or_refused(
    start_server: Starter, issuer: Issuer, changed: dict[str, Any], status_: int, capfd: pytest.CaptureFixture[str]
) -> None:
    with start_server(*issuer.options(), "--access-log", "--log-format", "json") as url:
        assert status(url, issuer.token(RSA, "RS256", **changed)) == status_
    said = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert max(len(each.get("key", "")) for each in said) < 100
    assert not any("unforeseen" in each["event"] for each in said)


def test_claims_of_too_many_brackets_are_401(served: str, issuer: Issuer) -> None:
    header = {"alg": "RS256", "kid": RSA.kid}
    assert status(served, jws.serialize_compact(header, b"[" * 5000, RSA, algorithms=["RS256"])) == 401


def test_token_that_runs_out_is_taken_no_longer(served: str, issuer: Issuer) -> None:
    token = issuer.token(RSA, "RS256", exp=int(time.time()) - 28)
    assert status(served, token) == 200
    until = time.monotonic() + PATIENCE_SECONDS
    while status(served, token) == 200 and time.monotonic() < until:
        time.sleep(0.2)
    assert status(served, token) == 401


def test_unknown_keys_make_nobody_fetch_twice_a_minute(start_server: Starter) -> None:
    issuer = Issuer(keys=[RSA])
    with issuer.running(), start_server(*issuer.options(), "--oidc-jwks", f"{issuer.url}/keys") as url:
        assert status(url, issuer.token(RSA, "RS256")) == 200
        fetched = issuer.fetches
        for _ in range(20):
            assert status(url, issuer.token(NEXT, "ES256")) == 401
        assert issuer.fetches == fetched <= 1


def test_rotation_takes_the_new_key_in_and_the_old_one_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issuer_keys, "_REST_SECONDS", 0.0)
    issuer = Issuer(keys=[RSA])

    async def scenario() -> None:
        tokens = Tokens(TokenIssuer(issuer.url, AUDIENCE, role_claim=ROLES))
        old, new = issuer.token(RSA, "RS256"), issuer.token(NEXT, "ES256")
        assert await tokens.caller(old) is not None
        assert await tokens.caller(new) is None
        issuer.keys = [NEXT]
        assert await tokens.caller(new) is not None
        assert await tokens.caller(old) is None

    with issuer.running():
        asyncio.run(scenario())


ODD_SETS = [
    b'{"keys":["x",null,7]}',
    b'{"keys":null}',
    b'{"keys":5}',
    b'{"keys":{"a":1}}',
    b'{"keys":[]}',
    b'{"keys":[{"kty":["RSA"]},{"kty":"oct","k":"AAAA"},{"kty":"OKP","crv":"X25519","x":"AAAA"}]}',
    b"[]",
    b"[" * 5000,
    b"\xff",
]


@pytest.mark.parametrize("odd", ODD_SETS)
def test_odd_key_set_leaves_known_keys_and_is_asked_for_again(
    odd: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("_REST_SECONDS", "_REST_WITHOUT_KEYS_SECONDS", "_LOOK_AGAIN_SECONDS"):
        monkeypatch.setattr(issuer_keys, name, 0.01)
    issuer = Issuer(keys=[RSA])

    async def fetched_again() -> None:
        before = issuer.fetches
        async with asyncio.timeout(PATIENCE_SECONDS):
            while issuer.fetches < before + 2:  # noqa: ASYNC110 - it grows in another thread
                await asyncio.sleep(0.01)

    async def scenario() -> None:
        tokens = Tokens(TokenIssuer(issuer.url, AUDIENCE, f"{issuer.url}/keys", role_claim=ROLES))
        await tokens.start()
        await fetched_again()
        issuer.answer = odd
        await fetched_again()
        assert await tokens.caller(issuer.token(NEXT, "ES256")) is None
        assert await tokens.caller(issuer.token(RSA, "RS256")) is not None
        issuer.keys, issuer.answer = [NEXT], None
        await fetched_again()
        assert await tokens.caller(issuer.token(RSA, "RS256")) is None
        assert await tokens.caller(issuer.token(NEXT, "ES256")) is not None
        await tokens.stop()

    with issuer.running():
        asyncio.run(scenario())
    told = [record.getMessage() for record in caplog.records]
    assert ["known ones stay" in each for each in told] == [True, False], told


def test_keys_without_a_name_are_chosen_by_what_they_can_sign() -> None:
    nameless: list[Any] = [RSAKey.generate_key(2048), ECKey.generate_key("P-256"), ECKey.generate_key("P-256")]
    public = [key.as_dict(private=False) for key in nameless]
    assert not any("kid" in each for each in public)
    keys = signing_keys({"keys": [*public, EC.as_dict(private=False), "x"]})
    issuer = Issuer([RSA, EC])

    async def taken(key: Any, alg: str, **header: Any) -> bool:
        tokens = Tokens(TokenIssuer(issuer.url, AUDIENCE, keys=keys, role_claim=ROLES))
        return await tokens.caller(issuer.token(key, alg, header=header)) is not None

    for key, alg in zip(nameless, ("PS256", "ES256", "ES256"), strict=True):
        assert asyncio.run(taken(key, alg, kid="some-name"))
        assert asyncio.run(taken(key, alg, kid=None))
    assert asyncio.run(taken(EC, "ES256", kid=None))
    assert not asyncio.run(taken(EC, "ES256", kid="some-name"))
    assert not asyncio.run(taken(NEXT, "ES256", kid=None))


def test_key_for_another_algorithm_is_none() -> None:
    [key] = signing_keys({"keys": [{**RSA.as_dict(private=False), "alg": "RS512"}]})
    issuer = Issuer([RSA, EC])
    tokens = Tokens(TokenIssuer(issuer.url, AUDIENCE, keys=(key,), role_claim=ROLES))
    assert asyncio.run(tokens.caller(issuer.token(RSA, "RS256"))) is None
    caller = asyncio.run(tokens.caller(issuer.token(RSA, "RS512")))
    assert caller is not None
    assert caller.name == "oidc:ann"  # which no API key can be called


def test_issuer_that_is_away_stops_neither_start_nor_known_keys(
    start_server: Starter, capfd: pytest.CaptureFixture[str]
) -> None:
    issuer = Issuer([RSA, EC])
    with start_server(*issuer.options()) as url:
        assert status(url, issuer.token(RSA, "RS256")) == 401
        with issuer.running():
            until = time.monotonic() + PATIENCE_SECONDS
            while status(url, issuer.token(RSA, "RS256")) == 401 and time.monotonic() < until:
                time.sleep(0.2)
            assert status(url, issuer.token(RSA, "RS256")) == 200
        assert status(url, issuer.token(RSA, "RS256", sub="somebody else")) == 200
    said = capfd.readouterr().err
    assert said.count("cannot be fetched, known ones stay") == 1
    assert said.count("are fetched again") == 1


def test_keys_may_be_in_a_file(start_server: Starter, tmp_path: Path) -> None:
    issuer = Issuer([RSA, EC])
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": [EC.as_dict(private=False), {"kty": "new"}, {"kty": "RSA", "n": 1}]}))
    with start_server(*issuer.options(), "--oidc-jwks", f"file:{file}") as url:
        assert [status(url, issuer.token(EC, "ES256")), status(url, issuer.token(RSA, "RS256"))] == [200, 401]


@pytest.mark.parametrize("odd", ODD_SETS)
def test_file_without_a_key_for_signatures_ends_the_start(odd: bytes, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_bytes(odd)
    options = ["--oidc-issuer", "https://id.example", "--oidc-audience", "a", "--oidc-jwks", f"file:{file}"]
    for command in ("check", "run"):
        result = CliRunner().invoke(cli.main, [command, *options])
        assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
        assert result.stderr.startswith(f"tmfkit-server: --oidc-jwks file:{file}: ")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--oidc-issuer", "http://id.example"],
            "--oidc-issuer http://id.example: who is in between could change keys",
        ),
        (["--oidc-issuer", "https://[::1"], "--oidc-issuer https://[::1: it is no address"),
        (["--oidc-issuer", "https:///realm"], "--oidc-issuer https:///realm: it is no address"),
        (["--oidc-issuer", "https://id.example"], "--oidc-audience: without one, tokens for other services"),
        (
            ["--oidc-issuer", "https://id.example", "--oidc-audience", "a", "--oidc-role-claim", "roles"],
            "--oidc-role-claim roles: it is no JSON pointer",
        ),
        (
            ["--oidc-issuer", "https://id.example", "--oidc-audience", "a", "--oidc-jwks", "file:/nix"],
            "--oidc-jwks file:/nix: it cannot be read (FileNotFoundError)",
        ),
    ],
)
def test_issuer_that_cannot_be_is_refused(options: list[str], message: str) -> None:
    result = CliRunner().invoke(cli.main, ["run", *options])
    assert (result.exit_code, result.stderr[: len(message) + 15]) == (2, f"tmfkit-server: {message}")
