"""What a self-test of one API has shown, and what is missing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from tmfkit_conformance.selftest.choice import exemplars
from tmfkit_conformance.selftest.table import Caught
from tmfkit_conformance.selftest.trials import Trial
from tmfkit_conformance.selftest.variants import SOUND, Variant, variants
from tmfkit_models.contracts import Contract

__all__ = ["Shown"]


@dataclass(frozen=True)
class Shown:
    """The self-test of one API.

    Attributes:
        contract: The contract.
        tried: The broken servers that were tried, in the order of the register.
        sound: The run against the sound application.
        trials: Id of a broken server → what came of it.
        known: The committed table of this API.
        is_everything: Whether every broken server of the API was tried.
    """

    contract: Contract
    tried: tuple[Variant, ...]
    sound: Trial
    trials: Mapping[str, Trial]
    known: Mapping[str, Caught]
    is_everything: bool

    @classmethod
    def of(
        cls, contract: Contract, tried: Collection[Variant], trials: Iterable[Trial], known: Mapping[str, Caught]
    ) -> Self:
        """Put the trials of one API together.

        Args:
            contract: The contract.
            tried: The broken servers that were tried.
            trials: What came of each, and of the sound application.
            known: The committed table of this API.
        """
        by_id = {trial.attempt.variant: trial for trial in trials}
        sound = by_id.pop(SOUND)
        return cls(contract, tuple(tried), sound, by_id, known, is_everything=len(tried) == len(variants(contract.id)))

    def level(self, variant: Variant) -> str:
        """Return the level of the requirement that a server breaks."""
        return self.contract.requirement(variant.requirement).level

    def is_caught(self, variant: Variant) -> bool:
        """Say whether a check has caught a server; a check that fails the sound application too proves nothing."""
        return self.trials[variant.id].is_caught and variant.requirement not in self.sound.failed

    def others(self, variant: Variant) -> tuple[str, ...] | None:
        """Return the other requirements that a server breaks; None where nobody has looked at them."""
        trial, known = self.trials[variant.id], self.known.get(variant.id)
        if trial.attempt.whole:
            return tuple(row for row in trial.others if row not in self.sound.failed)
        return known.others if known is not None and known.words == variant.breaks.words else None

    @property
    def not_caught(self) -> list[Variant]:
        """The servers that were not caught."""
        return [variant for variant in self.tried if not self.is_caught(variant)]

    @property
    def counts(self) -> dict[str, int]:
        """How many of what there are: a heading of the table → the number under it."""
        others = [self.others(variant) for variant in self.tried if self.is_caught(variant)]
        return {
            "rows with a check": len({variant.requirement for variant in self.tried}),
            "broken servers": len(self.tried),
            "caught exactly": others.count(()),
            "with others": sum(bool(ids) for ids in others),
            "others not looked at": others.count(None),
            "not caught": len(self.not_caught),
        }

    def table(self) -> dict[str, Caught]:
        """Return the table of this API as this self-test has it; what was not tried stays as it was."""
        tried = {
            variant.id: Caught(variant.breaks.words, self.others(variant))
            for variant in self.tried
            if self.is_caught(variant)
        }
        missed = {variant.id for variant in self.not_caught}
        kept = {} if self.is_everything else {name: row for name, row in self.known.items() if name not in missed}
        order = {row.id: number for number, row in enumerate(self.contract.requirements)}
        merged = {**kept, **tried}
        places = sorted((order.get(name.partition("~")[0], -1), name) for name in merged)
        return {name: merged[name] for _, name in places}

    def faults(self) -> Iterator[str]:
        """Yield everything for which the self-test has not succeeded."""
        if self.sound.overall != "conformant":
            failed = ", ".join(self.sound.failed) or "something was skipped"
            yield f"{self.contract.id}: the application itself is {self.sound.overall}: {failed}"
        for variant in self.not_caught:
            if self.level(variant) == "must":
                trial = self.trials[variant.id]
                seen = f"{trial.outcome.label} {trial.remark}".strip()
                yield f"{variant.id}: no check catches a server that {variant.breaks.words} ({seen})"
        if self.is_everything:
            for kind, is_settled in self.kinds_without_exemplar().items():
                if not is_settled:
                    yield f"{self.contract.id}: no server is known yet to break exactly one requirement of kind {kind}"

    def kinds_without_exemplar(self) -> dict[str, bool]:
        """Return the kinds for which no server is caught by exactly the requirement it breaks.

        Returns:
            Kind → whether every server of the kind was tried with the whole register, so that none can be: whatever
            breaks such a requirement breaks another one that speaks of the same.
        """
        by_kind: dict[str, list[Variant]] = {}
        for variant in self.tried:
            by_kind.setdefault(self.contract.requirement(variant.requirement).kind, []).append(variant)
        exact = exemplars(self.contract, self.tried, self.table())
        missing = sorted(by_kind.keys() - exact.keys())
        return {kind: all(self.others(variant) is not None for variant in by_kind[kind]) for kind in missing}

    def stale(self) -> Iterator[str]:
        """Yield every difference from the committed table."""
        table = self.table()
        for name in sorted(set(table) | set(self.known if self.is_everything else ())):
            if name not in self.known:
                yield f"{name} is missing"
            elif self._is_other(table.get(name), self.known[name]):
                yield f"{name} differs" if name in table else f"{name} is caught no more"

    def _is_other(self, found: Caught | None, known: Caught) -> bool:
        """Say whether a row of the table is another now; a choice of servers may try one as a whole that was not."""
        if found is not None and not self.is_everything and known.others is None:
            return found.words != known.words
        return found != known
