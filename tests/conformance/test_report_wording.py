"""Words that reports share."""

from __future__ import annotations

import pytest
from library import library

from tmfkit_conformance.report.wording import operation_title, plural
from tmfkit_conformance.rules.register import KINDS


@pytest.mark.parametrize(
    ("name", "title"),
    [("createBook", "POST /book"), ("BookCreateEvent", "notification"), ("*", "every notification")],
)
def test_operation_of_a_row_is_named_by_what_it_is(name: str, title: str) -> None:
    assert operation_title(library(), name) == title


def test_every_kind_of_row_has_words_for_its_check() -> None:
    assert all(kind.words and not kind.words.endswith(".") for kind in KINDS.values())


@pytest.mark.parametrize(("count", "said"), [(0, "0 musts"), (1, "1 must"), (1204, "1,204 musts")])
def test_plural_follows_the_count(count: int, said: str) -> None:
    assert plural(count, "must") == said
