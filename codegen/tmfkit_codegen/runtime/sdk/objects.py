"""Objects of the contracts, as views over the JSON that came: nothing is decoded before it is read.

An object never changes. It keeps the JSON as it came, unknown attributes and all, and that is what is written again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Generic, NoReturn, Self, TypeVar, cast, dataclass_transform, overload

from .answers import Response
from .encoding import dumps
from .errors import Malformed, NotSelected
from .kinds import (
    ANY,
    BOOLEAN,
    INTEGER,
    NUMBER,
    OBJECT,
    TEXT,
    TIME,
    At,
    Either,
    Kind,
    Many,
    Or,
    Place,
    below,
    copied,
    path,
)
from .origins import Origin
from .unset import UNSET, Unset
from .writing import written

__all__ = [
    "ANY",
    "BOOLEAN",
    "INTEGER",
    "NUMBER",
    "OBJECT",
    "TEXT",
    "TIME",
    "Either",
    "Extensible",
    "Many",
    "Object",
    "One",
    "Or",
    "attr",
    "chosen",
    "id_of",
    "identifier",
    "if_match_of",
    "must",
    "view",
]

R = TypeVar("R")
W = TypeVar("W")
T = TypeVar("T", bound="Object")

_NOTHING: frozenset[str] = frozenset()
_ALWAYS_SENT = frozenset({"id", "href"})


class attr(Generic[R, W]):  # noqa: N801 - stands where a type stands
    """An attribute that may be missing: read as *R* or None, written as *W* or None, which is null.

    Attributes:
        name: Its name in JSON.
        python: Its name in Python.
        kind: What its values are.
        aliases: Further names that it may come under.
    """

    __slots__ = ("_also", "_plain", "aliases", "kind", "name", "python")
    demanded: ClassVar[bool] = False

    def __init__(self, name: str, kind: Kind, *, aliases: tuple[str, ...] = (), also: tuple[str, ...] = ()) -> None:
        self.name, self.kind, self.aliases = name, kind, aliases
        self._plain, self._also = kind.plain, frozenset(also) if also else _NOTHING
        self.python = name

    def __set_name__(self, owner: type, name: str) -> None:
        self.python = name
        self.kind.bind(owner.__module__)

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(self, instance: Object, owner: type | None = None) -> R | None: ...
    def __get__(self, instance: Object | None, owner: type | None = None) -> Any:
        if instance is None:
            return self
        value = instance._data.get(self.name, UNSET)
        if value.__class__ is self._plain:
            return value
        if value is None:
            return self._null(instance)
        if value is UNSET:
            return self._absent(instance)
        return self.kind.read(value, self.place(instance))

    def __set__(self, instance: Object, value: W | Unset | None) -> None:
        raise _unchanging(instance, self.python)

    def __delete__(self, instance: Object) -> None:
        raise _unchanging(instance, self.python)

    def place(self, instance: Object) -> Place:
        """Return where the attribute stands in *instance*."""
        return Place((instance._at, self.name), instance._origin, self._also)

    def name_in(self, instance: Object) -> str:
        """Return the name that the attribute came under; the contract's own when there is none."""
        return next((name for name in (self.name, *self.aliases) if name in instance._data), self.name)

    def found(self, instance: Object) -> Any:
        """Return the JSON of the attribute, whatever name it came under; UNSET when there is none."""
        return instance._data.get(self.name_in(instance), UNSET)

    def _null(self, instance: Object) -> Any:  # noqa: ARG002 - `identifier` needs it
        return None

    def _absent(self, instance: Object) -> Any:
        value = self.found(instance)
        if value is not UNSET:
            return None if value is None else self.kind.read(value, self.place(instance))
        self._look_for(instance)
        return self._null(instance)

    def _look_for(self, instance: Object) -> None:
        """Raise NotSelected when the attribute is not there because nobody asked for it."""
        asked, origin = instance._asked(), instance._origin
        if asked is None or origin is None or (isinstance(instance._at, str) and self.name in _ALWAYS_SENT):
            return
        if asked.isdisjoint((self.name, *self.aliases)):
            raise NotSelected(path((instance._at, self.name)), origin.fields or (), response=origin.response)


