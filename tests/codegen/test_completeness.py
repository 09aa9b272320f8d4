"""A generator that loses a part of the contract is found out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tmfkit_codegen.completeness import losses
from tmfkit_codegen.errors import GeneratorDefect
from tmfkit_codegen.generate import generate
from tmfkit_codegen.inputs import Inputs, read_inputs
from tmfkit_codegen.tree import Tree

MODELS = "tmfkit_models/ticket_v1/__init__.py"
SDK = "tmfkit_sdk/ticket_v1"


def test_a_complete_tree_has_no_loss(sixth: Inputs, sixth_tree: Tree) -> None:
    assert losses(sixth.apis[0], sixth_tree) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "loss"),
    [
        pytest.param(MODELS, 'alias="dueDate"', 'alias="dueDay"', "Ticket of the models lacks dueDate", id="attribute"),
        pytest.param(
            MODELS, "class Reporter", "class Person", "the models lack the component Reporter", id="component"
        ),
        pytest.param(
            MODELS,
            "    text: StrictStr\n",
            '    text: StrictStr = ""\n',
            "Note.text of the models is optional, not so in the contract",
            id="required-ness",
        ),
        pytest.param(
            f"{SDK}/models/note.py", '"author"', '"writer"', "Note of the SDK lacks author", id="sdk-attribute"
        ),
        pytest.param(
            f"{SDK}/api/ticket/patch_ticket.py",
            '"application/json"',
            '"text/plain"',
            "patchTicket of the SDK lacks the media type application/json",
            id="sdk-media-type",
        ),
        pytest.param(
            f"{SDK}/api/ticket/list_ticket.py",
            "206",
            "207",
            "listTicket of the SDK lacks the status 206",
            id="sdk-status",
        ),
        pytest.param(
            f"{SDK}/api/ticket/list_ticket.py",
            "limit",
            "most",
            "listTicket of the SDK lacks the parameter limit",
            id="sdk-parameter",
        ),
    ],
)
def test_a_loss_is_named(sixth: Inputs, sixth_tree: Tree, name: str, old: str, new: str, loss: str) -> None:
    broken = {**sixth_tree, name: sixth_tree[name].replace(old.encode(), new.encode())}
    assert f"specs/sixth-v1/openapi.yaml: {loss}" in losses(sixth.apis[0], broken)


def test_a_lost_operation_is_named(sixth: Inputs, sixth_tree: Tree) -> None:
    broken = {name: text for name, text in sixth_tree.items() if not name.endswith("/create_queue.py")}
    assert losses(sixth.apis[0], broken) == ["specs/sixth-v1/openapi.yaml: the SDK lacks the operation createQueue"]


def test_a_pure_alias_which_the_client_generator_drops_is_refused(
    specs: Path, edit: Callable[[str, str, str], None]
) -> None:
    alias = (
        '    Caller:\n      description: Who calls.\n      allOf:\n        - $ref: "#/components/schemas/Reporter"\n'
    )
    edit("openapi.yaml", "    QueueRef:\n", f"{alias}    QueueRef:\n")
    with pytest.raises(GeneratorDefect) as caught:
        generate(read_inputs(specs))
    assert "specs/sixth-v1/openapi.yaml: the SDK lack the component Caller" in str(caught.value)
