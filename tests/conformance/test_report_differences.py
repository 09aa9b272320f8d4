"""Verdicts side by side."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from library import report

from tmfkit_conformance.errors import UsageError
from tmfkit_conformance.judge.verdict import Outcome
from tmfkit_conformance.report import differences
from tmfkit_conformance.report.differences import Difference, SavedReport, changes, recomputed, renamed


def saved(path: Path, changed: dict[str, Outcome] | None = None, **more: Any) -> SavedReport:
    """Write a report and read it back."""
    path.write_text(json.dumps({**report(changed).to_json(), **more}), encoding="utf-8")
    return SavedReport.read(path)


def test_reports_with_the_same_verdicts_do_not_differ(tmp_path: Path) -> None:
    assert changes([saved(tmp_path / "a"), saved(tmp_path / "b")]) == ()


def test_changed_verdicts_stand_side_by_side(tmp_path: Path) -> None:
    reports = [
        saved(tmp_path / "a"),
        saved(tmp_path / "b", {"LIB1-POST-002": Outcome.PASS}),
        saved(tmp_path / "c", requirements=[]),
    ]
    assert changes(reports)[1] == Difference("LIB1-POST-002", ("fail", "pass", "(none)"))
    assert [one.requirement for one in changes(reports[:2])] == ["LIB1-POST-002"]


def test_reports_of_different_apis_are_not_compared(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the reports are about different APIs \(library-v1, other-v1\)"):
        changes([saved(tmp_path / "a"), saved(tmp_path / "b", api="other-v1")])


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"requirements": [1]}'], ids=["empty", "array", "object", "rows"])
def test_what_is_no_report_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be read as a report"):
        SavedReport.read(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param({"verdict": 5}, "verdict: 5 is not one of", id="verdict"),
        pytest.param({"verdict": "perfect"}, 'verdict: "perfect" is not one of', id="no-verdict"),
        pytest.param({"kit_version": None}, 'kit_version: null is not of type "string"', id="version"),
        pytest.param({"subject": "x"}, 'subject: "x" is not of type "object"', id="subject"),
        pytest.param({"subject": {"product": []}}, "subject/product: ", id="product"),
        pytest.param({"causes": 3}, 'causes: 3 is not of type "array"', id="causes"),
        pytest.param({"started": 5}, "started: 5 is not of type", id="started"),
        pytest.param({"interrupted": "no"}, "interrupted: ", id="interrupted"),
        pytest.param(
            {"requirements": [{"id": "A", "level": "must", "verdict": 1}]}, "requirements/0/verdict: ", id="row"
        ),
        pytest.param(
            {"requirements": [{"id": [], "level": "must", "verdict": "pass"}]}, "requirements/0/id: ", id="row-id"
        ),
        pytest.param(
            {"requirements": [{"id": "A", "level": "?", "verdict": "pass"}]}, "requirements/0/level: ", id="level"
        ),
    ],
)
def test_report_of_another_form_is_refused_and_the_member_named(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        saved(tmp_path / "report.json", **change)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("[" * 200_000, "a value has more than 200,000 objects and arrays|goes deeper", id="open-brackets"),
        pytest.param("[" * 5_000 + "]" * 5_000, "a value goes deeper than 64 levels", id="deep"),
        pytest.param('{"a": [' + "{}," * 300_000 + "{}]}", "more than 200,000 objects and arrays", id="many"),
        pytest.param('{"a": NaN}', "NaN is no JSON", id="constant"),
    ],
)
def test_report_over_a_limit_is_refused_and_the_limit_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=said):
        SavedReport.read(path)


def test_report_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(differences, "_LARGEST_BYTES", 1000)
    with pytest.raises(UsageError, match="it has more than 1,000 bytes, the most that is read"):
        saved(tmp_path / "report.json")


def test_brackets_in_texts_are_no_parts_of_a_value(tmp_path: Path) -> None:
    assert saved(tmp_path / "report.json", base_url='[{"' * 150_000).verdict == "not-conformant"


def test_missing_report_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="FileNotFoundError"):
        SavedReport.read(tmp_path / "none")


def test_recorded_verdicts_that_come_out_again_do_not_differ() -> None:
    assert recomputed(report().bundle, report().judgement) == ()


def test_every_part_of_a_recorded_verdict_counts() -> None:
    made = report()
    rows = [dict(row) for row in made.bundle.verdicts]
    rows[0]["verdict"] = "fail"
    rows[1]["remark"] = "another"
    rows[1]["exchanges"] = [9]
    del rows[2]
    rows.append({"id": "LIB1-OLD-001", "verdict": "pass"})
    assert recomputed(replace(made.bundle, verdicts=rows), made.judgement) == (
        Difference("LIB1-POST-001", ("fail", "pass")),
        Difference("LIB1-POST-002", ("fail", "fail, but for remark and exchanges")),
        Difference("LIB1-OLD-001", ("pass", "(none)")),
        Difference("LIB1-POST-003", ("(none)", "pass")),
    )


def test_outcome_that_an_older_kit_could_not_say_is_no_difference() -> None:
    made = report({"LIB1-POST-001": Outcome.BLOCKED, "LIB1-GET-001": Outcome.BLOCKED, "LIB1-PATCH-001": Outcome.FAIL})
    recorded = {"LIB1-POST-001": "skip", "LIB1-GET-001": "pass", "LIB1-PATCH-001": "skip"}
    rows = [
        {**row, "verdict": recorded.get(row["id"], row["verdict"]), "remark": "older"} for row in made.bundle.verdicts
    ]
    older = {name: value for name, value in made.bundle.run.items() if name != "outcomes"}
    bundle = replace(made.bundle, run=older, verdicts=rows)
    assert renamed(bundle, made.judgement) == ("LIB1-POST-001",)
    assert [one.requirement for one in recomputed(bundle, made.judgement)] == ["LIB1-GET-001", "LIB1-PATCH-001"]


def test_same_verdicts_under_this_kits_outcomes_have_to_be_the_same_to_the_word() -> None:
    made = report({"LIB1-POST-001": Outcome.BLOCKED})
    rows = [
        {**row, "verdict": "skip" if row["verdict"] == "blocked" else row["verdict"]} for row in made.bundle.verdicts
    ]
    bundle = replace(made.bundle, verdicts=rows)
    assert renamed(bundle, made.judgement) == ()
    assert [one.requirement for one in recomputed(bundle, made.judgement)] == ["LIB1-POST-001"]


def test_report_of_a_kit_without_causes_is_still_read(tmp_path: Path) -> None:
    plain = {name: value for name, value in report().to_json().items() if name != "causes"}
    (tmp_path / "old.json").write_text(json.dumps(plain), encoding="utf-8")
    assert SavedReport.read(tmp_path / "old.json").causes is None
