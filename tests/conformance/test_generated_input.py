"""What Schemathesis is given, and which ids its requests carry."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from library import exchange, library
from schemathesis import Config

from tmfkit_conformance.drive.cleanup import GeneratedResources
from tmfkit_conformance.drive.engine_input import configuration, document, offered
from tmfkit_conformance.drive.naming import Naming
from tmfkit_conformance.payloads.contents import Contents
from tmfkit_conformance.settings import Settings
from tmfkit_models import contracts
from tmfkit_models.contracts import Contract

URL = "http://shop.example:8080/library/v1"


def settings(**more: Any) -> Settings:
    return Settings(**{"api": "library-v1", "base_url": URL, **more})


def with_send() -> Contract:
    """The library, in which a book can be sent."""
    contract = library()
    create = contract.operation("createBook")
    return replace(
        contract, operations=(*contract.operations, replace(create, id="sendBook", action="send", path="/book/send"))
    )


def test_hubs_and_deletes_come_last() -> None:
    assert [operation.action for operation in offered(library(), settings(), "fuzzing")] == [
        "create",
        "list",
        "retrieve",
        "patch",
        "delete",
        "register",
        "unregister",
    ]


@pytest.mark.parametrize("allowed", [True, False])
def test_messages_are_sent_on_permission_only(allowed: bool) -> None:
    names = {operation.id for operation in offered(with_send(), settings(allow_send=allowed), "fuzzing")}
    assert ("sendBook" in names) is allowed


def test_hub_at_another_address_of_the_same_server_is_driven_there() -> None:
    given = settings(hub_urls={"": "http://shop.example:8080/events/hub/"})
    assert list(document(library(), given, "fuzzing")["paths"]) == [
        "/library/v1/book",
        "/library/v1/book/{id}",
        "/events/hub",
        "/events/hub/{id}",
    ]


def test_hub_at_another_server_is_left_out() -> None:
    given = settings(hub_urls={"": "http://events.example/hub"})
    assert {operation.action for operation in offered(library(), given, "fuzzing")}.isdisjoint(
        {"register", "unregister"}
    )


def test_create_is_followed_by_what_works_on_the_thing_made() -> None:
    paths = document(library(), settings(), "stateful")["paths"]
    by_id = {"id": "$response.body#/id"}
    assert paths["/library/v1/book"]["post"]["responses"]["201"]["links"] == {
        "listBook": {"operationId": "listBook", "parameters": {}},
        "retrieveBook": {"operationId": "retrieveBook", "parameters": by_id},
        "patchBook": {"operationId": "patchBook", "parameters": by_id},
        "deleteBook": {"operationId": "deleteBook", "parameters": by_id},
    }


def test_sequences_are_of_resources_alone() -> None:
    assert list(document(library(), settings(), "stateful")["paths"]) == ["/library/v1/book", "/library/v1/book/{id}"]


def test_contract_itself_is_not_changed() -> None:
    contract = library()
    before = repr(contract.openapi)
    document(contract, settings(), "fuzzing")
    assert repr(contract.openapi) == before


def test_partial_object_is_sent_under_the_media_type_that_a_must_row_names() -> None:
    contract = contracts.load("tmf629-v1")
    paths = document(contract, settings(api="tmf629-v1", base_url="http://shop.example/customerManagement"), "fuzzing")[
        "paths"
    ]
    content = paths["/customerManagement/customer/{id}"]["patch"]["requestBody"]["content"]
    assert list(content) == ["application/json", "application/json-patch+json"]


def test_tls_settings_are_handed_on(tmp_path: Path) -> None:
    files = {name: tmp_path / f"{name}.pem" for name in ("ca_file", "client_certificate", "client_key")}
    for file in files.values():
        file.touch()
    given = configuration(library(), settings(**{name: str(file) for name, file in files.items()}, timeout_seconds=3.5))
    assert {name: given[name] for name in ("tls-verify", "request-cert", "request-cert-key", "request-timeout")} == {
        "tls-verify": str(files["ca_file"]),
        "request-cert": str(files["client_certificate"]),
        "request-cert-key": str(files["client_key"]),
        "request-timeout": 3.5,
    }


@pytest.mark.parametrize("verify", [True, False])
def test_verification_can_be_turned_off(verify: bool) -> None:
    assert configuration(library(), settings(verify_tls=verify))["tls-verify"] is verify


@pytest.mark.parametrize("api", contracts.apis())
def test_configuration_is_one_that_schemathesis_takes(api: str) -> None:
    assert Config.from_dict(configuration(contracts.load(api), settings(max_examples=7)))


NAMING = Naming(Contents("generated"), announce=False)


@pytest.fixture
def made() -> GeneratedResources:
    """GeneratedResources with the books 7, 8 and 9."""
    made = GeneratedResources(library(), NAMING)
    create = library().operation("createBook")
    for number, identifier in enumerate(("7", "8", "9"), start=1):
        made.observe(create, "", exchange(number, "POST", "/book", 201, sent={}, answer={"id": identifier}))
    return made


@pytest.mark.parametrize(
    ("operation", "generated", "chosen"),
    [
        pytest.param("retrieveBook", "0", "9", id="reads-the-latest"),
        pytest.param("patchBook", "0", "9", id="changes-the-latest"),
        pytest.param("deleteBook", "0", "7", id="deletes-the-oldest"),
        pytest.param("deleteBook", "8", "8", id="keeps-an-id-of-its-own"),
    ],
)
def test_requests_carry_ids_of_the_kits_own(
    made: GeneratedResources, operation: str, generated: str, chosen: str
) -> None:
    assert made.choose(library().operation(operation), generated) == chosen


def test_last_one_is_not_deleted_but_an_unused_id(made: GeneratedResources) -> None:
    delete = library().operation("deleteBook")
    for number, identifier in enumerate(("7", "8"), start=4):
        made.observe(delete, identifier, exchange(number, "DELETE", f"/book/{identifier}", 204))
    assert made.choose(delete, "0").startswith(NAMING.id_text)
    # One that was deleted before is still the kit's own: reading it shows whether it is gone.
    assert made.choose(library().operation("retrieveBook"), "7") == "7"


def test_without_belongings_an_unused_id_is_read() -> None:
    assert (
        GeneratedResources(library(), NAMING)
        .choose(library().operation("retrieveBook"), "1")
        .startswith(NAMING.id_text)
    )


def test_leftovers_are_told_once_the_latest_first(made: GeneratedResources) -> None:
    left = [(operation.id, identifier) for operation, identifier in made.leftovers()]
    assert left == [("deleteBook", "9"), ("deleteBook", "8"), ("deleteBook", "7")]
    assert list(made.leftovers()) == []


def test_refused_delete_leaves_the_thing_to_be_tidied_up(made: GeneratedResources) -> None:
    made.observe(library().operation("deleteBook"), "7", exchange(4, "DELETE", "/book/7", 403))
    assert ("7") in [identifier for _, identifier in made.leftovers()]
