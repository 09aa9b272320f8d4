"""Whether a body may be stored: the generated model of the create schema, and the contract's conditional rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, islice
from typing import Any

from tmfkit_models.contracts import Contract, Operation, Resource
from tmfkit_server.errors import MOST_VIOLATIONS, InvalidBody, Violation
from tmfkit_server.json_pointer import pointer_of
from tmfkit_server.services.body_models import BodyModel
from tmfkit_server.services.citations import Citations
from tmfkit_server.services.rules import Breach, breaches
from tmfkit_server.services.shapes import shape_of
from tmfkit_server.storage.base import is_same

__all__ = ["Validator"]

_MISSING_KINDS = ("mandatory", "sub-mandatory")
_VALUE_KINDS = ("values", "attribute", "patchable", "body")


class Validator:
    """Validates the bodies of one resource; a patched resource has to be one that could have been created."""

    def __init__(self, contract: Contract, resource: Resource, citations: Citations) -> None:
        self._create_model = BodyModel(contract, resource.create)
        self._update_model = BodyModel(contract, resource.update)
        self._shape = shape_of(contract, resource.create)
        self._citations = citations
        self._create = contract.action("create", resource.name)

    def check(self, body: Mapping[str, Any], operation: Operation) -> None:
        """Raise InvalidBody with what *body* breaks, the first ``MOST_VIOLATIONS`` of it.

        Args:
            body: The resource as it would be stored, or a create body; attributes under their own names.
            operation: Operation that is being called, for the citation.
        """
        broken = chain(self._broken_types(self._create_model, body, operation), self._broken_rules(body, operation))
        found = list(islice(broken, MOST_VIOLATIONS))
        if found:
            raise InvalidBody(found)

    def check_change(self, before: Mapping[str, Any], after: Mapping[str, Any], operation: Operation) -> None:
        """Raise InvalidBody when an attribute that a patch changed breaks what a patch is asked for beyond a create."""
        moved = ((name, value) for name, value in after.items() if value is not before.get(name))
        changed = {name: value for name, value in moved if not is_same(value, before.get(name))}
        found = list(self._broken_types(self._update_model, changed, operation))
        if found:
            raise InvalidBody(found)

    def _broken_types(self, model: BodyModel, body: Mapping[str, Any], operation: Operation) -> Iterator[Violation]:
        for error in model.errors(body):
            pointer = pointer_of(map(str, error["loc"]))
            is_missing = error["type"] == "missing"
            what = "is required" if is_missing else f"is wrong: {error['msg'].removeprefix('Value error, ')}"
            kinds = _MISSING_KINDS if is_missing else _VALUE_KINDS
            yield Violation(pointer, what, self._citations.cite(kinds, (operation, self._create), pointer))

    def _broken_rules(self, body: Mapping[str, Any], operation: Operation) -> Iterator[Violation]:
        for breach in breaches(self._shape, body):
            yield self._worded(breach, operation)

    def _worded(self, breach: Breach, operation: Operation) -> Violation:
        cited = self._citations.cite((breach.kind,), (operation, self._create), breach.pointer)
        return Violation(breach.pointer, breach.what, cited)
