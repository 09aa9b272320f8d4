"""The plan: every row of every register has a probe or a reason, every probe a driver, every scenario a judge."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import yaml

from tmfkit_conformance.drive.probes import PROBES
from tmfkit_conformance.errors import KitDefect
from tmfkit_conformance.judge.checks import CHECKS
from tmfkit_conformance.judge.checks.scenarios import SCENARIOS
from tmfkit_conformance.plan import plan, probes
from tmfkit_conformance.rules.attributes import Values, With
from tmfkit_conformance.rules.contact import Dialect
from tmfkit_conformance.rules.register import KINDS as DECLARED
from tmfkit_conformance.rules.register import SCENARIOS as NAMED_RECORDS
from tmfkit_conformance.rules.rule import PlannedProbe
from tmfkit_models import contracts
from tmfkit_models.contracts import Requirement

SPECS = Path(__file__).parents[2] / "specs"
NAMED = frozenset(yaml.safe_load((SPECS / "scenarios.yaml").read_text(encoding="utf-8")))
KINDS = frozenset(
    line.split("|")[1].strip(" `")
    for line in (SPECS / "README.md").read_text(encoding="utf-8").split("| kind |")[1].split("\n\n")[0].splitlines()[2:]
    if line.startswith("| `")
)


@pytest.mark.parametrize("api", contracts.apis())
def test_every_row_has_a_probe_that_can_be_driven_or_a_reason(api: str) -> None:
    contract = contracts.load(api)
    cases = plan(contract)
    assert tuple(case.requirement for case in cases) == contract.requirements
    for case in cases:
        if case.probe is None:
            assert case.requirement.reason, case.requirement.id
        else:
            assert case.probe.probe in PROBES, case.requirement.id
            assert DECLARED[case.requirement.kind] in CHECKS, case.requirement.id


@pytest.mark.parametrize("api", contracts.apis())
def test_probes_of_an_api_have_different_keys(api: str) -> None:
    wanted = probes(plan(contracts.load(api)))
    assert len({probe.key for probe in wanted}) == len(wanted)


def test_every_named_scenario_has_a_driver_and_a_judge_and_there_is_no_other() -> None:
    assert set(NAMED_RECORDS) == NAMED
    assert {scenario.probe for scenario in NAMED_RECORDS.values()} <= set(PROBES)
    assert set(SCENARIOS) == set(NAMED_RECORDS.values())


def test_every_kind_of_the_register_has_a_check_and_there_is_no_other() -> None:
    kinds = {name for cell in KINDS for name in cell.replace("`", "").split(", ")}
    assert kinds == set(DECLARED)
    assert set(CHECKS) == set(DECLARED.values())


def test_key_names_the_row_only_where_the_probe_is_its_own() -> None:
    assert PlannedProbe(With, "createCustomer", "/name").key == "with createCustomer /name"
    assert PlannedProbe(Values, "createCustomer", "/status", "R-1").key == "values createCustomer /status [R-1]"
    assert PlannedProbe(Dialect, "").key == "dialect"


def row(**changes: Any) -> Requirement:
    plain = Requirement("R-1", "must", "status", "createCustomer", "201", "", "", 1, "table", given="valid")
    return dataclasses.replace(plain, **changes)


@pytest.mark.parametrize(
    ("changes", "probe", "step"),
    [
        pytest.param({}, "create createCustomer", "create", id="valid"),
        pytest.param({"given": "malformed-body", "subject": "400"}, "refused createCustomer malformed-body", "refused", id="refused"),
        pytest.param({"operation": "listCustomer", "subject": "206"}, "page listCustomer limit", "page", id="page"),
        pytest.param({"kind": "consumes", "given": "", "subject": "application/json"}, "create createCustomer", "create", id="consumes"),
        pytest.param({"kind": "accept", "given": "", "subject": "application/json"}, "accept createCustomer application/json", "call", id="accept"),
        pytest.param({"kind": "event", "given": "", "operation": "CustomerDeleteNotification", "subject": ""}, "events registerCustomerListener", "", id="event"),
        pytest.param({"kind": "event-member", "given": "", "operation": "*", "subject": "/eventId", "expect": {"form": "unique"}}, "events registerCustomerListener", "", id="any-event"),
        pytest.param({"kind": "generated", "given": "", "subject": "/id", "expect": {"form": "non-empty"}}, "create createCustomer", "create", id="generated"),
        pytest.param({"kind": "generated", "given": "", "subject": "/contactMedium/*/validFor", "expect": {"form": "non-empty"}}, "minus createCustomer /contactMedium/*/validFor", "create", id="generated-part"),
        pytest.param({"kind": "filter", "given": "", "operation": "listCustomer", "subject": "*", "expect": {"operator": "eq"}}, "filter listCustomer * [R-1]", "list", id="own-row"),
    ],
)  # fmt: skip
def test_row_is_settled_by_a_step_of_a_probe(changes: dict[str, Any], probe: str, step: str) -> None:
    contract = dataclasses.replace(contracts.load("tmf629-v1"), requirements=(row(**changes),))
    [case] = plan(contract)
    assert case.probe is not None
    assert (case.probe.key, str(case.step or "")) == (probe, step)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"kind": "smell"}, id="unknown-kind"),
        pytest.param({"given": "full-moon"}, id="unknown-condition"),
        pytest.param({"given": ""}, id="no-condition"),
        pytest.param({"expect": {"form": "array"}}, id="foreign-member"),
        pytest.param({"kind": "scenario", "given": "", "scenario": "no-such-scenario"}, id="unknown-scenario"),
        pytest.param({"kind": "filter", "given": {"operator": "gt"}, "operation": "listCustomer"}, id="operator-under-given"),
        pytest.param({"kind": "filter", "given": "", "operation": "listCustomer"}, id="no-operator"),
        pytest.param({"kind": "filter", "given": "", "operation": "listCustomer", "expect": {"operator": "ne"}}, id="unknown-operator"),
        pytest.param({"kind": "body", "given": "", "expect": {"form": "array", "value": "string"}}, id="members-that-do-not-go-together"),
        pytest.param({"kind": "any-of", "given": "", "expect": {"members": "id"}}, id="member-of-another-type"),
        pytest.param({"kind": "conditional", "given": {"pointer": "/a"}}, id="condition-without-a-condition"),
        pytest.param({"kind": "conditional", "given": "always"}, id="text-for-a-condition"),
    ],
)  # fmt: skip
def test_row_that_nothing_drives_is_a_defect_of_the_kit(changes: dict[str, Any]) -> None:
    contract = dataclasses.replace(contracts.load("tmf629-v1"), requirements=(row(**changes),))
    with pytest.raises(KitDefect) as raised:
        plan(contract)
    assert raised.value.where == "R-1"
    assert raised.value.exit_status == 4


def test_event_without_a_hub_is_a_defect_of_the_kit() -> None:
    whole = contracts.load("tmf629-v1")
    deaf = tuple(operation for operation in whole.operations if operation.action != "register")
    event = row(kind="event", given="", operation="CustomerDeleteNotification", subject="")
    with pytest.raises(KitDefect, match="no hub to hear this event through"):
        plan(dataclasses.replace(whole, operations=deaf, requirements=(event,)))
