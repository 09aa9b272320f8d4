"""Every rule that a contract has for what is inside a resource holds for what a patch makes of it, whatever its form."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from server_bodies import creates, full

from tmfkit_models import contracts
from tmfkit_models.contracts import Contract, Operation, Schema

CASES = [pytest.param(contract, create, id=f"{contract.id}-{create.resource}") for contract, create in creates()]

Patch = tuple[str, Any]

JSON_PATCH, QUERY, MERGE, PLAIN = (
    "application/json-patch+json",
    "application/json-patch-query+json",
    "application/merge-patch+json",
    "application/json",
)


def _attributes(contract: Contract, schema: Schema | str, above: str = "") -> Iterator[tuple[str, Schema, bool]]:
    """Yield the pointer of every attribute in the first member of each array, its schema, and whether it is needed."""
    needed = contract.required(schema)
    for name, attribute in contract.attributes(schema).items():
        whole = contract.resolve(attribute)
        yield f"{above}/{name}", whole, name in needed
        inner = whole.get("items", whole)
        if contract.attributes(inner) and above.count("/") < 4:
            yield from _attributes(contract, inner, f"{above}/{name}{'/0' if 'items' in whole else ''}")


def _has(body: Any, pointer: str) -> bool:
    for token in pointer.split("/")[1:]:
        if isinstance(body, list):
            body = body[int(token)]
        elif token in body:
            body = body[token]
        else:
            return False
    return True


def _merge(body: Any, pointer: str, value: Any) -> Any:
    """Return the merge patch that puts *value* at *pointer*; arrays can only be sent as a whole."""
    name, *below = pointer.split("/")[1:]
    if not below:
        return {name: value}
    rest = "".join(f"/{token}" for token in below)
    inner = body[name]
    if isinstance(inner, list):
        return {name: [_replaced(inner[0], rest.removeprefix("/0"), value), *inner[1:]]}
    return {name: _merge(inner, rest, value)}


def _replaced(body: Any, pointer: str, value: Any) -> Any:
    token, *below = pointer.split("/")[1:]
    rest = "".join(f"/{each}" for each in below)
    if isinstance(body, list):
        return [_replaced(body[0], rest, value), *body[1:]]
    if below:
        return {**body, token: _replaced(body[token], rest, value)}
    changed = {**body, token: value}
    return {name: each for name, each in changed.items() if each is not None}


def _query(pointer: str) -> str:
    """Return the path of a patch query that leads to *pointer*, by way of a condition that always holds."""
    names = [token for token in pointer.split("/")[1:] if token != "0"]
    # A condition on the attribute itself would tell the members of an array apart, and not mean it as a whole.
    return f"/{'/'.join(names)}?{'.'.join(names[:-1] or ['id'])}.ne=none of them"


def _without(body: Any, pointer: str) -> list[Patch]:
    merge = _merge(body, pointer, None)
    operation = {"op": "remove", "path": pointer}
    return [
        (JSON_PATCH, [operation]),
        (QUERY, [{**operation, "path": _query(pointer)}]),
        (MERGE, merge),
        (PLAIN, merge),
    ]


def _with(body: Any, pointer: str, value: Any) -> list[Patch]:
    merge = _merge(body, pointer, value)
    operation = {"op": "replace", "path": pointer, "value": value}
    return [
        (JSON_PATCH, [operation]),
        (QUERY, [{**operation, "path": _query(pointer)}]),
        (MERGE, merge),
        (PLAIN, merge),
    ]


def _breaking(contract: Contract, create: Operation, body: Any) -> Iterator[tuple[str, Patch]]:
    """Yield patches whose result breaks a rule, behind the pointer at which it does; the forms take turns."""
    form = itertools.cycle(range(4))
    for pointer, schema, is_needed in _attributes(contract, create.request_schema):
        if not _has(body, pointer) or schema.get("x-tmf-read-only") or schema.get("x-tmf-generated"):
            continue
        if is_needed:
            yield pointer, _without(body, pointer)[next(form)]
        if schema.get("type") in ("string", "number", "integer", "boolean", "array") or "enum" in schema:
            yield pointer, _with(body, pointer, {"wrong": ["type"]})[next(form)]
        if "enum" in schema:
            yield from ((pointer, patch) for patch in _with(body, pointer, "none of them"))
    for rule in contract.rules(create.request_schema, "x-tmf-conditional"):
        attribute = rule["when"]["pointer"]
        for value in rule["when"].get("one-of", ("some other",)):
            first = {"op": "add", "path": attribute, "value": value}
            for pointer in rule["require"]:
                yield pointer, (JSON_PATCH, [first, {"op": "remove", "path": pointer}])
                yield pointer, (QUERY, [first, {"op": "remove", "path": _query(pointer)}])
                yield pointer, (MERGE, {**_merge(body, pointer, None), attribute[1:]: value})


@pytest.mark.parametrize(("contract", "create"), CASES)
def test_patch_whose_result_breaks_a_rule_changes_nothing_and_tells_nobody(
    root: httpx.Client, listener: Any, contract: Contract, create: Operation
) -> None:
    hub = root.post(contract.base_path + contract.resource(create.resource).hub, json={"callback": listener.url})
    sent = full(contract, create.request_schema)
    made = root.post(contract.base_path + create.path, json=sent)
    assert made.status_code == create.success, made.text
    body, item, tag = made.json(), made.headers["Location"], made.headers["ETag"]
    assert body["id"] in json.dumps(listener.next())
    refused = 0
    for pointer, (media_type, patch) in _breaking(contract, create, body):
        answer = root.patch(item, content=json.dumps(patch), headers={"Content-Type": media_type})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid-body"), (pointer, media_type, patch)
        assert pointer in answer.json()["message"], (pointer, media_type, patch, answer.text)
        refused += 1
    assert refused >= 20
    after = root.get(item)
    assert (after.json(), after.headers["ETag"]) == (body, tag)
    # What arrives next shows that nothing came in between.
    [deleted] = [each for each in contract.events if (each.resource, each.on) == (create.resource, "delete")]
    assert root.delete(item).status_code == 204
    assert listener.next()["eventType"] == deleted.type
    assert root.delete(hub.headers["Location"]).status_code == 204


def test_attribute_of_which_one_is_needed(r14: httpx.Client) -> None:
    body = {"name": "a", "relatedParty": {"id": "1", "href": "http://example.com/1", "role": "x"}}
    made = r14.post("/customer", json=body).json()
    one = [{"op": "remove", "path": "/relatedParty/href"}]
    both = [*one, {"op": "remove", "path": "/relatedParty/id"}]
    refused = r14.patch(made["href"], json=both, headers={"Content-Type": JSON_PATCH})
    assert (refused.status_code, refused.json()["message"].startswith("/relatedParty needs id or href")) == (400, True)
    assert r14.patch(made["href"], json={"relatedParty": {"id": None, "href": None}}).status_code == 400
    assert r14.get(made["href"]).json() == made
    assert r14.patch(made["href"], json=one, headers={"Content-Type": JSON_PATCH}).status_code == 200


def test_rule_that_is_about_two_attributes_holds_whichever_is_changed(r14: httpx.Client) -> None:
    body = full(contracts.load("tmf629-v1"), "PaymentMean_Create")
    card, bank = body.pop("creditCard"), body.pop("bankAccount")
    made = r14.post("/paymentMean", json={**body, "paymentMeanType": "CreditCard", "creditCard": card}).json()
    for patch in (
        {"creditCard": None},
        {"paymentMeanType": "BankAccountDebit"},
        {"creditCard": None, "bankAccount": bank},
    ):
        assert r14.patch(made["href"], json=patch).status_code == 400
    assert r14.get(made["href"]).json() == made
    turned = r14.patch(
        made["href"], json={"paymentMeanType": "BankAccountDebit", "bankAccount": bank, "creditCard": None}
    )
    assert (turned.status_code, "creditCard" in turned.json()) == (200, False)
