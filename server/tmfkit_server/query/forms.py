"""What a contract says may stand in a JSON value, and whether a question about such values can ever be answered yes.

A question that names what is nowhere is a mistake of who asks. Attributes that a contract does not know are no mistake:
objects that are open may have them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from tmfkit_server.errors import InvalidQuery
from tmfkit_server.quotes import quoted, shortened

__all__ = [
    "ANYTHING",
    "ArrayForm",
    "Form",
    "Forms",
    "ObjectForm",
    "PlainForm",
    "below",
    "check_texts",
    "ends",
    "everything",
    "named",
]


@dataclass(slots=True, eq=False)
class ObjectForm:
    """An object.

    Attributes:
        names: Names that are known, aliases included, and what stands there.
        is_open: Whether it may have others.
    """

    names: dict[str, Form] = field(default_factory=dict)
    is_open: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class ArrayForm:
    """An array of members of one form."""

    member: Form


@dataclass(frozen=True, slots=True, eq=False)
class PlainForm:
    """A text, a number or a truth value; one of *texts*, unless there are none."""

    texts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class AnyForm:
    """Whatever there is in JSON."""


ANYTHING = AnyForm()

Form: TypeAlias = ObjectForm | ArrayForm | PlainForm | AnyForm
Forms: TypeAlias = Sequence[Form]


def check_texts(found: Forms, name: str, asked: str, holds: Callable[[str], bool]) -> None:
    """Raise InvalidQuery when all that *found* can be is known, and none of it satisfies *holds*."""
    if not found or not all(isinstance(end, PlainForm) and end.texts for end in found):
        return
    known = sorted({text for end in found if isinstance(end, PlainForm) for text in end.texts})
    if not any(map(holds, known)):
        raise InvalidQuery(shortened(name), f"it is never {quoted(asked)}; it is one of {', '.join(known)}")


def ends(form: Form, path: tuple[str, ...]) -> Forms:
    """Return what the names of a condition lead to, through arrays."""
    while isinstance(form, ArrayForm):
        form = form.member
    if not path:
        return [form]
    return [end for each in named(form, path[0]) for end in ends(each, path[1:])]


def named(form: Form, name: str, *, may_be_new: bool = True) -> Forms:
    """Return what stands in *form* under a name; *may_be_new* lets open objects have every name."""
    match form:
        case ObjectForm(names=names, is_open=is_open):
            return [names[name]] if name in names else [ANYTHING] if is_open and may_be_new else []
        case AnyForm():
            return [ANYTHING] if may_be_new else []
        case _:
            return []


def below(form: Form) -> Forms:
    """Return what the attributes of an object or the members of an array are."""
    match form:
        case ObjectForm(names=names):
            return list({id(each): each for each in names.values()}.values())
        case ArrayForm(member=member):
            return [member]
        case AnyForm():
            return [ANYTHING]
        case _:
            return []


def everything(forms: Forms) -> Forms:
    """Return *forms* and all that stands in them, each once."""
    found: dict[int, Form] = {}
    waiting = list(reversed(forms))
    while waiting:
        form = waiting.pop()
        if id(form) not in found:
            found[id(form)] = form
            waiting += reversed(below(form))
    return list(found.values())
