"""What a client gives, as JSON data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .kinds import frozen
from .unset import UNSET

if TYPE_CHECKING:
    from .objects import Object, attr

__all__ = ["written"]


def written(
    cls: type[Object],
    attributes: Mapping[str, Any],
    *,
    where: str,
    complete: bool = False,
    like: Object | None = None,
) -> dict[str, Any]:
    """Return JSON data of *attributes*, by their names in Python, and of those under ``extra``.

    Args:
        cls: The class that has the attributes.
        attributes: Their values; UNSET for those that are left out.
        where: What the object is called in messages.
        complete: Whether what has to be given must be there.
        like: An object whose names are used where the contract has several.

    Raises:
        TypeError: There is no such attribute, it takes another kind of value, or one is missing.
        ValueError: A date-time is naive, or an attribute is given twice.
    """
    data: dict[str, Any] = {}
    extra: Mapping[str, Any] = {}
    for name, value in attributes.items():
        if value is UNSET:
            continue
        if name == "extra":
            if not isinstance(value, Mapping):
                raise TypeError(f"{where}.extra takes a mapping of names in JSON, not {value!r}")
            extra = value
            continue
        known = cls._attributes.get(name)
        if known is None:
            raise TypeError(f"{where} has no attribute {name!r}; extra={{…}} takes what the contract does not know")
        data[known.name if like is None else known.name_in(like)] = _encoded(known, value, where)
    if complete:
        _demand(cls, data, where)
    for name, value in frozen(extra, f"{where}.extra").items():
        if name in data:
            raise ValueError(f"{where}.{name} is given twice, as a keyword and in extra")
        data[name] = value
    return data


def _encoded(known: attr[Any, Any], value: Any, where: str) -> Any:
    if value is None:
        if known.demanded:
            raise TypeError(f"{where}.{known.name} has to be there; None would remove it")
        return None
    return known.kind.write(value, f"{where}.{known.name}")


def _demand(cls: type[Object], data: dict[str, Any], where: str) -> None:
    missing = [one.python for one in cls._attributes.values() if one.demanded and one.name not in data]
    if missing:
        raise TypeError(f"{where} needs {', '.join(missing)}")
