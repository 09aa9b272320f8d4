"""The life of the resources of one collection: what a request does to them, whatever the API."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import orjson

from tmfkit_models.contracts import Contract, Operation, Resource
from tmfkit_server.answer_room import AnswerRoom, held
from tmfkit_server.aside import aside
from tmfkit_server.errors import InvalidBody, PreconditionFailed, UnknownId, Violation
from tmfkit_server.query.budget import Budget
from tmfkit_server.query.evaluate import selected, values_at
from tmfkit_server.query.expression import Path, Search, Selection
from tmfkit_server.query.pacing import paced
from tmfkit_server.query.parse import Grammar, OwnHref
from tmfkit_server.search_limits import MOST_STEPS
from tmfkit_server.services.catalogue import collection_name
from tmfkit_server.services.citations import Citations
from tmfkit_server.services.hrefs import Hrefs
from tmfkit_server.services.idempotency import first_outcome, keep_outcome, once
from tmfkit_server.services.notifications.events import Announcer
from tmfkit_server.services.patches.json_patch import JSON_PATCH, json_patched
from tmfkit_server.services.patches.limits import check_result
from tmfkit_server.services.patches.merge_patch import merge_patched
from tmfkit_server.services.patches.patch_query import JSON_PATCH_QUERY, query_patched
from tmfkit_server.services.resource_hooks import ResourceHooks
from tmfkit_server.services.shapes import canonical, canonical_path, defaults_filled, shape_of, spelled
from tmfkit_server.services.stamps import Stamps, new_id
from tmfkit_server.services.validation import Validator
from tmfkit_server.storage.base import Record, Records, Store, Transaction, is_same
from tmfkit_server.turns import PART_BYTES, Turns, array_in_parts

__all__ = ["Decision", "Entities", "Expected"]

_ALWAYS_SHOWN = frozenset({"id", "href"})
_LONGEST_ID = 256
# What was created at the limit can still be patched.
_BODIES_A_RESOURCE = 2
# Of a list: the one that is sent, what the connection has of the one before, and the one that comes next.
_PARTS_IN_HAND = 3

Body = Mapping[str, Any]

Expected: TypeAlias = Callable[[str], bool] | None
"""Tells whether a change may be made on the stored resource with a tag; None when it may be on any."""


Decision: TypeAlias = Callable[[Transaction, Record], Awaitable[Body]]
"""Gives the attributes that change, with their values; is told the resource and may change more along with it."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Part of a collection, as the client sees it.

    Attributes:
        content: JSON text of the array, a long one in parts.
        count: How many resources are in it.
        total: How many there are altogether.
    """

    content: bytes | AsyncIterator[bytes]
    count: int
    total: int


class Entities:
    """One collection."""

    def __init__(
        self,
        contract: Contract,
        resource: Resource,
        store: Store,
        hooks: ResourceHooks,
        *,
        max_body_bytes: int,
        base_path: str | None = None,
    ) -> None:
        """Prepare.

        Args:
            contract: The contract.
            resource: What is in the collection.
            store: Where it is kept.
            hooks: What the API does differently with bodies.
            max_body_bytes: Most bytes of a request body.
            base_path: Base path of the API, where it is not the contract's own.
        """
        self.resource = resource
        base = contract.base_path if base_path is None else base_path
        self.hrefs = Hrefs(f"{base}{resource.collection}", (f"{base}{alias}" for alias in resource.path_aliases))
        self._grammar = Grammar(lambda path: canonical_path(self._shape, path), loose=resource.loose_equality)
        self._store = store
        self._hooks = hooks
        self._collection = collection_name(contract, resource)
        self._citations = Citations(contract)
        self._shape = shape_of(contract, resource.schema)
        self._stamps = Stamps(contract, resource)
        self._announcer = Announcer(contract, resource, self.hrefs, self._told)
        self._most_bytes = max_body_bytes * _BODIES_A_RESOURCE
        self._validator = Validator(contract, resource, self._citations)
        # Segments that a path of the contract has in the place of an id, such as "hub" and "send".
        prefix = f"{resource.collection}/"
        below = (
            operation.path.removeprefix(prefix)
            for operation in contract.operations
            if operation.path.startswith(prefix)
        )
        self._taken_segments = {segment for path in below for segment in path.split("/") if segment != "{id}"}

    def grammar_at(self, address: str) -> Grammar:
        """Return how questions are read of somebody who calls the server by *address*."""
        return replace(self._grammar, own=OwnHref((), self.hrefs.identifier_in, address))

    async def list(self, search: Search, address: str, room: AnswerRoom) -> Listing:
        """Return the resources that *search* describes, as they are seen under *address*.

        Raises:
            TooManyAnswers: There is no *room* for what would be held of them until the client has taken it.
        """
        page = await self._store.search(self._collection, search)
        texts = (await self.selection(record, address, search.fields, search.budget) for record in page.records)
        # An expression that takes too long is refused, for which it is too late when the answer has begun.
        is_sure = search.fields is None or not search.fields.expressions
        count, hold = len(page.records), room.take(search.asker, _held_bytes(page.records, is_sure=is_sure))
        content = await array_in_parts(texts, is_sure=is_sure)
        if hold is not None and not isinstance(content, bytes):
            content = held(content, hold)
        return Listing(content, count, page.total)

    async def retrieve(self, identifier: str) -> Record:
        """Return one resource; UnknownId when there is none."""
        record = await self._store.get(self._collection, identifier)
        return record if record is not None else self._existing(record, identifier)

    async def checked(self, sent: Any, operation: Operation) -> tuple[dict[str, Any], dict[str, str]]:
        """Return the body of a create as it is understood, and how its attributes are spelled.

        Raises:
            InvalidBody: The body breaks a rule.
        """
        turns = Turns()
        body, spelling = self._received(sent)
        if turns.is_over():
            await turns.next()
        self._validator.check(body, operation)
        if turns.is_over():
            await turns.next()
        return body, spelling

    async def create(self, sent: Any, operation: Operation, address: str) -> Record:
        """Make a resource.

        Args:
            sent: Body as the client sent it.
            operation: Operation that is being called.
            address: Address that the server is called by.

        Raises:
            InvalidBody: The body breaks a rule, or its id is taken.
        """
        body, spelling = await self.checked(sent, operation)
        new = await self._new(body)
        async with self._store.transaction() as transaction:
            return await self._insert(transaction, body.get("id"), new, spelling, operation, address)

    async def create_once(
        self, sent: Any, operation: Operation, address: str, *, key: str, caller: str
    ) -> tuple[Record, bool]:
        """Make a resource, unless the same was asked for with the same key before.

        Args:
            sent: Body as the client sent it.
            operation: Operation that is being called.
            address: Address that the server is called by.
            key: Key that the client chose.
            caller: Who calls; the keys of others are other keys.

        Returns:
            The resource as it came into being, and whether that was before.

        Raises:
            InvalidBody: The body breaks a rule, or its id is taken; the key is still free.
            KeyReused: Something else was sent with the key before.
        """
        body, spelling = await self.checked(sent, operation)
        new = await self._new(body)
        request = once(key, self._collection, operation.id, caller, sent=sent)
        async with self._store.transaction() as transaction:
            first = await first_outcome(transaction, request)
            if first is not None:
                return first, True
            record = await self._insert(transaction, body.get("id"), new, spelling, operation, address)
            await keep_outcome(transaction, request, record)
        return record, False

    async def replace(
        self, identifier: str, sent: Any, operation: Operation, *, expected: Expected = None, address: str = ""
    ) -> Record:
        """Put what was sent in the place of a resource; what the server made stays."""
        body, spelling = self._received(sent)
        body = self.hrefs.with_path(body, identifier)
        async with self._store.transaction() as transaction:
            record = await self._to_change(transaction, identifier, expected)
            self._refuse_other_values(record.body, {**record.body, **body}, operation)
            turns = Turns()
            self._validator.check(body, operation)
            if turns.is_over():
                await turns.next()
            after = {**self._stamps.server_made(record.body), **self._stamps.without_read_only(body)}
            return await self._store_change(transaction, record, Record(identifier, after, spelling), address)

    async def patch(
        self,
        identifier: str,
        media_type: str,
        patch: Any,
        operation: Operation,
        *,
        expected: Expected = None,
        address: str = "",
    ) -> Record:
        """Change a resource in part; the result has to be one that could have been created.

        Args:
            identifier: Which one.
            media_type: That of a JSON Patch, with queries or without; anything else stands for a merge patch.
            patch: The patch document.
            operation: Operation that is being called.
            expected: What the resource has to be for the change to be made.
            address: Address that the server is called by.

        Raises:
            InvalidBody: The patch is malformed, touches what cannot be changed, or its result breaks a rule.
            Conflict: A test of a JSON Patch failed.
            PreconditionFailed: The resource is not what was expected.
        """
        async with self._store.transaction() as transaction:
            record, turns = await self._to_change(transaction, identifier, expected), Turns()
            budget = Budget(MOST_STEPS)
            ask = functools.partial(self._applied, record, media_type, patch, address, budget)
            applied = await (aside(ask) if self._hooks.takes_long(self.resource, patch) else paced(budget, ask))
            if turns.is_over():
                await turns.next()
            check_result(applied[0], most_bytes=self._most_bytes)
            if turns.is_over():
                await turns.next()
            patched = self._patched(record, *applied)
            if turns.is_over():
                await turns.next()
            self._refuse_other_values(record.body, patched.body, operation)
            self._validator.check(patched.body, operation)
            self._validator.check_change(record.body, patched.body, operation)
            if turns.is_over():
                await turns.next()
            return await self._store_change(transaction, record, patched, address)

    async def amend(self, identifier: str, decide: Decision, *, address: str = "") -> Record:
        """Change attributes on the server's own account.

        Args:
            identifier: Which resource.
            decide: What changes, see ``Decision``.
            address: Address that the server was called by when the change was asked for.
        """
        async with self._store.transaction() as transaction:
            record = await self._to_change(transaction, identifier, is_only=False)
            changes = await decide(transaction, record)
            return await self._store_change(transaction, record, record.with_body({**record.body, **changes}), address)

    async def delete(self, identifier: str, *, expected: Expected = None, address: str = "") -> None:
        """Take a resource away; UnknownId when there is none, PreconditionFailed when it is not what was expected."""
        async with self._store.transaction() as transaction:
            record = await self._to_change(transaction, identifier, expected)
            await transaction.remove(self._collection, identifier)
            await self._announcer.deleted(transaction, record, address)

    async def _new(self, body: Body) -> Body:
        """Return a body as it is to be stored, before the server adds what it makes itself; no transaction waits."""
        return await self._accepted(defaults_filled(self._shape, self._stamps.without_read_only(body)))

    async def _insert(
        self,
        transaction: Transaction,
        wanted: Any,
        new: Body,
        spelling: dict[str, str],
        operation: Operation,
        address: str,
    ) -> Record:
        identifier = await self._new_id(transaction, wanted, operation)
        turns = Turns()
        record = Record(identifier, self._stamps.at_creation(new, identifier, self.hrefs.path_of(identifier)), spelling)
        if turns.is_over():
            await turns.next()
        await transaction.insert(self._collection, record)
        await self._announcer.created(transaction, record, address)
        return record

    def cite(self, kinds: tuple[str, ...], operation: Operation, pointer: str) -> str:
        """Return the id of the register's row for a rule that an extension enforces; see ``Citations.cite``."""
        return self._citations.cite(kinds, (operation,), pointer)

    def shown(self, record: Record, address: str) -> Body:
        """Return a record as a client sees it that calls the server by *address*."""
        return spelled(self._seen(record, address), record.spelling)

    def rendered(self, record: Record, address: str) -> bytes:
        """Return the JSON text of a record as the client sees it, which mostly is the one that is stored."""
        if self.is_shown_as_stored(record):
            content = self.hrefs.encoded(record.encoded, address)
            if content is not None:
                return content
        return orjson.dumps(self.shown(record, address))

    async def selection(self, record: Record, address: str, fields: Selection | None, budget: Budget) -> bytes:
        """Return the JSON text of a part of a record as the client sees it.

        Args:
            record: The record.
            address: Address that the server is called by.
            fields: Which part; None for the whole.
            budget: Pays for expressions; names cost no more than there is to read.

        Raises:
            InvalidQuery: An expression takes too long.
        """
        if fields is None:
            return self.rendered(record, address)
        budget = budget if fields.expressions else Budget()
        return await paced(budget, self._cut_out, record, address, fields, budget)

    def _cut_out(self, record: Record, address: str, fields: Selection, budget: Budget) -> bytes:
        part = selected(self._seen(record, address), fields, _ALWAYS_SHOWN, budget)
        return orjson.dumps(spelled(part, record.spelling))

    def _told(self, record: Record) -> Body:
        """Return a record as listeners are told of it, but for the address that stands before its path."""
        return spelled(self._hooks.presented(self.resource, record.body), record.spelling)

    def _seen(self, record: Record, address: str) -> Body:
        return self.hrefs.with_address(self._hooks.presented(self.resource, record.body), record.id, address)

    def is_shown_as_stored(self, record: Record) -> bool:
        """Tell whether the client sees a whole record exactly as it is stored, whenever it looks."""
        return not record.spelling and self._hooks.is_presented_as_stored(self.resource, record)

    def _applied(
        self, record: Record, media_type: str, patch: Any, address: str, budget: Budget
    ) -> tuple[Any, dict[str, str]]:
        """Return what a patch makes of a resource, and how the patch spells attributes."""
        if media_type in (JSON_PATCH, JSON_PATCH_QUERY):
            # The pointers of a JSON Patch are those that the client sees, its own spelling of names included.
            seen = self.shown(record, address)
            return self._json_patched(seen, media_type, patch, record.id, budget), {}
        patch, spelling = canonical(self._shape, _object(patch))
        return merge_patched(record.body, patch), spelling

    def _patched(self, record: Record, result: Any, spelling: dict[str, str]) -> Record:
        """Return the record that the *result* of a patch makes of one."""
        after, respelled = self._received(result)
        after = self.hrefs.with_path(after, record.id)
        return Record(record.id, after, {**record.spelling, **spelling, **respelled})

    def _json_patched(self, seen: Body, media_type: str, patch: Any, identifier: str, budget: Budget) -> Any:
        operations = self._hooks.json_patch(self.resource, patch)

        def reading(pointer: str, operation: Any, document: Any) -> Iterator[Any]:
            for plain in self._hooks.json_patch_operation(self.resource, pointer, operation, document):
                yield self._with_own_address(plain, seen, identifier)

        if media_type == JSON_PATCH_QUERY:
            return query_patched(seen, operations, most_bytes=self._most_bytes, budget=budget, reading=reading)
        return json_patched(seen, operations, most_bytes=self._most_bytes, reading=reading)

    def _with_own_address(self, operation: Any, seen: Body, identifier: str) -> Any:
        """Return a test of the resource's address so that it holds for any address before the right path."""
        if not isinstance(operation, Mapping) or operation.get("op") != "test" or "href" not in seen:
            return operation
        value = operation.get("value")
        match operation.get("path"):
            case "/href" if isinstance(value, str) and self.hrefs.identifier_in(value) == identifier:
                return {**operation, "value": seen["href"]}
            case "" if isinstance(value, dict) and self.hrefs.identifier_in(str(value.get("href"))) == identifier:
                return {**operation, "value": {**value, "href": seen["href"]}}
        return operation

    async def _accepted(self, body: Body) -> Body:
        """Return a body as it is to be stored."""
        if self._hooks.takes_long(self.resource, body):
            return await aside(self._hooks.accepted, self.resource, body)
        return self._hooks.accepted(self.resource, body)

    def _received(self, sent: Any) -> tuple[dict[str, Any], dict[str, str]]:
        """Return a body under the attributes' own names, as the API reads it, and how they were spelled."""
        body, spelling = canonical(self._shape, _object(sent))
        return dict(self._hooks.received(self.resource, body)), spelling

    async def _to_change(
        self, transaction: Transaction, identifier: str, expected: Expected = None, *, is_only: bool = True
    ) -> Record:
        found = await transaction.get(self._collection, identifier, is_only=is_only)
        record = self._existing(found, identifier)
        if expected is not None and not expected(record.tag):
            raise PreconditionFailed(record.tag)
        return record

    async def _store_change(self, transaction: Transaction, before: Record, after: Record, address: str) -> Record:
        turns = Turns()
        accepted = self._stamps.with_parts(await self._accepted(after.body))
        if turns.is_over():
            await turns.next()
        stamped = accepted if is_same(accepted, before.body) else self._stamps.at_change(before.body, accepted)
        after = after.with_body(stamped)
        if after == before:
            return before
        await transaction.replace(self._collection, after)

        def moved() -> set[str]:
            return {name for name, value in stamped.items() if accepted.get(name) != value}

        await self._announcer.changed(transaction, before, after, address, moved=moved)
        return after

    def _refuse_other_values(self, before: Body, after: Body, operation: Operation) -> None:
        """Refuse a change of an attribute that *operation* cannot change; the value that it has is no change."""
        changed = [
            pointer
            for name, places in _by_attribute(tuple(operation.non_patchable)).items()
            # What a patch leaves alone is mostly the very same object.
            if before.get(name) is not after.get(name)
            for pointer, path in places
            if not is_same(list(values_at(before, path, Budget())), list(values_at(after, path, Budget())))
        ]
        if changed:
            cites = [self._citations.cite(("non-patchable",), (operation,), pointer) for pointer in changed]
            raise InvalidBody(
                [Violation(pointer, "cannot be changed", cite) for pointer, cite in zip(changed, cites, strict=True)]
            )

    async def _new_id(self, transaction: Transaction, wanted: Any, operation: Operation) -> str:
        if wanted is None or not self.resource.client_id:
            return new_id()
        cited = self._citations.cite(("client-id",), (operation,), "/id")
        if not _is_path_segment(wanted) or wanted in self._taken_segments:
            raise InvalidBody.at("/id", "cannot be used as a part of an address", cited)
        if await transaction.get(self._collection, wanted):
            raise InvalidBody.at("/id", "is taken; choose another one, or leave it out", cited)
        return str(wanted)

    def _existing(self, record: Record | None, identifier: str) -> Record:
        if record is None:
            raise UnknownId(self.resource.name, identifier)
        return record


@functools.cache
def _by_attribute(pointers: tuple[str, ...]) -> dict[str, list[tuple[str, Path]]]:
    """Return pointers of a contract with their paths, by the attribute of the first level that they lead into."""
    found: dict[str, list[tuple[str, Path]]] = {}
    for pointer in pointers:
        path = tuple(pointer.split("/")[1:])
        found.setdefault(path[0], []).append((pointer, path))
    return found


def _held_bytes(records: Records, *, is_sure: bool) -> int:
    """Return how much of a list is held until the client has taken it: rows that nobody else has, or ready parts."""
    sizes = records.sizes_bytes()
    longest = max(sizes, default=0)
    in_hand = _PARTS_IN_HAND * longest if longest > PART_BYTES else 0
    return in_hand if records.are_shared and is_sure else sum(sizes) + in_hand


def _object(sent: Any) -> dict[str, Any]:
    if not isinstance(sent, dict):
        raise InvalidBody.at("", "has to be an object")
    return sent


def _is_path_segment(text: Any) -> bool:
    has_form = isinstance(text, str) and 0 < len(text) <= _LONGEST_ID and text not in (".", "..")
    return has_form and text.isprintable() and not set(text) & set("/\\?#%")
