"""Where checks are found by the kind of row they settle."""

from __future__ import annotations

from collections.abc import Callable

from tmfkit_conformance.judge.evidence import Evidence

__all__ = ["CHECKS", "Check", "check"]

Check = Callable[[Evidence], None]
CHECKS: dict[str, Check] = {}


def check(*kinds: str) -> Callable[[Check], Check]:
    """Register a function as the check for rows of these kinds; it leaves by raising ``Settled``."""

    def register(function: Check) -> Check:
        CHECKS.update(dict.fromkeys(kinds, function))
        return function

    return register
