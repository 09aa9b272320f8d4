"""What the terminal shows."""

from __future__ import annotations

import io

from conformance_golden import assert_golden
from library import report
from rich.console import Console

from tmfkit_conformance.judge.verdict import Outcome
from tmfkit_conformance.report.console import RunProgress, print_summary


def summary(changed: dict[str, Outcome] | None = None) -> str:
    """Return what is printed at the end of a run."""
    printed = io.StringIO()
    print_summary(report(changed), Console(file=printed, highlight=False))
    return printed.getvalue()


def test_summary_names_every_failed_must_with_its_words_and_remark() -> None:
    # The digest is not the same with every build of zlib.
    assert_golden("summary.txt", summary().replace(report().bundle.sha256, "(digest)"))


def test_summary_of_a_conformant_run_is_short() -> None:
    assert summary({"*": Outcome.PASS}).splitlines() == [
        "CONFORMANT  library-v1 at http://library.example/library/v1",
        "Every must of the document that could be checked here holds: 11 in all. What does not apply to this target,"
        " or cannot be seen from outside, is counted below; it is no part of the verdict.",
        "",
        "must    11 passed",
        "should  1 passed",
        "may     1 passed",
        "",
        "5 exchanges in 1.2 s, contract 5f5f5f5f5f5f",
        f"bundle.zip: sha256 {report({'*': Outcome.PASS}).bundle.sha256}",
    ]


def test_summary_of_an_incomplete_run_says_what_was_lacking() -> None:
    printed = summary({"*": Outcome.PASS, "LIB1-DELETE-002": Outcome.SKIP})
    assert "INCOMPLETE" in printed
    assert "No must failed, but 1 could not be checked: the kit lacked means" in printed
    assert "1 cause, 1 row\n  1. 1 row, 1 must: The kit lacked a credential of an administrator" in printed
    assert "     A matter of configuration. Configure what it names;" in printed


def test_summary_of_a_run_that_checked_nothing_says_so() -> None:
    assert "No must was settled by a check, and nothing checked is never a pass." in summary(
        {"*": Outcome.NOT_APPLICABLE}
    )


def test_only_musts_are_said_to_have_failed() -> None:
    printed = summary({"*": Outcome.FAIL})
    assert "\nshould  1 does not hold\nmay     1 not offered\n" in printed


def test_summary_lists_errors_of_the_kit_apart() -> None:
    printed = summary({"LIB1-GET-001": Outcome.ERROR})
    assert "The kit's problem. Report it with bundle.zip; the target is not to blame." in printed
    assert "LIB1-GET-001  must, errors of the kit: A book is read with 200." in printed


def test_summary_says_what_the_first_contact_showed() -> None:
    printed = io.StringIO()
    sentence = "The smallest book is taken as the document has it."
    print_summary(report({"*": Outcome.PASS}, contact=[sentence]), Console(file=printed, highlight=False))
    assert f"\n{sentence}\n" in printed.getvalue()


def test_summary_names_what_is_left_at_the_target() -> None:
    printed = io.StringIO()
    address = "http://library.example/library/v1/book/7\x1b"
    print_summary(report({"*": Outcome.PASS}, left_behind=[address]), Console(file=printed, highlight=False))
    said = "Left behind  The kit made these at the target and could not delete them; delete them by hand.\n  http://"
    assert said in printed.getvalue()
    assert "\x1b" not in printed.getvalue()


def test_summary_cannot_drive_the_terminal() -> None:
    assert "\x1b" not in summary()


def test_progress_is_one_line_a_phase_where_nobody_watches() -> None:
    printed = io.StringIO()
    with RunProgress(Console(file=printed, force_terminal=False)) as progress:
        for done in range(3):
            progress("register", done, 2)
        progress("fuzzing", 0, 1_200)
    assert printed.getvalue() == "phase register: 2 steps\nphase fuzzing: 1,200 steps\n"


def test_progress_is_a_bar_on_a_terminal() -> None:
    printed = io.StringIO()
    with RunProgress(Console(file=printed, force_terminal=True, width=80)) as progress:
        progress("register", 1, 2)
        progress("register", 2, 2)
    assert "register" in printed.getvalue()
    assert "2/2" in printed.getvalue()
