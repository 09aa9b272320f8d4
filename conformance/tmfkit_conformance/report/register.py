"""The register in words, without a run: what is demanded, by what it is checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from tmfkit_conformance.plan import plan
from tmfkit_conformance.report import wording
from tmfkit_conformance.rules.rule import LEVELS, Case
from tmfkit_models.contracts import Contract, Requirement

__all__ = ["api_lines", "columns", "explain_lines", "plan_lines", "requirement_lines"]


def columns(rows: Iterable[Sequence[str]]) -> list[str]:
    """Return one line for each row, its cells set under each other; the last cell is as long as it is."""
    table = [list(row) for row in rows]
    widths = [max(len(row[index]) for row in table) for index in range(len(table[0]))] if table else []
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]


def api_lines(contracts: Iterable[Contract]) -> list[str]:
    """Return a line for each API: its id, its document, how many requirements of each level."""
    return columns(
        (
            contract.id,
            f"{contract.title}, release {contract.release}",
            ", ".join(_by_level(contract.requirements)),
            contract.base_path,
        )
        for contract in contracts
    )


def requirement_lines(rows: Iterable[Requirement]) -> list[str]:
    """Return a line for each requirement."""
    return columns((row.id, row.level, row.kind, row.operation, row.text) for row in rows)


def plan_lines(contract: Contract) -> list[str]:
    """Return which probe settles which row, and the counts."""
    cases = plan(contract)
    probes = {case.probe for case in cases if case.probe}
    open_rows = [case.requirement for case in cases if case.probe is None]
    lines = columns(
        (case.requirement.id, case.requirement.level, case.requirement.kind, _settled_by(case)) for case in cases
    )
    settled = [case.requirement for case in cases if case.probe]
    return [
        *lines,
        "",
        f"{wording.plural(len(cases), 'row')}; {wording.plural(len(probes), 'probe')}",
        f"settled by a probe: {', '.join(_by_level(settled))}",
        f"not settleable from outside: {', '.join(_by_level(open_rows))}",
    ]


def explain_lines(contract: Contract, row: Requirement) -> Iterator[str]:
    """Say everything that is known about one requirement."""
    case = next(case for case in plan(contract) if case.requirement is row)
    yield f"{row.id}  {row.level}, {row.kind}"
    yield row.text
    yield ""
    yield f"Operation  {row.operation}: {wording.operation_title(contract, row.operation)}"
    if row.subject:
        yield f"Subject    {row.subject}"
    yield f"Source     {wording.source(contract, row)}"
    yield f"Basis      {row.basis}"
    if case.probe is None:
        yield f"Check      none: {row.reason}"
    else:
        yield f"Check      {wording.check(row)}"
        yield f"Probe      {_settled_by(case)}"
    yield from _conditions(row)
    for erratum in contract.errata:
        if erratum.id in row.errata:
            yield ""
            yield f"{erratum.id}  {erratum.kind}, lines {erratum.lines}"
            yield erratum.what
            yield from (f"  - {reading}" for reading in erratum.readings)
            yield f"Ours       {erratum.ours}"
            if erratum.tolerated:
                yield f"Also taken {erratum.tolerated}"


def _conditions(row: Requirement) -> Iterator[str]:
    if row.given:
        yield f"Given      {_said(row.given)}"
    if row.expect:
        yield f"Expected   {_said(row.expect)}"


def _said(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return "; ".join(f"{name} {_said(part)}" for name, part in value.items())
    return str(value)


def _settled_by(case: Case) -> str:
    if case.probe is None:
        return f"none: {case.requirement.reason}"
    return f"{case.probe.key}, step {case.step}" if case.step else case.probe.key


def _by_level(rows: Iterable[Requirement]) -> list[str]:
    counted = Counter(row.level for row in rows)
    return [f"{counted[level]:,} {level}" for level in LEVELS]
