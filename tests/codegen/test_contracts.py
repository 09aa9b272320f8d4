"""The bundled data of the sixth API, as server and kit read them."""

from __future__ import annotations

import json

import pytest

from tmfkit_codegen.tree import Tree
from tmfkit_models.contracts import Contract, Event, Operation, Resource, from_document


@pytest.fixture
def contract(sixth_tree: Tree) -> Contract:
    return from_document(json.loads(sixth_tree["tmfkit_models/contracts/sixth-v1.json"]))


def test_the_contract_names_itself(contract: Contract) -> None:
    assert (contract.id, contract.number, contract.package, contract.base_path) == (
        "sixth-v1",
        "SIXTH",
        "ticket_v1",
        "/troubleDesk/v1",
    )


def test_an_operation_is_a_row(contract: Contract) -> None:
    assert contract.operation("patchTicket") == Operation(
        id="patchTicket",
        action="patch",
        resource="ticket",
        method="PATCH",
        path="/ticket/{id}",
        success=200,
        statuses=("200",),
        consumes=("application/merge-patch+json", "application/json"),
        produces=("application/json",),
        request_schema="Ticket_Update",
        response_schema="Ticket",
        roles=(),
        parameters=(),
        response_headers={"200": ()},
        non_patchable=("/id", "/href", "/openedAt", "/kind"),
    )


def test_a_list_has_parameters_headers_and_the_schema_of_its_members(contract: Contract) -> None:
    found = contract.operation("listTicket")
    assert found.parameters == ("fields", "attributes", "sort", "offset", "limit")
    assert found.response_headers == {"200": ("X-Total-Count",), "206": ("X-Total-Count",)}
    assert (found.statuses, found.response_schema) == (("200", "206"), "Ticket")


def test_resources_and_events_are_rows(contract: Contract) -> None:
    assert contract.resource("queue") == Resource(
        name="queue",
        schema="Queue",
        create="Queue_Create",
        update="Queue_Update",
        collection="/queue",
        path_aliases=(),
        client_id=True,
        loose_equality=False,
        hub="/hub",
    )
    assert contract.events == (Event("TicketOpenedEvent", "ticket", "create", (), "/event/ticket", False),)


def test_register_and_errata_come_along(contract: Contract) -> None:
    row = contract.requirement("SIXTH-POST-009")
    assert (row.kind, row.section, row.line, row.given) == (
        "conditional",
        "Open Ticket, Rules",
        57,
        {"pointer": "/kind", "one-of": ["fault"]},
    )
    assert [(erratum.id, erratum.kind) for erratum in contract.errata] == [("SIXTH-E01", "contradiction")]


def test_shared_components_are_inside(contract: Contract) -> None:
    assert contract.at("Ticket", "/dueDate")["format"] == "date-time"
