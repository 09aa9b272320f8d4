"""The table of the broken servers that the checks are known to catch: ``caught.json``, committed beside this module.

It is written by ``tmfkit-conformance selftest --write``, and every later self-test is held against it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tmfkit_models import contracts

__all__ = ["FILE", "Caught", "caught", "read", "write"]

FILE: Final = Path(__file__).with_name("caught.json")


@dataclass(frozen=True)
class Caught:
    """A broken server that the check of the requirement it breaks has caught.

    Attributes:
        words: What the server does wrong, to be read after "a server that".
        others: Ids of the other requirements that it breaks with the same thing; empty when it breaks exactly one, None
            when it was only tried with the probe of its own requirement.
    """

    words: str
    others: tuple[str, ...] | None


def caught(api: str) -> dict[str, str]:
    """Return, for each requirement with a check that is proven able to fail, what the broken server did wrong.

    Args:
        api: Id of the API.

    Returns:
        Id of the requirement → what it was, to be read after "a server that"; of several the first.
    """
    found: dict[str, str] = {}
    for variant, row in read().get(api, {}).items():
        found.setdefault(variant.partition("~")[0], row.words)
    return found


@functools.cache
def read() -> dict[str, dict[str, Caught]]:
    """Return the committed table: API → id of the broken server → what is known of it; empty where there is none."""
    if not FILE.exists():
        return {}
    plain = json.loads(FILE.read_text(encoding="utf-8"))
    return {
        api: {variant: Caught(row["words"], _ids(row["others"])) for variant, row in rows.items()}
        for api, rows in plain.items()
    }


def write(table: Mapping[str, Mapping[str, Caught]]) -> None:
    """Write the table, in the order of the APIs and of their registers."""
    plain = {
        api: {variant: {"words": row.words, "others": row.others} for variant, row in table[api].items()}
        for api in contracts.apis()
        if table.get(api)
    }
    FILE.write_text(json.dumps(plain, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    read.cache_clear()


def _ids(names: list[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(names)
