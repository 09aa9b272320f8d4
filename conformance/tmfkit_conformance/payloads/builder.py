"""Values made from the schemas of a contract, as small as the document allows or with everything in them.

Every value is the same for the same arguments: the attribute's examples, else its listed values, else something of its
type that the seed of the run decides. Two variants of each differ, so that a change can be told from no change.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.payloads.classes import META, meta_value
from tmfkit_conformance.payloads.configured import Configured
from tmfkit_conformance.payloads.contents import Contents
from tmfkit_conformance.payloads.periods import beginning_of, ending, may_be_an_end
from tmfkit_models.contracts import Contract, Requirement, Resource, Schema

__all__ = ["Builder", "Wish", "holds"]

_DEEPEST = 6


@dataclass(frozen=True)
class Wish:
    """What a value is to be like.

    Attributes:
        variant: Which of its values.
        full: Whether every member is wanted; the smallest value otherwise.
        fixed: Pointer → value that stands there, whatever else would.
        lacking: Pointer of what is not to be in it; empty when nothing is left out on purpose.
        toward: Pointer of what is put into it afterwards, so that what is around that needs nothing else in it.
        is_patch: Whether it is for a patch, which may make other members mandatory than a create.
    """

    variant: int = 0
    full: bool = False
    fixed: Mapping[str, Any] = field(default_factory=dict)
    lacking: str = ""
    toward: str = ""
    is_patch: bool = False


class Builder:
    """Makes values for one resource.

    The smallest object has the members that are mandatory. Where none is, it has those that the register asks for at
    the level must, and where it asks for none, its id or else the first.

    Args:
        contract: The contract.
        resource: The resource.
        configured: What the vendor configured.
        contents: What is drawn from where the contract names no value.
    """

    def __init__(self, contract: Contract, resource: Resource, configured: Configured, contents: Contents) -> None:
        self._contents = contents
        self._contract = contract
        self._resource = resource
        self._configured = configured
        own = [row for row in contract.requirements if row.kind == "attribute" and self._is_own(row)]
        self.conditions: dict[str, Mapping[str, Any]] = {
            row.subject: row.given for row in own if not isinstance(row.given, str)
        }
        self.needed_under: tuple[tuple[str, Mapping[str, Any]], ...] = tuple(self._needed_under())
        self.led: frozenset[str] = frozenset(
            row.subject for row in contract.requirements if row.scenario == "current-first" and self._is_own(row)
        )
        """Lists that begin with what is in force, and of which a target may show that alone."""
        self._begins: Mapping[str, Any] = {
            row.subject: row.given["values"][0]
            for row in contract.requirements
            if row.scenario == "status-moves" and self._is_own(row) and not isinstance(row.given, str)
        }
        """States in which a record is made, as all that rows know of moves between them begin there."""
        self._musts = frozenset(row.subject for row in own if row.level == "must")

    def _needed_under(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield what a target may demand under a condition by one reading of the document: pointer and condition."""
        create = self._contract.action("create", self._resource.name)
        for statement in (one for erratum in self._contract.errata for one in erratum.kit if "where" in one):
            if create and create.id in statement.get("operations", ()):
                yield from ((f"{statement['at']}/{name}", statement["where"]) for name in statement.get("members", ()))

    def _is_own(self, row: Requirement) -> bool:
        return self._contract.operation(row.operation).resource == self._resource.name

    def body(self, wish: Wish) -> dict[str, Any]:
        """Return a create body; without a wish for more, the smallest."""
        return self._object(self._resource.create, wish, "", 0)

    def value(self, pointer: str, wish: Wish) -> Any:
        """Return a value for the attribute that *pointer* names; ContractError when the resource has none."""
        given = self._configured.value(pointer, wish.variant)
        if given is not pointers.ABSENT:
            return given
        root = self._resource.schema
        if wish.is_patch and pointers.parts(pointer)[0] in self._contract.attributes(self._resource.update):
            root = self._resource.update
        schema = self._contract.at(root, pointer)
        return self._value(schema, wish, pointer, max(1, pointer.count("/")))

    def _object(self, schema: Schema | str, wish: Wish, path: str, depth: int) -> dict[str, Any]:
        attributes = self._contract.attributes(schema)
        wanted = self._wanted(schema, attributes, wish, path, depth)
        body = {name: self._attribute(attributes[name], wish, f"{path}/{name}", depth) for name in wanted}
        return self._satisfied(schema, body, wish, path, depth)

    def _wanted(
        self, schema: Schema | str, attributes: Mapping[str, Schema], wish: Wish, path: str, depth: int
    ) -> list[str]:
        """Return the names of the members that an object is to have."""
        required = set(self._contract.required(schema))
        is_full = wish.full and depth < _DEEPEST
        wanted = [name for name in attributes if name in required or (is_full and name not in META)]
        if depth == 0:
            wanted += [name for name in self._resource.usual if name in attributes and name not in wanted]
            wanted = [name for name in wanted if name in required or not self._server_made(name, attributes[name])]
        wanted += [name for name in attributes if f"{path}/{name}" in self._resource.usual and name not in wanted]
        wanted = [name for name in wanted if f"{path}/{name}" != wish.lacking]
        for members in self._contract.rules(schema, "x-tmf-any-of"):
            names = [pointers.parts(member)[0] for member in members]
            if not set(names) & set(wanted):
                wanted += [name for name in names if f"{path}/{name}" != wish.lacking][:1]
        is_empty = not wanted and 0 < depth < _DEEPEST
        return self._expected(attributes, wish, path) if is_empty else wanted

    def _expected(self, attributes: Mapping[str, Schema], wish: Wish, path: str) -> list[str]:
        """Return the members of an object that has no mandatory ones: an empty object is of no use to a target.

        One is enough beside an attribute that says of which class the object is, and where one is left out on purpose.
        Where another is put into it, its id is enough, if it may have one.
        """
        free = [name for name in attributes if f"{path}/{name}" not in {*self.conditions, wish.lacking}]
        names = sorted(free, key=lambda name: (name.startswith("@"), name != "id"))
        musts = [name for name in names if f"{path}/{name}" in self._musts and not name.startswith("@")]
        if wish.toward.startswith(f"{path}/@") or wish.lacking.rpartition("/")[0] == path:
            return (musts or names)[:1]
        if wish.toward.startswith(f"{path}/"):
            return [name for name in names[:1] if name == "id"]
        return musts or names[:1]

    def _attribute(self, schema: Schema, wish: Wish, path: str, depth: int) -> Any:
        if path in wish.fixed:
            return copy.deepcopy(wish.fixed[path])
        given = self._configured.value(path, wish.variant)
        if given is not pointers.ABSENT:
            return given
        if path in self._begins and not wish.is_patch:
            return self._begins[path]
        return self._value(self._contract.resolve(schema), wish, path, depth + 1)

    def _satisfied(
        self, schema: Schema | str, body: dict[str, Any], wish: Wish, path: str, depth: int
    ) -> dict[str, Any]:
        """Return an object with the members that conditional rules make necessary in it."""
        attributes = self._contract.attributes(schema)
        for rule in self._contract.rules(schema, "x-tmf-conditional"):
            names = [pointers.parts(required)[0] for required in rule["require"]] if holds(rule["when"], body) else []
            for name in names:
                if name in attributes and name not in body and f"{path}/{name}" != wish.lacking:
                    body[name] = self._attribute(attributes[name], wish, f"{path}/{name}", depth)
        return body

    @staticmethod
    def _server_made(name: str, schema: Schema) -> bool:
        return name in ("id", "href") or bool(schema.get("x-tmf-read-only"))

    def _value(self, schema: Schema, wish: Wish, path: str, depth: int) -> Any:
        if known := _known(schema):
            chosen = ending(known[wish.variant % len(known)], self._beginnings(path))
            return copy.deepcopy(chosen) if wish.full else self._part(schema, chosen, wish, path, depth)
        name = path.rsplit("/", 1)[-1]
        if name in META:
            return meta_value(self._contract, self._resource, path, wish.variant, self._contents)
        kinds = schema.get("type", "object" if "properties" in schema or "allOf" in schema else "")
        kind = kinds[0] if isinstance(kinds, list) else kinds
        if kind == "object":
            return self._object(schema, wish, path, depth)
        if kind == "array":
            return [self._value(self._contract.resolve(schema["items"]), wish, f"{path}/*", depth)]
        if kind in _SCALARS:
            return _SCALARS[kind](wish.variant)
        return self._contents.text(f"{self._resource.name}{path}", wish.variant)

    def _beginnings(self, path: str) -> list[Any]:
        """Return the known values of the beginning of the period whose end stands at a path; none for anything else."""
        above, _, name = path.rpartition("/")
        if not may_be_an_end(name):
            return []
        parent = self._contract.at(self._resource.schema, above) if above else self._resource.schema
        siblings = self._contract.attributes(parent)
        start = beginning_of(name, siblings)
        return _known(self._contract.resolve(siblings[start])) if start else []

    def _part(self, schema: Schema, example: Any, wish: Wish, path: str, depth: int) -> Any:
        """Return of an example what the smallest value has."""
        schema = self._contract.resolve(schema)
        if isinstance(example, list) and "items" in schema:
            return [self._part(schema["items"], member, wish, f"{path}/*", depth) for member in example]
        attributes = self._contract.attributes(schema)
        if not isinstance(example, dict) or not attributes:
            return copy.deepcopy(example)
        taken: dict[str, Any] = {}
        for name in self._wanted(schema, attributes, wish, path, depth):
            below = f"{path}/{name}"
            is_own = name not in example or below in wish.fixed or self._configured.is_about(below)
            taken[name] = (
                self._attribute(attributes[name], wish, below, depth)
                if is_own
                else self._part(attributes[name], example[name], wish, below, depth + 1)
            )
        return self._satisfied(schema, taken, wish, path, depth)


def _known(schema: Schema) -> list[Any]:
    """Return the values that a schema names, each once: the examples, which are best sent, before all others."""
    named = [*schema.get("examples", ()), *schema.get("enum", ()), *schema.get("x-tmf-values", ())]
    return [value for index, value in enumerate(named) if value not in named[:index]]


def holds(when: Mapping[str, Any], body: Any) -> bool:
    """Say whether the condition of an ``x-tmf-conditional`` rule, or of a row, holds for a body."""
    value = pointers.get(body, when["pointer"])
    if "present" in when:
        return bool((value is not pointers.ABSENT) == when["present"])
    if "one-of" in when:
        return value in when["one-of"]
    return value is not pointers.ABSENT and value not in when["none-of"]


_SCALARS: dict[str, Callable[[int], Any]] = {
    "integer": lambda variant: 3 + variant,
    "number": lambda variant: 1.5 + variant,
    "boolean": lambda variant: variant == 0,
}
