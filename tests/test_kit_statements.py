"""What the errata say of the kit is data, and the test that holds it against a run can fail."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from kit_statements import departures, unheld
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.record.exchange import Exchange, Request, Response
from tmfkit_models import contracts
from tmfkit_models.contracts import Contract

SAYS = re.compile(r"\bkit (?:always |never )?(?:sends?|tries|attaches|gives)\b|\bis sent\b|\bkit does not send\b")
BASE = "http://target.example/tmf-api/customerManagement/v4"


def sent(body: Any, *, step: str = "create", operation: str = "createCustomer", **more: Any) -> Exchange:
    """Return a request of the register phase."""
    fields = {"method": "POST", "url": f"{BASE}/customer", "headers": (("Content-Type", "application/json"),), **more}
    request = Request(**fields, body=body if isinstance(body, bytes) else json.dumps(body).encode())
    return Exchange(1, "register", "probe", step, operation, request, Response(201, ()), "", 0.0, 1.0)


def saying(**statement: Any) -> Contract:
    """Return a contract one erratum of which says this of the kit."""
    contract = contracts.load("tmf629-v4")
    return replace(contract, errata=(replace(contract.errata[0], kit=(statement,)),))


def held(contract: Contract, exchange: Exchange) -> list[str]:
    return departures(contract, Bundle({"base_url": BASE}, (), (exchange,), ()))


PERIOD = {"startDateTime": "2027-01-01T00:00:00Z", "endDateTime": "2026-01-01T00:00:00Z"}
EMAIL = {"pointer": "/kind", "one-of": ["Email"]}
CASES = [
    ({"says": "sends", "at": "/name", "values": ["a"]}, {"name": "a"}, {"name": "b"}),
    ({"says": "sends", "at": "/rank", "type": "integer"}, {"rank": 1}, {"rank": "1"}),
    ({"says": "sends", "at": "/name", "pattern": "^x"}, {"name": "xy"}, {"name": "yx"}),
    ({"says": "sends", "at": "/party/*", "members": ["id"]}, {"party": [{"id": "1"}]}, {"party": [{"id": "1"}, {}]}),
    ({"says": "sends", "at": "/**/of", "only-members": ["a"]}, {"b": {"of": {"a": 1}}}, {"b": [{"of": {"c": 1}}]}),
    ({"says": "sends", "at": "/of", "ordered": ["endDateTime", "startDateTime"]}, {"of": PERIOD}, None),
    ({"says": "sends", "at": "/of", "ordered": ["startDateTime", "endDateTime"]}, {"of": {}}, {"of": PERIOD}),
    ({"says": "sends", "at": "/file", "when": EMAIL}, {"kind": "Email", "file": 1}, {"kind": "SMS", "file": 1}),
    ({"says": "sends", "at": "/to", "where": EMAIL, "members": ["mail"]}, {"kind": "SMS", "to": {}}, {"kind": "Email", "to": {}}),
    ({"says": "sends", "at": "/name", "always": True, "operations": ["createCustomer"]}, {"name": "a"}, {"rank": 1}),
    ({"says": "never-sends", "at": "/id"}, {"name": "a"}, {"id": "1"}),
    ({"says": "never-sends", "at": "/name", "values": [""]}, {"name": "a"}, {"name": ""}),
    ({"says": "never-sends", "at": "/id", "operations": ["patchCustomer"]}, {"id": "1"}, None),
    ({"says": "tries", "at": "/in/*/url", "names": ["url", "URL"]}, {"in": [{"url": "u"}]}, {"in": [{"URL": "u"}]}),
    ({"says": "sends-json"}, {"name": "a"}, b'{"name": "a", "name": "b"}'),
    ({"says": "sends-no-body", "operations": ["createCustomer"]}, b"", {"name": "a"}),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "right", "wrong"), CASES)
def test_body_that_is_not_as_said_is_found(statement: dict[str, Any], right: Any, wrong: Any) -> None:
    assert held(saying(**statement), sent(right)) == []
    if wrong is not None:
        assert len(held(saying(**statement), sent(wrong))) == 1


@pytest.mark.parametrize(
    ("statement", "request_"),
    [
        ({"says": "never-asks", "pattern": "accountStatus"}, {"url": f"{BASE}/customer?fields=account%53tatus"}),
        ({"says": "never-requests", "method": "POST", "path": "/customer/{id}"}, {"url": f"{BASE}/customer/7"}),
        ({"says": "never-requests", "pattern": "%20"}, {"url": f"{BASE}/customer/a%20b"}),
        (
            {"says": "sends-header", "name": "accept", "value": "application/json", "operations": ["createCustomer"]},
            {"headers": (("Accept", "*/*"),)},
        ),
        (
            {"says": "sends-json-patch", "ops": ["add"]},
            {"headers": (("Content-Type", "application/json-patch+json"),)},
        ),
    ],
)
def test_request_that_is_not_as_said_is_found(statement: dict[str, Any], request_: dict[str, Any]) -> None:
    accepted = (("Content-Type", "application/json"), ("Accept", "application/json"))
    assert held(saying(**statement), sent({}, headers=accepted)) == []
    assert len(held(saying(**statement), sent({}, **request_))) == 1


def test_request_that_is_to_be_refused_may_lack_members() -> None:
    contract = saying(says="sends", at="/party", members=["id"])
    assert held(contract, sent({"party": {}}, step="refused")) == []


def test_statement_that_no_request_shows_is_named() -> None:
    bundle = Bundle({"base_url": BASE}, (), (sent({"name": "a"}),), ())
    assert unheld(saying(says="sends", at="/name", type="string"), bundle) == []
    assert len(unheld(saying(says="sends", at="/rank", type="integer"), bundle)) == 1


@pytest.mark.parametrize("api", contracts.apis())
def test_erratum_that_says_what_the_kit_sends_has_it_as_data(api: str) -> None:
    errata = contracts.load(api).errata
    assert [erratum.id for erratum in errata if SAYS.search(erratum.tolerated) and not erratum.kit] == []
