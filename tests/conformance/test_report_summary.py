"""``summary.md``."""

from __future__ import annotations

from conformance_golden import assert_golden
from library import HOSTILE, report

from tmfkit_conformance.judge.verdict import Outcome
from tmfkit_conformance.report.summary import summary_markdown


def test_summary_says_verdict_counts_and_causes() -> None:
    text = summary_markdown(report())
    digest = f"`{report().bundle.sha256[:16]}…`"  # not the same with every build of zlib
    assert digest in text
    assert_golden("summary.md", text.replace(digest, "`…`"))


def test_summary_of_a_conformant_run_names_no_cause() -> None:
    text = summary_markdown(report({"*": Outcome.PASS}))
    assert text.startswith("## Conformant: LIB1 Library API Specification, release 1.0\n")
    assert "cause" not in text


def test_summary_is_safe_whatever_the_target_sent() -> None:
    waiver = {"row": "LIB1-POST-002", "reason": HOSTILE, "owner": "@all", "expires": "2099-01-31", "issue": "#1"}
    text = summary_markdown(report(base_url=HOSTILE, waivers=[waiver]))
    assert [part in text for part in ("<script>", "\x1b", "\x00", "\u202e", " @all", " #1")] == [False] * 6
