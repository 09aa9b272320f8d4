"""The published test cases: RFC 6902 (``tests/data/json-patch-test-suite``) and RFC 7396, appendix A."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from server_bodies import customer

from tmfkit_server.errors import Refusal
from tmfkit_server.services.patches.json_patch import json_patched
from tmfkit_server.services.patches.merge_patch import merge_patched
from tmfkit_server.services.patches.patch_query import query_patched

Case = dict[str, Any]

_SUITE = Path(__file__).parents[1] / "data" / "json-patch-test-suite"
_MOST_BYTES = 10_000
# The case of both files that is none any more once it is read: an object cannot have two members of one name.
_TWO_OPS = "has two 'op' members"


def _cases() -> list[tuple[str, Case]]:
    return [
        (f"{name}-{number}", case)
        for name in ("tests", "spec_tests")
        for number, case in enumerate(json.loads((_SUITE / f"{name}.json").read_text(encoding="utf-8")))
    ]


_PARAMETERS = [pytest.param(case, id=name) for name, case in _cases() if _TWO_OPS not in case.get("error", "")]


def test_suite_is_there_and_all_but_one_case_of_each_file_is_run() -> None:
    assert (len(_cases()), len(_PARAMETERS)) == (95, 93)


@pytest.mark.parametrize("patched", [json_patched, query_patched], ids=["plain", "query"])
@pytest.mark.parametrize("case", _PARAMETERS)
def test_json_patch_does_what_the_suite_says(case: Case, patched: Any) -> None:
    before = json.dumps(case["doc"])
    if "error" in case:
        with pytest.raises(Refusal):
            patched(case["doc"], case["patch"], most_bytes=_MOST_BYTES)
    else:
        result = patched(case["doc"], case["patch"], most_bytes=_MOST_BYTES)
        # As texts: to Python, true is 1.
        assert _text(result) == _text(case.get("expected", case["doc"]))
    assert json.dumps(case["doc"]) == before


@pytest.mark.parametrize("case", _PARAMETERS)
def test_server_does_what_the_suite_says(customers: httpx.Client, case: Case) -> None:
    made = customers.post("/customer", json=customer(x=case["doc"])).json()
    operations = [_below_x(operation) for operation in case["patch"]]
    headers = {"Content-Type": "application/json-patch+json"}
    answer = customers.patch(made["href"], json=operations, headers=headers)
    after = customers.get(made["href"]).json()
    if "error" in case:
        assert answer.status_code in (400, 409), answer.text
        assert after == made
    else:
        assert answer.status_code == 200, answer.text
        assert _text(after) == _text({**made, "x": case.get("expected", case["doc"])})


def test_operation_with_two_members_of_one_name_is_refused(customers: httpx.Client) -> None:
    made = customers.post("/customer", json=customer()).json()
    patch = '[{"op": "add", "path": "/baz", "value": "qux", "op": "remove"}]'
    headers = {"Content-Type": "application/json-patch+json"}
    answer = customers.patch(made["href"], content=patch, headers=headers)
    assert (answer.status_code, "'op' stands in one object twice" in answer.text) == (400, True)
    assert customers.get(made["href"]).json() == made


def _below_x(operation: Case) -> Case:
    """Return an operation on a document as one on the attribute x; what is no pointer stays none."""
    moved = {}
    for name in ("path", "from"):
        pointer = operation.get(name)
        if isinstance(pointer, str) and (not pointer or pointer.startswith("/")):
            moved[name] = f"/x{pointer}"
    return {**operation, **moved}


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
