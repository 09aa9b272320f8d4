"""The results as a picture."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.results import Results

__all__ = ["write_plot"]

_COLOURS = ("#1b6ca8", "#0b3c5d", "#3ba99c", "#b0b0b0", "#d9a441", "#c75146")


def write_plot(results: Results, file: Path) -> None:
    """Draw requests a second: a bar for each scenario and contestant, at the largest number of documents."""
    scenarios = results.scenarios()
    contestants = list(dict.fromkeys(row.contestant for row in results.rows))
    most = [max(row.documents for row in results.rows if row.scenario == scenario) for scenario in scenarios]
    figure = Figure(figsize=(11, len(scenarios) * (0.3 + 0.15 * len(contestants)) + 1.5), layout="constrained")
    axes = figure.subplots()
    height = 0.85 / len(contestants)
    for place, name in enumerate(contestants):
        found = {scenario: results.find(name, scenario) for scenario in scenarios}
        drawn = [(number, found[scenario][-1]) for number, scenario in enumerate(scenarios) if found[scenario]]
        at = [number - 0.425 + height * (place + 0.5) for number, _ in drawn]
        rates = [row.per_second for _, row in drawn]
        below = [row.per_second - row.slowest_and_fastest[0] for _, row in drawn]
        above = [row.slowest_and_fastest[1] - row.per_second for _, row in drawn]
        colour = _COLOURS[place % len(_COLOURS)]
        axes.barh(at, rates, height, xerr=[below, above], label=name, color=colour, error_kw={"lw": 0.8})
        for where, margin, (number, row) in zip(at, above, drawn, strict=True):
            fewer = "" if row.documents == most[number] else f"  (at {row.documents:,})"
            axes.text((row.per_second + margin) * 1.05, where, f"{row.per_second:,.0f}{fewer}", va="center", fontsize=7)
    labels = [f"{scenario}\n{count:,} documents" for scenario, count in zip(scenarios, most, strict=True)]
    axes.set_yticks(range(len(scenarios)), labels)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlim(1, 3 * max(row.slowest_and_fastest[1] for row in results.rows))
    axes.set_xlabel("requests a second (median, slowest and fastest round)")
    axes.grid(axis="x", which="major", alpha=0.4)
    axes.set_axisbelow(True)
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    # Without the version of the drawing library, so that the file changes with the figures only.
    figure.savefig(file, dpi=110, metadata={"Software": None})
