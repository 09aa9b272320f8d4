"""What a vendor declared beside what was found: which waivers are needed, which claims are met."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from tmfkit_conformance.declarations.claims import Claim, claimable
from tmfkit_conformance.declarations.waivers import Waiver
from tmfkit_conformance.judge.verdict import Cause, Outcome
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_models.contracts import Contract

__all__ = ["Declared", "offered"]

_PASSED: Final = frozenset({Outcome.PASS, Outcome.PASS_WITH_REMARK})
_OPEN: Final = frozenset({Outcome.SKIP, Outcome.BLOCKED, Outcome.FAIL, Outcome.ERROR})


@dataclass(frozen=True)
class Declared:
    """The waivers and claims of a run, held against its outcomes.

    Attributes:
        waivers: Every waiver, in the order of its file.
        needless: Waived rows that hold.
        met: Claims of which a row holds, and none fails.
        unmet: Claims of which a row fails, or which the target does not offer.
        untested: Claims that nothing was settled about, so that they are not shown to hold.
        unclaimed: What is there and was not claimed; empty where nothing was claimed at all.
    """

    waivers: tuple[Waiver, ...]
    needless: tuple[str, ...]
    met: tuple[Claim, ...]
    unmet: tuple[Claim, ...]
    untested: tuple[Claim, ...]
    unclaimed: tuple[Claim, ...]

    @classmethod
    def of(cls, bundle: Bundle, contract: Contract, outcomes: Mapping[str, Outcome]) -> Declared:
        """Hold what a bundle says was declared against outcomes: id of the requirement → outcome."""
        waivers = tuple(Waiver.from_json(plain) for plain in bundle.run.get("waivers", ()))
        claims = [Claim(**plain) for plain in bundle.run.get("claims", ())]
        rows = claimable(contract)
        stands = {claim: _stands([outcomes[row] for row in rows.get(claim, ())]) for claim in {*claims, *rows}}
        return cls(
            waivers=waivers,
            needless=tuple(one.row for one in waivers if outcomes.get(one.row) in _PASSED),
            met=tuple(claim for claim in claims if stands[claim] is True),
            unmet=tuple(claim for claim in claims if stands[claim] is False),
            untested=tuple(claim for claim in claims if stands[claim] is None),
            unclaimed=tuple(claim for claim in rows if claims and claim not in claims and stands[claim] is True),
        )

    @property
    def is_kept(self) -> bool:
        """Whether no waiver is needless, and every claim was shown to be met."""
        return not (self.needless or self.unmet or self.untested)

    def excuses(self, decisive: Mapping[str, Outcome], causes: Iterable[Cause]) -> bool:
        """Say whether waivers answer for everything that keeps a run from being conformant.

        A row that is blocked needs no waiver of its own where the row that its cause starts from has one.

        Args:
            decisive: Id of every must → its outcome.
            causes: The causes of the run.
        """
        waived = {waiver.row for waiver in self.waivers}
        roots = {row: cause.root for cause in causes for row in cause.rows}
        left_open = [row for row, outcome in decisive.items() if outcome in _OPEN and row not in waived]
        excused = all(decisive[row] is Outcome.BLOCKED and roots.get(row) in waived for row in left_open)
        return excused and any(outcome in _PASSED for outcome in decisive.values())

    def to_json(self) -> dict[str, Any]:
        """Return the waivers and claims as ``report.json`` has them."""
        return {
            "waivers": [{**waiver.to_json(), "needed": waiver.row not in self.needless} for waiver in self.waivers],
            "claims": {
                name: [asdict(claim) for claim in getattr(self, name)]
                for name in ("met", "unmet", "untested", "unclaimed")
            },
        }


def offered(contract: Contract, outcomes: Mapping[str, Outcome]) -> list[Claim]:
    """Return everything that can be claimed and is there, by outcomes: id of the requirement → outcome."""
    return [claim for claim, rows in claimable(contract).items() if _stands([outcomes[row] for row in rows]) is True]


def _stands(outcomes: Sequence[Outcome]) -> bool | None:
    """Say whether a claim is met by the outcomes of its rows; None where nothing was settled.

    What the document leaves to a target, and the target does not offer, is no failure of a row; of a claim it is one.
    """
    if Outcome.FAIL in outcomes:
        return False
    if any(outcome in _PASSED for outcome in outcomes):
        return True
    return False if Outcome.NOT_APPLICABLE in outcomes else None
