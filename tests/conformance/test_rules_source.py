"""The source of the kit, read: what rules/ declares is what drive/ writes and judge/ reads, and nothing else."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

import tmfkit_conformance
from tmfkit_conformance.drive.probes import PROBES as DRIVERS
from tmfkit_conformance.judge.checks import CHECKS
from tmfkit_conformance.judge.checks.scenarios import SCENARIOS as JUDGES
from tmfkit_conformance.plan import plan
from tmfkit_conformance.rules.probes import Probe, Step, StepFamily
from tmfkit_conformance.rules.register import KINDS, PROBES
from tmfkit_conformance.selftest.breaks import BREAKERS
from tmfkit_models import contracts

KIT = Path(tmfkit_conformance.__file__).parent
ARGUMENT = {
    "call": 1, "created": 0, "registered": 0, "unregistered": 0, "patch": 0, "follow": 1, "request": 2, "made_for": 1,
    "step": 0, "succeeded": 0, "object": 0, "all": 0, "optional": 0, "resource_at": 0,
}  # fmt: skip
"""Method of a session or of evidence → the place of the step among its arguments."""
STEPS = [(probe, name) for probe in PROBES for name in probe.steps()]
CLOSED = [(probe, name) for probe, name in STEPS if getattr(probe.steps()[name], "parameters", ())]
FACTS = [probe for probe in PROBES if probe.facts]


def modules(*folders: str) -> dict[Path, ast.Module]:
    files = sorted(file for folder in folders for file in (KIT / folder).rglob("*.py"))
    return {file: ast.parse(file.read_text(encoding="utf-8")) for file in files}


DRIVE, JUDGE, RULES = modules("drive", "contact"), modules("judge"), modules("rules")


def nodes(*read: dict[Path, ast.Module]) -> Iterator[ast.AST]:
    return (node for folder in read for module in folder.values() for node in ast.walk(module))


def members_of_names(read: dict[Path, ast.Module]) -> set[tuple[str, str]]:
    """Return every ``NAME.MEMBER`` of some modules."""
    return {
        (node.value.id, node.attr)
        for node in nodes(read)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }


WRITTEN, READ = members_of_names(DRIVE), members_of_names(JUDGE)


def functions_that_look_at_the_planned_step() -> set[str]:
    """Return the names of the checks that read ``own_step``, by themselves or through a function beside them."""
    found = set()
    for module in JUDGE.values():
        beside = {each.name: each for each in module.body if isinstance(each, ast.FunctionDef)}
        for name in beside:
            seen: set[str] = set()
            waiting = {name}
            while waiting:
                seen.add(here := waiting.pop())
                waiting |= {n.id for n in ast.walk(beside[here]) if isinstance(n, ast.Name)} & beside.keys() - seen
            parts = (node for each in seen for node in ast.walk(beside[each]))
            if any(isinstance(node, ast.Attribute) and node.attr == "own_step" for node in parts):
                found.add(name)
    return found


def planned() -> set[tuple[type[Probe], Step]]:
    """Return the steps that rows of the five APIs plan, where the check of their kind looks at the planned step."""
    looking = functions_that_look_at_the_planned_step()
    kinds = {name for name, kind in KINDS.items() if CHECKS[kind].__name__ in looking}
    cases = (case for api in contracts.apis() for case in plan(contracts.load(api)))
    return {
        (case.probe.probe, case.step) for case in cases if case.probe and case.step and case.requirement.kind in kinds
    }


PLANNED = planned()


def is_planned(probe: type[Probe], declared: Step | StepFamily) -> bool:
    steps = {step for planned_for, step in PLANNED if planned_for is probe}
    return any(step == declared if isinstance(declared, Step) else declared.has(step) for step in steps)


@pytest.mark.parametrize(("probe", "name"), STEPS, ids=[f"{probe.__name__}.{name}" for probe, name in STEPS])
def test_step_is_written_in_drive_and_read_in_judge_or_evidence_only(probe: type[Probe], name: str) -> None:
    declared = probe.steps()[name]
    declarers = [base.__name__ for base in probe.__mro__ if base is not Probe and issubclass(base, Probe)]
    assert any((base, name) in WRITTEN for base in declarers), "no driver sends it"
    is_read = any((base, name) in READ for base in declarers) or is_planned(probe, declared)
    assert is_read != bool(declared.evidence_only), (
        "read, and said to be evidence only" if is_read else "no check reads it"
    )


@pytest.mark.parametrize("probe", FACTS, ids=lambda probe: str(probe.__name__))
def test_fact_is_written_in_drive_and_read_in_judge(probe: type[Probe]) -> None:
    assert probe.facts
    made = {node.func.id for node in nodes(DRIVE) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert probe.facts.__name__ in made
    asked = {node.id for node in nodes(JUDGE) if isinstance(node, ast.Name)}
    read = {node.attr for node in nodes(JUDGE) if isinstance(node, ast.Attribute)}
    declared = {field.name for field in dataclasses.fields(probe.facts)}
    assert {probe.facts.__name__, *(base.__name__ for base in probe.facts.__mro__)} & asked
    assert declared <= read


@pytest.mark.parametrize(
    ("probe", "name"),
    [pytest.param(probe, name, id=f"{probe.__name__}.{name}") for probe, name in CLOSED],
)
def test_every_parameter_of_a_closed_family_is_written_in_drive(probe: type[Probe], name: str) -> None:
    family = probe.steps()[name]
    assert isinstance(family, StepFamily)
    written = {f"{base.__name__}.{name}.of" for base in probe.__mro__ if name in vars(base)} | {
        f"{probe.__name__}.{name}.of"
    }
    given = [node.args[0] for node in nodes(DRIVE) if isinstance(node, ast.Call) and ast.unparse(node.func) in written]
    literal = {argument.value for argument in given if isinstance(argument, ast.Constant)}
    assert given
    assert len(literal) < len({ast.unparse(argument) for argument in given}) or literal == set(family.parameters)


def test_no_step_is_a_text_and_none_is_made_outside_the_rules() -> None:
    texts = [
        f"{file.name}:{node.lineno}: {ast.unparse(node)}"
        for read in (DRIVE, JUDGE)
        for file, module in read.items()
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and is_given_a_text(node)
    ]
    assert not texts
    made = {
        node.func.id for node in nodes(DRIVE, JUDGE) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not made & {"Step", "StepFamily"}


def is_given_a_text(call: ast.Call) -> bool:
    place = ARGUMENT.get(call.func.attr, 99) if isinstance(call.func, ast.Attribute) else 99
    given = [*call.args[place : place + 1], *(word.value for word in call.keywords if word.arg == "step")]
    return any(isinstance(one, (ast.Constant, ast.JoinedStr)) for one in given)


def test_probe_check_and_break_stand_in_packages_of_their_own() -> None:
    for functions, package in (
        (DRIVERS.values(), "drive.probes"),
        ((*CHECKS.values(), *JUDGES.values()), "judge.checks"),
        ((one for several in BREAKERS.values() for one in several), "selftest.breaks"),
    ):
        assert {one.__module__.rpartition(".")[0] for one in functions} == {f"tmfkit_conformance.{package}"}


def test_rules_import_nothing_of_the_kit_but_errors_and_pointers() -> None:
    imported = {node.module for node in nodes(RULES) if isinstance(node, ast.ImportFrom) and node.module}
    ours = {name for name in imported if name.startswith("tmfkit_") and ".rules" not in name}
    assert ours <= {"tmfkit_conformance.errors", "tmfkit_conformance.pointer", "tmfkit_models.contracts"}
