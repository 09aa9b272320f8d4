"""The results as a picture."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.results import Results

__all__ = ["write_plot"]

_COLOURS = ("#1b6ca8", "#0b3c5d", "#3ba99c", "#8a8a8a", "#d9a441", "#c75146")


def write_plot(results: Results, file: Path) -> None:
    """Draw requests a second: a point for each scenario and contestant, at the largest number of documents.

    Points, because the length of a bar would say nothing on a logarithmic axis.
    """
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
        axes.errorbar(rates, at, xerr=[below, above], fmt="o", ms=5, lw=1.2, capsize=2, color=colour, label=name)
        for where, margin, (number, row) in zip(at, above, drawn, strict=True):
            fewer = "" if row.documents == most[number] else f"  (at {row.documents:,})"
            text = f"{row.per_second:,.0f}{fewer}"
            axes.text((row.per_second + margin) * 1.12, where, text, va="center", fontsize=7, color=colour)
    labels = [f"{scenario}\n{count:,} documents" for scenario, count in zip(scenarios, most, strict=True)]
    axes.set_yticks(range(len(scenarios)), labels)
    for number in range(1, len(scenarios)):
        axes.axhline(number - 0.5, color="#d0d0d0", lw=0.6)
    axes.set_ylim(len(scenarios) - 0.5, -0.5)
    axes.set_xscale("log")
    medians = [row.per_second for row in results.rows]
    axes.set_xlim(0.5 * max(min(medians), 1), 4 * max(medians))
    axes.set_xlabel("requests a second, logarithmic (median, slowest and fastest round)")
    axes.grid(axis="x", which="major", alpha=0.4)
    axes.set_axisbelow(True)
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    # Without the version of the drawing library, so that the file changes with the figures only.
    figure.savefig(file, dpi=110, metadata={"Software": None})
