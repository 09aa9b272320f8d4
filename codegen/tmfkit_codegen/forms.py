"""What JSON Schema has against a file, said of the key that is meant and in one line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from tmfkit_codegen.load import joined, names

__all__ = ["meant", "objections"]

_UNEXPECTED = re.compile(r"\((?P<names>'.*') (?:was|were) unexpected\)")
_NAME = re.compile(r"'([^']*)'")
_FOREIGN = "no key {!r} may stand here"
_FORBIDDEN = re.compile(r"False schema does not allow ")
_MISSING = re.compile(r"""(?P<quote>["'])(?P<name>.*)(?P=quote) is a required property""")


def objections(pointer: str, message: str) -> Iterator[tuple[str, str]]:
    """Yield where something is wrong and what, for one error of a validator.

    A validator finds an object at fault that has keys which it may not have; the keys are what a writer looks for.

    Args:
        pointer: Place of the value at fault.
        message: Message of the validator, perhaps followed by the schema and the value.
    """
    first = message.partition("\n")[0]
    if unexpected := _UNEXPECTED.search(first):
        for name in _NAME.findall(unexpected["names"]):
            yield joined(pointer, name), _FOREIGN.format(name)
    elif _FORBIDDEN.match(first):
        yield pointer, _FOREIGN.format(names(pointer)[-1])
    elif missing := _MISSING.fullmatch(first):
        yield pointer, f"the key {missing['name']!r} is missing"
    else:
        yield pointer, first


def meant(name: str, known: Iterable[str]) -> str:
    """Return what to do about a key that is not known."""
    alike = get_close_matches(name, list(known), n=1)
    return f"Did you mean {alike[0]}" if alike else "Mend the spelling, or leave it out"
