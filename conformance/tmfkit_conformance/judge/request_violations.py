"""Where the body of a recorded request departs from the contract, found from its bytes alone."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import jsonschema_rs

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.judge import round_trip
from tmfkit_conformance.record.exchange import Exchange
from tmfkit_models.contracts import Contract, ContractError, Operation

__all__ = ["Bodies", "RequestViolation"]

_JSON_PATCH = "application/json-patch+json"


@dataclass(frozen=True, slots=True)
class RequestViolation:
    """One thing about a body that the contract does not have.

    Attributes:
        kind: ``malformed`` (no JSON at all), ``missing`` (a required member), ``wrong-type`` (a value of another type:
            a body that is null, say, is well-formed JSON and no object), or ``other``.
        pointer: Where, with ``*`` for a member of an array.
        message: What, for a person.
    """

    kind: Literal["malformed", "missing", "wrong-type", "other"]
    pointer: str
    message: str


class Bodies:
    """Holds request bodies against a contract.

    Args:
        contract: The contract.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract

    def violations(self, operation: Operation, exchange: Exchange) -> tuple[RequestViolation, ...]:
        """Return where the body of a request departs from the contract; nothing where no body is due."""
        if not operation.consumes:
            return ()
        request = exchange.request
        if request.media_type not in self._schemas(operation):
            return (RequestViolation("other", "", f"the body is declared {request.media_type or 'nothing'}"),)
        if not request.is_json:
            return (RequestViolation("malformed", "", "the body is not JSON"),)
        validator = self._validator(operation.id, request.media_type)
        value = round_trip.canonical(self._contract, operation.request_schema, request.json)
        if request.media_type == _JSON_PATCH:
            return tuple(RequestViolation("other", "", error.message) for error in validator.iter_errors(value))
        if not isinstance(value, dict):
            return (RequestViolation("wrong-type", "", "the body is no JSON object"),)
        # A null is not counted: it removes what is there, or can be read as absent.
        errors = (error for error in validator.iter_errors(value) if error.instance is not None)
        found = (self._violation(operation, error) for error in errors)
        return tuple(violation for violation in found if not _is_merged(operation, violation))

    def _violation(self, operation: Operation, error: jsonschema_rs.ValidationError) -> RequestViolation:
        kind = error.kind
        pointer = "".join(
            f"/{pointers.escaped(name) if isinstance(name, str) else '*'}" for name in error.instance_path
        )
        if isinstance(kind, jsonschema_rs.ValidationErrorKind.Required):
            missing = f"{pointer}/{pointers.escaped(kind.property)}"
            return RequestViolation("missing", missing, f"{missing} is missing")
        message = f"{pointer}: {error.message}"[:200]
        if isinstance(kind, jsonschema_rs.ValidationErrorKind.Type) and not self._is_tolerant(operation, pointer):
            return RequestViolation("wrong-type", pointer, message)
        return RequestViolation("other", pointer, message)

    def _is_tolerant(self, operation: Operation, pointer: str) -> bool:
        """Say whether an erratum tolerates other forms of what a pointer names."""
        try:
            return bool(self._contract.at(operation.request_schema, pointer).get("x-tmf-tolerated"))
        except ContractError:
            return False

    def _schemas(self, operation: Operation) -> Mapping[str, Any]:
        described = self._contract.openapi["paths"][operation.path][operation.method.lower()]
        content: Mapping[str, Any] = described["requestBody"]["content"]
        return content

    @functools.lru_cache(maxsize=64)  # noqa: B019 - it lives as long as the judgement it is made for
    def _validator(self, operation_id: str, media_type: str) -> jsonschema_rs.Draft202012Validator:
        schema = self._schemas(self._contract.operation(operation_id))[media_type]["schema"]
        components = {"schemas": self._contract.openapi["components"]["schemas"]}
        return jsonschema_rs.Draft202012Validator({"allOf": [schema], "components": components}, validate_formats=False)


def _is_merged(operation: Operation, violation: RequestViolation) -> bool:
    """Say whether a partial object may leave out what is missing: it is merged, and only arrays are replaced whole."""
    return operation.action == "patch" and violation.kind == "missing" and "/*/" not in violation.pointer
