"""Probes, steps, facts, kinds and scenarios: what a record takes, and what it refuses."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from evidence_builder import PASS, ask, made, read

from tmfkit_conformance.errors import KitDefect
from tmfkit_conformance.judge.checks import CHECKS
from tmfkit_conformance.judge.evidence import Evidence
from tmfkit_conformance.judge.verdict import Outcome
from tmfkit_conformance.rules.attributes import ATTRIBUTE, GENERATED, OPTIONAL, Tried, Values
from tmfkit_conformance.rules.hubs import RemovedFrom
from tmfkit_conformance.rules.lifecycle import VALUE_KEPT
from tmfkit_conformance.rules.members import Condition, Tolerating
from tmfkit_conformance.rules.operations import Create, Events, HeardAt
from tmfkit_conformance.rules.probes import Step, StepFamily
from tmfkit_conformance.rules.queries import FILTER, FilterExpectation
from tmfkit_conformance.rules.refusals import AnyOf, Marked, Refusing, Without
from tmfkit_conformance.rules.register import KINDS, PROBES, SCENARIOS, rule_of
from tmfkit_conformance.rules.states import known_moves, way
from tmfkit_models import contracts
from tmfkit_models.contracts import Requirement

NAME = ask("attribute", "createCustomer", "/name", expect={"type": "string", "array": False})


def row(kind: str, **changes: Any) -> Requirement:
    return dataclasses.replace(ask(kind, "createCustomer", "/name").row, **changes)


def test_step_is_written_by_its_name() -> None:
    assert f"the {Without.REFUSED_SECOND} was answered 400" == "the refused-second was answered 400"


def test_family_names_its_steps_by_their_parameter() -> None:
    assert (Values.PATCH.of(3).name, AnyOf.WITH.of("@type").name) == ("patch-3", "with-@type")


def test_closed_family_has_no_step_of_another_parameter() -> None:
    assert Events.TRIGGER.of("state-change").name == "trigger-state-change"
    with pytest.raises(KitDefect, match=r"^trigger-\{\}: no step has the parameter 'undo'"):
        Events.TRIGGER.of("undo")


@pytest.mark.parametrize(
    ("step", "is_declared"),
    [
        pytest.param(Without.LISTED, True, id="its-own"),
        pytest.param(Without.CONTROL, True, id="inherited"),
        pytest.param(Refusing.CONTROL, True, id="of-its-base"),
        pytest.param(Create.FOLLOW.of("href"), False, id="of-another-probe"),
    ],
)
def test_probe_declares_its_steps(step: Step, *, is_declared: bool) -> None:
    assert Without.declares(step) is is_declared


def test_probe_declares_every_step_of_its_families() -> None:
    assert Create.declares(Create.FOLLOW.of("location"))
    assert not Create.declares(Step("follow-anything"))
    assert Values.declares(Step("read-17"))
    assert not Values.declares(Step("listed"))


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: str(probe.__name__))
def test_names_of_steps_in_a_bundle_are_different_within_a_probe(probe: Any) -> None:
    names = [step.pattern if isinstance(step, StepFamily) else step.name for step in probe.steps().values()]
    assert len(set(names)) == len(names) or probe.name == "dialect"


def test_names_of_probes_kinds_and_scenarios_are_different() -> None:
    assert len({probe.name for probe in PROBES}) == len(PROBES)
    labels = [rule.label for rule in (*KINDS.values(), *SCENARIOS.values())]
    assert len(set(labels)) == len(labels)


def test_facts_keep_their_names_in_a_bundle() -> None:
    facts = RemovedFrom("http://kit/1", "http://kit/2")
    assert facts.to_json() == {"callback": "http://kit/1", "removed": "http://kit/2"}
    assert RemovedFrom.from_json(facts.to_json()) == facts
    assert HeardAt.from_json(facts.to_json()) == HeardAt("http://kit/1")


@pytest.mark.parametrize(
    ("kind", "plain"),
    [
        pytest.param(Tried, {}, id="missing"),
        pytest.param(Tried, {"values": "3"}, id="text-for-a-number"),
        pytest.param(Marked, {"marker": "text"}, id="text-for-a-mapping"),
        pytest.param(RemovedFrom, {"callback": "http://kit/1"}, id="one-of-two"),
    ],
)
def test_facts_that_a_bundle_has_not_are_none(kind: Any, plain: dict[str, Any]) -> None:
    assert kind.from_json(plain) is None


def test_given_and_expect_are_read_once_and_typed() -> None:
    filtered = row("filter", expect={"operator": "eq", "form": "or-comma"})
    assert FILTER.expect_of(filtered) == FilterExpectation("eq", "or-comma")
    conditional = row("optional", given={"pointer": "/type", "none-of": ["A"]})
    condition = OPTIONAL.given_of(conditional)
    assert condition == Condition("/type", none_of=("A",))
    assert condition
    assert condition.rule() == {"pointer": "/type", "none-of": ("A",)}


def test_absence_of_a_given_has_the_meaning_that_the_record_says() -> None:
    assert OPTIONAL.given_of(row("optional")) is None
    assert OPTIONAL.given.absence == "the attribute is optional under any condition"


def test_value_of_any_kind_is_kept_as_it_stands() -> None:
    kept = row("value-kept", given={"value": [{"id": 1}]})
    assert VALUE_KEPT.given_of(kept).value == [{"id": 1}]


@pytest.mark.parametrize(
    ("about", "problem"),
    [
        pytest.param(row("filter"), "`expect` has no `operator`", id="missing"),
        pytest.param(row("filter", expect={"operator": "eq", "also": []}), "`expect` has the member `also`", id="foreign"),
        pytest.param(row("filter", expect={"operator": "ne"}), "`operator` of `expect` is 'ne'", id="another-word"),
        pytest.param(
            row("filter", expect={"operator": "gt", "form": "or-comma"}),
            "`expect` has `form` with the operator `eq`, and with no other",
            id="not-together",
        ),
        pytest.param(
            row("generated", expect={"form": "unique", "tolerate": ["absent"]}),
            "`expect` may tolerate `absent` and `base-path` of the form `location`, and nothing else",
            id="tolerates-too-much",
        ),
        pytest.param(row("attribute", expect={"type": "string"}), "`expect` has no `array`", id="one-of-two-missing"),
        pytest.param(row("mandatory", given="always"), "`given` is 'always', and has to have members", id="text"),
    ],
)  # fmt: skip
def test_row_that_says_what_it_may_not_is_a_defect_that_names_it(about: Requirement, problem: str) -> None:
    rule = rule_of(about)
    with pytest.raises(KitDefect) as raised:
        (rule.given_of(about), rule.expect_of(about))
    assert str(raised.value) == (
        f"ROW-1: a row of kind {about.kind} is not driven like this: {problem}. "
        "Report it with the contract's digest. [kit-defect]"
    )


def test_row_of_another_kind_is_not_read() -> None:
    with pytest.raises(KitDefect, match="it was read as a row of kind generated"):
        GENERATED.expect_of(row("attribute", expect={"type": "string", "array": False}))


def test_every_record_says_what_the_absence_of_each_member_means() -> None:
    for rule in (*KINDS.values(), *SCENARIOS.values()):
        for part in (rule.given, rule.expect):
            defaults = {
                field.name for field in dataclasses.fields(part.shape) if field.default is not dataclasses.MISSING
            }
            assert {member.field for member in part.members if not member.is_required} == defaults
    assert Tolerating().tolerate == ()


@pytest.mark.parametrize(
    ("look", "problem"),
    [
        pytest.param(lambda seen: seen.step(Without.LISTED), "the probe with does not declare the step 'listed'", id="step"),
        pytest.param(lambda seen: seen.facts(Marked), "the probe with does not declare the facts Marked", id="facts"),
        pytest.param(lambda seen: seen.tolerated, "such a row tolerates nothing", id="tolerance"),
    ],
)  # fmt: skip
def test_check_that_looks_at_what_is_not_declared_is_a_defect(
    look: Any, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(evidence: Evidence) -> None:
        look(evidence)

    monkeypatch.setitem(CHECKS, ATTRIBUTE, check)
    [param] = [NAME.gives(PASS, "kept", made(name="one"), read(name="one"))]
    verdict = param.values[0].verdict()
    assert verdict.outcome is Outcome.ERROR
    assert problem in verdict.remark


def test_way_to_a_state_is_the_shortest_that_the_rows_know() -> None:
    moves = known_moves(contracts.load("tmf655-v1"), "changeRequest", "/status")
    assert way(moves, "New", "Cancelled") == ["Cancelled"]
    assert way(moves, "Scheduled for Approval", "Closed") == [
        "Pending for Implementation",
        "Post Implementation Review",
        "Closed",
    ]
    assert way(moves, "Closed", "New") == []
    assert known_moves(contracts.load("tmf683-v4"), "partyInteraction", "/status") == []
