"""Lists that are fetched page by page, while they are read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Generic, Protocol, TypeVar, overload

from .answers import Response
from .calls import Call
from .paging import Walk
from .settings import Settings

__all__ = ["AsyncPages", "AsyncRunner", "Page", "Pages", "Runner"]

T = TypeVar("T")
R = TypeVar("R")


class Runner(Protocol):
    """What makes calls."""

    settings: Settings

    def run(self, call: Call[R]) -> R:
        """Make *call* and return its result."""
        ...


class AsyncRunner(Protocol):
    """What makes calls, awaited."""

    settings: Settings

    async def run(self, call: Call[R]) -> R:
        """Make *call* and return its result."""
        ...


class Page(Sequence[T]):
    """Some of a list, as they came in one answer.

    Attributes:
        response: The answer.
        total: How many the whole list has; None when the server does not say.
    """

    __slots__ = ("_items", "response", "total")

    def __init__(self, items: list[T], response: Response, total: int | None) -> None:
        self._items, self.response, self.total = items, response, total

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return iter(self._items)

    def __repr__(self) -> str:
        return f"<{len(self)} of {'some' if self.total is None else self.total} from {self.response.request.url}>"


def _page(walk: Walk[T], items: list[T], response: Response) -> Page[T]:
    return Page(items, response, walk.add(items, response))


def _single(call: Call[list[T]]) -> Call[tuple[list[T], Response]]:
    """Return the call of one page, whose result keeps the answer."""

    def decode(response: Response) -> tuple[list[T], Response]:
        return call.decode(response), response

    return Call(
        call.method, call.path, decode, call.query, options=call.options, has_body=call.has_body, packed=call.packed
    )


class Pages(Generic[T]):
    """A list; nothing is fetched before it is read, and every reading from its beginning fetches it anew.

    Args:
        driver: Makes the calls.
        call: That of the first page.
        identify: Returns what tells elements apart; pages with the same ones are one page that came twice.
    """

    def __init__(self, driver: Runner, call: Call[list[T]], identify: Callable[[T], object] | None = None) -> None:
        self._driver, self._call, self._identify = driver, call, identify
        self._total: int | None = None
        self._is_known = False

    def pages(self) -> Iterator[Page[T]]:
        """Yield the pages.

        Raises:
            Unreadable: A page came again, or none, although there should be more.
        """
        walk = Walk(self._driver.settings.address, self._call, self._identify)
        call: Call[list[T]] | None = self._call
        while call is not None:
            page = _page(walk, *self._driver.run(_single(call)))
            self._total, self._is_known = page.total, True
            if not walk.is_repeated:
                yield page
            call = walk.next_call()

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page

    @property
    def total(self) -> int | None:
        """How many the whole list has, as the server said last; None when it does not say."""
        if not self._is_known:
            next(self.pages(), None)
        return self._total

    def first(self) -> T | None:
        """Return the first element; None of an empty list."""
        walk = Walk(self._driver.settings.address, self._call, self._identify)
        items, _ = self._driver.run(_single(walk.first_call()))
        return items[0] if items else None

    def all(self, at_most: int | None = None) -> list[T]:
        """Return the elements as a list, the first *at_most* of them; None is all."""
        found: list[T] = []
        if at_most is not None and at_most < 1:
            return found
        for one in self:
            found.append(one)
            if len(found) == at_most:
                break
        return found

    def __repr__(self) -> str:
        return f"<list of {self._call.path}>"


class AsyncPages(Generic[T]):
    """A list that is read with `async for`; takes what `Pages` does."""

    def __init__(self, driver: AsyncRunner, call: Call[list[T]], identify: Callable[[T], object] | None = None) -> None:
        self._driver, self._call, self._identify = driver, call, identify
        self._total: int | None = None
        self._is_known = False

    async def pages(self) -> AsyncIterator[Page[T]]:
        """Yield the pages.

        Raises:
            Unreadable: A page came again, or none, although there should be more.
        """
        walk = Walk(self._driver.settings.address, self._call, self._identify)
        call: Call[list[T]] | None = self._call
        while call is not None:
            page = _page(walk, *await self._driver.run(_single(call)))
            self._total, self._is_known = page.total, True
            if not walk.is_repeated:
                yield page
            call = walk.next_call()

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for one in page:
                yield one

    @property
    def total(self) -> Awaitable[int | None]:
        """How many the whole list has, as the server said last; None when it does not say."""
        return self._found_total()

    async def _found_total(self) -> int | None:
        if not self._is_known:
            await anext(self.pages(), None)
        return self._total

    async def first(self) -> T | None:
        """Return the first element; None of an empty list."""
        walk = Walk(self._driver.settings.address, self._call, self._identify)
        items, _ = await self._driver.run(_single(walk.first_call()))
        return items[0] if items else None

    async def all(self, at_most: int | None = None) -> list[T]:
        """Return the elements as a list, the first *at_most* of them; None is all."""
        found: list[T] = []
        if at_most is not None and at_most < 1:
            return found
        async for one in self:
            found.append(one)
            if len(found) == at_most:
                break
        return found

    def __repr__(self) -> str:
        return f"<list of {self._call.path}>"
