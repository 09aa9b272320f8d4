"""Shortcuts on the way of a request give what the long way gives."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tmfkit_models import contracts
from tmfkit_server.nesting import DEEPEST_NESTING, is_too_deep
from tmfkit_server.services.shapes import Shape, canonical, defaults_filled, shape_of
from tmfkit_server.services.stamps import new_id

_FORK = """
import os
from tmfkit_server.services.stamps import new_id
new_id()
reader, writer = os.pipe()
if os.fork() == 0:
    os.write(writer, new_id().encode())
    os._exit(0)
os.wait()
print(new_id(), os.read(reader, 100).decode())
"""


def test_processes_do_not_share_ids() -> None:
    done = subprocess.run([sys.executable, "-c", _FORK], capture_output=True, text=True, check=True)
    [ours, theirs] = done.stdout.split()
    assert ours != theirs


def test_ids_are_random_uuids() -> None:
    ids = {new_id() for _ in range(500)}
    assert len(ids) == 500
    assert all(len(each) == 36 and each[14] == "4" and each[19] in "89ab" for each in ids)


@pytest.mark.parametrize("api", contracts.apis())
def test_shape_knows_what_is_inside_it(api: str) -> None:
    contract = contracts.load(api)
    for resource in contract.resources:
        shape = shape_of(contract, resource.schema)
        for each in _within(shape, set()):
            inside = list(_within(each, set()))
            assert each.has_aliases == any(one.aliases for one in inside)
            assert each.has_defaults == any(one.defaults for one in inside)
            assert each.has_rules == any(one.conditionals or one.any_of for one in inside)


def test_alias_and_default_are_found_in_a_child_of_an_object_without_any() -> None:
    child = Shape(aliases={"other": "own"}, defaults={"kind": "plain"}, has_aliases=True, has_defaults=True)
    parent = Shape(children={"list": child}, has_aliases=True, has_defaults=True)
    body, spelling = canonical(parent, {"list": [{"other": 1}]})
    assert (body, spelling) == ({"list": [{"own": 1}]}, {"/list/*/own": "other"})
    assert defaults_filled(parent, body) == {"list": [{"own": 1, "kind": "plain"}]}


@given(st.integers(1, DEEPEST_NESTING + 5), st.text("[]{}", max_size=200))
@settings(deadline=None)
def test_depth_is_told_by_levels_whatever_the_texts_hold(levels: int, text: str) -> None:
    value: object = text
    for level in range(levels):
        value = [value] if level % 2 else {"in": value}
    assert is_too_deep(orjson.dumps(value)) == (levels > DEEPEST_NESTING)


def _within(shape: Shape, seen: set[int]) -> Iterator[Shape]:
    if id(shape) not in seen:
        seen.add(id(shape))
        yield shape
        for child in shape.children.values():
            yield from _within(child, seen)
