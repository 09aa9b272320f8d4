"""``junit.xml``."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from conformance_golden import assert_golden
from library import HOSTILE, report

from tmfkit_conformance.judge.verdict import Outcome
from tmfkit_conformance.report.junit import junit_xml


def test_junit_file_has_a_case_for_every_requirement() -> None:
    assert_golden("junit.xml", junit_xml(report()).decode())


def test_junit_file_is_well_formed_whatever_the_target_sent() -> None:
    suite = ET.fromstring(junit_xml(report(base_url=HOSTILE, kit_version=HOSTILE))).find("testsuite")
    assert suite is not None
    assert len(suite.findall("testcase")) == int(suite.attrib["tests"]) == 14


def test_junit_counts_match_its_cases() -> None:
    suite = ET.fromstring(junit_xml(report({"LIB1-GET-001": Outcome.ERROR}))).find("testsuite")
    assert suite is not None
    counted = {tag: len(suite.findall(f"testcase/{tag}")) for tag in ("failure", "error", "skipped")}
    assert counted == {"failure": 4, "error": 1, "skipped": 4}
    assert [suite.attrib[name] for name in ("failures", "errors", "skipped")] == ["4", "1", "4"]


def test_only_a_must_is_a_failure() -> None:
    suite = ET.fromstring(junit_xml(report()))
    case = suite.find("testsuite/testcase[@name='LIB1-POST-004']/skipped")
    assert case is not None
    assert case.attrib["message"] == "should, does not hold: There is no Location header"


def test_blocked_row_is_no_success_and_names_its_cause() -> None:
    suite = ET.fromstring(junit_xml(report({"LIB1-POST-003": Outcome.BLOCKED})))
    case = suite.find("testsuite/testcase[@name='LIB1-POST-003']/skipped")
    assert case is not None
    assert (case.attrib["type"], case.attrib["message"]) == ("blocked", "blocked: ")
    assert "cause " in (case.text or "")


def test_causes_stand_among_the_properties() -> None:
    properties = ET.fromstring(junit_xml(report())).findall("testsuite/properties/property")
    causes = {one.attrib["name"]: one.attrib["value"] for one in properties if one.attrib["name"].startswith("cause")}
    assert causes["cause 1"].startswith("1 row, 1 must: POST /book got no answer (ReadTimeout: timed out).")
    assert len(causes) == len(report().causes)


@pytest.mark.parametrize(
    ("changed", "is_green"),
    [
        pytest.param({"*": Outcome.PASS}, True, id="conformant"),
        pytest.param({"*": Outcome.SKIP}, False, id="no-credentials"),
        pytest.param({"*": Outcome.PASS, "LIB1-GET-001": Outcome.SKIP}, False, id="one-skipped"),
        pytest.param({"*": Outcome.PASS, "LIB1-GET-001": Outcome.BLOCKED}, False, id="one-blocked"),
        pytest.param({"*": Outcome.NOT_APPLICABLE}, False, id="nothing-checked"),
        pytest.param({"*": Outcome.PASS, "LIB1-GET-001": Outcome.FAIL}, False, id="one-failed"),
    ],
)
def test_junit_file_is_green_only_where_the_run_is_conformant(changed: dict[str, Outcome], *, is_green: bool) -> None:
    suite = ET.fromstring(junit_xml(report(changed))).find("testsuite")
    assert suite is not None
    assert (int(suite.attrib["failures"]) + int(suite.attrib["errors"]) == 0) is is_green


def test_interrupted_run_is_not_green() -> None:
    first = ET.fromstring(junit_xml(report({"*": Outcome.PASS}, interrupted="SIGTERM"))).find("testsuite/testcase")
    assert first is not None
    assert (first.attrib["name"], len(first.findall("failure"))) == ("verdict", 1)
