"""Finding the row of the register that a violated rule is stated in."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tmfkit_models.contracts import Contract, Operation

__all__ = ["Citations"]

_INDEX = re.compile(r"/\d+(?=/|$)")


class Citations:
    """The register of one API, by kind, operation and subject."""

    def __init__(self, contract: Contract) -> None:
        self._rows: dict[tuple[str, str, str], str] = {}
        for row in contract.requirements:
            self._rows.setdefault((row.kind, row.operation, row.subject), row.id)

    def cite(self, kinds: Iterable[str], operations: Iterable[Operation | None], pointer: str) -> str:
        """Return the id of the first row that matches, or an empty text.

        Args:
            kinds: Kinds of row, the likeliest first.
            operations: Operations to look under, the one called first; None is passed over.
            pointer: Attribute; array indices match the register's ``*``.
        """
        subject = _INDEX.sub("/*", pointer)
        names = [operation.id for operation in operations if operation]
        found = (self._rows.get((kind, name, subject)) for kind in kinds for name in names)
        return next(filter(None, found), "")
