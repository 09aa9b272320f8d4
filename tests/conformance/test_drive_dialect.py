"""Targets that know an attribute inside another one by another of the document's names."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from first_contact import CONTACT
from meddler import Answer, Call, Forward, meddling

from patience import PATIENCE_SECONDS
from tmfkit_conformance.judge.engine import judge
from tmfkit_conformance.judge.verdict import Outcome
from tmfkit_conformance.run import drive
from tmfkit_conformance.settings import Settings
from tmfkit_models import contracts


def renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [renamed(member, names) for member in value]
    if not isinstance(value, dict):
        return value
    return {names.get(name, name): renamed(member, names) for name, member in value.items()}


def knowing(own: str, other: str, unknown: Callable[[Call], Call | Answer]) -> Callable[[Call, Forward], Answer]:
    """Serve an API with an attribute that is known by its other name alone.

    Args:
        own: The contract's name.
        other: The other one.
        unknown: What is made of a call with the contract's name: another call, or an answer.
    """

    def serve(call: Call, forward: Forward) -> Answer:
        if f'"{own}"'.encode() in call.body:
            found = unknown(call)
            if isinstance(found, Answer):
                return found
            call = found
        body, path = call.body.replace(f'"{other}"'.encode(), f'"{own}"'.encode()), call.path.replace(other, own)
        answer = forward(Call(call.method, path, call.headers, body))
        if not answer.body:
            return answer
        return Answer(
            answer.status, json.dumps(renamed(json.loads(answer.body), {own: other})).encode(), answer.headers
        )

    return serve


def refusing(_call: Call) -> Answer:
    return Answer(400, b'{"code": "20", "reason": "unknown attribute"}')


def dropping(name: str) -> Callable[[Call], Call]:
    """Take what is sent, and keep nothing of an attribute that is unknown."""

    def without(value: Any) -> Any:
        if isinstance(value, list):
            return [without(member) for member in value]
        if not isinstance(value, dict):
            return value
        return {key: without(member) for key, member in value.items() if key != name}

    return lambda call: call.with_json(without(call.json))


@pytest.mark.parametrize(
    ("api", "resource", "keys", "other", "unknown"),
    [
        pytest.param(
            "tmf655-v1",
            "changeRequest",
            ["workLog/creatDateTime"],
            "createDateTime",
            refusing,
            id="a-mandatory-part-is-refused",
        ),
        pytest.param(
            "tmf629-v1", "paymentMean", ["bankAccount/IBAN"], "iban", refusing, id="an-optional-part-is-refused"
        ),
        pytest.param(
            "tmf683-v4",
            "partyInteraction",
            ["attachment/*/url", "interactionItem/*/attachment/*/url"],
            "URL",
            dropping("url"),
            id="a-part-of-arrays-is-not-kept",
        ),
    ],
)
def test_part_is_written_under_the_name_that_the_target_takes(
    server_url: str, api: str, resource: str, keys: list[str], other: str, unknown: Callable[[Call], Call | Answer]
) -> None:
    contract = contracts.load(api)
    own = keys[0].rpartition("/")[2]
    rows = tuple(row.id for row in contract.requirements if row.operation.endswith(resource[0].upper() + resource[1:]))
    with meddling(server_url, knowing(own, other, unknown)) as url:
        settings = Settings(
            api, url + contract.base_path, phases=("register",), listener=False, timeout_seconds=PATIENCE_SECONDS
        )
        bundle = drive(contract, settings, lambda *_: None, only=rows)
    assert bundle.run["dialect"] == {resource: dict.fromkeys(keys, other)}
    sent = [exchange.request.body for exchange in bundle.exchanges if exchange.probe not in CONTACT]
    assert any(f'"{other}"'.encode() in body for body in sent)
    assert not any(f'"{own}"'.encode() in body for body in sent)
    judged = {
        verdict.requirement: verdict for verdict in judge(bundle, contract).verdicts if verdict.requirement in rows
    }
    assert {row: one.remark for row, one in judged.items() if one.outcome >= Outcome.FAIL} == {}
    remark = f"The target takes {keys[0]} under the name {other}, which the document uses as well"
    about = [row.id for row in contract.requirements if row.subject == f"/{keys[0]}" and row.id in rows]
    passed = [judged[row] for row in about if judged[row].outcome in (Outcome.PASS, Outcome.PASS_WITH_REMARK)]
    assert {verdict.remark for verdict in passed} <= {remark}
    # TMF683 has no row on the address of an attachment alone.
    assert bool(passed) is (api != "tmf683-v4")
