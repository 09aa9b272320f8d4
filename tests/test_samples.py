"""Every JSON sample of the five documents meets the reference server and the contracts as they are served.

Requests are sent as they are printed. Answers and resources are sent as create bodies, identifiers and all; what a
document prints as the answer to a query is asked for with that query. Notifications are held against the schema of
their webhook, and so is what the server itself posts.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest

from tmfkit_models import contracts
from tmfkit_models.contracts import Contract, Event, Operation, Resource

SPECS = Path(__file__).parents[1] / "specs"

Json = Any


@dataclass(frozen=True)
class Refusal:
    """Where a body is refused, and the erratum that says why."""

    pointer: str
    erratum: str


# What the schema of a sample cannot see, so that its file cannot say it under ``refused``.
REFUSED_WHEN_SENT = {
    # An answer need not have the party; the request that it repeats lacks it too, and is refused for that.
    "tmf629-v4/09-create-answer": Refusal("/engagedParty", "TMF629V4-E02"),
    # Shows one attribute only, as an example of its values.
    "tmf683-v4/02-status-example-type": Refusal("/channel", "TMF683-E02"),
}


@dataclass(frozen=True)
class Sample:
    """One file below ``specs/<api>/samples``."""

    path: Path

    def __str__(self) -> str:
        return f"{self.contract.id}/{self.path.stem}"

    @functools.cached_property
    def data(self) -> dict[str, Json]:
        return dict(json.loads(self.path.read_text(encoding="utf-8")))

    @property
    def contract(self) -> Contract:
        return contracts.load(self.path.parts[-3])

    @property
    def operation(self) -> Operation:
        """The operation that the sample is sent with: its own for a request, the one that writes it otherwise."""
        own = self.contract.operation(self.data["operation"]) if "operation" in self.data else None
        if own and (self.data["shows"] == "request" or own.action == "register"):
            return own
        return self.contract.operation(f"create{self.resource.schema}")

    @property
    def resource(self) -> Resource:
        schema = self.data["schema"].removesuffix("_Create").removesuffix("_Update")
        named = self.contract.operation(self.data["operation"]).resource if "operation" in self.data else ""
        return next(each for each in self.contract.resources if schema == each.schema or named == each.name)

    @property
    def bodies(self) -> list[Json]:
        """The body, or each member of it where it is the answer of a list."""
        body = self.data["body"]
        return body if isinstance(body, list) else [body]

    @property
    def refusal(self) -> Refusal | None:
        if refused := self.data.get("refused"):
            # The answer of a list is sent member by member, so that its index is gone from the pointer.
            index = "/0" if isinstance(self.data["body"], list) else ""
            return Refusal(refused["pointer"].removeprefix(index), refused["errata"])
        return REFUSED_WHEN_SENT.get(str(self))


SAMPLES = [Sample(path) for path in sorted(SPECS.glob("*/samples/*.json"))]
NOTIFICATIONS = [sample for sample in SAMPLES if sample.data["shows"] == "notification"]
QUERIED = [sample for sample in SAMPLES if "query" in sample.data]
SENT = [sample for sample in SAMPLES if sample not in NOTIFICATIONS and sample not in QUERIED]
EVENTS = [(contracts.load(api), event) for api in contracts.apis() for event in contracts.load(api).events]


class Desk:
    """Sends samples to a server, each once, and leaves nothing behind."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self._answers: dict[Path, list[httpx.Response]] = {}

    def answers(self, sample: Sample) -> list[httpx.Response]:
        """Return the answers to the bodies of *sample*."""
        if sample.path not in self._answers:
            self._answers[sample.path] = [self._answer(sample, body) for body in sample.bodies]
        return self._answers[sample.path]

    def selected(self, sample: Sample) -> list[tuple[Json, Json]]:
        """Make each resource that the answer to a query shows; return them with what the query printed gives."""
        return [(body, self._selected(sample, body)) for body in sample.bodies]

    def make(self, contract: Contract, resource: Resource, body: Json) -> httpx.Response:
        """Create a resource; its identifier is the server's."""
        sent = {name: value for name, value in body.items() if name not in ("id", "href")}
        return self.client.post(contract.base_path + resource.collection, json=sent).raise_for_status()

    def remove(self, made: httpx.Response) -> None:
        if made.is_success and "location" in made.headers:
            assert self.client.delete(made.headers["location"]).status_code == 204

    def _answer(self, sample: Sample, body: Json) -> httpx.Response:
        operation, target = sample.operation, None
        path = sample.contract.base_path + operation.path
        if "{id}" in path:
            target = self.make(sample.contract, sample.resource, printed(sample.contract, sample.resource))
            path = path.replace("{id}", target.json()["id"])
        media_type = sample.data.get("mediaType", operation.consumes[0])
        answer = self.client.request(
            operation.method, path, content=json.dumps(body), headers={"Content-Type": media_type}
        )
        self.remove(target or answer)
        return answer

    def _selected(self, sample: Sample, body: Json) -> Json:
        whole = {**printed(sample.contract, sample.resource), **body}
        made = self.make(sample.contract, sample.resource, whole)
        operation = sample.contract.operation(sample.data["operation"])
        path = sample.contract.base_path + operation.path.replace("{id}", made.json()["id"])
        given = self.client.get(f"{path}?{sample.data['query']}").raise_for_status().json()
        self.remove(made)
        listed = given if isinstance(given, list) else [given]
        return next((each for each in listed if each["id"] == made.json()["id"]), None)


