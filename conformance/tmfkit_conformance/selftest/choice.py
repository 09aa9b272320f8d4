"""Which broken servers a self-test tries, and which of them against the whole register."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tmfkit_conformance.selftest.table import Caught
from tmfkit_conformance.selftest.trials import Attempt
from tmfkit_conformance.selftest.variants import SOUND, Variant, variants
from tmfkit_models.contracts import Contract

__all__ = ["Filter", "attempts", "chosen", "exemplars"]


@dataclass(frozen=True)
class Filter:
    """What of all broken servers is wanted; everything where nothing is said.

    Attributes:
        kinds: Kinds of requirements.
        requirements: Ids of requirements.
        sample: How many of each kind; None for all.
    """

    kinds: Collection[str] = ()
    requirements: Collection[str] = ()
    sample: int | None = None


def chosen(contract: Contract, wanted: Filter) -> list[Variant]:
    """Return the broken servers of an API that are wanted."""
    taken: Counter[str] = Counter()
    found = []
    for variant in variants(contract.id):
        kind = contract.requirement(variant.requirement).kind
        if wanted.kinds and kind not in wanted.kinds:
            continue
        if wanted.requirements and variant.requirement not in wanted.requirements:
            continue
        taken[kind] += 1
        if wanted.sample is None or taken[kind] <= wanted.sample:
            found.append(variant)
    return found


def exemplars(contract: Contract, among: Collection[Variant], known: Mapping[str, Caught]) -> dict[str, str]:
    """Return, for each kind, the first broken server that is known to break exactly one requirement.

    Returns:
        Kind → id of the broken server; a kind of which none is known is left out.
    """
    found: dict[str, str] = {}
    for variant in among:
        row = known.get(variant.id)
        if row is not None and not row.others:
            found.setdefault(contract.requirement(variant.requirement).kind, variant.id)
    return found


def attempts(
    contract: Contract, among: Collection[Variant], known: Mapping[str, Caught], *, whole: bool
) -> list[Attempt]:
    """Return what is to be tried: the sound application, and each broken one.

    A broken server is tried with the probe of its own requirement; with the whole register when it is the exemplar of
    its kind, when the table does not know it, or when *whole* says so of all.
    """
    by_kind = set(exemplars(contract, among, known).values())
    news = {one.id for one in among if one.id not in known or known[one.id].words != one.breaks.words}
    tried = [Attempt(contract.id, one.id, one.requirement, whole or one.id in by_kind | news) for one in among]
    # The long ones first, so that no process is left alone with one of them at the end.
    return [Attempt(contract.id, SOUND, "", whole=True), *sorted(tried, key=lambda attempt: not attempt.whole)]
