"""Text of a target, made safe to show."""

from __future__ import annotations

import pytest
from library import HOSTILE

from tmfkit_conformance.report.legible import legible, one_line, shortened


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("Grüße, 你好 🙂", "Grüße, 你好 🙂", id="any-language"),
        pytest.param("a\tb\nc", "a\tb\nc", id="blanks"),
        pytest.param("a\rb", r"a\rb", id="carriage-return"),
        pytest.param("\x1b[2J", r"\x1b[2J", id="terminal-sequence"),
        pytest.param("\x9b2J", r"\x9b2J", id="terminal-sequence-in-one-character"),
        pytest.param("\ud800", r"\ud800", id="lone-surrogate"),
        pytest.param("\u202eabc", r"\u202eabc", id="writing-direction"),
        pytest.param("\u2066abc", r"\u2066abc", id="isolate"),
        pytest.param("\uffff", r"\uffff", id="no-character"),
    ],
)
def test_legible_escapes_only_what_cannot_be_shown(text: str, shown: str) -> None:
    assert legible(text) == shown


def test_one_line_has_no_line_ends() -> None:
    assert one_line(" a\n  b\tc ") == "a b c"


def test_shortened_never_exceeds_its_limit() -> None:
    assert shortened("abcdef", 4) == "abc…"
    assert shortened("abcd", 4) == "abcd"


def test_hostile_text_can_be_encoded_once_legible() -> None:
    assert legible(HOSTILE).encode() == rb"<script>alert('x')</script> \x1b[31m \x00 \ud800 \u202e &amp; ]]>"
