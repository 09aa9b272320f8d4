"""From what was recorded and the verdicts to causes: one for all rows that suffer from one thing, with its root.

A pure function, like all of the judge. A row that a topmost row of the same cause says already is blocked by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tmfkit_conformance.judge.remedies import remedy
from tmfkit_conformance.judge.symptoms import Symptom, symptom
from tmfkit_conformance.judge.traces import Traces
from tmfkit_conformance.judge.verdict import Cause, Outcome, Verdict, Whose
from tmfkit_conformance.record.bundle import Bundle
from tmfkit_conformance.rules.attributes import ATTRIBUTE, VALUES
from tmfkit_conformance.rules.rule import LEVELS, Case
from tmfkit_conformance.rules.updates import PATCH_LASTS, PATCHABLE
from tmfkit_models.contracts import Contract, Requirement

__all__ = ["traced"]

_OF_ATTRIBUTES: Final = frozenset({ATTRIBUTE.name, VALUES.name, PATCHABLE.name})
_CREDENTIALS: Final = frozenset({401, 403, 407})


@dataclass(frozen=True, slots=True)
class _Suffering:
    """A row that is not settled."""

    case: Case
    verdict: Verdict
    symptom: Symptom

    @property
    def row(self) -> Requirement:
        """The row."""
        return self.case.requirement

    @property
    def is_failure(self) -> bool:
        """Whether it failed, and what fails is more than an option."""
        return self.verdict.outcome is Outcome.FAIL and self.row.level != "may"


def traced(
    bundle: Bundle, contract: Contract, cases: Sequence[Case], verdicts: Iterable[Verdict]
) -> tuple[tuple[Verdict, ...], tuple[Cause, ...]]:
    """Find the causes of what was not settled.

    Args:
        bundle: What was recorded.
        contract: The contract.
        cases: The plan.
        verdicts: A verdict for every case.

    Returns:
        The verdicts, those blocked that the root of their cause says already; and the causes: breakdowns of the target
        first, then those over which a row failed, then the open ones, the largest first.
    """
    given = {verdict.requirement: verdict for verdict in verdicts}
    traces = Traces(bundle, contract)
    groups: dict[tuple[str, ...], list[_Suffering]] = {}
    for case in cases:
        verdict = given[case.requirement.id]
        if verdict.outcome >= Outcome.SKIP:
            one = _Suffering(case, verdict, symptom(case, verdict, traces))
            groups.setdefault(one.symptom.key, []).append(one)
    causes = []
    for group in groups.values():
        if _is_an_option(group):
            continue
        root = _root(group)
        given.update({one.row.id: _below(one, root) for one in group if root})
        causes.append(_cause(group, root, traces))
    return tuple(given.values()), tuple(sorted(causes, key=_rank))


def _is_an_option(group: Sequence[_Suffering]) -> bool:
    """Say whether rows suffer from no more than that an option is not offered: they fail, or what hangs on it does."""
    outcomes = {one.verdict.outcome for one in group}
    is_optional = all(one.row.level == "may" and not one.symptom.is_crash for one in group)
    return is_optional and Outcome.FAIL in outcomes <= {Outcome.FAIL, Outcome.BLOCKED}


def _rank(cause: Cause) -> tuple[bool, bool, bool, int, int]:
    is_open = not cause.is_failure and cause.whose != "kit"
    return not cause.is_crash, is_open, cause.whose != "kit", LEVELS.index(cause.level), -len(cause.rows)


def _root(group: Sequence[_Suffering]) -> _Suffering | None:
    """Return the row that says it: of those that failed, at the highest level, the one that is about nothing else."""
    failed = [one for one in group if one.is_failure]
    return min(failed, key=_fitness, default=None)


def _fitness(one: _Suffering) -> tuple[int, bool, bool, int]:
    """Return how well a row says what its symptom is, the best the least; then the order of the register counts."""
    row, subject = one.row, one.row.subject
    lost = one.symptom.lost
    names_it = bool(lost) and subject == lost
    is_around = bool(subject) and f"{lost}/".startswith(f"{subject}/") and row.kind in _OF_ATTRIBUTES
    speaks_of_it = subject.rpartition("/")[2] in one.symptom.words if subject else False
    says_all = row.scenario == PATCH_LASTS.name
    return LEVELS.index(row.level), not (names_it or speaks_of_it), not (says_all or is_around), subject.count("/")


def _below(one: _Suffering, root: _Suffering) -> Verdict:
    """Return the verdict of a row: it is blocked where the root of its cause says already what it would say."""
    verdict = one.verdict
    is_said = one is not root and one.is_failure and (_is_inside(one, root) or _has_no_patch(one))
    if is_said:
        verdict = replace(verdict, outcome=Outcome.BLOCKED)
    if verdict.outcome is Outcome.BLOCKED and one is not root:
        return replace(verdict, remark=f"Blocked by {root.row.id}: {verdict.remark}")
    return verdict


def _is_inside(one: _Suffering, root: _Suffering) -> bool:
    """Say whether a row speaks of a member of what was lost as a whole, which the root says."""
    lost = one.symptom.lost
    is_below = bool(lost) and f"{one.row.subject}/".startswith(f"{lost}/") and one.row.subject != lost
    return is_below and one.row.kind in _OF_ATTRIBUTES and f"{lost}/".startswith(f"{root.row.subject}/")


def _has_no_patch(one: _Suffering) -> bool:
    """Say whether a row failed because no patch at all takes effect."""
    return one.symptom.key[0] == "idle"


def _cause(group: Sequence[_Suffering], root: _Suffering | None, traces: Traces) -> Cause:
    shown = root or group[0]
    found = shown.symptom
    ordered = [shown, *(one for one in group if one is not shown)]
    whose = _whose(shown)
    before = traces.before(found.exchange) if found.is_crash else None
    return Cause(
        summary=found.summary,
        whose=whose,
        first=remedy([one.case for one in ordered], found, traces)
        or _first(whose, shown, before.sequence if before else 0),
        root=root.row.id if root else "",
        rows=tuple(one.row.id for one in ordered),
        level=min((one.row.level for one in group), key=LEVELS.index),
        is_failure=root is not None,
        is_crash=found.is_crash,
        operation=found.operation,
        status=found.status,
        words=found.words,
        exchanges=tuple(number for number in (before.sequence if before else 0, found.exchange) if number),
    )


def _whose(shown: _Suffering) -> Whose:
    if shown.verdict.outcome is Outcome.ERROR:
        return "kit"
    if shown.verdict.outcome is not Outcome.SKIP:
        return "configuration" if shown.symptom.status in _CREDENTIALS else "target"
    return "document" if shown.verdict.remark.startswith("the contract has no ") else "configuration"


_FIRST: Final[Mapping[Whose, str]] = {
    "kit": "Report it with bundle.zip; the target is not to blame",
    "document": "Nothing: the document has nothing that this row could start from",
    "configuration": "Configure what it names; the command init writes a file that explains every setting",
}


def _first(whose: Whose, shown: _Suffering, before: int) -> str:
    """Return the first thing to do about a cause."""
    if whose != "target":
        return _FIRST[whose]
    number = shown.symptom.exchange
    if shown.symptom.is_crash:
        earlier = f"; exchange {before} came before it" if before else ""
        return f"Look into the target's own log for exchange {number}{earlier}"
    return f"Send exchange {number} again by hand and compare with {shown.row.id}" if number else f"See {shown.row.id}"
