"""The contracts as data: one JSON file an API, read at run time by ``tmfkit_models.contracts``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from tmfkit_codegen.inputs import Api

__all__ = ["METHODS", "canonical", "data", "document", "operations", "resolved"]

METHODS = ("get", "post", "put", "patch", "delete")

Tables = dict[str, Any]


def data(api: Api, scenarios: Mapping[str, str]) -> bytes:
    """Return the JSON file of *api*; *scenarios* says what each named scenario does."""
    return (json.dumps(document(api, scenarios), ensure_ascii=False, indent=1) + "\n").encode()


def document(api: Api, scenarios: Mapping[str, str] = MappingProxyType({})) -> Tables:
    """Return the JSON document that ``tmfkit_models.contracts.from_document`` reads."""
    openapi = api.contract.data
    about = openapi["x-tmf-api"]
    requirements = [_requirement(row, scenarios) for row in api.register.data["requirements"]]
    errata = [_erratum(row) for row in api.errata.data["errata"]]
    return {
        "id": about["id"],
        "number": about["number"],
        "release": about["release"],
        "title": about["document"],
        "package": about["package"],
        "base_path": openapi["servers"][0]["url"].rstrip("/"),
        "any_base_path": about.get("any-base-path", ""),
        "sha256": hashlib.sha256(canonical([openapi, requirements, errata])).hexdigest(),
        "openapi": openapi,
        "operations": [_operation(openapi, *found) for found in operations(openapi)],
        "resources": list(_resources(openapi)),
        "events": list(_events(openapi)),
        "requirements": requirements,
        "errata": errata,
    }


def canonical(data: object) -> bytes:
    """Return the one spelling of *data* that digests are taken of."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def operations(openapi: Tables) -> Iterator[tuple[str, str, Tables]]:
    """Yield path, method and operation of the contract, in its order; parameters of the path included."""
    for path, item in openapi["paths"].items():
        for method in METHODS:
            if method in item:
                yield (
                    path,
                    method,
                    {**item[method], "parameters": [*item.get("parameters", []), *item[method].get("parameters", [])]},
                )


def _operation(openapi: Tables, path: str, method: str, operation: Tables) -> Tables:
    responses = {
        status: resolved(openapi, answer) for status, answer in operation["responses"].items() if status != "default"
    }
    success = next(status for status in responses if status.startswith("2"))
    request = resolved(openapi, operation.get("requestBody", {})).get("content", {})
    answer = responses[success].get("content", {})
    about = operation["x-tmf-operation"]
    parameters = (resolved(openapi, parameter) for parameter in operation["parameters"])
    return {
        "id": operation["operationId"],
        "action": about["action"],
        "resource": about.get("resource", ""),
        "method": method.upper(),
        "path": path,
        "success": int(success),
        "statuses": list(responses),
        "consumes": list(request),
        "produces": list(answer),
        "request_schema": _component(request),
        "response_schema": _component(answer),
        "roles": operation.get("x-tmf-roles", []),
        "parameters": [parameter["name"] for parameter in parameters if parameter["in"] == "query"],
        "response_headers": {status: list(answer.get("headers", {})) for status, answer in responses.items()},
        "non_patchable": operation.get("x-tmf-non-patchable", []),
    }


def _resources(openapi: Tables) -> Iterator[Tables]:
    for name, schema in openapi["components"]["schemas"].items():
        if "x-tmf-resource" in schema:
            about = schema["x-tmf-resource"]
            yield {
                "name": about["name"],
                "schema": name,
                "create": about["create"],
                "update": about["update"],
                "collection": about["collection"],
                "path_aliases": about.get("path-aliases", []),
                "client_id": about["client-id"] == "honoured",
                "loose_equality": about["equality"] == "loose",
                "hub": about["hub"],
                "usual": about.get("usual", []),
                "may_demand_more": about.get("may-demand-more", False),
            }


def _events(openapi: Tables) -> Iterator[Tables]:
    for name, item in openapi.get("webhooks", {}).items():
        about = item["post"]["x-tmf-event"]
        yield {
            "type": name,
            "resource": about["resource"],
            "on": about["on"],
            "attributes": about.get("attributes", []),
            "payload": about["payload"],
            "array": about.get("array", False),
            "id_alias": about.get("id-alias", ""),
        }


def _requirement(row: Mapping[str, Any], scenarios: Mapping[str, str]) -> Tables:
    """Return *row* with its source laid flat; the further lines of a source are for the reader of the register."""
    flat = {key: value for key, value in row.items() if key != "source"}
    if "scenario" in row:
        flat["procedure"] = scenarios.get(row["scenario"], "")
    return {**flat, "section": row["source"]["section"], "line": row["source"]["line"]}


def _erratum(row: Mapping[str, Any]) -> Tables:
    return {
        "id": row["id"],
        "kind": row["class"],
        **{key: value for key, value in row.items() if key not in ("id", "class")},
    }


def _component(content: Mapping[str, Any]) -> str:
    """Return the component that the first media type of *content* (or each member of an array there) is."""
    schema: Tables = next(iter(content.values()), Tables()).get("schema", {})
    schema = schema.get("items", schema) if schema.get("type") == "array" else schema
    return str(schema.get("$ref", "")).rpartition("/")[2]


def resolved(openapi: Tables, part: Tables) -> Tables:
    """Follow the reference of a parameter, an answer or a body."""
    while "$ref" in part:
        _, _, section, name = part["$ref"].split("/")
        part = openapi["components"][section][name]
    return part
