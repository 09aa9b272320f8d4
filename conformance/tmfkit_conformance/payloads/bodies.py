"""Bodies made from the contract: the smallest that it allows, the largest, and any in between.

Every value is made from the attribute's schema, the same for the same arguments: its listed values, else its examples,
else something of its type. Two variants of each differ, so that a change can be told from no change.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.payloads.classes import META, meta_value
from tmfkit_models.contracts import Contract, Resource, Schema

__all__ = ["Payloads", "holds"]

_DEEPEST = 6


class Payloads:
    """Makes the bodies for one resource.

    Args:
        contract: The contract.
        resource: The resource.
        overrides: Members merged into every create body, as the vendor configured them.
        values: JSON pointer → values that the vendor configured for an attribute.
        names: The dialect that the target took: pointer of an attribute without its first slash, ``*`` for members of
            an array → the alias that the attribute is written under.
    """

    def __init__(
        self,
        contract: Contract,
        resource: Resource,
        overrides: Mapping[str, Any],
        values: Mapping[str, list[Any]],
        names: Mapping[str, str],
    ) -> None:
        self._contract = contract
        self._resource = resource
        self._overrides = overrides
        self._values = values
        self._names = names

    def minimal(self, variant: int = 0) -> dict[str, Any]:
        """Return a create body with the mandatory and the usual attributes only, each of them whole."""
        body = self._object(self._resource.create, variant, full=False, path="", depth=0)
        return self.translated(_merged(body, self._overrides))

    def full(self, variant: int = 0) -> dict[str, Any]:
        """Return a create body with every attribute that a client may send."""
        body = self._object(self._resource.create, variant, full=True, path="", depth=0)
        return self.translated(_merged(body, self._overrides))

    def completed(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return a create body that was made elsewhere, with what the vendor configured for every create."""
        return self.translated(_merged(copy.deepcopy(body), self._overrides))

    def translated(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return a body with its attributes, at any depth, under the names that the target takes."""
        return {self._names.get(name, name): self.translated_at(f"/{name}", value) for name, value in body.items()}

    def translated_at(self, pointer: str, value: Any) -> Any:
        """Return a value that is to stand at *pointer* with its attributes under the names that the target takes."""
        if not self._names:
            return value
        if isinstance(value, list):
            return [self.translated_at(f"{pointer}/*", member) for member in value]
        if not isinstance(value, dict):
            return value
        return {
            self._names.get(f"{pointer[1:]}/{name}", name): self.translated_at(f"{pointer}/{name}", member)
            for name, member in value.items()
        }

    def with_attribute(self, pointer: str, variant: int = 0) -> dict[str, Any]:
        """Return the smallest create body in which *pointer* stands, its parents whole."""
        body = self.minimal(variant)
        name = pointers.parts(pointer)[0]
        spoken = self._names.get(name, name)
        if variant or name not in self._overrides:
            body[spoken] = self.value(f"/{name}", variant)
        return self.consistent(self.ensured(body, pointer, variant))

    def telling(self, pointer: str) -> dict[str, Any]:
        """Return the smallest create body in which *pointer* stands with its second value.

        The first is what a mock server answers that knows the contract and keeps nothing. What the vendor configured
        for every create stays.
        """
        body = self.minimal()
        name = pointers.parts(pointer)[0]
        if name not in self._overrides:
            body[self._names.get(name, name)] = self.value(f"/{name}", 1)
        return self.consistent(self.ensured(body, pointer, 1))

    def ensured(self, body: dict[str, Any], pointer: str, variant: int = 0) -> dict[str, Any]:
        """Return *body* in which *pointer* stands; a value that is missing is made."""
        if pointers.select(body, self.spoken(pointer)):
            return body
        return pointers.with_value(body, self.spoken(pointer).replace("/*", "/0"), self.value(pointer, variant))

    def value(self, pointer: str, variant: int = 0) -> Any:
        """Return a value for the attribute that *pointer* names, its optional members filled, as the target takes it.

        Raises:
            ContractError: The resource has no such attribute.
        """
        configured = self._values.get(pointer)
        if configured:
            return self.translated_at(pointer, copy.deepcopy(configured[variant % len(configured)]))
        made = self._value(
            self._contract.at(self._resource.schema, pointer),
            pointer.rsplit("/", 1)[-1],
            variant,
            full=True,
            path=pointer,
            depth=1,
        )
        return self.translated_at(pointer, made)

    def holding(self, pointer: str, value: Any) -> dict[str, Any]:
        """Return the smallest create body in which *pointer* has *value*, with all that the value makes necessary."""
        body = pointers.with_value(self.with_attribute(pointer), self.spoken(pointer).replace("/*", "/0"), value)
        return self.consistent(body)

    def consistent(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return *body* with the attributes that conditional rules make necessary in it."""
        for rule in self._contract.rules(self._resource.create, "x-tmf-conditional"):
            if holds({**rule["when"], "pointer": self.spoken(rule["when"]["pointer"])}, body):
                for pointer in rule["require"]:
                    body = self.ensured(body, pointer)
        return body

    def spoken(self, pointer: str) -> str:
        """Return *pointer* with the names that the dialect uses."""
        spoken, path = "", ""
        for name in pointer.split("/")[1:]:
            path += f"/{'*' if name.isdecimal() else name}"
            spoken += f"/{self._names.get(path[1:], name)}"
        return spoken

    def _object(self, schema: Schema | str, variant: int, *, full: bool, path: str, depth: int) -> dict[str, Any]:
        contract = self._contract
        attributes = contract.attributes(schema)
        required = set(contract.required(schema))
        wanted = [name for name in attributes if name in required or (full and name not in META)]
        if depth == 0:
            wanted += [name for name in self._resource.usual if name not in wanted]
            wanted = [name for name in wanted if name in required or not self._server_made(name, attributes[name])]
        for members in contract.rules(schema, "x-tmf-any-of"):
            names = [pointers.parts(member)[0] for member in members]
            if not set(names) & set(wanted):
                wanted.append(names[0])
        whole = full or depth == 0  # an empty object in a mandatory attribute is nothing that a target would expect
        body = {
            name: self._property(attributes[name], name, variant, full=whole, path=path, depth=depth) for name in wanted
        }
        for rule in contract.rules(schema, "x-tmf-conditional"):
            body = self._satisfied(rule, body, attributes, variant, path, depth)
        return body

    def _property(self, schema: Schema, name: str, variant: int, *, full: bool, path: str, depth: int) -> Any:
        configured = self._values.get(f"{path}/{name}")
        if configured:
            return copy.deepcopy(configured[variant % len(configured)])
        return self._value(
            self._contract.resolve(schema), name, variant, full=full, path=f"{path}/{name}", depth=depth + 1
        )

    def _satisfied(
        self,
        rule: Mapping[str, Any],
        body: dict[str, Any],
        attributes: Mapping[str, Schema],
        variant: int,
        path: str,
        depth: int,
    ) -> dict[str, Any]:
        if not holds(rule["when"], body):
            return body
        for required in rule["require"]:
            name = pointers.parts(required)[0]
            if name not in body:
                body[name] = self._property(attributes[name], name, variant, full=True, path=path, depth=depth)
        return body

    @staticmethod
    def _server_made(name: str, schema: Schema) -> bool:
        return name in ("id", "href") or bool(schema.get("x-tmf-read-only"))

    def _value(self, schema: Schema, name: str, variant: int, *, full: bool, path: str, depth: int) -> Any:
        # The examples say what is best sent; values that the document lists beside them come after those.
        known = schema.get("enum") or [*schema.get("examples", ()), *schema.get("x-tmf-values", ())]
        different = [value for index, value in enumerate(known) if value not in known[:index]]
        if different:
            return copy.deepcopy(different[variant % len(different)])
        if name in META:
            return meta_value(self._contract, self._resource, path, variant)
        kinds = schema.get("type", "object" if "properties" in schema or "allOf" in schema else "")
        kind = kinds[0] if isinstance(kinds, list) else kinds
        if kind == "object":
            return self._object(schema, variant, full=full and depth < _DEEPEST, path=path, depth=depth)
        if kind == "array":
            items = self._contract.resolve(schema["items"])
            return [self._value(items, name, variant, full=full, path=f"{path}/*", depth=depth)]
        return _SCALARS.get(kind, _text)(name, variant)


def holds(when: Mapping[str, Any], body: Any) -> bool:
    """Say whether the condition of an ``x-tmf-conditional`` rule, or of a row, holds for a body."""
    value = pointers.get(body, when["pointer"])
    if "present" in when:
        return bool((value is not pointers.ABSENT) == when["present"])
    if "one-of" in when:
        return value in when["one-of"]
    return value is not pointers.ABSENT and value not in when["none-of"]


def _text(name: str, variant: int) -> str:
    return f"{name} {'one' if variant == 0 else 'two'}"


_SCALARS: dict[str, Callable[[str, int], Any]] = {
    "string": _text,
    "integer": lambda _, variant: 3 + variant,
    "number": lambda _, variant: 1.5 + variant,
    "boolean": lambda _, variant: variant == 0,
}


def _merged(body: dict[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Merge as RFC 7396 does."""
    for name, value in overrides.items():
        if value is None:
            body.pop(name, None)
        elif isinstance(value, Mapping):
            before = body.get(name)
            body[name] = _merged(before if isinstance(before, dict) else {}, value)
        else:
            body[name] = copy.deepcopy(value)
    return body
