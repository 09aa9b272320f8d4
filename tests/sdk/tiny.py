"""A resource written by hand, as small as one can be, and its twin."""

from __future__ import annotations

import json
from typing import Any

from tmfkit_sdk._runtime.answers import Response
from tmfkit_sdk._runtime.calls import JSON, MERGE_PATCH, Call, Options, identifier, nothing
from tmfkit_sdk._runtime.clients import AsyncClient, Client
from tmfkit_sdk._runtime.errors import Unreadable
from tmfkit_sdk._runtime.hub import AsyncHub, Hub
from tmfkit_sdk._runtime.pages import AsyncPages, Pages
from tmfkit_sdk._runtime.queries import list_query

__all__ = ["AsyncTiny", "Tiny"]

Thing = dict[str, Any]


def _one(response: Response) -> Thing:
    found = response.json()
    if not isinstance(found, dict):
        raise Unreadable("the body is no object", response=response)
    return found


def _many(response: Response) -> list[Thing]:
    found = response.json()
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise Unreadable("the body is no list of objects", response=response)
    return found


def _id(thing: Thing) -> object:
    return thing.get("id")


def _got(name: str, options: Options | None) -> Call[Thing]:
    return Call("GET", f"/thing/{identifier(name)}", _one, options=options)


def _made(body: Thing, key: str | None, options: Options | None) -> Call[Thing]:
    content = json.dumps(body).encode()
    return Call("POST", "/thing", _one, content=content, content_type=JSON, idempotency_key=key, options=options)


def _changed(method: str, name: str, body: Thing, if_match: str | None) -> Call[Thing]:
    path, content = f"/thing/{identifier(name)}", json.dumps(body).encode()
    return Call(method, path, _one, content=content, content_type=MERGE_PATCH, if_match=if_match, reread=True)


def _gone(name: str, if_match: str | None) -> Call[None]:
    return Call("DELETE", f"/thing/{identifier(name)}", nothing, if_match=if_match, has_body=False)


def _listed(limit: int | None, offset: int | None) -> Call[list[Thing]]:
    return Call("GET", "/thing", _many, query=list_query(limit=limit, offset=offset), packed=True)


class Tiny(Client):
    _base_path = "/api"

    def get(self, name: str, options: Options | None = None) -> Thing:
        return self._driver.run(_got(name, options))

    def create(self, body: Thing, *, key: str | None = None, options: Options | None = None) -> Thing:
        return self._driver.run(_made(body, key, options))

    def update(self, name: str, body: Thing, *, if_match: str | None = None) -> Thing:
        return self._driver.run(_changed("PATCH", name, body, if_match))

    def replace(self, name: str, body: Thing, *, if_match: str | None = None) -> Thing:
        return self._driver.run(_changed("PUT", name, body, if_match))

    def delete(self, name: str, *, if_match: str | None = None) -> None:
        self._driver.run(_gone(name, if_match))

    def list(self, limit: int | None = None, offset: int | None = None) -> Pages[Thing]:
        return Pages(self._driver, _listed(limit, offset), _id)

    @property
    def hub(self) -> Hub:
        return Hub(self._driver)


class AsyncTiny(AsyncClient):
    _base_path = "/api"

    async def get(self, name: str, options: Options | None = None) -> Thing:
        return await self._driver.run(_got(name, options))

    async def create(self, body: Thing, *, key: str | None = None, options: Options | None = None) -> Thing:
        return await self._driver.run(_made(body, key, options))

    async def update(self, name: str, body: Thing, *, if_match: str | None = None) -> Thing:
        return await self._driver.run(_changed("PATCH", name, body, if_match))

    async def replace(self, name: str, body: Thing, *, if_match: str | None = None) -> Thing:
        return await self._driver.run(_changed("PUT", name, body, if_match))

    async def delete(self, name: str, *, if_match: str | None = None) -> None:
        await self._driver.run(_gone(name, if_match))

    def list(self, limit: int | None = None, offset: int | None = None) -> AsyncPages[Thing]:
        return AsyncPages(self._driver, _listed(limit, offset), _id)

    @property
    def hub(self) -> AsyncHub:
        return AsyncHub(self._driver)
