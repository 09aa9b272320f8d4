"""What a vendor declared beside what was found: which waivers are needed, which claims are met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from tmfkit_conformance.declarations.claims import Claim, claimable
from tmfkit_conformance.declarations.waivers import Waiver
from tmfkit_conformance.judge.verdict import Outcome
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_models.contracts import Contract

__all__ = ["Declared", "offered"]

_PASSED: Final = frozenset({Outcome.PASS, Outcome.PASS_WITH_REMARK})


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

    def excuses(self, decisive: Mapping[str, Outcome]) -> bool:
        """Say whether waivers answer for every must that failed, in a run that showed one to hold.

        Args:
            decisive: Id of every must → its outcome.
        """
        waived = {waiver.row for waiver in self.waivers}
        failed = {row for row, outcome in decisive.items() if outcome is Outcome.FAIL}
        return failed <= waived and any(outcome in _PASSED for outcome in decisive.values())

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
