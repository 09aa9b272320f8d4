"""What the contracts tolerate is read, and what nobody tolerates costs itself only."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from sdk_classes import classes, properties

from tmfkit_models.contracts import Contract
from tmfkit_sdk.errors import Malformed
from tmfkit_sdk.objects import Object, dumps, read

Json = Any

# Of texts that have to be like a pattern, one each.
TEXTS = ["7", "2026-01-15T08:00", " CommunicationMessageCreationNotification ", " ChangeRequest AttributeValueChangeNotification"]  # fmt: skip
ANYTHING = ["a text", 7, 1.5, True, {"id": "1"}, [{"id": "1"}], [], None]
WRONG = ["", "a text", 7, -1.5, True, {}, {"id": {}}, [], [[]], ["a"], [None], [{}], [1, {}]]


def instances(contract: Contract, schema: Mapping[str, Json]) -> list[Json]:
    """Return values of a schema that a contract tolerates."""
    if "$ref" in schema:
        return instances(contract, contract.openapi["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if "enum" in schema:
        return list(schema["enum"])
    if "array" in schema.get("type", ()):
        return [[one] for one in instances(contract, schema["items"])]
    if schema.get("format") == "date-time":
        return ["2026-01-15T08:00Z"]
    simple = {"string": TEXTS[0], "integer": 7, "number": 1.5, "object": {"id": "1"}}
    if "pattern" in schema:
        found = [text for text in TEXTS if _like(schema["pattern"], text)]
        assert found, schema
        return found
    return [simple[schema["type"]]] if "type" in schema else [{"id": "1"}] if schema else ANYTHING


def _like(pattern: str, text: str) -> bool:
    return re.search(pattern, text) is not None


def tolerated() -> Iterator[Any]:
    for contract, cls, name, schema in properties():
        for form in schema.get("x-tmf-tolerated", ()):
            for value in instances(contract, form["schema"]):
                yield pytest.param(cls, name, value, id=f"{form['errata']}-{cls.__name__}.{name}")


def aliases() -> Iterator[Any]:
    for _, cls, name, schema in properties():
        for alias in schema.get("x-tmf-aliases", ()):
            yield pytest.param(cls, name, alias, id=f"{cls.__module__}-{cls.__name__}.{alias}")


@pytest.mark.parametrize(("cls", "name", "value"), list(tolerated()))
def test_a_tolerated_form_is_read(cls: type[Object], name: str, value: Json) -> None:
    found = read(cls, json.dumps({name: value}))
    read_value = getattr(found, cls._by_json[name].python)
    assert (read_value is None) == (value in (None, "", []))
    assert dumps(found) == json.dumps({name: value}, separators=(",", ":")).encode()


@pytest.mark.parametrize(("cls", "name", "alias"), list(aliases()))
def test_an_alias_is_read_as_the_attribute_and_kept(cls: type[Object], name: str, alias: str) -> None:
    python = cls._by_json[name].python
    for value in WRONG:
        own, other = (read(cls, json.dumps({key: value})) for key in (name, alias))
        assert _outcome(own, python) == _outcome(other, python)
        assert alias in other
        assert name in other
        assert other.extra == {}
        assert dumps(other) == json.dumps({alias: value}, separators=(",", ":")).encode()


def _outcome(found: Object, python: str) -> Json:
    try:
        return getattr(found, python)
    except Malformed:
        return "malformed"


@pytest.mark.parametrize("cls", list(classes()), ids=lambda cls: f"{cls.__module__.split('.')[1]}.{cls.__name__}")
def test_null_and_wrong_values_cost_their_attribute_only(cls: type[Object]) -> None:
    for name, descriptor in cls._attributes.items():
        nothing = read(cls, json.dumps({descriptor.name: None}))
        assert nothing.is_null(descriptor.name)
        assert [problem.path for problem in nothing.check()] == ([f"{cls.__name__}.id"] if "identifier" in str(type(cls._attributes.get("id"))) else [])  # fmt: skip
        for value in WRONG:
            found = read(cls, json.dumps({descriptor.name: value, "shoe": 1}))
            malformed = _outcome(found, name) == "malformed"
            if malformed:
                assert any(problem.path.startswith(f"{cls.__name__}.{descriptor.name}") for problem in found.check())
            assert found["shoe"] == 1
            assert found[descriptor.name] == value
