"""Rows about requests, answers and notifications, against operations and webhooks."""

from __future__ import annotations

from collections.abc import Iterator

from tmfkit_codegen.agreement.sides import Sides
from tmfkit_codegen.contracts import resolved
from tmfkit_codegen.errors import Problem
from tmfkit_codegen.load import joined, walk
from tmfkit_codegen.runtime.contracts import Kind
from tmfkit_codegen.schemas import at, where

__all__ = ["events", "headers", "media_types", "operations", "parameters", "roles", "statuses", "tolerated"]

_PARAMETERS: dict[Kind, tuple[str, ...]] = {
    "fields": ("fields",),
    "filter": ("attributes", "filter"),
    "sort": ("sort",),
}


def operations(sides: Sides) -> Iterator[Problem]:
    """Every operation of the contract has rows; that every row has an operation is seen to before."""
    spoken_of = {row.data["operation"] for row in sides.rows}
    for operation in sides.tables.operations:
        if operation.id not in spoken_of:
            yield sides.only_in_contract(sides.pointers[operation.id], f"there is an operation {operation.id}")


def statuses(sides: Sides) -> Iterator[Problem]:
    """``status`` against ``responses``."""
    for operation in sides.tables.operations:
        place = joined(sides.pointers[operation.id], "responses")
        written = {status: joined(place, status) for status in operation.statuses}
        yield from _compared(sides, operation.id, "status", written, "answers")


def headers(sides: Sides) -> Iterator[Problem]:
    """``header`` against the headers of the answers."""
    for operation in sides.tables.operations:
        place = joined(sides.pointers[operation.id], "responses")
        written = {
            name: joined(place, status, "headers", name)
            for status, found in operation.response_headers.items()
            for name in found
        }
        yield from _compared(sides, operation.id, "header", written, "sends")


def media_types(sides: Sides) -> Iterator[Problem]:
    """``produces`` and ``consumes`` against the media types of answers and bodies."""
    for operation in sides.tables.operations:
        place = sides.pointers[operation.id]
        answers = {
            media_type: joined(place, "responses", status)
            for status in operation.statuses
            if status.startswith("2")  # what an error is written in, no document says
            for media_type in resolved(sides.openapi, at(sides.openapi, joined(place, "responses", status))).get(
                "content", {}
            )
        }
        bodies = {media_type: joined(place, "requestBody", "content", media_type) for media_type in operation.consumes}
        yield from _compared(sides, operation.id, "produces", answers, "answers with")
        yield from _compared(sides, operation.id, "consumes", bodies, "takes")


def parameters(sides: Sides) -> Iterator[Problem]:
    """``fields``, ``filter``, ``sort`` and ``paging`` against the query parameters."""
    for operation in sides.tables.operations:
        place = joined(sides.pointers[operation.id], "parameters")
        for kind, names in _PARAMETERS.items():
            rows, offered = list(sides.of_kind(kind, operation.id)), set(names) & set(operation.parameters)
            if rows and not offered:
                yield sides.only_in_register(rows[0], f"{operation.id} takes {' or '.join(names)}")
            if offered and not rows:
                yield sides.only_in_contract(place, f"{operation.id} takes {' and '.join(sorted(offered))}")
        paging: dict[str, str] = {name: place for name in ("offset", "limit") if name in operation.parameters}
        yield from _compared(sides, operation.id, "paging", paging, "takes")


def events(sides: Sides) -> Iterator[Problem]:
    """``event`` and ``event-member`` against the webhooks and the bodies they post."""
    for event in sides.tables.events:
        yield from _compared(sides, event.type, "event", {"": joined("/webhooks", event.type)}, "is sent")
    for row in sides.of_kind("event-member"):
        for event in sides.tables.events:
            content = joined("/webhooks", event.type, "post", "requestBody", "content")
            body = joined(content, next(iter(at(sides.openapi, content))), "schema")
            if row.data["operation"] in ("*", event.type) and where(sides.openapi, body, row.subject) is None:
                yield sides.only_in_register(row, f"{event.type} has {row.subject}")


def roles(sides: Sides) -> Iterator[Problem]:
    """``auth`` against ``x-tmf-roles``."""
    for operation in sides.tables.operations:
        rows = list(sides.of_kind("auth", operation.id))
        for row in rows:
            ours = "allowed" if not operation.roles or row.subject in operation.roles else "refused"
            theirs = row.expect.get("form", ours)
            if theirs != ours:
                yield sides.only_in_register(row, f"{operation.id} is {theirs} to {row.subject}")
        for index, role in enumerate(operation.roles):
            if role not in {row.subject for row in rows}:
                yield sides.only_in_contract(
                    joined(sides.pointers[operation.id], "x-tmf-roles", index), f"{operation.id} is for {role}"
                )


def tolerated(sides: Sides) -> Iterator[Problem]:
    """``x-tmf-tolerated`` against the errata."""
    errata = {row["id"] for row in sides.api.errata.data["errata"]}
    for pointer, value in walk(sides.openapi):
        if isinstance(value, dict):
            for index, form in enumerate(value.get("x-tmf-tolerated", ())):
                if form["errata"] not in errata:
                    place = joined(pointer, "x-tmf-tolerated", index, "errata")
                    message = f"a form is tolerated because of {form['errata']}, which is no erratum"
                    yield sides.api.contract.problem(
                        place, message, f"Mend the id, or add it to {sides.api.errata.file}"
                    )


def _compared(sides: Sides, operation: str, kind: Kind, written: dict[str, str], verb: str) -> Iterator[Problem]:
    """Compare the subjects of one kind of row with what the contract has (subject → place), in any letter case."""
    rows = {row.subject.lower(): row for row in sides.of_kind(kind, operation)}
    known = {subject.lower(): subject for subject in written}
    for subject in sorted(rows.keys() - known.keys()):
        yield sides.only_in_register(rows[subject], f"{operation} {verb} {rows[subject].subject}".strip())
    for subject in sorted(known.keys() - rows.keys()):
        yield sides.only_in_contract(written[known[subject]], f"{operation} {verb} {known[subject]}".strip())