@pytest.fixture(scope="module")
def desk(server_url: str) -> Iterator[Desk]:
    with httpx.Client(base_url=server_url, trust_env=False) as client:
        yield Desk(client)


def printed(contract: Contract, resource: Resource) -> dict[str, Json]:
    """Return a whole resource: the contract's first example of a create, or else the one the document prints."""
    content = contract.openapi["paths"][resource.collection]["post"]["requestBody"]["content"]["application/json"]
    for example in content.get("examples", {}).values():
        return dict(example["value"])
    found = (each for each in SENT if each.contract is contract and each.data["schema"] == resource.schema)
    return dict(next(each.data["body"] for each in found if each.data["shows"] == "resource"))


def refused_at(answer: httpx.Response) -> set[str]:
    """Return the pointers that a refusal names."""
    return {each.split()[0] for each in answer.json()["message"].split("; ")}


def invalid_at(contract: Contract, schema: Mapping[str, Json], value: Json) -> set[str]:
    """Return the pointers at which *value* is not valid; what is missing is pointed at where it should be."""
    validator = jsonschema_rs.Draft202012Validator({**schema, "components": contract.openapi["components"]})
    found = set()
    for error in validator.iter_errors(value):
        missing = getattr(error.kind, "property", None)
        names = [*error.instance_path, *([missing] if isinstance(missing, str) else [])]
        found.add("".join(f"/{name}" for name in names))
    return found


def webhook(contract: Contract, event_type: str) -> Mapping[str, Json]:
    """Return the schema of what is posted."""
    content = contract.openapi["webhooks"][event_type]["post"]["requestBody"]["content"]
    schema: Mapping[str, Json] = content["application/json"]["schema"]
    return schema


@pytest.mark.parametrize("sample", SENT, ids=str)
def test_sample_is_taken_or_refused_where_its_erratum_says(desk: Desk, sample: Sample) -> None:
    for answer in desk.answers(sample):
        if sample.refusal is None:
            assert answer.status_code == sample.operation.success, answer.text
        else:
            assert answer.status_code == 400, answer.text
            assert sample.refusal.pointer in refused_at(answer)


@pytest.mark.parametrize("sample", QUERIED, ids=str)
def test_query_of_a_sample_selects_what_the_sample_shows(desk: Desk, sample: Sample) -> None:
    attributes = sample.contract.attributes(sample.resource.schema).items()
    the_servers_own = {name for name, schema in attributes if "x-tmf-generated" in schema}
    for shown, given in desk.selected(sample):
        # Which of id and href is shown differs from sample to sample; the server always gives both.
        assert given.keys() == shown.keys() | {"id", "href"}
        clients = given.keys() - the_servers_own
        assert {name: given[name] for name in clients} == {name: shown[name] for name in clients}


@pytest.mark.parametrize("sample", NOTIFICATIONS, ids=str)
def test_notification_of_a_sample_is_valid_but_for_its_erratum(sample: Sample) -> None:
    found = invalid_at(sample.contract, webhook(sample.contract, sample.data["operation"]), sample.data["body"])
    if sample.refusal is None:
        assert found == set()
    else:
        assert sample.refusal.pointer in found


@pytest.mark.parametrize(("contract", "event"), EVENTS, ids=lambda each: getattr(each, "type", None) or each.id)
def test_notification_of_the_server_is_valid(desk: Desk, listener: Any, contract: Contract, event: Event) -> None:
    hub = contract.resource(event.resource).hub
    registered = desk.client.post(contract.base_path + hub, json={"callback": listener.url}).raise_for_status()
    made = desk.make(contract, contract.resource(event.resource), printed(contract, contract.resource(event.resource)))
    if event.on in ("change", "state-change"):
        patch = _change(contract, event, made.json())
        assert desk.client.patch(made.headers["location"], json=patch).is_success
    desk.remove(made)
    heard = listener.next()
    while heard["eventType"] != event.type:
        heard = listener.next()
    desk.remove(registered)
    assert invalid_at(contract, webhook(contract, event.type), heard) == set()


def _change(contract: Contract, event: Event, made: Mapping[str, Json]) -> dict[str, Json]:
    """Return a patch that *event* tells of: another example of an attribute that the client writes."""
    states = {pointer for each in contract.events for pointer in each.attributes}
    for name, schema in contract.attributes(contract.resource(event.resource).update).items():
        if "x-tmf-generated" in schema or (f"/{name}" in states) is not (event.on == "state-change"):
            continue
        for value in contract.resolve(schema).get("examples", ()):
            if value != made.get(name):
                return {name: value}
    raise AssertionError(f"{contract.id}: nothing to change for {event.type}")


def test_every_reason_names_an_erratum_of_the_sample() -> None:
    assert [str(each) for each in SAMPLES if each.refusal and each.refusal.erratum not in each.data["errata"]] == []
    assert REFUSED_WHEN_SENT.keys() <= {str(each) for each in SENT}


def test_no_sample_is_left_out(desk: Desk) -> None:
    met = [each.path for each in SENT if desk.answers(each)]
    met += [each.path for each in QUERIED if desk.selected(each)]
    met += [each.path for each in NOTIFICATIONS]
    assert sorted(met) == sorted(path for path in SPECS.glob("*/samples/**/*") if path.is_file())
