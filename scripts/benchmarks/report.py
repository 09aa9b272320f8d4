"""The results in words: a JSON file and a Markdown page."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.load import Measurement
from benchmarks.results import Results, Row, Verdict

__all__ = ["lines", "targets_table", "write_json", "write_page"]


def write_json(results: Results, file: Path) -> None:
    """Write every measurement of every round."""
    rows = [
        {
            "contestant": row.contestant,
            "scenario": row.scenario,
            "documents": row.documents,
            "per_second": round(row.per_second, 1),
            "ratio_to_bare": round(statistics.median(row.ratios), 4) if row.ratios else None,
            "rounds": [_rounded(each) for each in row.rounds],
            "yardstick": [_rounded(each) for each in row.yardstick],
        }
        for row in results.rows
    ]
    whole = {"machine": results.machine, "options": results.options, "results": rows}
    file.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


def _rounded(measurement: Measurement) -> dict[str, float]:
    return {name: round(value, 3) for name, value in asdict(measurement).items()}


def write_page(results: Results, file: Path, plot: str) -> None:
    """Write the page with the targets, the table and the plot named *plot*."""
    parts = [
        "# Benchmarks",
        "Written by `nox -s bench`; every round stands in [results.json](results.json). What limits what is said in "
        "[README.md](README.md).",
        _method(results),
        f"![Requests a second]({plot})",
        "## Targets",
        targets_table(results.verdicts()),
        "## Requests a second",
        "Median of the rounds, slowest and fastest; in brackets the median ratio to *bare*, paired by round.",
        _table(results, _rate),
        "## Waits",
        "99.9th percentile (median of the rounds) and the longest wait of all rounds, in milliseconds.",
        _table(results, _waits),
        "## Machine and versions",
        lines("| what | value |", ([name, value] for name, value in results.machine.items())),
    ]
    file.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _method(results: Results) -> str:
    options = results.options
    return (
        f"32 connections of `wrk` on one thread, {options['seconds']} s a measurement. *bare* is a `falcon.asgi` "
        "application that answers constant bytes of the same size under the same gunicorn with as many workers; it and "
        f"ours take turns for {options['rounds']} rounds, the others are measured {options['other_rounds']} times. "
        "One contestant is under load at a time. Every contestant is asked for the same documents, and its answers are "
        "checked before it is timed; Prism makes its answers up."
    )


def targets_table(verdicts: Sequence[Verdict]) -> str:
    """Return the targets with what was measured, as a Markdown table."""
    rows = []
    for verdict in verdicts:
        target = verdict.target
        of = "bare" if target.of == "bare" else "the same at the fewest documents"
        spread = f"{min(verdict.ratios):.2f} to {max(verdict.ratios):.2f}"
        outcome = "met" if verdict.is_met else "**not met**"
        what = f"{target.contestant}: {target.scenario}, {verdict.documents:,} documents"
        rows.append([what, f"{target.at_least:.2f} x {of}", f"{verdict.median:.2f}", spread, outcome])
    return lines("| what | at least | measured | spread | |", rows) if rows else "None was measured."


def _rate(row: Row) -> str:
    low, high = row.slowest_and_fastest
    ratio = f" [{statistics.median(row.ratios):.2f}]" if row.ratios else ""
    failed = f", {row.unanswered} refused or broken" if row.unanswered else ""
    return f"**{row.per_second:,.0f}** ({low:,.0f} to {high:,.0f}){ratio}{failed}"


def _waits(row: Row) -> str:
    return f"{row.p999_ms:,.1f} / {row.longest_ms:,.1f}"


def _table(results: Results, cell: Callable[[Row], str]) -> str:
    contestants = list(dict.fromkeys(row.contestant for row in results.rows))
    loads = sorted({(row.scenario, row.documents) for row in results.rows}, key=_order(results))
    rows = []
    for scenario, documents in loads:
        cells = [f"{scenario}, {documents:,}"]
        for name in contestants:
            found = [row for row in results.find(name, scenario) if row.documents == documents]
            cells.append(cell(found[0]) if found else "")
        rows.append(cells)
    return lines(f"| scenario, documents | {' | '.join(contestants)} |", rows)


def _order(results: Results) -> Callable[[tuple[str, int]], tuple[int, int]]:
    scenarios = results.scenarios()
    return lambda load: (scenarios.index(load[0]), load[1])


def lines(head: str, rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    columns = head.count("|") - 1
    body = [f"| {' | '.join(cells)} |" for cells in rows]
    return "\n".join([head, "|" + "---|" * columns, *body])
