"""Members of ``given`` and ``expect`` in a row: closed data classes, read from the register in one place.

Each field is a member of the mapping, its underscores written as hyphens there. A member without a default has to be
there. One with a default may be absent, and ``absent`` says what that means; nothing else is ever filled in.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, ClassVar, Generic, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from tmfkit_conformance.errors import KitDefect
from tmfkit_models.contracts import Requirement

__all__ = [
    "Condition",
    "Member",
    "Members",
    "Nothing",
    "Part",
    "Tolerating",
    "absent",
    "defect",
    "members",
    "optional",
    "part",
]

T = TypeVar("T")
M = TypeVar("M", bound="Members")


def absent(meaning: str) -> dict[str, str]:
    """Return the metadata of a field that may be absent; *meaning* is what its absence means."""
    return {"absent": meaning}


@dataclass(frozen=True, slots=True)
class Member:
    """One member of ``given`` or ``expect``.

    Attributes:
        name: Name in the register.
        field: Name of the field.
        absence: What it means that the member is absent; empty when it has to be there.
        words: Every value that it may have; empty when the list is not closed.
        type: Type of the value: ``text``, ``truth``, ``list``, ``texts`` or ``any``.
    """

    name: str
    field: str
    absence: str
    words: tuple[str, ...]
    type: str

    @property
    def is_required(self) -> bool:
        """Return whether it has to be there."""
        return not self.absence

    def takes(self, value: Any) -> bool:
        """Return whether a value may stand there."""
        if self.words:
            return value in self.words
        if self.type == "texts":
            return isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value)
        kinds: dict[str, tuple[type, ...]] = {"text": (str,), "truth": (bool,), "list": (list, tuple)}
        return isinstance(value, kinds.get(self.type, (object,)))


@dataclass(frozen=True, slots=True)
class Members:
    """Base of what a row may say in one place.

    Attributes:
        text: Field that a plain text in place of a mapping is the value of; empty when only a mapping may stand there.
    """

    text: ClassVar[str] = ""

    def fault(self) -> str:
        """Return what is wrong with the members together; empty when nothing is."""
        return ""


@dataclass(frozen=True, slots=True)
class Nothing(Members):
    """Place without members."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerating(Members):
    """Deviations that an erratum tolerates, with a remark."""

    tolerate: tuple[str, ...] = field(default=(), metadata=absent("nothing is tolerated"))


@dataclass(frozen=True, slots=True)
class Condition(Members):
    """Condition that another attribute has to meet.

    Attributes:
        pointer: The other attribute.
        one_of: It is one of these.
        none_of: It is there, and none of these.
        present: It is there, or is not.
    """

    pointer: str
    one_of: tuple[Any, ...] | None = field(default=None, metadata=absent("the condition is another one"))
    none_of: tuple[Any, ...] | None = field(default=None, metadata=absent("the condition is another one"))
    present: bool | None = field(default=None, metadata=absent("the condition is another one"))

    def fault(self) -> str:
        """Return what is wrong with the members together; empty when nothing is."""
        given = [value for value in (self.one_of, self.none_of, self.present) if value is not None]
        return "" if len(given) == 1 else "has to have exactly one of `one-of`, `none-of` and `present`"

    def rule(self) -> dict[str, Any]:
        """Return the condition in the form of ``when`` of an ``x-tmf-conditional`` rule."""
        whole = {"pointer": self.pointer, "one-of": self.one_of, "none-of": self.none_of, "present": self.present}
        return {name: value for name, value in whole.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """Content of one place, ``given`` or ``expect``, in the rows of one kind.

    Attributes:
        shape: The data class that is made of it.
        members: What a row may say.
        absence: What it means that a row says nothing there; empty when that has no meaning of its own.
    """

    shape: type[Members]
    members: tuple[Member, ...]
    absence: str = ""

    def read(self, row: Requirement, place: Literal["given", "expect"]) -> T:
        """Return what a row says.

        Raises:
            KitDefect: It says what rows of its kind may not say, or lacks what they have to.
        """
        said = getattr(row, place)
        if not said and self.absence:
            return cast(T, None)
        known = {member.name: member for member in self.members}
        plain = _mapping(self.shape, said)
        if plain is None:
            raise defect(row, f"`{place}` is {said!r}, and has to have members")
        for name, value in plain.items():
            if name not in known:
                raise defect(row, f"`{place}` has the member `{name}`")
            if not known[name].takes(value):
                raise defect(row, f"`{name}` of `{place}` is {value!r}")
        if missing := [member.name for member in known.values() if member.is_required and member.name not in plain]:
            raise defect(row, f"`{place}` has no `{'`, no `'.join(missing)}`")
        read = self.shape(**{known[name].field: _frozen(known[name], value) for name, value in plain.items()})
        if fault := read.fault():
            raise defect(row, f"`{place}` {fault}")
        return cast(T, read)


def part(shape: type[M]) -> Part[M]:
    """Declare a part that a row has to have, unless each of its members may be absent."""
    return Part(shape, members(shape))


def optional(shape: type[M], absence: str) -> Part[M | None]:
    """Declare a part that a row may leave out as a whole; *absence* says what that means."""
    return Part(shape, members(shape), absence)


def members(shape: type[Members]) -> tuple[Member, ...]:
    """Return the members that a data class declares."""
    hints = get_type_hints(shape)
    return tuple(
        Member(
            name=each.name.replace("_", "-"),
            field=each.name,
            absence="" if each.default is MISSING else each.metadata["absent"],
            words=_words(hints[each.name]),
            type=_type(hints[each.name]),
        )
        for each in fields(shape)
    )


def defect(row: Requirement, problem: str) -> KitDefect:
    """Return the error that a row is not as rows of its kind have to be."""
    what = f"a row of kind {row.scenario or row.kind} is not driven like this: {problem}"
    return KitDefect(row.id, what, "Report it with the contract's digest")


def _mapping(shape: type[Members], said: Any) -> Mapping[str, Any] | None:
    """Return what a row says as a mapping, None where it is a text that has no meaning."""
    if isinstance(said, str):
        return {} if not said else {shape.text: said} if shape.text else None
    return said if isinstance(said, Mapping) else None


def _frozen(member: Member, value: Any) -> Any:
    return tuple(value) if member.type in ("list", "texts") else value


def _alone(hint: Any) -> Any:
    """Return a type without the None that stands for an absent member."""
    if get_origin(hint) in (Union, types.UnionType):
        [hint] = [one for one in get_args(hint) if one is not type(None)]
    return hint


def _words(hint: Any) -> tuple[str, ...]:
    alone = _alone(hint)
    return get_args(alone) if get_origin(alone) is Literal else ()


def _type(hint: Any) -> str:
    alone = _alone(hint)
    if get_origin(alone) is tuple:
        return "texts" if get_args(alone)[0] is str else "list"
    return "truth" if alone is bool else "text" if alone is str or get_origin(alone) is Literal else "any"
