"""``GET``, ``PATCH``, ``PUT`` and ``DELETE`` on one resource of a collection, for every resource of every API."""

from __future__ import annotations

import falcon.asgi

from tmfkit_models.contracts import Operation
from tmfkit_server.query.budget import Budget
from tmfkit_server.query.parse import parse_fields
from tmfkit_server.resources.addresses import Addresses
from tmfkit_server.resources.bodies import BodyReader
from tmfkit_server.resources.conditions import check_read, expectation, is_unchanged
from tmfkit_server.resources.endpoint import accepted_types, answer_with, check_accept
from tmfkit_server.search_limits import MOST_STEPS
from tmfkit_server.services.entities import Entities

__all__ = ["DeleteHandler", "PatchHandler", "ReplaceHandler", "RetrieveHandler"]


class RetrieveHandler:
    """Reads one resource."""

    def __init__(self, operation: Operation, entities: Entities, addresses: Addresses) -> None:
        self._operation = operation
        self._entities = entities
        self._addresses = addresses

    async def __call__(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, identifier: str) -> None:
        """Answer with the resource, reduced to ``fields``, or with 304 when the client has it already."""
        check_accept(req, self._operation)
        address = self._addresses.of(req)
        fields = parse_fields(req.query_string, self._entities.grammar_at(address)) if req.query_string else None
        record = await self._entities.retrieve(identifier)
        if (wanted := req.get_header("If-Match")) is not None:
            check_read(wanted, record.tag)
        part = None
        if fields is not None:
            part = await self._entities.selection(record, address, fields, Budget(MOST_STEPS))
        answer_with(resp, self._operation.success, self._entities, record, address, part)
        known = req.get_header("If-None-Match")
        # A resource that is shown in another way at another time may be unchanged and yet not what the client has.
        if known is not None and is_unchanged(known, record.tag) and self._entities.is_shown_as_stored(record):
            resp.status = 304
            resp.data = None


class PatchHandler:
    """Changes one resource in part."""

    def __init__(self, operation: Operation, entities: Entities, addresses: Addresses, reader: BodyReader) -> None:
        self._operation = operation
        self._entities = entities
        self._addresses = addresses
        self._reader = reader
        self._consumes = accepted_types(operation)

    async def __call__(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, identifier: str) -> None:
        """Answer with the whole resource as it is after the change."""
        check_accept(req, self._operation)
        media_type, patch = await self._reader.read(req, self._consumes)
        address = self._addresses.of(req)
        record = await self._entities.patch(
            identifier, media_type, patch, self._operation, expected=expectation(req), address=address
        )
        answer_with(resp, self._operation.success, self._entities, record, address)


class ReplaceHandler:
    """Replaces one resource."""

    def __init__(self, operation: Operation, entities: Entities, addresses: Addresses, reader: BodyReader) -> None:
        self._operation = operation
        self._entities = entities
        self._addresses = addresses
        self._reader = reader

    async def __call__(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, identifier: str) -> None:
        """Answer with the resource as it is now."""
        check_accept(req, self._operation)
        _, sent = await self._reader.read(req, self._operation.consumes)
        address = self._addresses.of(req)
        record = await self._entities.replace(
            identifier, sent, self._operation, expected=expectation(req), address=address
        )
        answer_with(resp, self._operation.success, self._entities, record, address)


class DeleteHandler:
    """Deletes one resource; a body that comes along has no meaning (RFC 9110 §9.3.5) and is not read."""

    def __init__(self, operation: Operation, entities: Entities, addresses: Addresses) -> None:
        self._operation = operation
        self._entities = entities
        self._addresses = addresses

    async def __call__(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, identifier: str) -> None:
        """Answer that it is gone."""
        await self._entities.delete(identifier, expected=expectation(req), address=self._addresses.of(req))
        resp.status = self._operation.success
