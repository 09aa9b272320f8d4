"""Which broken servers a self-test tries, and which of them against the whole register."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from tmfkit_conformance.selftest.table import Caught
from tmfkit_conformance.selftest.trials import Attempt
from tmfkit_conformance.selftest.variants import SOUND, Variant, variants
from tmfkit_models.contracts import Contract

__all__ = ["Filter", "attempts", "chosen", "exemplars"]

_CANDIDATES: Final = 3


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
        if row == Caught(variant.breaks.words, ()):
            found.setdefault(contract.requirement(variant.requirement).kind, variant.id)
    return found


def attempts(
    contract: Contract, among: Collection[Variant], known: Mapping[str, Caught], *, whole: bool
) -> list[Attempt]:
    """Return what is to be tried: the sound application, and each broken one.

    A broken server is tried with the probe of its own requirement. It is tried with the whole register when it takes
    that, when it is the exemplar of its kind, when it may become that of a kind without one, or when *whole* says so of
    all.
    """
    by_kind = exemplars(contract, among, known)
    thoroughly = {*by_kind.values(), *_candidates(contract, among, known, without=by_kind)}
    thoroughly |= {one.id for one in among if one.breaks.whole}
    tried = [Attempt(contract.id, one.id, one.requirement, whole or one.id in thoroughly) for one in among]
    # The long ones first, so that no process is left alone with one of them at the end.
    return [Attempt(contract.id, SOUND, "", whole=True), *sorted(tried, key=lambda attempt: not attempt.whole)]


def _candidates(
    contract: Contract, among: Collection[Variant], known: Mapping[str, Caught], *, without: Collection[str]
) -> list[str]:
    """Return the first few broken servers of every other kind that were never tried with the whole register."""
    taken: Counter[str] = Counter()
    found = []
    for variant in among:
        kind, row = contract.requirement(variant.requirement).kind, known.get(variant.id)
        is_tried = row is not None and row.others is not None and row.words == variant.breaks.words
        if kind not in without and not is_tried and taken[kind] < _CANDIDATES:
            taken[kind] += 1
            found.append(variant.id)
    return found
