"""What a target says of a body that it refuses is read in the forms that errors come in."""

from __future__ import annotations

from typing import Any

import pytest
from evidence_builder import post

from tmfkit_conformance.contact.complaints import Complaint, complaint


@pytest.mark.parametrize(
    ("said", "words", "places", "named"),
    [
        pytest.param(
            {"code": "21", "reason": "Missing attribute", "message": "tenant is mandatory"},
            "Missing attribute: tenant is mandatory",
            (),
            ("tenant",),
            id="tmf630",
        ),
        pytest.param(
            {"reason": "Bad Request", "errors": [{"field": "relatedParty", "defaultMessage": "must not be null"}]},
            "Bad Request: relatedParty must not be null",
            ("relatedParty",),
            ("relatedParty",),
            id="spring",
        ),
        pytest.param(
            {"detail": [{"loc": ["body", "relatedParty", 0, "id"], "msg": "field required"}]},
            "relatedParty field required",
            ("relatedParty",),
            ("relatedParty",),
            id="pydantic",
        ),
        pytest.param(
            {
                "message": "invalid",
                "details": [
                    {"instancePath": "/engagedParty", "message": "must be array"},
                    {"instancePath": "", "params": {"missingProperty": "status"}, "message": "must have 'status'"},
                ],
            },
            "invalid: engagedParty must be array: status must have 'status'",
            ("engagedParty", "status"),
            (),
            id="ajv",
        ),
        pytest.param(
            {"title": "Invalid", "errors": {"$.relatedParty[0].id": ["is no id"]}},
            "Invalid: relatedParty is no id",
            ("relatedParty",),
            (),
            id="by-place",
        ),
        pytest.param(
            {"errors": ["relatedParty is required"]}, "relatedParty is required", (), ("relatedParty",), id="texts"
        ),
        pytest.param([{"reason": "no"}], "no", (), (), id="list-of-one"),
        pytest.param(
            {"message": "Mandatory attribute missing: segment (one of RES, SMB)"},
            "Mandatory attribute missing: segment (one of RES, SMB)",
            (),
            ("segment",),
            id="name-after-the-words",
        ),
        pytest.param(
            {"message": "segment has to be given"}, "segment has to be given", (), ("segment",), id="has-to-be-given"
        ),
        pytest.param(
            {"message": "relatedParty needs at least one party"},
            "relatedParty needs at least one party",
            (),
            (),
            id="asks-for-members",
        ),
    ],
)
def test_words_and_places_are_found(said: Any, words: str, places: tuple[str, ...], named: tuple[str, ...]) -> None:
    refused = post("create", 400, said).exchange(1, "p", "createCustomer", "http://target.example")
    assert complaint(refused) == Complaint(words, places, named)


def test_what_is_no_json_is_quoted() -> None:
    refused = post("create", 400, b"no\n tenant given").exchange(1, "p", "createCustomer", "http://target.example")
    assert complaint(refused).words == "no tenant given"
