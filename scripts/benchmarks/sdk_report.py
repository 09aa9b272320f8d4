"""What the SDK costs, in words: a JSON file and a Markdown page."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.report import lines
from benchmarks.sdk import SdkResults

__all__ = ["bounds_table", "write_sdk_json", "write_sdk_page"]


def write_sdk_json(results: SdkResults, file: Path) -> None:
    """Write every figure of every round."""
    file.write_text(json.dumps(results.written(), indent=1) + "\n", encoding="utf-8")


def write_sdk_page(results: SdkResults, file: Path) -> None:
    """Write the page with the bounds and the clients beside each other."""
    parts = [
        "# What the SDK costs",
        "Written by `nox -s bench -- --only sdk`; every round stands in [sdk.json](sdk.json).",
        "CPU time of the client's process, in rounds that take turns. The server is ours, with its store in memory; "
        "its time does not count.",
        "## Bounds",
        bounds_table(results),
        "## Beside others",
        "Calls of one server with the same records; tmforum opens a connection for each, the others keep theirs.",
        _clients_table(results),
    ]
    file.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def bounds_table(results: SdkResults) -> str:
    """Return what was measured beside what it may be, as a Markdown table."""
    rows = []
    for bound in results.bounds:
        is_ratio = len(bound.rounds) > 1
        measured = f"{bound.value:.3f}" if is_ratio else f"{bound.value:,.0f}"
        spread = f"{min(bound.rounds):.3f} to {max(bound.rounds):.3f}" if is_ratio else ""
        limit = f"{bound.at_most:,g} {'x ' if is_ratio else ''}{bound.of}".rstrip()
        rows.append([bound.what, limit, measured, spread, "met" if bound.is_met else "**not met**"])
    return lines("| what | at most | measured | spread | |", rows)


def _clients_table(results: SdkResults) -> str:
    rows = [
        [f"{name}, µs", *(f"{each.calls[name]:,.0f}" for each in results.clients)] for name in results.clients[0].calls
    ]
    rows += [
        ["import, ms", *(f"{each.import_ms:.0f}" for each in results.clients)],
        ["source, kB", *(f"{each.source_kb:,.0f}" for each in results.clients)],
        ["installed, kB", *(f"{each.installed_kb:,.0f}" for each in results.clients)],
        ["files of machine code", *(f"{each.compiled}" for each in results.clients)],
    ]
    return lines(f"| | {' | '.join(each.name for each in results.clients)} |", rows)
