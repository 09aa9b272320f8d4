"""The keys of a token issuer: fetched when they are needed, kept while the issuer is away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import aiohttp
import orjson
from yarl import URL

from tmfkit_server.network import is_loopback
from tmfkit_server.signing_keys import SigningKey, fitting_keys, signing_keys
from tmfkit_server.token_issuer import TokenIssuer

__all__ = ["IssuerKeys"]

_LOG = logging.getLogger(__name__)
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
        self._keys = issuer.keys or ()
        self._fetched_at = float("-inf")
        self._fetch: asyncio.Task[None] | None = None
        self._said = ""

    async def start(self) -> None:
        """Begin to look at them now and then, unless they are from a file; the issuer may be away."""
        self._task = asyncio.create_task(self._look_again()) if self._issuer.keys is None else None

    async def stop(self) -> None:
        """Look no more."""
        tasks = [task for task in (self._task, self._fetch) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def fitting(self, name: str | None, algorithm: str) -> list[SigningKey]:
        """Return the keys that a token may be signed with; see ``fitting_keys``."""
        return fitting_keys(self._keys, name, algorithm)

    async def renewed_for(self, name: str | None) -> bool:
        """Fetch the keys when none is the one that a token names, unless that was done a moment ago; tell whether.

        Args:
            name: Name of the key; None for a token that names none.
        """
        if any(key.kid == name for key in self._keys if name is not None) or not self._may_fetch():
            return False
        await self._fetched()
        return True

    def _may_fetch(self) -> bool:
        if self._issuer.keys is not None:
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
        # Whatever an issuer may come up with, its keys are looked at again.
        except Exception as exc:  # noqa: BLE001 - told of
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

    def _take(self, found: object) -> None:
        keys = signing_keys(found)
        if [key.as_dict(private=False) for key in keys] != [key.as_dict(private=False) for key in self._keys]:
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
