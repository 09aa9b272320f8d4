"""What a contract says about the form of a resource, laid out for walking a body: names, sub-resources, rules.

A shape is built once a resource. The walkers here canonicalise and spell attribute names; ``rules`` walks it for the
conditional rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tmfkit_models.contracts import Contract, Schema
from tmfkit_server.errors import InvalidBody
from tmfkit_server.query.expression import Path

__all__ = ["Shape", "canonical", "canonical_path", "defaults_filled", "shape_of", "spelled"]

Body = Mapping[str, Any]

_PLAIN_REFERENCE = {"$ref", "description"}


@dataclass(slots=True)
class Shape:
    """Form of one object.

    Attributes:
        aliases: Other name of an attribute → its own name.
        children: Attribute → shape of its object, or of each member of its array.
        defaults: Attribute → value it has when left out on create.
        conditionals: ``x-tmf-conditional`` rules of the object.
        any_of: ``x-tmf-any-of`` rules of the object.
        has_aliases: Whether an attribute of the object, or of one inside it, has another name.
        has_defaults: Whether one has a default.
        has_rules: Whether the object, or one inside it, has a rule.
    """

    aliases: dict[str, str] = field(default_factory=dict)
    children: dict[str, Shape] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)
    conditionals: tuple[Mapping[str, Any], ...] = ()
    any_of: tuple[tuple[str, ...], ...] = ()
    has_aliases: bool = False
    has_defaults: bool = False
    has_rules: bool = False

    def is_plain(self) -> bool:
        """Tell whether there is nothing to do for the object, whatever its children need."""
        return not (self.aliases or self.defaults or self.conditionals or self.any_of)


def shape_of(contract: Contract, component: str) -> Shape:
    """Return the shape of *component*, without the children that nothing has to be done for."""
    shape = _built(contract, contract.component(component), {})
    _prune(shape)
    return shape


def _built(contract: Contract, schema: Schema, known: dict[int, Shape]) -> Shape:
    if (
        "$ref" in schema and schema.keys() <= _PLAIN_REFERENCE
    ):  # beside others, keys of the reference add to those of the component
        schema = contract.component(_name(schema))
    if id(schema) in known:
        return known[id(schema)]
    shape = known[id(schema)] = Shape(
        conditionals=contract.rules(schema, "x-tmf-conditional"),
        any_of=tuple(tuple(members) for members in contract.rules(schema, "x-tmf-any-of")),
    )
    for name, attribute in contract.attributes(schema).items():
        full = contract.resolve(attribute)
        shape.aliases.update(dict.fromkeys(full.get("x-tmf-aliases", ()), name))
        if "x-tmf-default" in full:
            shape.defaults[name] = full["x-tmf-default"]
        inner = attribute.get("items", attribute)
        if contract.attributes(inner):
            shape.children[name] = _built(contract, inner, known)
    return shape


def _name(schema: Schema) -> str:
    return str(schema["$ref"]).rpartition("/")[2]


def _prune(shape: Shape) -> None:
    """Drop the children that no walker has anything to do in; shapes may contain each other."""
    reachable = list(_reachable(shape, set()))
    busy = _containing(reachable, lambda each: not each.is_plain())
    with_aliases = _containing(reachable, lambda each: bool(each.aliases))
    with_defaults = _containing(reachable, lambda each: bool(each.defaults))
    with_rules = _containing(reachable, lambda each: bool(each.conditionals or each.any_of))
    for each in reachable:
        each.has_aliases, each.has_defaults = id(each) in with_aliases, id(each) in with_defaults
        each.has_rules = id(each) in with_rules
        each.children = {name: child for name, child in each.children.items() if id(child) in busy}


def _containing(shapes: Sequence[Shape], holds: Callable[[Shape], bool]) -> set[int]:
    """Return the identities of the shapes for which *holds*, and of those that have such a one inside."""
    found = {id(each) for each in shapes if holds(each)}
    for _ in shapes:
        # Whoever has a child that was found is found. As many rounds as shapes are always enough.
        found |= {id(each) for each in shapes if any(id(child) in found for child in each.children.values())}
    return found


def _reachable(shape: Shape, seen: set[int]) -> Iterator[Shape]:
    if id(shape) not in seen:
        seen.add(id(shape))
        yield shape
        for child in shape.children.values():
            yield from _reachable(child, seen)


def canonical(shape: Shape, body: Body) -> tuple[dict[str, Any], dict[str, str]]:
    """Give every attribute its own name.

    Returns:
        The body, and the spelling: pointer → other name that was used.

    Raises:
        InvalidBody: An attribute is there under two names.
    """
    spelling: dict[str, str] = {}
    return (_canonical(shape, body, "", spelling) if shape.has_aliases else dict(body)), spelling


def _canonical(shape: Shape, body: Body, pointer: str, spelling: dict[str, str]) -> dict[str, Any]:
    renamed: dict[str, Any] = {}
    sent: dict[str, str] = {}
    for name, value in body.items():
        own = shape.aliases.get(name, name)
        if own in sent:
            what = f"is another name of {pointer}/{sent[own]}; send one of the two"
            raise InvalidBody.at(f"{pointer}/{name}", what)
        sent[own] = name
        here = f"{pointer}/{own}"
        if own != name:
            spelling[here] = name
        child = shape.children.get(own)
        if child is not None and child.has_aliases:
            value = _canonical_value(child, value, here, spelling)
        renamed[own] = value
    return renamed


def _canonical_value(shape: Shape, value: Any, pointer: str, spelling: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return _canonical(shape, value, pointer, spelling)
    if isinstance(value, list):
        # What else stands in an array is refused, however much of it there is: no contract has arrays of arrays.
        each = f"{pointer}/*"
        return [_canonical(shape, member, each, spelling) if type(member) is dict else member for member in value]
    return value


def canonical_path(shape: Shape, path: Path) -> Path:
    """Give every name of a query's path the attribute's own name."""
    found: list[str] = []
    here: Shape | None = shape
    for name in path:
        own = here.aliases.get(name, name) if here else name
        found.append(own)
        here = here.children.get(own) if here else None
    return tuple(found)


def spelled(body: Body, spelling: Mapping[str, str]) -> Body:
    """Return *body* with the names that the client uses; the reverse of ``canonical``."""
    return _spelled(body, _tree_of(spelling)) if spelling else body


@dataclass(slots=True)
class _Place:
    """A name in a spelling: the other name that is used, if any, and the names below it."""

    other: str = ""
    below: dict[str, _Place] = field(default_factory=dict)


def _tree_of(spelling: Mapping[str, str]) -> dict[str, _Place]:
    root = _Place()
    for pointer, other in spelling.items():
        place = root
        for name in pointer.split("/")[1:]:
            place = place.below.setdefault(name, _Place())
        place.other = other
    return root.below


def _spelled(value: Any, places: dict[str, _Place]) -> Any:
    if isinstance(value, Mapping):
        return dict(_member(name, member, places.get(name)) for name, member in value.items())
    if isinstance(value, list) and (each := places.get("*")):
        return [_spelled(member, each.below) for member in value]
    return value


def _member(name: str, value: Any, place: _Place | None) -> tuple[str, Any]:
    if place is None:
        return name, value
    return place.other or name, _spelled(value, place.below) if place.below else value


def defaults_filled(shape: Shape, body: Body) -> dict[str, Any]:
    """Return *body* with the document's default where an attribute was left out."""
    if not shape.has_defaults:
        return dict(body)
    filled = {name: _defaults_below(shape.children.get(name), value) for name, value in body.items()}
    for name, value in shape.defaults.items():
        filled.setdefault(name, value)
    return filled


def _defaults_below(shape: Shape | None, value: Any) -> Any:
    if shape is None:
        return value
    if isinstance(value, dict):
        return defaults_filled(shape, value)
    if isinstance(value, list):
        return [_defaults_below(shape, member) for member in value]
    return value
