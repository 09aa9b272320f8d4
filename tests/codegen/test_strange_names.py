"""A contract whose names are Python's or the SDK's own gives an SDK that works, or is refused."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tmfkit_codegen import client, facade
from tmfkit_codegen.inputs import read_inputs

ROOT = Path(__file__).parents[2]
Edit = Callable[[str, str, str], None]

# Name in JSON → in Python, where it is a resource's.
NAMES = {
    "field": "field",
    "timestamp": "timestamp",
    "cls": "cls",
    "to_dict": "to_dict",
    "from_dict": "from_dict",
    "additionalProperties": "additional_properties",
    "extra": "extra_",
    "options": "options_",
    "if_match": "if_match_",
    "idempotency_key": "idempotency_key_",
    "class": "class_",
    "None": "none",
    "self": "self_",
    "str": "str_",
    "tuple": "tuple_",
    "raw": "raw_",
    "check": "check_",
    "response": "response_",
    "is_null": "is_null_",
    "attr": "attr",
    "attributes": "attributes",
    "type": "type",
    "list": "list",
    "get": "get",
    "_data": "data",
    "__init__": "init",
    "Any": "any",
    "5G": "attribute_5g",
    "@class": "at_class",
    "id-card": "id_card",
}

PROGRAM = """
import json, sys
from tmfkit_sdk.objects import dumps, read
from tmfkit_sdk.ticket_v1 import Queue, QueueRef, Ticket, TroubleDesk
from tmfkit_sdk.ticket_v1.resources import _TICKETS

names = json.loads(sys.argv[1])
given = {python: f"of {name}" for name, python in names.items()}
body = {name: f"of {name}" for name in names}
made = Ticket(title="A", kind="fault", **given)
assert made.raw == {"title": "A", "kind": "fault", **body}, made.raw
call = _TICKETS.create({"title": "A", "kind": "fault", **given}, {"shoe": 1}, "key", None)
assert json.loads(call.content) == {"title": "A", "kind": "fault", **body, "shoe": 1}
found = read(Ticket, json.dumps({"id": "1", **body, "shoe": 1}))
for name, python in names.items():
    assert getattr(found, python) == f"of {name}", name
    assert name in found and found[name] == f"of {name}"
assert found.extra == {"shoe": 1} and found.check() == [] and found.raw["raw"] == "of raw"
part = read(QueueRef, json.dumps(body))
assert (part.extra_, part.options, part.class_) == ("of extra", "of options", "of class")
assert QueueRef(id="1", options="a", extra={"hat": 1}).raw == {"id": "1", "options": "a", "hat": 1}
assert read(Ticket, '{"mail":"a@example.com","scan":"AAA=","day":"2026-01-01"}').scan == "AAA="
print("done")
"""


def attributes(names: list[str], indent: str) -> str:
    rows = [f"{json.dumps(name)}: {{type: string, description: A name.}}" for name in names]
    rows += [f"{name}: {{type: string, format: {form}}}" for name, form in FORMATS.items()]
    return "".join(f"{indent}{row}\n" for row in rows)


FORMATS = {"mail": "email", "scan": "binary", "day": "date", "code": "uuid", "raw2": "byte"}


def strange(edit: Edit, names: list[str]) -> None:
    edit("openapi.yaml", "            severity:\n", attributes(names, " " * 12) + "            severity:\n")
    queue = (
        "        href:\n          type: string\n          description: Address of the queue.\n          examples: [h"
    )
    edit("openapi.yaml", queue, attributes(names, " " * 8) + queue)


def refusals(specs: Path) -> list[str]:
    return [problem.message for problem in facade.problems(read_inputs(specs).apis[0])]


def test_strange_names_give_an_sdk_that_works(specs: Path, edit: Edit, tmp_path: Path) -> None:
    strange(edit, list(NAMES))
    assert refusals(specs) == []
    tree = tmp_path / "tree"
    shutil.copytree(ROOT / "generated" / "tmfkit_sdk", tree / "tmfkit_sdk")
    for name, text in client.package(read_inputs(specs).apis[0]).items():
        path = tree / "tmfkit_sdk" / "ticket_v1" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    environment = {**os.environ, "PYTHONPATH": str(tree), "MYPYPATH": str(tree)}
    run: Any = {"env": environment, "cwd": tmp_path, "capture_output": True, "text": True, "check": False}
    done = subprocess.run([sys.executable, "-c", PROGRAM, json.dumps(NAMES)], **run)
    assert (done.stdout, done.stderr) == ("done\n", "")
    typed = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "-p", "tmfkit_sdk.ticket_v1"]
    checked = subprocess.run(typed, **run)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["class", "class_"], "Ticket.class_ and Ticket.class both are class_ in Python"),
        (["toDict", "to_dict"], "Ticket.to_dict and Ticket.toDict both are to_dict in Python"),
        (["extra", "extra_"], "Ticket.extra_ and Ticket.extra both are extra_ in Python"),
        (["@type", "at_type"], "Ticket.at_type and Ticket.@type both are at_type in Python"),
    ],
)
def test_names_that_meet_in_python_are_refused(specs: Path, edit: Edit, names: list[str], message: str) -> None:
    strange(edit, [name for name in names if name != "@type"])
    assert message in refusals(specs)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("client: TroubleDesk", "client: Ticket", "2 classes of the SDK would be called Ticket"),
        ("plural: tickets", "plural: queues", "Ticket and Queue both have the plural queues"),
        ("plural: tickets", "plural: hub", "a client of the SDK cannot call a collection hub"),
        ("plural: tickets", "plural: class", "a client of the SDK cannot call a collection class"),
        ("plural: tickets", "plural: ticket", "2 classes of the SDK would be called Ticket"),
    ],
)
def test_names_of_clients_and_collections_that_are_taken_are_refused(
    specs: Path, edit: Edit, old: str, new: str, message: str
) -> None:
    edit("openapi.yaml", old, new)
    assert message in refusals(specs)


def test_an_operation_at_another_path_is_refused(specs: Path, edit: Edit) -> None:
    edit("openapi.yaml", "  /queue/{id}:\n", "  /queues/{id}:\n")
    assert refusals(specs) == ["the SDK looks for retrieve at /queue/{id}"]
