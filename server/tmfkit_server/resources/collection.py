"""``GET`` and ``POST`` on a collection, for every resource of every API."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote, unquote_plus

import falcon.asgi

from tmfkit_models.contracts import Operation
from tmfkit_server.answer_room import AnswerRoom
from tmfkit_server.query.parse import parse_search
from tmfkit_server.resources.addresses import Addresses
from tmfkit_server.resources.bodies import BodyReader
from tmfkit_server.resources.endpoint import answer, answer_with, asker_of, caller_of, check_accept
from tmfkit_server.resources.idempotency import idempotency_key, mark_replayed
from tmfkit_server.search_limits import SearchLimits
from tmfkit_server.services.entities import Entities

__all__ = ["CreateHandler", "ListHandler"]

# What may stand in the query of an address (RFC 3986), and the sign of what is encoded already. Operators such as ">"
# may not, and would end the address in a Link header.
_LEFT_ALONE = "%!$&'()*+,;=:@/?"


class ListHandler:
    """Lists a collection, filtered, sorted, page by page."""

    def __init__(
        self,
        operation: Operation,
        entities: Entities,
        addresses: Addresses,
        *,
        page_limit: int,
        max_page_bytes: int,
        search_limits: SearchLimits,
        room: AnswerRoom,
    ) -> None:
        """Prepare.

        Args:
            operation: Operation that is called.
            entities: The collection.
            addresses: Its addresses.
            page_limit: How many resources one answer has at most.
            max_page_bytes: Bytes after which it ends.
            search_limits: How much work a search may make.
            room: Where its answers wait.
        """
        self._operation = operation
        self._entities = entities
        self._addresses = addresses
        self._page_limit = page_limit
        self._max_page_bytes = max_page_bytes
        self._search_limits = search_limits
        self._room = room

    async def __call__(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Answer 200, or 206 with the part of the whole that was asked for, or that one answer may have."""
        check_accept(req, self._operation)
        address = self._addresses.of(req)
        asked = parse_search(req.query_string, self._entities.grammar_at(address), self._search_limits)
        limit = self._page_limit if asked.limit is None else min(asked.limit, self._page_limit)
        search = replace(asked, limit=limit, most_bytes=self._max_page_bytes, asker=asker_of(req))
        listing = await self._entities.list(search, address, self._room)
        resp.set_header("X-Total-Count", str(listing.total))
        resp.set_header("X-Result-Count", str(listing.count))
        end = search.offset + listing.count
        if asked.limit is not None or search.offset or end < listing.total:
            links = _links(f"{address}{req.path}", req.query_string, search.offset, end, limit, listing.total)
            if links:
                resp.set_header("Link", links)
        answer(resp, 206 if listing.count < listing.total else 200, listing.content)


class CreateHandler:
    """Creates a resource in a collection."""

    def __init__(self, operation: Operation, entities: Entities, addresses: Addresses, reader: BodyReader) -> None:
        self._operation = operation
        self._entities = entities
        self._addresses = addresses
        self._reader = reader
        headers = operation.response_headers.get(str(operation.success), ())
        self._has_content_location = "Content-Location" in headers

    async def __call__(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Answer with the new resource and its address."""
        check_accept(req, self._operation)
        key = idempotency_key(req)
        _, sent = await self._reader.read(req, self._operation.consumes)
        address = self._addresses.of(req)
        if key is None:
            record = await self._entities.create(sent, self._operation, address)
        else:
            record, is_replayed = await self._entities.create_once(
                sent, self._operation, address, key=key, caller=caller_of(req)
            )
            if is_replayed:
                mark_replayed(resp)
        location = f"{address}{self._entities.hrefs.path_of(record.id)}"
        resp.set_header("Location", location)
        if self._has_content_location:
            resp.set_header("Content-Location", location)
        answer_with(resp, self._operation.success, self._entities, record, address)


def _links(url: str, query: str, offset: int, end: int, limit: int, total: int) -> str:
    """Return the ``Link`` header that leads to the other pages (RFC 8288), empty without a page size.

    The page that it is for may *end* earlier than after *limit* resources, because those were long.
    """
    if not limit:
        return ""
    last = max(0, (total - 1) // limit * limit)
    offsets = {"first": 0, "last": last}
    if offset > 0:
        offsets["prev"] = max(0, min(offset - limit, last))
    if offset < end < total:
        offsets["next"] = end
    kept = [
        quote(part, safe=_LEFT_ALONE)
        for part in query.split("&")
        if part and unquote_plus(part.partition("=")[0]).strip() not in ("offset", "limit")
    ]
    links = []
    for relation, place in offsets.items():
        address = "&".join([*kept, f"offset={place}", f"limit={limit}"])
        links.append(f'<{url}?{address}>; rel="{relation}"')
    return ", ".join(links)
