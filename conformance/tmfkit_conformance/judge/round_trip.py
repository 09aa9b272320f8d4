"""Whether what was sent came back, where the document allows an attribute more than one name or form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.judge.compare import is_kept
from tmfkit_models.contracts import Contract, Schema

__all__ = ["canonical", "kept", "schema_at", "spelt"]


def canonical(contract: Contract, component: str, body: Any) -> Any:
    """Return *body* with the contract's names in the place of their aliases; as it is without a component."""
    return _canonical(contract, contract.component(component), body) if component else body


def _canonical(contract: Contract, schema: Schema, value: Any) -> Any:
    if isinstance(value, list):
        return [_canonical(contract, _below(contract, schema, "*"), member) for member in value]
    if not isinstance(value, dict):
        return value
    return {
        _names(contract, schema, name)[0]: _canonical(contract, _below(contract, schema, name), member)
        for name, member in value.items()
    }


def spelt(contract: Contract, component: str, body: Any, pointer: str) -> str:
    """Return *pointer* in the names that *body* uses: an alias stands where the attribute's own name does not."""
    schema: Schema = contract.component(component)
    here, path = body, ""
    for name in pointers.parts(pointer):
        names = _names(contract, schema, name)
        if isinstance(here, list) and len(here) == 1 and name != "*" and not name.isdecimal():
            path, here = f"{path}/0", here[0]  # a form that errata tolerate in the place of one object
        used = next((other for other in names if isinstance(here, dict) and other in here), name)
        path += "/" + pointers.escaped(used)
        here = pointers.get(body, path)
        schema = _below(contract, schema, name)
    return path


def schema_at(contract: Contract, component: str, pointer: str) -> Schema:
    """Return the schema that *pointer* leads to, by any name; an empty one where the contract has no such attribute."""
    schema: Schema = contract.component(component)
    for name in pointers.parts(pointer):
        schema = _below(contract, schema, name)
    return contract.resolve(schema)


def kept(contract: Contract, schema: Schema, sent: Any, got: Any) -> list[str] | None:
    """Say whether everything that was sent is in what came back.

    Args:
        contract: The contract.
        schema: Schema of the value.
        sent: What was sent.
        got: What came back.

    Returns:
        None when something is not there. Else in which other names and forms it came back: nothing where it came back
        as it was sent.
    """
    if is_kept(sent, got):
        return []
    schema, found = contract.resolve(schema), None
    if isinstance(sent, dict) and isinstance(got, dict):
        found = _members_kept(contract, schema, sent, got)
    elif isinstance(sent, list) and isinstance(got, list) and len(sent) == len(got):
        items = schema.get("items", {})
        found = _joined([kept(contract, items, one, other) for one, other in zip(sent, got, strict=True)])
    if found is None and (form := _other_form(schema)) and _is_same_in_another_form(sent, got):
        return [form]
    return found


def _other_form(schema: Schema) -> str:
    """Return what allows a value of a schema another form than it was sent in, in words; nothing where that is none."""
    if forms := schema.get("x-tmf-tolerated", ()):
        return f"in a form that is tolerated by {', '.join(sorted({form['errata'] for form in forms}))}"
    kinds = schema.get("type")
    return "in another form that the document has" if isinstance(kinds, list) and len(kinds) > 1 else ""


def _members_kept(
    contract: Contract, schema: Schema, sent: Mapping[str, Any], got: Mapping[str, Any]
) -> list[str] | None:
    found: list[list[str] | None] = []
    for name, value in sent.items():
        if value is None:
            continue
        used = next((other for other in (name, *_names(contract, schema, name)) if other in got), None)
        if used is None:
            return None
        found.append(kept(contract, _below(contract, schema, name), value, got[used]))
        if used != name:
            found.append([f"with {name} under the name {used}"])
    return _joined(found)


def _joined(found: list[list[str] | None]) -> list[str] | None:
    lists = [words for words in found if words is not None]
    return list(dict.fromkeys(word for words in lists for word in words)) if len(lists) == len(found) else None


def _is_same_in_another_form(sent: Any, got: Any) -> bool:
    """Say whether one is the other as a list of one, as a text, under other names, or as a thing that it holds."""
    one, other = (value[0] if isinstance(value, list) and len(value) == 1 else value for value in (sent, got))
    if is_kept(one, other):
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        return bool(one) and all(any(is_kept(member, back) for back in other.values()) for member in one.values())
    if isinstance(one, dict):
        return not isinstance(other, list) and any(is_kept(member, other) for member in one.values())
    if isinstance(other, dict):
        return not isinstance(one, list) and any(is_kept(one, member) for member in other.values())
    is_scalar = not isinstance(one, list) and isinstance(other, (str, int, float))
    return is_scalar and str(one).lower() == str(other).lower()


def _names(contract: Contract, schema: Schema, name: str) -> tuple[str, ...]:
    """Return every name of the attribute that *name* is one of, its own first."""
    attributes = contract.attributes(schema)
    for own in (name,) if name in attributes else attributes:
        names = (own, *contract.resolve(attributes[own]).get("x-tmf-aliases", ()))
        if name in names:
            return names
    return (name,)


def _below(contract: Contract, schema: Schema, name: str) -> Schema:
    """Return the schema of the member called *name*, or of the members of an array."""
    schema = contract.resolve(schema)
    if "items" in schema:
        items: Schema = schema["items"]
        return items
    return contract.attributes(schema).get(_names(contract, schema, name)[0], {})
