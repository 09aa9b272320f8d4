"""Examples of a contract and samples of its document: each is valid, or says where it is not and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs

from tmfkit_codegen.errors import Problem
from tmfkit_codegen.inputs import Api
from tmfkit_codegen.load import SourceFile, joined, names, walk
from tmfkit_codegen.schemas import at, attributes, component, followed, rules, schemas

__all__ = ["problems", "violations"]

Json = Any


def problems(api: Api) -> Iterator[Problem]:
    """Yield examples and samples of *api* that are not what they say."""
    for pointer, schema, value in _examples(api.contract.data):
        for place, message in sorted(violations(api.contract.data, schema, value).items()):
            yield api.contract.problem(
                pointer + place, f"the example is not valid: {message}", "Mend the example or the schema"
            )
    for sample in api.samples:
        yield from _of_sample(api, sample)


def violations(openapi: Json, schema: str, value: Json) -> dict[str, str]:
    """Check *value* against the schema at a pointer and its ``x-tmf-conditional`` and ``x-tmf-any-of`` rules.

    Returns:
        Pointer into *value* → what is wrong there; what is missing is pointed at where it should be.
    """
    validator = jsonschema_rs.Draft202012Validator({**at(openapi, schema), "components": openapi["components"]})
    found: dict[str, str] = {}
    for error in validator.iter_errors(value):
        missing = getattr(error.kind, "property", None)
        found[joined("", *error.instance_path, *([missing] if isinstance(missing, str) else []))] = error.message
    return found | dict(_broken_rules(openapi, schema, value, ""))


def _examples(openapi: Json) -> Iterator[tuple[str, str, Json]]:
    """Yield each example with its own pointer and that of its schema."""
    for pointer, schema in schemas(openapi):
        for index, value in enumerate(schema.get("examples", ())):
            yield joined(pointer, "examples", index), pointer, value
    for pointer, value in walk(openapi):
        if isinstance(value, dict) and isinstance(value.get("schema"), dict) and names(pointer)[-1:] != ("properties",):
            for name, example in value.get("examples", {}).items():
                yield joined(pointer, "examples", name, "value"), joined(pointer, "schema"), example["value"]


def _of_sample(api: Api, sample: SourceFile) -> Iterator[Problem]:
    if "schema" not in sample.data:
        return
    schema = component(sample.data["schema"])
    if sample.data["schema"] not in api.contract.data["components"]["schemas"]:
        yield sample.problem("/schema", f"the contract has no component {sample.data['schema']}", "Mend the name")
        return
    found = _of_body(api.contract.data, schema, sample.data["body"])
    refused = sample.data.get("refused")
    if refused is None:
        for place, message in sorted(found.items()):
            yield sample.problem(
                "/body" + place, f"the sample is not valid: {message}", "Repair it, or name the erratum under refused"
            )
    elif refused["pointer"] not in found:  # a printed sample may be wrong in several places; one is named
        places = ", ".join(sorted(found)) or "no place"
        message = f"the sample is said to be refused at {refused['pointer'] or 'the whole'}; it is invalid at {places}"
        yield sample.problem("/refused", message, "Name one of these places, or take `refused` away")


def _of_body(openapi: Json, schema: str, body: Json) -> dict[str, str]:
    if not isinstance(body, list):
        return violations(openapi, schema, body)
    return {
        joined("", index) + place: text
        for index, item in enumerate(body)
        for place, text in violations(openapi, schema, item).items()
    }


def _broken_rules(openapi: Json, schema: str, value: Json, pointer: str) -> Iterator[tuple[str, str]]:
    """Yield where *value* breaks a rule of the schema, or of a schema inside it, and how."""
    whole = followed(openapi, schema)
    if isinstance(value, list) and "items" in at(openapi, whole):
        for index, item in enumerate(value):
            yield from _broken_rules(openapi, joined(whole, "items"), item, joined(pointer, index))
    elif isinstance(value, dict):
        yield from _broken_here(openapi, schema, value, pointer)
        for name, attribute in attributes(openapi, schema).items():
            if name in value:
                yield from _broken_rules(openapi, attribute, value[name], joined(pointer, name))


def _broken_here(openapi: Json, schema: str, value: Json, pointer: str) -> Iterator[tuple[str, str]]:
    for rule in rules(openapi, schema, "x-tmf-conditional").values():
        wanted = rule["require"] if _applies(rule["when"], value) else ()
        yield from (
            (pointer + name, f"{name} is needed when {rule['when']}") for name in wanted if not _found(value, name)
        )
    for members in rules(openapi, schema, "x-tmf-any-of").values():
        if not any(_found(value, member) for member in members):
            yield pointer, f"one of {', '.join(members)} is needed"


def _applies(when: Mapping[str, Json], value: Json) -> bool:
    found = _found(value, when["pointer"])
    if "present" in when:
        return bool(found) is when["present"]
    if "one-of" in when:
        return any(item in when["one-of"] for item in found)
    return not any(item in when["none-of"] for item in found)


def _found(value: Json, pointer: str) -> list[Json]:
    """Return what *pointer* leads to, in a list; an empty one when it leads nowhere."""
    for name in names(pointer):
        if not isinstance(value, dict) or name not in value:
            return []
        value = value[name]
    return [value]
