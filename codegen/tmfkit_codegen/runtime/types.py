"""What every generated model is made of: the base class, the date-time that keeps its spelling, the integer of JSON."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

try:
    from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StrictInt, StrictStr
except ModuleNotFoundError:
    raise ModuleNotFoundError("The models need pydantic: pip install 'tmfkit[server]'", name="pydantic") from None

__all__ = ["TmfDateTime", "TmfInteger", "TmfModel", "instant"]

_FORM = re.compile(
    r"\d{4}-\d{2}-\d{2}"
    r"[Tt]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?"  # the documents leave the seconds out
    r"(?:[Zz]|[+-]\d{2}(?::?\d{2})?)",  # and the colon of the offset
    re.ASCII,
)


class TmfModel(BaseModel):
    """An object of a contract; attributes that the contract does not know are kept."""

    model_config = ConfigDict(
        extra="allow", validate_by_name=True, validate_by_alias=True, use_attribute_docstrings=True
    )


def instant(text: str) -> datetime:
    """Return the instant that a date-time of a contract stands for.

    Args:
        text: RFC 3339, or one of the documents' own forms: without seconds, or with an offset like ``+0800``.

    Returns:
        An aware datetime; fractions below a microsecond are cut off.

    Raises:
        ValueError: *text* has another form, or no such instant exists.

    Source:
        RFC 3339 §5.6; the samples of the five documents.
    """
    if not _FORM.fullmatch(text):
        raise ValueError("not a date-time with an offset, such as 2026-01-15T08:00:00Z")
    return datetime.fromisoformat(text.upper())


def _verbatim(text: str) -> str:
    instant(text)
    return text


TmfDateTime = Annotated[StrictStr, AfterValidator(_verbatim)]
"""A date-time as it was written: validated, never reformatted."""


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


TmfInteger = Annotated[StrictInt, BeforeValidator(_whole)]
"""A whole number, however it is written: ``5.0`` and ``7e2`` are integers (JSON Schema Validation 2020-12, 6.1.1)."""
