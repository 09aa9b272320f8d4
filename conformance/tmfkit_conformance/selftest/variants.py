"""Every broken server there is: one or more for each requirement that has a check."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

from tmfkit_conformance.errors import KitDefect
from tmfkit_conformance.rules.register import rule_of
from tmfkit_conformance.selftest.breaks import BREAKERS, Break
from tmfkit_conformance.selftest.target import Target
from tmfkit_models import contracts
from tmfkit_models.contracts import Contract, Requirement

__all__ = ["SOUND", "Variant", "variants"]

SOUND = "sound"
"""In place of the id of a variant: the application as it is."""


@dataclass(frozen=True)
class Variant:
    """A server that breaks one requirement.

    Attributes:
        id: Id of the requirement; a second server for the same one has ``~2`` at the end.
        requirement: Id of the requirement.
        kind: Its kind, or ``scenario:NAME``.
        breaks: What the server does wrong.
    """

    id: str
    requirement: str
    kind: str
    breaks: Break


@functools.cache
def variants(api: str) -> tuple[Variant, ...]:
    """Return the broken servers for an API, in the order of its register.

    Raises:
        KitDefect: Nothing breaks requirements of some kind.
    """
    contract = contracts.load(api)
    rows = (row for row in contract.requirements if not row.reason)
    return tuple(variant for row in rows for variant in _of(contract, row))


def _of(contract: Contract, row: Requirement) -> Iterator[Variant]:
    rule = rule_of(row)
    if rule not in BREAKERS:
        raise KitDefect(
            row.id, f"no server is broken for requirements of the kind {rule.label}", "Add one to selftest/breaks"
        )
    target = Target(contract, row)
    found = [broken for breaker in BREAKERS[rule] if (broken := breaker(target)) is not None]
    for number, broken in enumerate(found, start=1):
        yield Variant(row.id if number == 1 else f"{row.id}~{number}", row.id, rule.label, broken)