class must(attr[R, W]):  # noqa: N801 - stands where a type stands
    """An attribute that whoever makes an object has to give; read like any other, for answers may lack it."""

    __slots__ = ()
    demanded = True

    def __set__(self, instance: Object, value: W) -> None:  # type: ignore[override]  # never None: that is the point
        raise _unchanging(instance, self.python)


class identifier(attr[str, str]):  # noqa: N801 - stands where a type stands
    """The ``id`` of a resource: always there, and Malformed when it is not."""

    __slots__ = ()

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(self, instance: Object, owner: type | None = None) -> str: ...
    def __get__(self, instance: Object | None, owner: type | None = None) -> Any:
        return super().__get__(instance, owner)

    def _null(self, instance: Object) -> NoReturn:
        response = instance._origin.response if instance._origin is not None else None
        raise Malformed(path((instance._at, self.name)), "missing; every resource has one", response=response)


class _Extra(attr[Mapping[str, Any], Mapping[str, Any]]):
    """Attributes that the contract does not know."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("extra", ANY)

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(self, instance: Object, owner: type | None = None) -> dict[str, Any]: ...
    def __get__(self, instance: Object | None, owner: type | None = None) -> Any:
        if instance is None:
            return self
        known = instance._by_json
        return {name: copied(value) for name, value in instance._exact().items() if name not in known}


@dataclass_transform(kw_only_default=True, field_specifiers=(must,))
class _Fields:
    """Makes type checkers take the attributes of classes below it for keywords; what stands here is none."""

    __slots__ = ("_at", "_data", "_origin")
    _at: At
    _data: dict[str, Any]
    _origin: Origin | None
    _attributes: ClassVar[dict[str, attr[Any, Any]]] = {}
    _by_json: ClassVar[dict[str, attr[Any, Any]]] = {}
    _subtypes: ClassVar[dict[str, type[Object]]] = {}


class Object(_Fields):
    """An object of a contract. What it reads as is decoded on reading; what it was is kept.

    ``object["name"]`` gives the JSON of an attribute by its name in the contract, ``"name" in object`` tells whether it
    is there, null or not.
    """

    __slots__ = ()
    extra: _Extra = _Extra()
    """Attributes that the contract does not know; given, they are written beside the others."""

    def __init__(self, **attributes: Any) -> None:
        name = type(self).__name__
        self._at, self._origin = name, None
        self._data = written(type(self), attributes, where=name, complete=True)

    def __init_subclass__(cls, *, type_name: str | None = None, **options: Any) -> None:
        """Collect the attributes, and register the class for objects whose ``@type`` or ``@baseType`` is its name."""
        super().__init_subclass__(**options)
        attributes = dict(cls._attributes)
        attributes.update(
            (name, value) for name, value in vars(cls).items() if isinstance(value, attr) and name != "extra"
        )
        cls._attributes, cls._subtypes = attributes, {}
        cls._by_json = {alias: one for one in attributes.values() for alias in one.aliases}
        cls._by_json.update((one.name, one) for one in attributes.values())
        for ancestor in cls.__mro__[1:]:
            if ancestor is not Object and issubclass(ancestor, Object):
                ancestor._subtypes[type_name or cls.__name__] = cls

    @property
    def raw(self) -> dict[str, Any]:
        """A copy of the JSON."""
        return cast("dict[str, Any]", copied(self._exact()))

    @property
    def response(self) -> Response:
        """The answer that the object came in; AttributeError when it came in none."""
        if self._origin is None or self._origin.response is None:
            raise AttributeError(f"this {type(self).__name__} did not come in an answer")
        return self._origin.response

    def is_null(self, name: str) -> bool:
        """Tell whether the attribute is there and null; *name* is that of the contract, or the one in Python."""
        return self._found(name) is None

    def check(self) -> list[Malformed]:
        """Return all that is not as the contract says, here and in the objects inside."""
        return list(self._problems())

    def _problems(self) -> Iterator[Malformed]:
        for one in self._attributes.values():
            value = one.found(self)
            if value is UNSET or value is None:
                if isinstance(one, identifier):
                    yield from _raised(lambda one=one: one.__get__(self))  # type: ignore[misc]
            else:
                yield from one.kind.problems(value, one.place(self))

    def _found(self, name: str) -> Any:
        return self._data.get(self._key(name), UNSET)

    def _key(self, name: str) -> str:
        """Return the name in JSON that *name*, in JSON or in Python, stands for here."""
        known = None if name in self._data else self._by_json.get(name) or self._attributes.get(name)
        return name if known is None else known.name_in(self)

    def _asked(self) -> set[str] | None:
        """Return the names that were asked for in this object; None for all."""
        if self._origin is None or self._origin.fields is None:
            return None
        names, found = below(self._at), set[str]()
        for field in self._origin.fields:
            parts = field.removeprefix("$.").replace("[*]", "").split(".")
            if names[: len(parts)] == parts:
                return None
            if parts[: len(names)] == names:
                found.add(parts[len(names)])
        return found

    def _whole(self, where: str) -> Any:
        """Return the JSON as it is written in the place of what is there; ValueError when this is a part of it."""
        if self._asked() is not None:
            raise ValueError(f"{where} has come in part, and would lose the rest; read it without fields first")
        return self._exact()

    def _exact(self) -> Any:
        """Return the JSON as it is written."""
        return self._data if self._origin is None else self._origin.exact(self._data)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._found(name) is not UNSET

    def __getitem__(self, name: str) -> Any:
        if name not in self:
            raise KeyError(name)
        return copied(self._exact()[self._key(name)])

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and isinstance(other, Object) and self._data == other._data

    __hash__ = None  # type: ignore[assignment]  # as for a dict, which it holds

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __replace__(self, **changes: Any) -> Self:
        """Return the object with *changes*; its identifier and tag stay those of the answer it came in."""
        data = dict(self._exact())
        data.update(written(type(self), changes, where=path(self._at), like=self))
        return view(type(self), data, self._at, self._origin.apart() if self._origin else None)

    def __reduce__(self) -> tuple[Any, ...]:
        origin = self._origin
        came = None if origin is None else (origin.response, origin.fields, origin.alone)
        text = "" if self._exact() is self._data else dumps(self).decode()
        return _restored, (type(self), self._at, self._data, text, came)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self._shown())
        return f"{type(self).__name__}({shown if len(shown) <= 400 else shown[:400] + '…'})"

    def _shown(self) -> Iterator[tuple[str, Any]]:
        for name, value in self._data.items():
            known = self._by_json.get(name)
            yield known.python if known is not None else repr(name), value


class Extensible(Object):
    """An object that may tell its class."""

    __slots__ = ()
    at_type: attr[str, str] = attr("@type", TEXT)
    """Class of the object."""
    at_base_type: attr[str, str] = attr("@baseType", TEXT)
    """Class that the object's class extends."""
    at_schema_location: attr[str, str] = attr("@schemaLocation", TEXT)
    """Where the schema of the object's class is found."""


