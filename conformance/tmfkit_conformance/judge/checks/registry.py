"""Where checks are found by the kind of row they settle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tmfkit_conformance.judge.evidence import Evidence
from tmfkit_conformance.rules.rule import Kind

__all__ = ["CHECKS", "Check", "check"]

Check = Callable[[Evidence], None]
CHECKS: dict[Kind[Any, Any], Check] = {}
"""Kind of a row → what judges it."""


def check(*kinds: Kind[Any, Any]) -> Callable[[Check], Check]:
    """Register a function as the check for rows of these kinds; it leaves by raising ``OutcomeReached``."""

    def register(function: Check) -> Check:
        CHECKS.update(dict.fromkeys(kinds, function))
        return function

    return register
