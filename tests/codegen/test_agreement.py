"""Double entry: every kind of disagreement between contract and register is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tmfkit_codegen.errors import InputProblems
from tmfkit_codegen.verified import verified

Edit = Callable[[str, str, str], None]
CONTRACT, REGISTER = "openapi.yaml", "requirements.yaml"


def row(kind: str, operation: str, subject: str) -> str:
    return f"kind: {kind}\n    operation: {operation}\n    subject: {subject}\n"


CASES = [
    pytest.param(REGISTER, "{name: phone, type: string, line: 39}", "{name: fax, type: string, line: 39}", ["Reporter has an attribute fax", "Reporter has an attribute phone"], id="attribute-name"),
    pytest.param(REGISTER, "{name: author, type: string, line: 47}", "{name: author, type: integer, line: 47}", ["Note.author is integer here, and string at"], id="attribute-type"),
    pytest.param(REGISTER, "type: Note, array: true, line", "type: Note, line", ["Ticket.note is Note here, and Note[] at"], id="cardinality"),
    pytest.param(REGISTER, "  Note:\n    - {name: text", "  Remark: []\n  Note:\n    - {name: text", ["there is a type Remark"], id="type-only-in-register"),
    pytest.param(CONTRACT, "required: [title, kind]", "required: [kind]", ["createTicket needs /title, which the contract"], id="mandatory-without-required"),
    pytest.param(CONTRACT, "required: [text]", "required: [text, author]", ["createTicket needs /note/*/author, which no row"], id="required-without-row"),
    pytest.param(CONTRACT, "required: [text]", "minProperties: 1", ["createTicket needs /note/*/text, which the contract"], id="sub-mandatory"),
    pytest.param(CONTRACT, "              description: Where the ticket waits.\n", "              description: Where the ticket waits.\n              required: [id]\n", ["createTicket needs /queue/id, which no row"], id="required-beside-a-reference"),
    pytest.param(REGISTER, row("sub-mandatory", "createTicket", "/reporter/name"), row("optional", "createTicket", "/reporter/name"), ["createTicket needs /reporter/name, which no row"], id="nested-required"),
    pytest.param(REGISTER, "{pointer: /kind, one-of: [fault]}", "{pointer: /kind, one-of: [question]}", ["createTicket needs /line when {'pointer': '/kind', 'one-of': ['question']}, which the contract", "createTicket needs /line when /kind {\"one-of\": [\"fault\"]}, which no row"], id="conditional"),
    pytest.param(REGISTER, "{members: [id, href]}", "{members: [id, name]}", ["createTicket needs one of id, name at /queue, which the contract", "createTicket needs one of href, id at /queue, which no row"], id="any-of"),
    pytest.param(REGISTER, row("patchable", "patchTicket", "/title"), row("optional", "createTicket", "/title"), ["patchTicket can change /title, which no row"], id="patchable"),
    pytest.param(CONTRACT, "[/id, /href, /openedAt, /kind]", "[/id, /href, /kind]", ["patchTicket cannot change /openedAt, which the contract"], id="non-patchable-only-in-register"),
    pytest.param(CONTRACT, "[/id, /href, /openedAt, /kind]", "[/id, /href, /openedAt, /kind, /line]", ["patchTicket can change /line, which the contract", "patchTicket cannot change /line, which no row"], id="non-patchable-only-in-contract"),
    pytest.param(CONTRACT, "              x-tmf-generated: creation-time\n", "", ["/openedAt is generated, which the contract"], id="generated"),
    pytest.param(REGISTER, row("generated", "createTicket", "/href") + "    expect: {form: location}\n", row("optional", "createTicket", "/href"), ["/href of ticket is generated, which no row"], id="generated-only-in-contract"),
    pytest.param(CONTRACT, "              x-tmf-read-only: true\n", "", ["/openedAt is read-only, which the contract"], id="read-only"),
    pytest.param(CONTRACT, "x-tmf-default: 3", "x-tmf-default: 4", ["the default of /severity is 3 here, and 4 at"], id="default"),
    pytest.param(CONTRACT, "client-id: ignored", "client-id: honoured", ["createTicket uses the client's id, which no row"], id="client-id-only-in-contract"),
    pytest.param(CONTRACT, "client-id: honoured", "client-id: ignored", ["createQueue uses the client's id, which the contract"], id="client-id-only-in-register"),
    pytest.param(CONTRACT, "x-tmf-values: [open, closed]", "x-tmf-values: [open]", ["/state can be 'closed', which the contract"], id="values"),
    pytest.param(REGISTER, row("filter", "listTicket", "/kind"), row("filter", "listTicket", "/sort"), ["there is an attribute /sort, which the contract"], id="subject"),
    pytest.param(REGISTER, row("status", "deleteTicket", '"204"'), row("status", "deleteTicket", '"202"'), ["deleteTicket answers 202, which the contract", "deleteTicket answers 204, which no row"], id="status"),
    pytest.param(REGISTER, row("header", "createQueue", "Location"), row("header", "createQueue", "ETag"), ["createQueue sends ETag, which the contract", "createQueue sends Location, which no row"], id="header"),
    pytest.param(REGISTER, row("produces", "retrieveQueue", "application/json"), row("produces", "retrieveQueue", "text/xml"), ["retrieveQueue answers with text/xml, which the contract", "retrieveQueue answers with application/json, which no row"], id="produces"),
    pytest.param(REGISTER, row("consumes", "createQueue", "application/json"), row("consumes", "createQueue", "text/xml"), ["createQueue takes text/xml, which the contract", "createQueue takes application/json, which no row"], id="consumes"),
    pytest.param(REGISTER, row("fields", "retrieveTicket", '"*"'), row("optional", "createTicket", "/line"), ["retrieveTicket takes fields, which no row"], id="fields"),
    pytest.param(CONTRACT, '        - $ref: "../common/common.yaml#/components/parameters/Attributes"\n', "", ["listTicket takes attributes or filter, which the contract"], id="filter"),
    pytest.param(CONTRACT, '        - $ref: "../common/common.yaml#/components/parameters/Sort"\n', "", ["listTicket takes sort, which the contract"], id="sort"),
    pytest.param(CONTRACT, '        - $ref: "../common/common.yaml#/components/parameters/Offset"\n', "", ["listTicket takes offset, which the contract"], id="paging"),
    pytest.param(REGISTER, row("event", "TicketOpenedEvent", '""'), row("event-member", "TicketOpenedEvent", "/event") + "    expect: {form: object}\n", ["TicketOpenedEvent is sent, which no row"], id="event"),
    pytest.param(REGISTER, row("event-member", '"*"', "/eventId"), row("event-member", '"*"', "/id"), ["TicketOpenedEvent has /id, which the contract"], id="event-member"),
    pytest.param(CONTRACT, "      x-tmf-roles: [admin]\n", "", ["deleteTicket is refused to user, which the contract"], id="roles-only-in-register"),
    pytest.param(CONTRACT, "x-tmf-roles: [admin]", "x-tmf-roles: [admin, reader]", ["deleteTicket is for reader, which no row"], id="roles-only-in-contract"),
    pytest.param(CONTRACT, "- errata: SIXTH-E01", "- errata: SIXTH-E02", ["a form is tolerated because of SIXTH-E02, which is no erratum"], id="tolerated"),
    pytest.param(REGISTER, row("status", "unregisterListener", '"204"'), row("status", "registerListener", '"201"'), ["there is an operation unregisterListener, which no row", "unregisterListener answers 204, which no row"], id="operation"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "messages"), CASES)
def test_a_disagreement_is_refused(specs: Path, edit: Edit, name: str, old: str, new: str, messages: list[str]) -> None:
    edit(name, old, new)
    with pytest.raises(InputProblems) as caught:
        verified(specs)
    found = [problem.message for problem in caught.value.problems]
    assert all(any(message in text for text in found) for message in messages), found
    assert len(found) == len(messages), found


def test_a_difference_gives_file_and_line_of_both_sides(specs: Path, edit: Edit) -> None:
    edit(CONTRACT, "x-tmf-default: 3", "x-tmf-default: 4")
    with pytest.raises(InputProblems) as caught:
        verified(specs)
    line = line_of(specs, REGISTER, "SIXTH-POST-013")
    other = line_of(specs, CONTRACT, "x-tmf-default")
    assert str(caught.value) == (
        f"specs/sixth-v1/requirements.yaml:{line}: the default of /severity is 3 here, and 4 at "
        f"specs/sixth-v1/openapi.yaml:{other}. Mend the side that differs from the document."
    )


def test_a_row_that_is_no_must_needs_no_counterpart_in_required(specs: Path, edit: Edit) -> None:
    edit(CONTRACT, "required: [title, kind]", "required: [kind]")
    edit(REGISTER, "level: must\n    kind: mandatory\n    operation: createTicket\n    subject: /title", "level: may\n    kind: mandatory\n    operation: createTicket\n    subject: /title")  # fmt: skip
    assert verified(specs).apis[0].id == "sixth-v1"


def line_of(specs: Path, name: str, text: str) -> int:
    lines = (specs / "sixth-v1" / name).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)
