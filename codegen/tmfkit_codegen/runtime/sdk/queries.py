"""Query strings of lists: conditions, JSONPath filters, order, fields and pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

from . import times

__all__ = ["Scalar", "Where", "field_names", "fields_query", "list_query"]

Scalar: TypeAlias = str | int | float | Decimal | bool | date | datetime
Where: TypeAlias = Mapping[str, Scalar | Sequence[Scalar]]
"""Name, with an operator such as ``.gt`` at its end or none, → value; a list means any of its values."""

Pair: TypeAlias = tuple[str, str]

_OPERATORS = {"eq", "ne", "gt", "gte", "lt", "lte", "regex"}


def list_query(
    where: Where | None = None,
    filter: str | Sequence[str] | None = None,  # noqa: A002 - the name of the parameter
    sort: str | Sequence[str] | None = None,
    fields: str | Sequence[str] | None = None,
    limit: int | None = None,
    offset: int | None = None,
) -> list[Pair]:
    """Return the parameters of a list.

    Raises:
        ValueError: A value is None, a date-time without a zone, or a list without members; a number is negative.
    """
    if not isinstance(where or {}, Mapping):
        raise ValueError(f"where is {where!r}; a mapping is wanted")  # noqa: TRY004 - one error before anything is sent
    pairs = [_condition(_name(name), _value(name, value)) for name, value in (where or {}).items()]
    pairs += [("filter", _filled("filter", each)) for each in _several(filter)]
    if sort is not None:
        pairs.append(("sort", ",".join(_filled("sort", each) for each in _members("sort", _several(sort)))))
    pairs += fields_query(fields)
    for name, number in (("offset", offset), ("limit", limit)):
        if number is not None:
            pairs.append((name, _count(name, number)))
    return pairs


def fields_query(fields: str | Sequence[str] | None) -> list[Pair]:
    """Return the parameter that selects attributes; none when all are wanted."""
    names = field_names(fields)
    return [] if names is None else [("fields", ",".join(names))]


def field_names(fields: str | Sequence[str] | None) -> tuple[str, ...] | None:
    """Return the names in *fields*, which is a list or a text with commas; None when all attributes are wanted.

    Raises:
        ValueError: There is no name in it; ``none`` stands for none.
    """
    if fields is None:
        return None
    if not isinstance(fields, str):
        return tuple(_filled("fields", each) for each in _members("fields", fields))
    if fields.lstrip().startswith("$"):  # JSONPath has commas of its own
        return (fields,)
    return tuple(_filled("fields", each.strip()) for each in fields.split(","))


def _several(texts: str | Sequence[str] | None) -> Sequence[str]:
    if texts is None:
        return ()
    return (texts,) if isinstance(texts, str) else texts


def _members(name: str, values: Sequence[str]) -> Sequence[str]:
    if not values:
        raise ValueError(f"{name} is an empty list; leave it out")
    return values


def _filled(name: str, text: object) -> str:
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"{name} has {text!r} where a text is wanted")
    return text


def _name(name: object) -> str:
    return _filled("where", name)


def _condition(name: str, value: str) -> Pair:
    """Name the operator of a value that begins as one does: ``name=~x`` would be a pattern."""
    is_bare = name[-1] not in "=<>!*~" and name.rpartition(".")[2] not in _OPERATORS
    return (f"{name}.eq" if is_bare and value[:1] in {"=", "~"} else name), value


def _value(name: str, value: object) -> str:
    if isinstance(value, (str, int, float, Decimal, date)):
        return _scalar(name, value)
    if isinstance(value, Iterable) and not isinstance(value, (bytes, bytearray, Mapping)):
        members = [_scalar(name, each) for each in value]
        if not members:
            raise ValueError(f"where: {name} has an empty list, which nothing matches; leave the condition out")
        return ",".join(members)
    return _scalar(name, value)


def _scalar(name: str, value: object) -> str:
    if value is None:
        raise ValueError(f"where: {name} is None; TMF630 has no condition for null, so leave it out")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        try:
            return times.written(value)
        except ValueError as error:
            raise ValueError(f"where: {name}: {error}") from None
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return str.__str__(value).replace(",", "\\,")
    if isinstance(value, (int, float, Decimal)):
        return str(value)
    raise ValueError(
        f"where: {name} has a {type(value).__name__}; texts, numbers, truth values and date-times are taken"
    )


def _count(name: str, number: object) -> str:
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise ValueError(f"{name} is {number!r}; it has to be a whole number from 0")
    return str(number)
