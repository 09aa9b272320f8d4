"""JSON Patch whose paths select array members by a query."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from server_bodies import creates, customer, full

from tmfkit_models.contracts import Contract, Operation

QUERY = {"Content-Type": "application/json-patch-query+json"}

NOTES = [
    {"author": "Ann", "n": 1, "at": "2024-01-01T00:00:00Z", "tag": ["p", "q"], "text": "one"},
    {"author": "Kim Lee", "n": 2, "at": "2024-03-01T00:00:00+02:00", "tag": ["q"]},
    {"author": "Ann", "n": 3, "phone": "+12025550123", "text": "R&D 100%"},
]
ITEMS = [
    {
        "id": "a",
        "quantity": 1,
        "offering": {"id": "7"},
        "party": [{"name": "Mary", "role": "x"}, {"name": "Jo", "role": "y"}],
    },
    {"id": "b", "quantity": 1, "offering": {"id": "7"}, "party": [{"name": "John", "role": "x"}]},
    {"id": "c", "quantity": 1, "offering": {"id": "8"}, "party": [{"name": "Mary", "role": "x"}]},
]


@pytest.fixture
def made(customers: httpx.Client) -> dict[str, Any]:
    body: dict[str, Any] = customers.post("/customer", json=customer(state="open", note=NOTES, item=ITEMS)).json()
    return body


def _notes(answer: httpx.Response, attribute: str) -> list[Any]:
    assert answer.status_code == 200, answer.text
    return [note.get(attribute) for note in answer.json()["note"]]


@pytest.mark.parametrize(
    ("query", "changed"),
    [
        ("note.author=Kim Lee", [2]),
        ("note.author=Kim%20Lee", [2]),
        ("note.author=Ann", [1, 3]),
        ("note.author=Ann&note.n=3", [3]),
        ("note.author=Kim Lee;note.n=1", [1, 2]),
        ("note.author=Kim Lee&note.author=Ann", [1, 2, 3]),
        ("note.n=1,3", [1, 3]),
        ("note.n.gte=2", [2, 3]),
        ("note.n<2", [1]),
        ("note.n!=2", [1, 3]),
        ("note.author=~^K", [2]),
        ("note.at=2024-02-29T22:00:00Z", [2]),
        ("note.phone=+12025550123", [3]),
        ("note.text=R%26D 100%", [3]),
        ("note.tag=q", [1, 2]),
        ("note.text.ne=one", [2, 3]),
        ("state=open", [1, 2, 3]),
        ("state=open&note.n=2", [2]),
        ("item.party.name=Mary&note.n=2", [2]),
    ],
)
def test_every_member_that_satisfies_the_query_is_changed(made: dict[str, Any], query: str, changed: list[int]) -> None:
    operations = [{"op": "add", "path": f"/note/seen?{query}", "value": True}]
    answer = httpx.patch(made["href"], json=operations, headers=QUERY)
    assert [note["n"] for note in answer.json()["note"] if note.get("seen")] == changed, answer.text
    others = [{name: value for name, value in note.items() if name != "seen"} for note in answer.json()["note"]]
    assert {**answer.json(), "note": others} == made
    assert httpx.get(made["href"]).json() == answer.json()


@pytest.mark.parametrize(
    ("operation", "quantities", "parties"),
    [
        pytest.param(
            {"op": "replace", "path": "/item/quantity?item.offering.id=7&item.party.name=Mary", "value": 9},
            [9, 1, 1],
            ["Mary", "Jo", "John", "Mary"],
            id="outer-member-by-what-is-in-it",
        ),
        pytest.param(
            {"op": "replace", "path": "/item/party/name?item.offering.id=7&item.party.role=x", "value": "new"},
            [1, 1, 1],
            ["new", "Jo", "new", "Mary"],
            id="inner-members-of-some-outer-ones",
        ),
        pytest.param(
            {"op": "remove", "path": "/item/party?item.id=a&item.party.name=Mary,Jo"},
            [1, 1, 1],
            ["John", "Mary"],
            id="several-inner-members-go",
        ),
        pytest.param(
            {"op": "remove", "path": "/item/party?item.offering.id=7"},
            [1, 1, 1],
            ["Mary"],
            id="array-as-a-whole",
        ),
        pytest.param(
            {"op": "replace", "path": "/item/party/0/name?item.id=a", "value": "new"},
            [1, 1, 1],
            ["new", "Jo", "John", "Mary"],
            id="position-beside-a-query",
        ),
    ],
)
def test_query_reaches_through_arrays_in_arrays(
    made: dict[str, Any], operation: dict[str, Any], quantities: list[int], parties: list[str]
) -> None:
    answer = httpx.patch(made["href"], json=[operation], headers=QUERY)
    assert answer.status_code == 200, answer.text
    items = answer.json()["item"]
    assert [item["quantity"] for item in items] == quantities
    assert [party["name"] for item in items for party in item.get("party", ())] == parties


@pytest.mark.parametrize(
    ("operation", "attribute", "values"),
    [
        ({"op": "remove", "path": "/note?note.author=Ann"}, "n", [2]),
        ({"op": "remove", "path": "/note/tag?note.tag=q"}, "tag", [["p"], [], None]),
        ({"op": "replace", "path": "/note?note.n=2", "value": {"n": 8}}, "n", [1, 8, 3]),
        ({"op": "test", "path": "/note/author?note.n=1,3", "value": "Ann"}, "n", [1, 2, 3]),
        ({"op": "add", "path": "/note", "value": {"n": 4}}, "n", [1, 2, 3, 4]),
        ({"op": "add", "path": "/note", "value": [{"n": 4}]}, "n", [4]),
        ({"op": "add", "path": "/note/0", "value": {"n": 4}}, "n", [4, 1, 2, 3]),
        ({"op": "add", "path": "/note/-?state=open", "value": {"n": 4}}, "n", [1, 2, 3, 4]),
        ({"op": "add", "path": "/note/tag?note.n<3", "value": "z"}, "tag", [["p", "q", "z"], ["q", "z"], None]),
        (
            {"op": "add", "path": "/note?note.n=2", "value": {"text": "new", "a/b": 1}},
            "text",
            ["one", "new", "R&D 100%"],
        ),
        (
            {"op": "copy", "from": "/note/text?note.n=1", "path": "/note/text?note.n=2"},
            "text",
            ["one", "one", "R&D 100%"],
        ),
        ({"op": "copy", "from": "/note?note.n=1", "path": "/note/-"}, "n", [1, 2, 3, 1]),
        ({"op": "remove", "path": "$.note[?(@.author=='Ann')]"}, "n", [2]),
        ({"op": "add", "path": "$.note[?(@.n==2)]", "value": {"text": "new"}}, "text", ["one", "new", "R&D 100%"]),
        ({"op": "move", "from": "/note?note.n=1", "path": "/note/-"}, "n", [2, 3, 1]),
    ],
)
def test_operations_do_at_each_place_what_they_do_anywhere(
    made: dict[str, Any], operation: dict[str, Any], attribute: str, values: list[Any]
) -> None:
    assert _notes(httpx.patch(made["href"], json=[operation], headers=QUERY), attribute) == values


@pytest.mark.parametrize(
    ("operation", "left"),
    [
        ({"op": "remove", "path": "$.x[3,1]"}, [1, 3, 5]),
        ({"op": "remove", "path": "$.x[0,0]"}, [2, 3, 4, 5]),
        ({"op": "remove", "path": "$.x[0,-5,4,-1]"}, [2, 3, 4]),
        ({"op": "remove", "path": "$.x[-1,-2]"}, [1, 2, 3]),
        ({"op": "remove", "path": "$.x[::-1]"}, []),
        ({"op": "remove", "path": "$.x[::-2]"}, [2, 4]),
        ({"op": "remove", "path": "$.x[?@<3, ?@==2, ?@==1]"}, [3, 4, 5]),
        ({"op": "remove", "path": "$.x[?@>4, 0, ?@<3]"}, [3, 4]),
        ({"op": "remove", "path": "$.x[0:12,1:3]"}, []),
        ({"op": "remove", "path": "$['x','x'][1]"}, [1, 3, 4, 5]),
        ({"op": "replace", "path": "$.x[2,0,2]", "value": 9}, [9, 2, 9, 4, 5]),
        ({"op": "add", "path": "$['x','x']", "value": 6}, [1, 2, 3, 4, 5, 6]),
    ],
    ids=str,
)
def test_what_a_jsonpath_selects_is_a_set(customers: httpx.Client, operation: dict[str, Any], left: list[int]) -> None:
    made = customers.post("/customer", json=customer(x=[1, 2, 3, 4, 5])).json()
    answer = customers.patch(made["href"], json=[operation], headers=QUERY)
    assert (answer.status_code, answer.json().get("x")) == (200, left)


@pytest.mark.parametrize(
    ("operation", "left"),
    [
        ({"op": "replace", "path": "$.x..a", "value": 7}, [{"a": 7}, {"b": {"a": 7}}, {"a": 7}]),
        ({"op": "replace", "path": "$.x..a", "value": {"a": 7}}, [{"a": {"a": 7}}, {"b": {"a": {"a": 7}}}, {"a": {"a": 7}}]),
        ({"op": "remove", "path": "$.x..a"}, [{}, {"b": {}}, {}]),
        ({"op": "remove", "path": "$.x..*"}, []),
        ({"op": "remove", "path": "$.x..[0]"}, [{"b": {"a": 1}}, {"a": [2, {"a": []}]}]),
        ({"op": "add", "path": "$.x..a", "value": 7}, [{"a": 7}, {"b": {"a": 7}}, {"a": [[1], 2, {"a": [7]}, 7]}]),
        ({"op": "add", "path": "$.x[1,0,1]", "value": {"c": 7}}, [{"a": {"a": 1}, "c": 7}, {"b": {"a": 1}, "c": 7}, {"a": [[1], 2, {"a": []}]}]),
        ({"op": "copy", "from": "$.x[0,0].a.a", "path": "$.x[1,1].b.c"}, 400),
        ({"op": "copy", "from": "$.x[0,0].a.a", "path": "$.x[1,1].b.a"}, [{"a": {"a": 1}}, {"b": {"a": 1}}, {"a": [[1], 2, {"a": []}]}]),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_inside_of_what_is_selected_too_is_changed_before_it(
    customers: httpx.Client, operation: dict[str, Any], left: object
) -> None:
    nested = [{"a": {"a": 1}}, {"b": {"a": 1}}, {"a": [[1], 2, {"a": []}]}]
    made = customers.post("/customer", json=customer(x=nested)).json()
    answer = customers.patch(made["href"], json=[operation], headers=QUERY)
    assert (answer.json().get("x") if answer.status_code == 200 else answer.status_code) == left, answer.text


@pytest.mark.parametrize(
    ("operations", "status", "message"),
    [
        ([{"op": "remove", "path": "/note?note.n=7"}], 400, "/0/path selects nothing in the resource: '/note?note.n=7'"),
        ([{"op": "test", "path": "/note/n?note.n=7", "value": 7}], 400, "/0/path selects nothing in the resource: '/note/n?note.n=7'"),
        ([{"op": "remove", "path": "/note/text?note.author=Kim Lee"}], 400, "/0/path leads nowhere in the resource: '/note/1/text'"),
        ([{"op": "remove", "path": "/nix/text?state=open"}], 400, "/0/path leads nowhere in the resource: '/nix/text'"),
        ([{"op": "remove", "path": "/note/text"}], 400, "/0/path leads nowhere in the resource: '/note/text'"),
        ([{"op": "remove", "path": "note?note.n=1"}], 400, "/0/path is neither a JSON pointer nor a JSONPath: '$.note?note.n=1' is no JSONPath expression that is taken here at character 14: unexpected token '='"),
        ([{"op": "remove", "path": "/note?"}], 400, "/0/path has a query without a condition; write name=value behind the question mark"),
        ([{"op": "remove", "path": "/note?fields=n"}], 400, "/0/path has a query without a condition; write name=value behind the question mark"),
        ([{"op": "remove", "path": "/note?Ann"}], 400, "/0/path has a query that cannot be understood: 'Ann', a condition is written name=value"),
        ([{"op": "remove", "path": "/note?note.author=~("}], 400, "/0/path has a query that cannot be understood: 'note.author', it is not a regular expression that RE2 reads"),
        ([{"op": "remove", "path": f"{'/a' * 65}?state=open"}], 400, "/0/path has more than 64 parts"),
        ([{"op": "remove"}], 400, "/0/path is required and has to be a text"),
        ([{"op": "fly", "path": "/note?note.n=1"}], 400, "/0/op has to be one of add, remove, replace, move, copy, test"),
        ([7], 400, "/0 has to be an object with op and path"),
        ({}, 400, "the body has to be an array of operations (RFC 6902)"),
        ([{"op": "add", "path": "/note?note.n=1", "value": 7}], 400, "/0/path selects members of an array; name one of their attributes"),
        ([{"op": "copy", "from": "/state", "path": "/note?note.n=1"}], 400, "/0/path selects members of an array; name one of their attributes"),
        ([{"op": "copy", "from": "/note/n?note.author=Ann", "path": "/x"}], 400, "/0/from selects 2 places; it has to be one"),
        ([{"op": "move", "from": "/state", "path": "/note/x?note.n=1"}], 400, "/0/path is where one value is moved to; write it without a query"),
        ([{"op": "test", "path": "/note/author?note.n>1", "value": "Ann"}], 409, "The test at /0 failed: '/note/1/author' has another value."),
        ([{"op": "remove", "path": "/note?note.n=1"}, {"op": "remove", "path": "/note?note.n=1"}], 400, "/1/path selects nothing in the resource: '/note?note.n=1'"),
        ([{"op": "remove", "path": "$.note[?(@.n==7)]"}], 400, "/0/path selects nothing in the resource: '$.note[?(@.n==7)]'"),
    ],
)  # fmt: skip
def test_refused_patch_changes_nothing(
    customers: httpx.Client, made: dict[str, Any], operations: object, status: int, message: str
) -> None:
    tag = customers.get(made["href"]).headers["ETag"]
    answer = customers.patch(made["href"], json=operations, headers=QUERY)
    assert (answer.status_code, answer.json()["message"]) == (status, message)
    after = customers.get(made["href"])
    assert (after.json(), after.headers["ETag"]) == (made, tag)


def test_result_is_held_to_the_rules(customers: httpx.Client) -> None:
    sent = customer(characteristic=[{"name": "a", "value": 1}, {"name": "b", "value": 2}])
    made = customers.post("/customer", json=sent).json()
    operation = {"op": "remove", "path": "/characteristic/value?characteristic.name=b"}
    answer = customers.patch(made["href"], json=[operation], headers=QUERY)
    assert (answer.status_code, answer.json()["message"].partition(" [")[0]) == (
        400,
        "/characteristic/1/value is required",
    )
    assert customers.get(made["href"]).json() == made


@pytest.mark.parametrize(
    ("operations", "what"),
    [
        pytest.param(
            [{"op": "test", "path": "/x/a?x.a=1", "value": 1}] * 40,
            "is where the patch has looked at too much; name positions, or send fewer operations at a time",
            id="looks",
        ),
        pytest.param(
            [{"op": "replace", "path": "/y?y>0", "value": 7}],
            "is where the patch has selected more than 10000 places",
            id="places",
        ),
        pytest.param(
            [{"op": "test", "path": "/x/a?x.b.regex=^t((a|b)?){900}&x.a=1", "value": 1}],
            "is where the patch has looked at too much; name positions, or send fewer operations at a time",
            id="regular expressions",
        ),
        pytest.param(
            [{"op": "test", "path": "$.x[?count(@..*)>1 && count(@.*)>1 && @.a==1].a", "value": 1}] * 40,
            "is a JSONPath that cannot be followed: it takes too many steps; use less of '..', '*' and regular expressions",
            id="steps",
        ),
        pytest.param(
            [{"op": "replace", "path": "/x/a?x.a>0", "value": "t" * 10_000}],
            "is a patch that makes more than 2097152 bytes of the resource",
            id="copies",
        ),
    ],
)
def test_short_patches_cannot_make_endless_work(
    customers: httpx.Client, operations: list[dict[str, Any]], what: str
) -> None:
    body = customer(x=[{"a": number, "b": "t" * 100} for number in range(6000)], y=[7] * 20_000)
    made = customers.post("/customer", json=body)
    assert made.status_code == 201
    refused = customers.patch(made.headers["Location"], json=operations, headers=QUERY)
    assert (refused.status_code, refused.json()["message"].partition(" ")[2]) == (400, what)
    assert customers.get(made.headers["Location"]).headers["ETag"] == made.headers["ETag"]


@pytest.mark.parametrize(
    ("contract", "create"), [pytest.param(*each, id=f"{each[0].id}-{each[1].resource}") for each in creates()]
)
def test_every_api_takes_queries_and_says_what_it_takes(
    root: httpx.Client, contract: Contract, create: Operation
) -> None:
    patch = contract.action("patch", create.resource)
    assert patch
    body = {**full(contract, create.request_schema), "extension": [{"n": 1}, {"n": 2}]}
    made = root.post(contract.base_path + create.path, json=body).json()
    operations = [{"op": "replace", "path": "/extension/n?extension.n=2", "value": 3}]
    changed = root.patch(made["href"], json=operations, headers=QUERY)
    assert (changed.status_code, changed.json()["extension"]) == (patch.success, [{"n": 1}, {"n": 3}])
    accepted = {*patch.consumes, "application/json-patch-query+json"}
    refused = root.patch(made["href"], content="{}", headers={"Content-Type": "text/plain"})
    assert (refused.status_code, set(refused.headers["Accept-Patch"].split(", "))) == (415, accepted)
    told = root.options(made["href"])
    assert (told.status_code, set(told.headers["Accept-Patch"].split(", "))) == (200, accepted)
    offered = {each.method for each in contract.operations if each.path == f"{create.path}/{{id}}"}
    assert set(told.headers["Allow"].split(", ")) == {*offered, "HEAD", "OPTIONS"}
    assert "Accept-Patch" not in root.options(contract.base_path + create.path).headers
