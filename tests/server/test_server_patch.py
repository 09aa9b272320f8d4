"""PATCH in its three forms."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from server_bodies import customer

JSON_PATCH = {"Content-Type": "application/json-patch+json"}
MERGE_PATCH = {"Content-Type": "application/merge-patch+json"}


@pytest.fixture
def made(customers: httpx.Client) -> dict[str, Any]:
    characteristic = [{"name": "a", "value": 1}, {"name": "b", "value": True}]
    body: dict[str, Any] = customers.post(
        "/customer",
        json=customer(status="New", validFor={"startDateTime": "2020-01-01T00:00Z"}, characteristic=characteristic),
    ).json()
    return body


@pytest.mark.parametrize("headers", [MERGE_PATCH, {"Content-Type": "application/json"}], ids=["merge", "plain"])
def test_merge_patch_merges_objects_removes_nulls_and_replaces_arrays(
    customers: httpx.Client, made: dict[str, Any], headers: dict[str, str]
) -> None:
    patch = {
        "status": None,
        "validFor": {"endDateTime": "2021-01-01T00:00Z"},
        "characteristic": [{"name": "c", "value": 2}],
    }
    changed = httpx.patch(made["href"], json=patch, headers=headers).json()
    expected = {name: value for name, value in made.items() if name != "status"}
    expected["validFor"] = {"startDateTime": "2020-01-01T00:00Z", "endDateTime": "2021-01-01T00:00Z"}
    expected["characteristic"] = [{"name": "c", "value": 2}]
    assert changed == expected
    assert customers.get(made["href"]).json() == changed


@pytest.mark.parametrize(
    ("operations", "attribute", "value"),
    [
        ([{"op": "replace", "path": "/status", "value": "Old"}], "status", "Old"),
        (
            [{"op": "add", "path": "/characteristic/-", "value": {"name": "c", "value": 2}}],
            "characteristic",
            ["a", "b", "c"],
        ),
        (
            [{"op": "add", "path": "/characteristic/0", "value": {"name": "c", "value": 2}}],
            "characteristic",
            ["c", "a", "b"],
        ),
        ([{"op": "remove", "path": "/characteristic/0"}], "characteristic", ["b"]),
        ([{"op": "remove", "path": "/status"}], "status", None),
        ([{"op": "copy", "from": "/name", "path": "/status"}], "status", "Northside"),
        ([{"op": "move", "from": "/status", "path": "/statusReason"}], "statusReason", "New"),
        ([{"op": "test", "path": "/characteristic/0/value", "value": 1}], "status", "New"),
        ([{"op": "add", "path": "/a~1b~0", "value": 1}], "a/b~", 1),
        ([], "status", "New"),
    ],
)
def test_json_patch(made: dict[str, Any], operations: list[Any], attribute: str, value: object) -> None:
    answer = httpx.patch(made["href"], json=operations, headers=JSON_PATCH)
    assert answer.status_code == 200, answer.text
    found = answer.json().get(attribute)
    assert ([member["name"] for member in found] if isinstance(found, list) else found) == value


@pytest.mark.parametrize(
    ("operations", "status", "message"),
    [
        ({"op": "remove", "path": "/status"}, 400, "the body has to be an array of operations (RFC 6902)"),
        ([1], 400, "/0 has to be an object with op and path"),
        ([{"op": "fly", "path": "/a"}], 400, "/0/op has to be one of add, remove, replace, move, copy, test"),
        ([{"op": "add", "path": "/a"}], 400, "/0/value is required"),
        ([{"op": "add", "path": "a", "value": 1}], 400, "/0/path has to be a JSON pointer: empty, or beginning with /"),
        ([{"op": "replace", "path": "/nix", "value": 1}], 400, "/0/path leads nowhere in the resource: '/nix'"),
        (
            [{"op": "remove", "path": "/characteristic/01"}],
            400,
            "/0/path leads nowhere in the resource: '/characteristic/01'",
        ),
        ([{"op": "copy", "path": "/x", "from": 3}], 400, "/0/from is required and has to be a text"),
        ([{"op": "remove", "path": ""}], 400, "/0/path is the resource itself, which DELETE removes"),
        (
            [{"op": "replace", "path": "/status", "value": "x"}, {"op": "test", "path": "/status", "value": "New"}],
            409,
            "The test at /1 failed: '/status' has another value.",
        ),
        ([{"op": "test", "path": "/characteristic/1/value", "value": 1}], 409, None),
        ([{"op": "remove", "path": "/name"}], 400, "/name is required [TMF629V4-POST-002]"),
        ([{"op": "replace", "path": "/id", "value": "x"}], 400, None),
        ([{"op": "move", "from": "/validFor", "path": "/validFor/x"}], 400, "/0/from cannot be moved into itself"),
        ([{"op": "replace", "path": "", "value": 3}], 400, "the body has to be an object"),
    ],
)
def test_refused_json_patch_changes_nothing(
    customers: httpx.Client, made: dict[str, Any], operations: object, status: int, message: str | None
) -> None:
    answer = httpx.patch(made["href"], json=operations, headers=JSON_PATCH)
    assert answer.status_code == status
    assert message is None or answer.json()["message"] == message
    assert customers.get(made["href"]).json() == made


def test_copies_that_double_the_resource_are_stopped(made: dict[str, Any]) -> None:
    operations = [{"op": "add", "path": "/x", "value": [0]}]
    operations += [{"op": "copy", "from": "/x", "path": "/x/-"} for _ in range(40)]
    assert httpx.patch(made["href"], json=operations, headers=JSON_PATCH).status_code == 400


def test_refused_merge_patch_changes_nothing(customers: httpx.Client, made: dict[str, Any]) -> None:
    refused: list[Any] = [{"name": None, "status": "x"}, {"characteristic": [{"name": "a"}]}, {"id": "x"}, []]
    for patch in refused:
        assert customers.patch(made["href"], json=patch).status_code == 400
    assert customers.get(made["href"]).json() == made


def test_patch_of_another_type_is_415(made: dict[str, Any]) -> None:
    answer = httpx.patch(made["href"], content=b"{}", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415
    assert "application/merge-patch+json" in answer.headers["Accept"]


def test_patch_of_an_unknown_id_is_404(customers: httpx.Client) -> None:
    assert customers.patch("/customer/nix", json={"name": "x"}).status_code == 404


def _nesting(times: int) -> list[dict[str, Any]]:
    """Return operations that put the resource's attribute x into another object so many times."""
    steps: list[dict[str, Any]] = [{"op": "add", "path": "/x", "value": {}}]
    for _ in range(times):
        steps += [{"op": "add", "path": "/y", "value": {}}, {"op": "move", "from": "/x", "path": "/y/x"}]
        steps += [{"op": "move", "from": "/y", "path": "/x"}]
    return steps