class One(Kind):
    """An object of a class of the contract.

    Args:
        cls: The class, or its name where it is declared further down in the module.
        others: Classes that are written in its place.
    """

    __slots__ = ("_classes", "_module")

    def __init__(self, cls: type[Object] | str, *others: type[Object] | str) -> None:
        self._classes: tuple[Any, ...] = (cls, *others)
        self._module: str | None = None if not any(isinstance(each, str) for each in self._classes) else ""

    def bind(self, module: str) -> None:
        """Note the module; its classes are looked up when one is needed."""
        if self._module == "":
            self._module = module

    @property
    def classes(self) -> tuple[type[Object], ...]:
        """The classes, the one that is read first."""
        if self._module is not None:
            known = vars(sys.modules[self._module])
            self._classes = tuple(known[each] if isinstance(each, str) else each for each in self._classes)
            self._module = None
        return self._classes

    @property
    def noun(self) -> str:  # type: ignore[override]
        """What is expected."""
        return "an object"

    def read(self, value: Any, place: Place) -> Any:
        """Make a view; where the contract tolerates it, of the only member of an array."""
        if value.__class__ is dict:
            return view(chosen(self.classes[0], value), value, place.at, place.origin)
        if "array" in place.also and isinstance(value, list) and len(value) <= 1:
            return self.read(value[0], Place((place.at, 0), place.origin)) if value else None
        return self._refused(value, place)

    def members(self, values: list[Any], place: Place) -> list[Any]:
        """Make a view of each."""
        cls, at, origin = self.classes[0], place.at, place.origin
        found = []
        for index, value in enumerate(values):
            if value.__class__ is not dict:
                self._refused(value, Place((at, index), origin))
            made: Object = _new(chosen(cls, value))
            made._data, made._at, made._origin = value, (at, index), origin
            found.append(made)
        return found

    def write(self, value: Any, where: str) -> Any:
        """Encode an object of one of the classes."""
        if isinstance(value, self.classes):
            return value._whole(where)
        names = " or ".join(each.__name__ for each in self.classes)
        raise TypeError(f"{where} takes {names}, not {value!r}")

    def problems(self, value: Any, place: Place) -> Iterator[Malformed]:
        """Yield what is wrong inside the object."""
        try:
            found = self.read(value, place)
        except Malformed as problem:
            yield problem
        else:
            if found is not None:
                yield from found._problems()


