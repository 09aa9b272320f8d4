"""Measure the package ``tmforum`` where it is installed, and print the figures as JSON."""

from __future__ import annotations

import json
import logging
import statistics
import sys
from itertools import count

from tmforum import Context, Customer, PartyRef  # type: ignore[import-not-found]

from benchmarks.client_costs import compiled, import_ms, kilobytes, needed, sources, turns

__all__ = ["main"]


def main() -> None:
    """Measure; the first argument is the URL of a server that holds customers, the second how many to list."""
    context = Context(api_base_url=sys.argv[1])
    context.headers = {"Content-Type": "application/json", "Accept": "application/json"}
    logging.disable(logging.INFO)
    number, limit = count(), sys.argv[2]
    made = _new().create(context)
    listed = Customer.query_get(f"limit={limit}", context)
    if not (isinstance(made, Customer) and len(listed) == int(limit) and made.read(context).name == "Club"):
        sys.exit(f"tmforum did not make or read a customer: {made!r}")
    calls = turns(
        {
            "GET": lambda: made.read(context),
            "create": lambda: _new().create(context),
            "update": lambda: made.update({"name": f"{next(number)}"}, context),
        },
        100,
    )
    calls |= turns({"list of 100": lambda: Customer.query_get(f"limit={limit}", context)}, 10)
    found = {
        "calls": {name: statistics.median(rounds) for name, rounds in calls.items()},
        "import_ms": statistics.median(import_ms("import tmforum")[0]),
        "source_kb": kilobytes(sources("tmforum")),
        "installed_kb": kilobytes(needed("tmforum")),
        "compiled": compiled(needed("tmforum")),
    }
    print(json.dumps(found))


def _new() -> Customer:
    return Customer(name="Club", engagedParty=PartyRef(id="500"))
