"""The published cases of RFC 6902; ``nox -s suites`` installs and runs them, ``pytest`` by itself does not."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from server_bodies import customer

from tmfkit_server.errors import Refusal
from tmfkit_server.query.budget import Budget
from tmfkit_server.services.patches.json_patch import json_patched
from tmfkit_server.services.patches.patch_query import query_patched

Case = dict[str, Any]

_MOST_BYTES = 10_000
# The case of both files that is none any more once it is read: an object cannot have two members of one name.
_TWO_OPS = "has two 'op' members"


def cases(config: pytest.Config) -> dict[str, Case]:
    """Return the cases of the suite by the name of their file and their place in it."""
    suite = config.getoption("--json-patch-suite")
    if suite is None:
        raise pytest.UsageError("Name the folder of the suite with --json-patch-suite, or run `nox -s suites`")
    return {
        f"{name}-{number}": case
        for name in ("tests", "spec_tests")
        for number, case in enumerate(json.loads(Path(suite, f"{name}.json").read_text(encoding="utf-8")))
    }


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        found = {name: case for name, case in cases(metafunc.config).items() if _TWO_OPS not in case.get("error", "")}
        metafunc.parametrize("case", found.values(), ids=found)


def test_suite_is_whole_and_all_but_one_case_of_each_file_is_run(pytestconfig: pytest.Config) -> None:
    found = cases(pytestconfig)
    left_out = [name for name, case in found.items() if _TWO_OPS in case.get("error", "")]
    assert (len(found), left_out) == (95, ["tests-76", "spec_tests-13"])


@pytest.mark.parametrize("patched", [json_patched, partial(query_patched, budget=Budget())], ids=["plain", "query"])
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
