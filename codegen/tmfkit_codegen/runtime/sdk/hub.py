"""Listeners: registered, removed, or registered for a while."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from .answers import Response
from .calls import JSON, Call, Options, identifier, nothing
from .encoding import dumps
from .errors import NotFound, TmfError
from .pages import AsyncRunner, Runner

__all__ = ["AsyncHub", "Hub", "Subscription"]


@dataclass(frozen=True, slots=True)
class Subscription:
    """A listener that is registered.

    Attributes:
        id: Its id; None when the server did not tell, which some documents allow.
        callback: Where events are sent.
        query: Which events; None for all.
        response: The answer to the registration.
    """

    id: str | None
    callback: str
    query: str | None
    response: Response = field(repr=False, compare=False)


def _subscribed(path: str, callback: str, query: str | None, options: Options | None) -> Call[Subscription]:
    if not isinstance(callback, str) or not callback.strip():
        raise ValueError(f"callback is {callback!r}; it has to be the address that events are sent to")
    body = {"callback": callback} if query is None else {"callback": callback, "query": query}

    def decode(response: Response) -> Subscription:
        return Subscription(_id(response), callback, query, response)

    return Call("POST", path, decode, content=dumps(body), content_type=JSON, options=options, has_body=False)


def _id(response: Response) -> str | None:
    """Return the id of a listener: that of the body, else the end of ``Location``."""
    found: Any = None
    if response.content.strip():
        document = response.json()
        found = document.get("id") if isinstance(document, dict) else None
    if not isinstance(found, (str, int)) or isinstance(found, bool) or found == "":
        try:
            found = unquote(urlsplit(response.headers.get("location", "")).path.rstrip("/").rpartition("/")[2])
        except ValueError:
            return None
    return None if found in {"", ".", ".."} else str(found)


def _unsubscribed(path: str, subscription: Subscription | str, options: Options | None) -> Call[None]:
    known = subscription.id if isinstance(subscription, Subscription) else subscription
    if known is None:
        raise ValueError("the server did not tell the id of this listener, so that it cannot be removed here")
    return Call("DELETE", f"{path}/{identifier(known)}", nothing, options=options, has_body=False)


class Hub:
    """Registers listeners.

    Args:
        driver: Makes the calls.
        path: Path of the hub.
    """

    def __init__(self, driver: Runner, path: str = "/hub") -> None:
        self._driver, self._path = driver, path

    def subscribe(self, callback: str, *, query: str | None = None, options: Options | None = None) -> Subscription:
        """Register *callback* for the events that *query* wants; None is all.

        Raises:
            Conflict: It is registered already.
        """
        return self._driver.run(_subscribed(self._path, callback, query, options))

    def unsubscribe(self, subscription: Subscription | str, *, options: Options | None = None) -> None:
        """Remove a listener."""
        self._driver.run(_unsubscribed(self._path, subscription, options))

    @contextmanager
    def subscription(
        self, callback: str, *, query: str | None = None, options: Options | None = None
    ) -> Iterator[Subscription]:
        """Register a listener for as long as the ``with`` block lasts; one that is gone by then is no error."""
        made = self.subscribe(callback, query=query, options=options)
        try:
            yield made
        except BaseException:  # which is what matters, whatever the listener's end brings
            if made.id is not None:
                with suppress(TmfError):
                    self.unsubscribe(made, options=options)
            raise
        if made.id is not None:
            with suppress(NotFound):
                self.unsubscribe(made, options=options)


class AsyncHub:
    """Registers listeners, as `Hub` does, awaited."""

    def __init__(self, driver: AsyncRunner, path: str = "/hub") -> None:
        self._driver, self._path = driver, path

    async def subscribe(
        self, callback: str, *, query: str | None = None, options: Options | None = None
    ) -> Subscription:
        """Register *callback* for the events that *query* wants; see `Hub.subscribe`."""
        return await self._driver.run(_subscribed(self._path, callback, query, options))

    async def unsubscribe(self, subscription: Subscription | str, *, options: Options | None = None) -> None:
        """Remove a listener."""
        await self._driver.run(_unsubscribed(self._path, subscription, options))

    @asynccontextmanager
    async def subscription(
        self, callback: str, *, query: str | None = None, options: Options | None = None
    ) -> AsyncIterator[Subscription]:
        """Register a listener for as long as the ``with`` block lasts; one that is gone by then is no error."""
        made = await self.subscribe(callback, query=query, options=options)
        try:
            yield made
        except BaseException:  # which is what matters, whatever the listener's end brings
            if made.id is not None:
                with suppress(TmfError):
                    await self.unsubscribe(made, options=options)
            raise
        if made.id is not None:
            with suppress(NotFound):
                await self.unsubscribe(made, options=options)
