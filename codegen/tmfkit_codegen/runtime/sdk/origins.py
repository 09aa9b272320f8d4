"""Where views come from: the document that they are parts of."""

from __future__ import annotations

from typing import Any, cast

from .answers import Response
from .encoding import exact_parts

__all__ = ["Origin"]


class Origin:
    """The document that views are parts of.

    Attributes:
        response: The answer that it came in; None for what came otherwise.
        fields: Names that were asked for; None when the objects are whole.
        alone: Whether the document is one object, so that the tag of the answer is its own.
    """

    __slots__ = ("_document", "_exact", "alone", "fields", "response")

    def __init__(
        self,
        document: tuple[bytes | str, Any] | None,
        *,
        response: Response | None = None,
        fields: tuple[str, ...] | None = None,
        alone: bool = False,
    ) -> None:
        self._document = document
        self._exact: dict[int, Any] | None = None if document else {}
        self.response, self.fields, self.alone = response, fields, alone

    def exact(self, part: Any) -> Any:
        """Return *part* with the numbers that no float brings back; their text is read again when first asked for."""
        if self._exact is None:
            self._exact = exact_parts(*cast("tuple[bytes | str, Any]", self._document))
        return self._exact.get(id(part), part) if self._exact else part

    def apart(self) -> Origin:
        """Return the origin of data that is exact by itself."""
        return Origin(None, response=self.response, fields=self.fields, alone=self.alone)