def test_patch_that_nests_too_deep_is_refused_and_the_collection_stays_readable(
    customers: httpx.Client, made: dict[str, Any]
) -> None:
    assert httpx.patch(made["href"], json=_nesting(62), headers=JSON_PATCH).status_code == 200
    refused = httpx.patch(made["href"], json=_nesting(64), headers=JSON_PATCH)
    assert (refused.status_code, refused.json()["message"]) == (
        400,
        "the body is a patch that nests the resource more than 64 deep",
    )
    assert customers.get(f"/customer?id={made['id']}").status_code == 200


def test_copy_of_what_is_nested_too_deep_is_refused(made: dict[str, Any]) -> None:
    steps: list[dict[str, Any]] = [{"op": "add", "path": "/x", "value": {}}]
    for _ in range(9):
        steps += [{"op": "add", "path": "/y", "value": _nested(58)}]
        steps += [{"op": "move", "from": "/x", "path": f"/y{'/a' * 58}"}, {"op": "move", "from": "/y", "path": "/x"}]
    steps.append({"op": "copy", "from": "/x", "path": "/z"})
    refused = httpx.patch(made["href"], json=steps, headers=JSON_PATCH)
    message = "/28 is a patch that nests the resource more than 64 deep"
    assert (refused.status_code, refused.json()["message"]) == (400, message)


def _nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize("operation", ["copy", "merge"])
def test_patches_that_make_a_resource_too_large_are_refused(made: dict[str, Any], operation: str) -> None:
    text = "x" * 900_000
    answers = [httpx.patch(made["href"], json={"x0": text})]
    if operation == "merge":
        answers += [httpx.patch(made["href"], json={f"x{number}": text}) for number in (1, 2)]
    else:
        steps = [{"op": "copy", "from": "/x0", "path": f"/x{number}"} for number in (1, 2)]
        answers += [httpx.patch(made["href"], json=[step], headers=JSON_PATCH) for step in steps]
    assert [answer.status_code for answer in answers] == [200, 200, 400]
    message = "the body is a patch that makes more than 2097152 bytes of the resource"
    assert answers[-1].json()["message"] == message


def test_copies_of_one_patch_are_limited_together(made: dict[str, Any]) -> None:
    steps: list[dict[str, Any]] = [{"op": "add", "path": "/x", "value": "x" * 900_000}]
    steps += [{"op": "copy", "from": "/x", "path": "/y"}] * 3
    refused = httpx.patch(made["href"], json=steps, headers=JSON_PATCH)
    message = "/3 is a patch that makes more than 2097152 bytes of the resource"
    assert (refused.status_code, refused.json()["message"]) == (400, message)


@pytest.mark.parametrize(
    ("before", "after"), [(1, True), (False, 0), (1, 1.0), ({"a": [1]}, {"a": [True]}), ([0], [False])], ids=str
)
@pytest.mark.parametrize("kind", ["merge", "json"])
def test_what_python_takes_for_equal_is_a_change_all_the_same(
    customers: httpx.Client, kind: str, before: Any, after: Any
) -> None:
    made = customers.post("/customer", json=customer(x=before))
    address = made.headers["Location"]
    if kind == "merge":
        changed = customers.patch(address, json={"x": after}, headers=MERGE_PATCH)
    else:
        operation = {"op": "replace", "path": "/x", "value": after}
        changed = customers.patch(address, json=[operation], headers=JSON_PATCH)
    assert changed.status_code == 200
    assert changed.headers["ETag"] != made.headers["ETag"]
    assert repr(changed.json()["x"]) == repr(after)
    assert repr(customers.get(address).json()["x"]) == repr(after)
