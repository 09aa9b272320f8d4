"""Kinds of attributes: how their JSON is read and written.

A kind is asked only for what its attribute does not settle: a value of the type `Kind.plain` is read as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from math import isfinite
from typing import Any, ClassVar, NoReturn, TypeAlias

from .encoding import ExactNumber, Number
from .errors import Malformed
from .times import read as read_time
from .times import written as written_time

__all__ = [
    "ANY",
    "BOOLEAN",
    "INTEGER",
    "NUMBER",
    "OBJECT",
    "TEXT",
    "TIME",
    "At",
    "Either",
    "Kind",
    "Many",
    "Or",
    "Place",
    "below",
    "copied",
    "described",
    "frozen",
    "path",
]

At: TypeAlias = "str | tuple[At, str | int]"
"""Where something stands: a name, or where its parent stands and its name or index there, joined when asked for."""

_TYPES = {
    str: "a text",
    bool: "a truth value",
    int: "a number",
    float: "a number",
    Number: "a number",
    dict: "an object",
}


class Place:
    """Where a value stands, and what came with it.

    Attributes:
        at: Where.
        origin: The document that it is a part of; None for what was made here.
        also: JSON types that the contract tolerates beside that of the attribute.
    """

    __slots__ = ("also", "at", "origin")

    def __init__(self, at: At, origin: Any, also: frozenset[str] = frozenset()) -> None:
        self.at, self.origin, self.also = at, origin, also


def path(at: At) -> str:
    """Return where something stands, ``customer.contactMedium[0].validFor``."""
    names: list[str] = []
    while not isinstance(at, str):
        at, name = at
        names.append(f"[{name}]" if isinstance(name, int) else f".{name}")
    return at + "".join(reversed(names))


def below(at: At) -> list[str]:
    """Return the names that lead to something, without that of the whole and places in arrays."""
    names: list[str] = []
    while not isinstance(at, str):
        at, name = at
        if isinstance(name, str):
            names.append(name)
    return names[::-1]


def described(value: object) -> str:
    """Say what a JSON value is, without showing more of it than helps."""
    if value is None:
        return "null"
    if isinstance(value, list):
        return f"an array of {len(value)}"
    if isinstance(value, str):
        return f"the text {value!r}" if len(value) <= 40 else f"a text of {len(value)} characters"
    return _TYPES.get(type(value), type(value).__name__)


def copied(value: Any) -> Any:
    """Return JSON data that may be changed without harm, and given back: its numbers keep their text."""
    if isinstance(value, dict):
        return {name: copied(member) for name, member in value.items()}
    if isinstance(value, list):
        return [copied(member) for member in value]
    return ExactNumber(value.text) if isinstance(value, Number) else value


def frozen(value: Any, where: str) -> Any:
    """Return *value*, which a client gives, as JSON data that nobody else can change.

    Raises:
        TypeError: It has what JSON has not.
        ValueError: It is nested without an end, or too deeply.
    """
    try:
        return _frozen(value, where)
    except RecursionError:
        raise ValueError(f"{where} is nested too deeply for JSON") from None


def _frozen(value: Any, where: str) -> Any:
    if isinstance(value, Mapping):
        return {_name(name, where): _frozen(member, f"{where}.{name}") for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_frozen(member, f"{where}[{index}]") for index, member in enumerate(value)]
    if value is None or isinstance(value, (str, bool, int, Number)):
        return value
    if isinstance(value, (float, Decimal)):
        return NUMBER.write(value, where)
    if isinstance(value, datetime):
        return TIME.write(value, where)
    if (exact := getattr(value, "_exact", None)) is not None:
        return exact()
    raise TypeError(f"{where} takes what JSON has, not {value!r}")


def _name(name: object, where: str) -> str:
    if not isinstance(name, str):
        raise TypeError(f"{where}: names are texts in JSON, {name!r} is none")
    return name


class Kind:
    """One kind of JSON value."""

    __slots__ = ()
    plain: ClassVar[type | None] = None
    """Python type of the values that need no reading."""
    noun: ClassVar[str] = "a value"

    def read(self, value: Any, place: Place) -> Any:
        """Decode *value*; Malformed when it is not of this kind."""
        return self._refused(value, place)

    def members(self, values: list[Any], place: Place) -> list[Any]:
        """Decode the members of an array at *place*."""
        plain, at, origin, read = self.plain, place.at, place.origin, self.read
        return [
            one if one.__class__ is plain else read(one, Place((at, index), origin)) for index, one in enumerate(values)
        ]

    def write(self, value: Any, where: str) -> Any:
        """Encode what a client gives; TypeError or ValueError when it is not of this kind."""
        if self.plain is not None and isinstance(value, self.plain):
            return value
        raise self._not_taken(value, where)

    def problems(self, value: Any, place: Place) -> Iterator[Malformed]:
        """Yield all that is wrong with *value*."""
        try:
            self.read(value, place)
        except Malformed as problem:
            yield problem

    def bind(self, module: str) -> None:
        """Say in which module the classes are that are named by their names."""

    def _refused(self, value: Any, place: Place) -> NoReturn:
        response = place.origin.response if place.origin is not None else None
        raise Malformed(path(place.at), f"expected {self.noun}, got {described(value)}", response=response)

    def _not_taken(self, value: object, where: str) -> TypeError:
        return TypeError(f"{where} takes {self.noun}, not {value!r}")


class Text(Kind):
    """A text."""

    __slots__ = ()
    plain = str
    noun = "a text"

    def read(self, value: Any, place: Place) -> str:
        """Decode a number that the contract tolerates as a text."""
        if value.__class__ is str:
            return str(value)
        if value.__class__ in (int, float, Number) and place.also & {"integer", "number"}:
            return value.text if isinstance(value, Number) else str(value)
        return self._refused(value, place)


class Boolean(Kind):
    """A truth value."""

    __slots__ = ()
    plain = bool
    noun = "a truth value"

    def read(self, value: Any, place: Place) -> bool:
        """Decode ``"true"`` where the contract tolerates it."""
        if value.__class__ is bool:
            return bool(value)
        if value in ("true", "false") and "string" in place.also:
            return bool(value == "true")
        return self._refused(value, place)


class Integer(Kind):
    """A whole number; ``5.0`` is one."""

    __slots__ = ()
    plain = int
    noun = "a whole number"

    def read(self, value: Any, place: Place) -> int:
        """Decode another spelling of a whole number."""
        kind = value.__class__
        try:
            if kind is int or (kind is str and "string" in place.also):
                return int(value)
            if kind in (float, Number) and float(value).is_integer():
                return int(float(value))
        except (ValueError, OverflowError):
            pass
        return self._refused(value, place)

    def write(self, value: Any, where: str) -> int:
        """Encode a whole number, and no truth value."""
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise self._not_taken(value, where)


class Real(Kind):
    """A number."""

    __slots__ = ()
    plain = float
    noun = "a number"

    def read(self, value: Any, place: Place) -> float:
        """Decode a number without a fraction, or one as text where the contract tolerates it."""
        kind = value.__class__
        if kind is int or kind is float:
            return value  # type: ignore[no-any-return]
        try:
            if kind is Number or (kind is str and "string" in place.also):
                return float(value)
        except ValueError:
            pass
        return self._refused(value, place)

    def write(self, value: Any, where: str) -> Any:
        """Encode a number; a Decimal keeps its digits."""
        if isinstance(value, bool) or not isinstance(value, (int, float, Decimal, Number)):
            raise self._not_taken(value, where)
        if isinstance(value, ExactNumber):
            return Number(value.text)
        if isinstance(value, (float, Decimal)) and not isfinite(value):
            raise ValueError(f"{where}: JSON has no number for {value!r}")
        return Number(str(value)) if isinstance(value, Decimal) else value


class Time(Kind):
    """An instant."""

    __slots__ = ()
    noun = "a date-time with an offset"

    def read(self, value: Any, place: Place) -> datetime | None:
        """Decode a date-time; where texts are tolerated, one without an offset is UTC and an empty one is None."""
        if value.__class__ is not str:
            return self._refused(value, place)
        try:
            found = read_time(value)
        except (ValueError, OverflowError):
            if value == "" and "string" in place.also:
                return None
            return self._refused(value, place)
        if found.tzinfo is not None:
            return found
        return found.replace(tzinfo=UTC) if "string" in place.also else self._refused(value, place)

    def write(self, value: Any, where: str) -> str:
        """Encode an instant; one that is a text already is kept as it is spelt."""
        if not isinstance(value, (datetime, str)):
            raise self._not_taken(value, where)
        try:
            moment = value if isinstance(value, datetime) else read_time(value)
            text = written_time(moment)
        except ValueError as exc:
            raise ValueError(f"{where}: {exc}") from None
        return value if isinstance(value, str) else text


class Anything(Kind):
    """Whatever JSON has."""

    __slots__ = ()

    def read(self, value: Any, place: Place) -> Any:  # noqa: ARG002 - the same for every kind
        """Return a copy, for views do not change."""
        return copied(value)

    def write(self, value: Any, where: str) -> Any:
        """Encode anything that JSON has, views included."""
        return frozen(value, where)


class Mapped(Anything):
    """An object without a class of its own."""

    __slots__ = ()
    noun = "an object"

    def read(self, value: Any, place: Place) -> dict[str, Any]:
        """Return a copy of an object."""
        return dict(copied(value)) if isinstance(value, dict) else self._refused(value, place)

    def write(self, value: Any, where: str) -> Any:
        """Encode a mapping or a view."""
        if not isinstance(value, Mapping) and not hasattr(value, "_exact"):
            raise self._not_taken(value, where)
        return frozen(value, where)


class Many(Kind):
    """An array, read as a tuple."""

    __slots__ = ("inner",)
    noun = "an array"

    def __init__(self, inner: Kind) -> None:
        self.inner = inner

    def bind(self, module: str) -> None:
        """Pass the module on."""
        self.inner.bind(module)

    def read(self, value: Any, place: Place) -> tuple[Any, ...]:
        """Decode every member; where the contract tolerates it, a lone one is an array of one."""
        if value.__class__ is not list:
            return tuple(self._each(self._alone(value, place), place, self.inner.read))
        return tuple(self.inner.members(value, place))

    def write(self, value: Any, where: str) -> list[Any]:
        """Encode every member."""
        if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable) or hasattr(value, "_exact"):
            raise self._not_taken(value, where)
        return [self.inner.write(one, f"{where}[{index}]") for index, one in enumerate(value)]

    def problems(self, value: Any, place: Place) -> Iterator[Malformed]:
        """Yield what is wrong with each member."""
        try:
            members = value if isinstance(value, list) else self._alone(value, place)
        except Malformed as problem:
            yield problem
        else:
            for found in self._each(members, place, self.inner.problems):
                yield from found

    def _alone(self, value: Any, place: Place) -> list[Any]:
        tolerated = "object" if isinstance(value, dict) else "string" if isinstance(value, str) else "number"
        return [value] if value is not None and tolerated in place.also else self._refused(value, place)

    def _each(self, members: list[Any], place: Place, step: Callable[[Any, Place], Any]) -> Iterator[Any]:
        for index, one in enumerate(members):
            yield step(one, Place((place.at, index), place.origin))


class Either(Kind):
    """One of several kinds; what the first one takes is of that kind."""

    __slots__ = ("kinds",)

    def __init__(self, *kinds: Kind) -> None:
        self.kinds = kinds

    def bind(self, module: str) -> None:
        """Pass the module on."""
        for kind in self.kinds:
            kind.bind(module)

    def read(self, value: Any, place: Place) -> Any:
        """Decode by the first kind that takes the value."""
        for kind in self.kinds[:-1]:
            try:
                return kind.read(value, place)
            except Malformed:
                continue
        return self.kinds[-1].read(value, place)

    def write(self, value: Any, where: str) -> Any:
        """Encode by the first kind that takes the value."""
        for kind in self.kinds[:-1]:
            try:
                return kind.write(value, where)
            except TypeError:
                continue
        return self.kinds[-1].write(value, where)


class Or(Either):
    """A kind, and one more that the contract tolerates when reading."""

    __slots__ = ()

    def write(self, value: Any, where: str) -> Any:
        """Encode by the first kind, which is the contract's own."""
        return self.kinds[0].write(value, where)

    def problems(self, value: Any, place: Place) -> Iterator[Malformed]:
        """Yield what is wrong with the form that it has."""
        taken = self.kinds[0] if isinstance(value, (dict, list)) else self.kinds[1]
        yield from taken.problems(value, place)


TEXT, BOOLEAN, INTEGER, NUMBER, TIME, ANY, OBJECT = Text(), Boolean(), Integer(), Real(), Time(), Anything(), Mapped()
