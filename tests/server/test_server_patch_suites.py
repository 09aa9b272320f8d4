"""RFC 6902 by cases of our own (``nox -s suites`` runs published ones as well), and RFC 7396 by its appendix A."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import httpx
import pytest
from server_bodies import customer

from tmfkit_server.errors import Conflict, InvalidBody
from tmfkit_server.query.budget import Budget
from tmfkit_server.services.patches.json_patch import json_patched
from tmfkit_server.services.patches.merge_patch import merge_patched
from tmfkit_server.services.patches.patch_query import query_patched

JSON_PATCH = {"Content-Type": "application/json-patch+json"}
_MOST_BYTES = 10_000

LINE = {"number": "L-7", "pairs": [4, 8], "place": {"floor": 3, "room": None}}


def add(path: str, value: Any) -> dict[str, Any]:
    return {"op": "add", "path": path, "value": value}


def replace(path: str, value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}


def same(path: str, value: Any) -> dict[str, Any]:
    return {"op": "test", "path": path, "value": value}


def remove(path: str) -> dict[str, Any]:
    return {"op": "remove", "path": path}


def move(start: str, path: str) -> dict[str, Any]:
    return {"op": "move", "from": start, "path": path}


def copy(start: str, path: str) -> dict[str, Any]:
    return {"op": "copy", "from": start, "path": path}


# Before, patch, after.
APPLIED = [
    pytest.param(LINE, [], LINE, id="nothing-to-do"),
    pytest.param({"floor": 3}, [add("/floor", 4)], {"floor": 4}, id="add-to-a-member-that-is-there"),
    pytest.param({}, [add("/room", None)], {"room": None}, id="add-null"),
    pytest.param({"a": 1}, [add("/0", "zero")], {"a": 1, "0": "zero"}, id="digits-name-a-member-of-an-object"),
    pytest.param({"1e0": 5}, [same("/1e0", 5)], {"1e0": 5}, id="name-that-looks-like-a-number"),
    pytest.param({}, [add("/", "nameless")], {"": "nameless"}, id="empty-name"),
    pytest.param({"place": {}}, [add("/place/", 1)], {"place": {"": 1}}, id="empty-name-below-a-member"),
    pytest.param([4, 8], [add("/0", 2), add("/2", 6)], [2, 4, 6, 8], id="add-into-an-array"),
    pytest.param([4, 8], [add("/2", 16)], [4, 8, 16], id="add-at-the-index-behind-the-last"),
    pytest.param([4, [8]], [add("/-", 16), add("/1/-", 9)], [4, [8, 9], 16], id="add-at-the-end-by-a-dash"),
    pytest.param([4], [add("/-", [8, 16])], [4, [8, 16]], id="array-added-as-one-member"),
    pytest.param({"a": 1}, [add("", {"b": 2})], {"b": 2}, id="add-the-whole"),
    pytest.param({"a": 1}, [replace("", [1])], [1], id="replace-the-whole"),
    pytest.param(LINE, [replace("/place/floor", [1, 2])], {**LINE, "place": {"floor": [1, 2], "room": None}}, id="replace-below-a-member"),
    pytest.param(["", 1], [replace("/0", False), replace("/1", None)], [False, None], id="replace-in-an-array"),
    pytest.param({"room": None}, [same("/room", None), replace("/room", 12)], {"room": 12}, id="null-is-a-value"),
    pytest.param(LINE, [remove("/place/room"), remove("/pairs")], {"number": "L-7", "place": {"floor": 3}}, id="remove-members"),
    pytest.param([1, 2, 3, 4], [remove("/0"), remove("/0"), remove("/1")], [3], id="indices-move-up-after-a-remove"),
    pytest.param(LINE, [move("/place/floor", "/floor")], {"number": "L-7", "pairs": [4, 8], "place": {"room": None}, "floor": 3}, id="move-out-of-an-object"),
    pytest.param(["a", "b", "c"], [move("/0", "/2")], ["b", "c", "a"], id="move-in-an-array"),
    pytest.param({"a": [1], "b": [2]}, [move("/a/0", "/b/0")], {"a": [], "b": [1, 2]}, id="move-between-arrays"),
    pytest.param({"a": 1}, [move("/a", "/a")], {"a": 1}, id="move-to-where-it-is"),
    pytest.param({"a": {"n": [1]}}, [copy("/a", "/b"), add("/b/n/-", 2)], {"a": {"n": [1]}, "b": {"n": [1, 2]}}, id="copy-is-one-of-its-own"),
    pytest.param({"a": None, "n": [0]}, [copy("/a", "/n/0")], {"a": None, "n": [None, 0]}, id="copy-null-into-an-array"),
    pytest.param(LINE, [same("", {"place": {"room": None, "floor": 3}, "pairs": [4, 8], "number": "L-7"})], LINE, id="members-in-another-order-are-equal"),
    pytest.param({"n": 4}, [same("/n", 4.0)], {"n": 4}, id="numbers-are-equal-by-value"),
    pytest.param({"a/b": 1, "m~n": 2, "~1": 3}, [same("/a~1b", 1), same("/m~0n", 2), same("/~01", 3), add("/~0~1", 4)], {"a/b": 1, "m~n": 2, "~1": 3, "~/": 4}, id="escapes"),
    pytest.param({"%2F": 1, "^": 2, "|": 3, "\\": 4, '"': 5, " ": 6, "é": 7}, [remove("/%2F"), remove("/^"), remove("/|"), remove("/\\"), remove('/"'), remove("/ "), remove("/é")], {}, id="characters-that-need-no-escape"),
    pytest.param({}, [{**add("/a", 1), "because": "so"}], {"a": 1}, id="member-that-no-operation-has"),
]  # fmt: skip

# Before, patch, status of the refusal.
REFUSED = [
    pytest.param({"pairs": [4, 8]}, [add("/pairs/3", 1)], 400, id="add-behind-the-end"),
    pytest.param({"pairs": [4, 8]}, [add("/pairs/-1", 1)], 400, id="negative-index"),
    pytest.param({"pairs": [4, 8]}, [add("/pairs/01", 1)], 400, id="index-with-a-leading-zero"),
    pytest.param({"pairs": [4, 8]}, [add("/pairs/1e0", 1)], 400, id="index-with-an-exponent"),
    pytest.param({"pairs": [4, 8]}, [remove("/pairs/1e0")], 400, id="remove-with-an-exponent"),
    pytest.param({"pairs": [4, 8]}, [same("/pairs/1e0", 8)], 400, id="test-with-an-exponent"),
    pytest.param({"pairs": [4, 8]}, [copy("/pairs/1e0", "/a")], 400, id="copy-with-an-exponent"),
    pytest.param({"pairs": [4, 8]}, [add("/pairs/first", 1)], 400, id="name-in-an-array"),
    pytest.param({"pairs": [4, 8]}, [replace("/pairs/-", 1)], 400, id="replace-behind-the-end"),
    pytest.param({"pairs": [4, 8]}, [remove("/pairs/2")], 400, id="remove-behind-the-end"),
    pytest.param({"floor": 3}, [add("/floor/room", 1)], 400, id="add-below-a-number"),
    pytest.param({}, [add("/place/room", 1)], 400, id="add-below-nothing"),
    pytest.param({}, [remove("/room")], 400, id="remove-nothing"),
    pytest.param({}, [replace("/room", 1)], 400, id="replace-nothing"),
    pytest.param({"a": 1}, [move("/b", "/c")], 400, id="move-nothing"),
    pytest.param({"a": {"b": 1}}, [move("/a", "/a/b")], 400, id="move-into-itself"),
    pytest.param({"a": 1}, [copy("/b", "/c")], 400, id="copy-nothing"),
    pytest.param({"n": 10}, [same("/n", "10")], 409, id="number-and-text-differ"),
    pytest.param({"n": 1}, [same("/n", True)], 409, id="one-and-true-differ"),
    pytest.param({"n": None}, [same("/n", False)], 409, id="null-and-false-differ"),
    pytest.param({"n": [1, 2]}, [same("/n", [2, 1])], 409, id="arrays-in-another-order-differ"),
    pytest.param({"n": {"a": 1, "b": 2}}, [same("/n", {"a": 1})], 409, id="part-of-an-object-differs"),
    pytest.param({"n": 1}, [same("/m", 1)], 400, id="test-nothing"),
    pytest.param({"a": 1}, [{"op": "add", "path": "/b"}], 400, id="add-without-value"),
    pytest.param({"a": 1}, [{"op": "replace", "path": "/a"}], 400, id="replace-without-value"),
    pytest.param({"a": None}, [{"op": "test", "path": "/a"}], 400, id="test-of-null-without-value"),
    pytest.param({"a": 1}, [{"op": "move", "path": "/b"}], 400, id="move-without-from"),
    pytest.param({"a": 1}, [{"op": "copy", "path": "/b"}], 400, id="copy-without-from"),
    pytest.param({"a": 1}, [{"op": "add", "value": 1}], 400, id="no-path"),
    pytest.param({"a": 1}, [{"path": "/a"}], 400, id="no-operation"),
    pytest.param({"a": 1}, [{"op": "swap", "path": "/a", "value": 1}], 400, id="unknown-operation"),
    pytest.param({"a": 1}, [{"op": "Remove", "path": "/a"}], 400, id="operation-in-another-case"),
    pytest.param({"a": 1}, [remove("a/")], 400, id="path-without-a-slash"),
    pytest.param({"a~": 1}, [remove("/a~")], 400, id="tilde-that-escapes-nothing"),
    pytest.param({"a": 1}, [add("/b", 2), remove("/a"), same("/b", 3)], 409, id="all-or-nothing"),
]  # fmt: skip


@pytest.mark.parametrize("patched", [json_patched, partial(query_patched, budget=Budget())], ids=["plain", "query"])
@pytest.mark.parametrize(("before", "patch", "after"), APPLIED)
def test_json_patch_is_applied_as_rfc_6902_says(before: Any, patch: Any, after: Any, patched: Any) -> None:
    untouched = _text(before)
    # As texts: to Python, true is 1.
    assert _text(patched(before, patch, most_bytes=_MOST_BYTES)) == _text(after)
    assert _text(before) == untouched


@pytest.mark.parametrize("patched", [json_patched, partial(query_patched, budget=Budget())], ids=["plain", "query"])
@pytest.mark.parametrize(("before", "patch", "status"), REFUSED)
def test_json_patch_is_refused_as_rfc_6902_says(before: Any, patch: Any, status: int, patched: Any) -> None:
    untouched = _text(before)
    with pytest.raises(Conflict if status == 409 else InvalidBody):
        patched(before, patch, most_bytes=_MOST_BYTES)
    assert _text(before) == untouched


@pytest.mark.parametrize(("before", "patch", "after"), APPLIED)
def test_server_applies_json_patch_as_rfc_6902_says(
    customers: httpx.Client, before: Any, patch: Any, after: Any
) -> None:
    made = customers.post("/customer", json=customer(x=before)).json()
    answer = customers.patch(made["href"], json=_below_x(patch), headers=JSON_PATCH)
    assert answer.status_code == 200, answer.text
    assert _text(customers.get(made["href"]).json()) == _text({**made, "x": after}) == _text(answer.json())


@pytest.mark.parametrize(("before", "patch", "status"), REFUSED)
def test_server_refuses_json_patch_as_rfc_6902_says(
    customers: httpx.Client, before: Any, patch: Any, status: int
) -> None:
    made = customers.post("/customer", json=customer(x=before)).json()
    answer = customers.patch(made["href"], json=_below_x(patch), headers=JSON_PATCH)
    assert answer.status_code == status, answer.text
    assert customers.get(made["href"]).json() == made


def test_operation_with_two_members_of_one_name_is_refused(customers: httpx.Client) -> None:
    made = customers.post("/customer", json=customer()).json()
    patch = '[{"op": "add", "path": "/floor", "value": 3, "op": "remove"}]'
    answer = customers.patch(made["href"], content=patch, headers=JSON_PATCH)
    assert (answer.status_code, "'op' stands in one object twice" in answer.text) == (400, True)
    assert customers.get(made["href"]).json() == made


def _below_x(patch: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a patch of a document as one of the attribute x; what is no pointer stays none."""
    return [{name: _moved(name, value) for name, value in operation.items()} for operation in patch]


def _moved(name: str, value: Any) -> Any:
    is_pointer = name in ("path", "from") and (not value or value.startswith("/"))
    return f"/x{value}" if is_pointer else value


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


APPENDIX_A: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("original", "patch", "result"), APPENDIX_A, ids=str)
def test_merge_patch_does_what_the_appendix_says(original: Any, patch: Any, result: Any) -> None:
    assert merge_patched(original, patch) == result


@pytest.mark.parametrize(("original", "patch", "result"), APPENDIX_A, ids=str)
def test_server_does_what_the_appendix_says(customers: httpx.Client, original: Any, patch: Any, result: Any) -> None:
    made = customers.post("/customer", json=customer(x=original)).json()
    answer = customers.patch(made["href"], json={"x": patch}, headers={"Content-Type": "application/merge-patch+json"})
    assert answer.status_code == 200, answer.text
    expected = {name: value for name, value in made.items() if name != "x"}
    # What a patch turns into null is taken away.
    assert answer.json() == (expected if result is None else {**expected, "x": result})
    assert customers.get(made["href"]).json() == answer.json()
