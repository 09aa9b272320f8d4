"""The keys of a token issuer: fetched when they are needed, kept while the issuer is away."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from typing import Any

import aiohttp
import orjson
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey
from yarl import URL

from tmfkit_server.network import is_loopback
from tmfkit_server.token_issuer import TokenIssuer

__all__ = ["IssuerKeys"]

_LOG = logging.getLogger(__name__)
# Never a symmetric key: whoever knows a public key could sign with it as such.
_KINDS: Mapping[str, type[RSAKey | ECKey | OKPKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
_DISCOVERY = "/.well-known/openid-configuration"
_FETCH_SECONDS = 5.0
_MOST_BYTES = 1024 * 1024
# An unknown key makes the keys be fetched no oftener than this.
_REST_SECONDS = 60.0
_REST_WITHOUT_KEYS_SECONDS = 5.0
# A key that the issuer has withdrawn is trusted no longer than this.
_LOOK_AGAIN_SECONDS = 600.0


class IssuerKeys:
    """The keys of one issuer.

    Attributes:
        edition: Grows whenever the keys change.
    """

    def __init__(self, issuer: TokenIssuer) -> None:
        self.edition = 0
        self._issuer = issuer
        self._keys: dict[str, RSAKey | ECKey | OKPKey] = {}
        self._fetched_at = float("-inf")
        self._fetch: asyncio.Task[None] | None = None
        self._said = ""
        if issuer.jwks is not None:
            self._take(orjson.loads(issuer.jwks))

    async def start(self) -> None:
        """Begin to look at them now and then, unless they are from a file; the issuer may be away."""
        self._task = asyncio.create_task(self._look_again()) if self._issuer.jwks is None else None

    async def stop(self) -> None:
        """Look no more."""
        tasks = [task for task in (self._task, self._fetch) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def set_for(self, name: str | None) -> KeySet | None:
        """Return the keys that a token signed by key *name* may be signed by, None when there are none.

        A token that names no key may be signed by the only one that there is.
        """
        if not self._has(name) and self._may_fetch():
            await self._fetched()
        if not self._has(name):
            return None
        return KeySet([self._keys[name]] if name else list(self._keys.values()))

    def _has(self, name: str | None) -> bool:
        return name in self._keys if name else len(self._keys) == 1

    def _may_fetch(self) -> bool:
        if self._issuer.jwks is not None:
            return False
        rest = _REST_SECONDS if self._keys else _REST_WITHOUT_KEYS_SECONDS
        is_under_way = self._fetch is not None and not self._fetch.done()
        return is_under_way or asyncio.get_running_loop().time() - self._fetched_at >= rest

    async def _look_again(self) -> None:
        while True:
            await self._fetched()
            await asyncio.sleep(_LOOK_AGAIN_SECONDS if self._keys else _REST_WITHOUT_KEYS_SECONDS)

    async def _fetched(self) -> None:
        """Fetch them, once for all who ask for it at the same time."""
        if self._fetch is None or self._fetch.done():
            self._fetched_at = asyncio.get_running_loop().time()
            self._fetch = asyncio.create_task(self._fetch_keys())
        await asyncio.shield(self._fetch)

    async def _fetch_keys(self) -> None:
        try:
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(_FETCH_SECONDS)) as session:
                self._take(await _json(session, await self._address(session)))
        except (aiohttp.ClientError, TimeoutError, ValueError) as exc:
            reason = str(exc) or type(exc).__name__
            if reason != self._said:
                self._said = reason
                _LOG.warning("the keys of %s cannot be fetched, known ones stay: %s", self._issuer.url, reason)
        else:
            if self._said:
                self._said = ""
                _LOG.warning("the keys of %s are fetched again", self._issuer.url)

    async def _address(self, session: aiohttp.ClientSession) -> str:
        if self._issuer.jwks_url:
            return self._issuer.jwks_url
        found = await _json(session, self._issuer.url.rstrip("/") + _DISCOVERY)
        if found.get("issuer") != self._issuer.url:
            raise ValueError("its discovery document names another issuer")
        return str(found.get("jwks_uri"))

    def _take(self, found: Mapping[str, Any]) -> None:
        keys: dict[str, RSAKey | ECKey | OKPKey] = {}
        for data in found.get("keys", ()):
            kind = _KINDS.get(data.get("kty"))
            if kind is not None and data.get("use", "sig") == "sig":
                # One that the library does not know is none that could have signed a token for us.
                with contextlib.suppress(JoseError, ValueError, TypeError, KeyError):
                    keys[str(data.get("kid") or "")] = kind.import_key(data)
        if not keys:
            raise ValueError("there is no key for signatures among what it gives")
        if [key.as_dict(private=False) for key in keys.values()] != [
            key.as_dict(private=False) for key in self._keys.values()
        ]:
            self.edition += 1
        self._keys = keys


async def _json(session: aiohttp.ClientSession, address: str) -> Mapping[str, Any]:
    url = URL(address)
    if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.host or "")):
        raise ValueError("its keys are not at an https address")
    async with session.get(url, allow_redirects=False) as answer:
        answer.raise_for_status()
        text = await answer.content.read(_MOST_BYTES + 1)
        while len(text) <= _MOST_BYTES and (more := await answer.content.read(_MOST_BYTES)):
            text += more
    found = orjson.loads(text) if answer.status == 200 and len(text) <= _MOST_BYTES else None
    if not isinstance(found, dict):
        raise ValueError("what it answers is no JSON object")  # noqa: TRY004 - of what came, not of a caller's value
    return found
