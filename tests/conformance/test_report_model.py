"""The report as data, and ``report.json``."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from conformance_golden import assert_golden
from library import library, report

from tmfkit_conformance.errors import KitDefect
from tmfkit_conformance.judge.verdict import Judgement, Outcome
from tmfkit_conformance.report.model import Report


def test_report_json_says_everything() -> None:
    plain = report().to_json()
    digest = plain.pop("bundle_sha256")  # not the same with every build of zlib
    assert digest == report().bundle.sha256
    assert_golden("report.json", json.dumps(plain, indent=1) + "\n")


def test_report_json_is_the_same_for_the_same_bundle() -> None:
    assert json.dumps(report().to_json()) == json.dumps(report().to_json())


@pytest.mark.parametrize(
    ("changed", "verdict", "exit_status"),
    [
        pytest.param({"*": Outcome.PASS}, "conformant", 0, id="all-pass"),
        pytest.param({"*": Outcome.PASS, "LIB1-POST-004": Outcome.FAIL}, "conformant", 0, id="a-should-fails"),
        pytest.param({"*": Outcome.PASS, "LIB1-POST-002": Outcome.FAIL}, "not-conformant", 1, id="a-must-fails"),
        pytest.param({"*": Outcome.PASS, "LIB1-POST-002": Outcome.SKIP}, "incomplete", 1, id="a-must-is-skipped"),
        pytest.param({"*": Outcome.PASS, "LIB1-POST-002": Outcome.BLOCKED}, "incomplete", 1, id="a-must-is-blocked"),
        pytest.param({"*": Outcome.NOT_APPLICABLE}, "incomplete", 1, id="nothing-checked"),
        pytest.param({"*": Outcome.PASS, "LIB1-POST-002": Outcome.ERROR}, "incomplete", 4, id="the-kit-fails"),
        pytest.param({"*": Outcome.PASS, "LIB1-GET-003": Outcome.ERROR}, "conformant", 4, id="the-kit-fails-in-a-may"),
    ],
)
def test_verdict_and_exit_status_follow_the_outcomes(
    changed: dict[str, Outcome], verdict: str, exit_status: int
) -> None:
    made = report(changed)
    assert (made.verdict, made.exit_status) == (verdict, exit_status)


def test_rows_that_nothing_can_settle_are_counted_apart() -> None:
    assert report().counts("must") == {
        "not-applicable": 0,
        "pass": 5,
        "pass-with-remark": 1,
        "skip": 1,
        "blocked": 0,
        "fail": 3,
        "error": 0,
        "not-settleable": 1,
    }


def test_every_row_that_is_not_settled_is_led_back_to_a_cause() -> None:
    plain = report().to_json()
    number = {row: cause["number"] for cause in plain["causes"] for row in cause["rows"]}
    open_rows = [row for row in plain["requirements"] if row["verdict"] in ("skip", "blocked", "fail", "error")]
    assert [row["cause"] for row in open_rows] == [number[row["id"]] for row in open_rows]
    assert all(cause["count"] == len(cause["rows"]) for cause in plain["causes"])


def test_interrupted_run_is_incomplete_whatever_was_found() -> None:
    made = report(interrupted=True)
    assert (made.verdict, made.exit_status, made.to_json()["interrupted"]) == ("incomplete", 3, True)


def test_defect_of_the_kit_decides_the_exit_status_of_an_interrupted_run_too() -> None:
    assert report({"LIB1-POST-001": Outcome.ERROR}, interrupted=True).exit_status == 4


def test_a_row_without_a_verdict_is_a_defect_of_the_kit() -> None:
    made = report()
    judgement = Judgement(made.judgement.verdicts[1:])
    with pytest.raises(KitDefect) as caught:
        Report.of(made.bundle, judgement, library())
    assert str(caught.value) == "LIB1-POST-001: the judge gave no verdict. Report it with the bundle. [kit-defect]"


def test_what_a_bundle_does_not_say_is_left_empty() -> None:
    made = report()
    bare = Report.of(replace(made.bundle, run={}), made.judgement, library())
    assert (bare.base_url, bare.kit_version, bare.phases, bare.dialect, bare.seconds) == ("", "", (), {}, 0.0)