_new: Callable[[type[T]], T] = object.__new__


def view(cls: type[T], data: dict[str, Any], at: At, origin: Origin | None) -> T:
    """Return an object of *cls* over *data*, which nobody may change from now on."""
    made = _new(cls)
    made._data, made._at, made._origin = data, at, origin
    return made


def chosen(cls: type[T], data: dict[str, Any]) -> type[T]:
    """Return the class registered for ``@type``, then ``@baseType``, of those that extend *cls*; else *cls*."""
    if cls._subtypes:
        for key in ("@type", "@baseType"):
            name = data.get(key)
            if isinstance(name, str) and name in cls._subtypes:
                return cast("type[T]", cls._subtypes[name])
    return cls


def _unchanging(instance: Object, name: str) -> AttributeError:
    kind = type(instance).__name__
    return AttributeError(
        f"a {kind} does not change; give {name} to the call that changes it, as in update(…, {name}=…)"
    )


def _raised(step: Callable[[], object]) -> Iterator[Malformed]:
    try:
        step()
    except Malformed as problem:
        yield problem


def _restored(cls: type[T], at: At, data: dict[str, Any], text: str, came: Any) -> T:
    """Make the object that was pickled."""
    if came is None and not text:
        return view(cls, data, at, None)
    response, fields, alone = came or (None, None, False)
    origin = Origin((text, data) if text else None, response=response, fields=fields, alone=alone)
    return view(cls, data, at, origin)


def id_of(object_or_id: Object | str) -> str:
    """Return the identifier of an object, or *object_or_id* itself."""
    if isinstance(object_or_id, Object):
        return cast("str", object_or_id.id)  # type: ignore[attr-defined]  # resources have one
    return object_or_id


def if_match_of(object_or_id: Object | str) -> str | None:
    """Return the tag of an object that came alone and whole; None for any other, and for an identifier."""
    origin = object_or_id._origin if isinstance(object_or_id, Object) else None
    if origin is None or origin.response is None or not origin.alone or origin.fields is not None:
        return None
    return origin.response.etag
