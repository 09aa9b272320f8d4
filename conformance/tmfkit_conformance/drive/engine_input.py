"""What Schemathesis is given: a document with the operations that may be called, and its settings.

The settings are those under which two runs with one seed send the same requests, and under which no identifier is
taken from an answer that the kit did not cause: Schemathesis' pools of values seen in answers, its inference of links
and its learning from refusals are off. What follows what is said with OpenAPI links, from a create to the operations on
the thing created.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from tmfkit_conformance.drive.addresses import address, collection_of
from tmfkit_conformance.payloads.contents import Contents
from tmfkit_conformance.rules.answers import CONSUMES
from tmfkit_conformance.rules.refusals import PARTIAL
from tmfkit_conformance.settings import Settings
from tmfkit_models.contracts import Contract, Operation

__all__ = ["configuration", "document", "offered"]

_ORDER = ("create", "list", "retrieve", "patch", "replace", "send", "send-stored", "delete", "register", "unregister")
"""Actions in the order in which a phase does them; hubs last, so that little is announced to listeners."""

_NO_POOL = {"operation-ordering": "none", "extra-data-sources": {"responses": False}}


def offered(contract: Contract, settings: Settings, phase: str) -> tuple[Operation, ...]:
    """Return the operations that the requests of a phase may go to, in the order in which they are to be driven.

    Left out are those that send messages, unless the settings allow it; hubs at another origin than the API's; and
    hubs in the stateful phase, where half of the sequences would be a subscription and its end, which scenarios of the
    register phase try already.
    """
    origin = urlsplit(settings.base_url)[:2]
    allowed = [
        operation
        for operation in contract.operations
        if (settings.allow_send or operation.action not in ("send", "send-stored"))
        and not (phase == "stateful" and operation.action in ("register", "unregister"))
        and urlsplit(address(settings, operation))[:2] == origin
    ]
    return tuple(sorted(allowed, key=lambda operation: _ORDER.index(operation.action)))


def document(contract: Contract, settings: Settings, phase: str) -> dict[str, Any]:
    """Return the OpenAPI document that the requests of a phase are generated from.

    Its paths are whole ones, from the root of the target's origin.
    """
    wanted = offered(contract, settings, phase)
    paths: dict[str, dict[str, Any]] = {}
    for operation in wanted:
        source = contract.openapi["paths"][operation.path]
        shared = {"parameters": source["parameters"]} if "parameters" in source else {}
        item = paths.setdefault(urlsplit(address(settings, operation)).path, shared)
        item[operation.method.lower()] = _prepared(contract, operation, wanted)
    kept = {name: value for name, value in contract.openapi.items() if name not in ("paths", "servers", "webhooks")}
    return {**kept, "paths": paths}


def configuration(contract: Contract, settings: Settings) -> dict[str, Any]:
    """Return the configuration of Schemathesis in the form of its configuration file.

    No check is enabled: the judge looks at the record, and nothing that happens changes what is sent next.
    The stateful phase makes as many sequences for each resource as the others make requests for each operation.
    """
    split = urlsplit(settings.base_url)
    given: dict[str, Any] = {
        "base-url": f"{split.scheme}://{split.netloc}",
        "seed": Contents(settings.seed).number("generated", 1, 2**31),
        "workers": 1,
        "request-timeout": settings.timeout_seconds,
        "max-redirects": 0,
        "tls-verify": settings.ca_file or True if settings.verify_tls else False,
        "suppress-health-check": ["all"],
        "cache": {"enabled": False},
        "checks": {"enabled": False},
        "continue-on-failure": True,
        "analysis": {"constants": {"enabled": False}},
        "generation": {
            "deterministic": True,
            "database": "none",
            "max-examples": settings.max_examples,
            "no-shrink": True,
        },
        "phases": {
            "examples": dict(_NO_POOL),
            "coverage": {**_NO_POOL, "unexpected-methods": []},
            "fuzzing": {**_NO_POOL, "error-feedback": {"enabled": False}},
            "stateful": {
                # Only positive requests: what is refused leads nowhere.
                "generation": {"mode": "positive", "max-examples": settings.max_examples * len(contract.resources)},
                "inference": {"algorithms": []},
                "link-calibration": False,
            },
        },
    }
    if settings.client_certificate:
        given["request-cert"] = settings.client_certificate
    if settings.client_key:
        given["request-cert-key"] = settings.client_key
    return given


def _prepared(contract: Contract, operation: Operation, wanted: tuple[Operation, ...]) -> dict[str, Any]:
    """Return an operation with links to those that follow it, and with one media type for each form of its body."""
    prepared: dict[str, Any] = copy.deepcopy(contract.openapi["paths"][operation.path][operation.method.lower()])
    if "requestBody" in prepared:
        content = prepared["requestBody"]["content"]
        prepared["requestBody"]["content"] = _one_of_each_form(contract, operation, content)
    followers = [
        other
        for other in wanted
        if ("{id}" in other.path or other.action == "list")
        and collection_of(contract, other) == collection_of(contract, operation)
    ]
    if operation.action in ("create", "register"):
        for status, response in prepared["responses"].items():
            if status.startswith("2") and "content" in response:
                response["links"] = {other.id: _link(other) for other in followers}
    return prepared


def _link(operation: Operation) -> dict[str, Any]:
    parameters = {"id": "$response.body#/id"} if "{id}" in operation.path else {}
    return {"operationId": operation.id, "parameters": parameters}


def _one_of_each_form(contract: Contract, operation: Operation, content: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out media types under which the same body could be sent: the form matters here, not its name.

    Among the names of a partial object the one stays that a must row demands, else the first.
    """
    musts = {
        row.subject
        for row in contract.requirements
        if row.kind == CONSUMES.name
        and row.operation == operation.id
        and row.level == "must"
        and row.subject in PARTIAL
    }
    kept: dict[str, Any] = {}
    for name in sorted(content, key=lambda name: name not in musts):
        if all(content[name]["schema"] != other["schema"] for other in kept.values()):
            kept[name] = content[name]
    return kept
