"""A generator that loses a part of the contract is found out."""

from __future__ import annotations

import pytest

from tmfkit_codegen.completeness import losses
from tmfkit_codegen.inputs import Inputs
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
        pytest.param(f"{SDK}/objects.py", '"author"', '"writer"', "Note of the SDK lacks author", id="sdk-attribute"),
        pytest.param(
            f"{SDK}/objects.py", "class Note(", "class Remark(", "the SDK lacks the class Note", id="sdk-class"
        ),
        pytest.param(
            f"{SDK}/objects.py",
            '_o.must("text"',
            '_o.attr("text"',
            "Note.text of the SDK is attr, not so in the contract",
            id="sdk-required-ness",
        ),
        pytest.param(
            f"{SDK}/resources.py",
            "        due_date:",
            "        due_day:",
            "create of ticket in the SDK does not take dueDate",
            id="sdk-keyword",
        ),
        pytest.param(
            f"{SDK}/resources.py",
            "_t.Required[str]",
            "str",
            "create of ticket in the SDK demands or leaves title, not so in the contract",
            id="sdk-demanded-keyword",
        ),
        pytest.param(
            f"{SDK}/resources.py",
            "limit: int",
            "most: int",
            "list of AsyncTickets lacks the parameter limit",
            id="sdk-parameter",
        ),
        pytest.param(
            f"{SDK}/resources.py",
            "async def update(",
            "async def updated(",
            "the SDK lacks update of AsyncTickets",
            id="sdk-method",
        ),
        pytest.param(
            f"{SDK}/resources.py", '"/hub"', '"/hob"', "the SDK lacks the operation registerListener", id="sdk-hub"
        ),
        pytest.param(
            f"{SDK}/events.py",
            '"TicketOpenedEvent"',
            '"TicketEvent"',
            "the SDK lacks the notification TicketOpenedEvent",
            id="sdk-event",
        ),
    ],
)
def test_a_loss_is_named(sixth: Inputs, sixth_tree: Tree, name: str, old: str, new: str, loss: str) -> None:
    broken = {**sixth_tree, name: sixth_tree[name].replace(old.encode(), new.encode())}
    assert f"specs/sixth-v1/openapi.yaml: {loss}" in losses(sixth.apis[0], broken)


def test_a_lost_module_is_a_loss_of_all_in_it(sixth: Inputs, sixth_tree: Tree) -> None:
    broken = {name: text for name, text in sixth_tree.items() if name != f"{SDK}/events.py"}
    assert losses(sixth.apis[0], broken) == [
        "specs/sixth-v1/openapi.yaml: the SDK lacks the notification TicketOpenedEvent"
    ]
