"""What JSON Schema has against a file, said of the key that is meant and in one line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from tmfkit_codegen.load import joined

__all__ = ["meant", "objections"]

_UNEXPECTED = re.compile(r"\((?P<names>'.*') (?:was|were) unexpected\)")
_NAME = re.compile(r"'([^']*)'")


def objections(pointer: str, message: str) -> Iterator[tuple[str, str]]:
    """Yield where something is wrong and what, for one error of a validator.

    A validator finds an object at fault that has keys which it may not have; the keys are what a writer looks for.

    Args:
        pointer: Place of the value at fault.
        message: Message of the validator, perhaps followed by the schema and the value.
    """
    first = message.partition("\n")[0]
    unexpected = _UNEXPECTED.search(first)
    if unexpected is None:
        yield pointer, first
        return
    for name in _NAME.findall(unexpected["names"]):
        yield joined(pointer, name), f"no key {name!r} may stand here"


def meant(name: str, known: Iterable[str]) -> str:
    """Return what to do about a key that is not known."""
    alike = get_close_matches(name, list(known), n=1)
    return f"Did you mean {alike[0]}" if alike else "Mend the spelling, or leave it out"
