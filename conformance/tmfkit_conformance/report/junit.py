"""``junit.xml``: one test case for every requirement, for the tools that show such files.

Red there means what it means to the verdict: only a must can be a failure. A should that does not hold and a may that
is not offered are shown as skipped, with the reason, and so is a row that another one blocks: none of them is a
success. The causes stand among the properties of the suite, and with each row that suffers from one. The first test
case is the verdict itself, a failure unless it is conformant: a run that could check nothing is never green.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET

from tmfkit_conformance.judge.verdict import Cause, Outcome
from tmfkit_conformance.report import wording
from tmfkit_conformance.report.legible import legible
from tmfkit_conformance.report.model import Line, Report

__all__ = ["junit_xml"]


def junit_xml(report: Report) -> bytes:
    """Return the JUnit file of a run, UTF-8."""
    elapsed = {exchange.sequence: exchange.elapsed_ms / 1000 for exchange in report.bundle.exchanges}
    suite = ET.Element("testsuite", name=report.contract.id)
    _properties(suite, report)
    suite.append(_verdict(report))
    for line in report.lines:
        seconds = sum(elapsed.get(sequence, 0.0) for sequence in line.verdict.exchanges)
        suite.append(_case(report, line, seconds, report.caused.get(line.requirement.id)))
    suite.set("tests", str(len(suite.findall("testcase"))))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(len(suite.findall(f"testcase/{tag}"))))
    suite.set("time", f"{report.seconds:.3f}")
    root = ET.Element("testsuites", name="tmfkit-conformance")
    root.append(suite)
    ET.indent(root)
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _properties(suite: ET.Element, report: Report) -> None:
    properties = ET.SubElement(suite, "properties")
    for name, value in (
        ("verdict", report.verdict),
        ("base_url", report.base_url),
        ("contract_sha256", report.contract.sha256),
        ("kit_version", report.kit_version),
        *((f"cause {number}", _cause(report, cause)) for number, cause in enumerate(report.causes, 1)),
    ):
        ET.SubElement(properties, "property", name=name, value=legible(value))


def _verdict(report: Report) -> ET.Element:
    case = ET.Element("testcase", classname=f"{report.contract.id}.verdict", name="verdict", time="0.000")
    if report.verdict != "conformant":
        said = legible(f"{wording.TITLES[report.verdict]}. {wording.in_short(report)}")
        ET.SubElement(case, "failure", message=said, type=report.verdict).text = said
    return case


def _cause(report: Report, cause: Cause) -> str:
    said = f"{wording.cause_title(report, cause)}: {cause.summary}. {wording.WHOSE[cause.whose]}. {cause.first}."
    return " ".join(said.split())


def _case(report: Report, line: Line, seconds: float, caused: tuple[int, Cause] | None) -> ET.Element:
    row = line.requirement
    case = ET.Element("testcase", classname=f"{report.contract.id}.{row.kind}", name=row.id, time=f"{seconds:.3f}")
    tag, message = _result(line)
    if tag:
        ET.SubElement(case, tag, message=legible(message), type=line.standing).text = legible(
            _details(report, line, caused)
        )
    elif line.remark:
        ET.SubElement(case, "system-out").text = legible(line.remark)
    return case


def _result(line: Line) -> tuple[str, str]:
    """Return the element that says how a line stands, empty for a pass, and its message."""
    if line.outcome is Outcome.ERROR:
        return "error", line.remark
    if line.outcome is Outcome.FAIL:
        if line.requirement.level == "must":
            return "failure", line.remark
        level = line.requirement.level
        return "skipped", f"{level}, {wording.standing(level, line.standing)}: {line.remark}"
    if line.outcome in (Outcome.SKIP, Outcome.BLOCKED, Outcome.NOT_APPLICABLE):
        return "skipped", f"{wording.STANDINGS[line.standing]}: {line.remark}"
    return "", ""


def _details(report: Report, line: Line, caused: tuple[int, Cause] | None) -> str:
    row = line.requirement
    said = [f"{row.level}: {row.text}", f"source: {wording.source(report.contract, row)}"]
    if caused:
        number, cause = caused
        said.append(f"cause {number}: {' '.join(cause.summary.split())}")
    if line.verdict.exchanges:
        said.append(f"exchanges in bundle.zip: {', '.join(map(str, line.verdict.exchanges))}")
    return "\n".join(said)
