"""Every sample body of the five documents, every tolerated form and every alias, read by the SDK's objects."""

from __future__ import annotations

import copy
import importlib
import json
import pickle
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tmfkit_models import contracts
from tmfkit_sdk.errors import Malformed, Unreadable
from tmfkit_sdk.objects import Object, attr, dumps, read

SPECS = Path(__file__).parents[2] / "specs"
SAMPLES = sorted(SPECS.glob("*/samples/*.json"))
APIS = contracts.apis()

Json = Any


def name_of(path: Path) -> str:
    return f"{path.parts[-3]}/{path.stem}"


def class_of(api: str, schema: str) -> type[Object]:
    """Return the class for a component; `Object` for what is no class of the SDK."""
    contract = contracts.load(api)
    named = next((each.schema for each in contract.resources if schema in (each.create, each.update)), schema)
    module = importlib.import_module(f"tmfkit_sdk.{contract.package}.objects")
    return getattr(module, named.replace("_", ""), Object)


def bodies(path: Path) -> list[Json]:
    data = json.loads(path.read_text(encoding="utf-8"))["body"]
    return data if isinstance(data, list) else [data]


def compact(text: str) -> str:
    """Return JSON without blanks between tokens and with one spelling of each text; numbers stay as they are."""
    token = re.compile(r'"(?:[^"\\]|\\.)*"|\s+|[^"\s]+')
    return "".join(_spelt(part) for part in token.findall(text))


def _spelt(part: str) -> str:
    if part.isspace():
        return ""
    return json.dumps(json.loads(part), ensure_ascii=False) if part.startswith('"') else part


def read_all(found: Object) -> Iterator[Malformed]:
    """Read every attribute, in objects inside too, and yield what is malformed."""
    for name, descriptor in type(found)._attributes.items():
        assert isinstance(descriptor, attr)
        try:
            value = getattr(found, name)
        except Malformed as problem:
            if not (name == "id" and "id" not in found):
                yield problem
            continue
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, Object):
                yield from read_all(each)


@pytest.mark.parametrize("path", SAMPLES, ids=name_of)
def test_a_sample_is_read_and_written_back_as_it_is_printed(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    cls = class_of(path.parts[-3], json.loads(source).get("schema", ""))
    written = []
    for body in _texts(source):
        try:
            found = read(cls, body)
        except Unreadable:
            assert not isinstance(json.loads(body), dict)
            written.append(compact(body))
            continue
        for twin in (copy.copy(found), copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
            assert twin == found
            assert dumps(twin) == dumps(found)
        written.append(dumps(found).decode())
        assert found.raw == json.loads(body)
    whole = f"[{','.join(written)}]" if isinstance(json.loads(source)["body"], list) else written[0]
    assert f'"body":{whole}' in compact(source)


def _texts(source: str) -> list[str]:
    """Return the text of the body, or of each member where it is an array."""
    numbers: dict[str, str] = {}

    def kept(text: str) -> Any:
        mark = f"\x00{len(numbers)}\x00"
        numbers[json.dumps(mark)] = text
        return mark

    body = json.loads(source, parse_float=kept, parse_int=kept)["body"]
    found = [json.dumps(each) for each in (body if isinstance(body, list) else [body])]
    for mark, text in numbers.items():
        found = [each.replace(mark, text) for each in found]
    return found


def test_no_attribute_of_a_sample_is_malformed() -> None:
    odd = {}
    for path in SAMPLES:
        data = json.loads(path.read_text(encoding="utf-8"))
        cls = class_of(path.parts[-3], data.get("schema", ""))
        problems = [
            problem.path for body in bodies(path) if isinstance(body, dict) for problem in read_all(read(cls, body))
        ]
        if problems:
            odd[name_of(path)] = problems
    assert odd == {}
