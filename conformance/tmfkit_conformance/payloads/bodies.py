"""Bodies made from the contract: the smallest that it allows, the largest, and any in between."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.payloads.attributes import is_measure, is_prose, is_state, is_text_of_its_own, values_needed
from tmfkit_conformance.payloads.builder import Builder, Wish, holds
from tmfkit_conformance.payloads.changes import is_change
from tmfkit_conformance.payloads.configured import Configured
from tmfkit_conformance.payloads.contents import Contents
from tmfkit_conformance.payloads.forms import LIST, in_form, is_form
from tmfkit_conformance.payloads.instants import with_offset
from tmfkit_models.contracts import Contract, Resource

__all__ = ["Payloads", "holds"]


_LONG_CHARACTERS: Final = 330
"""Characters of a demanding text: well beyond 255, where many columns end."""

_LONGER_CHARACTERS: Final = 1_100


class Payloads:
    """Makes the bodies for one resource.

    Args:
        contract: The contract.
        resource: The resource.
        overrides: Members merged into every create body, as the vendor configured them.
        values: JSON pointer → values that the vendor configured for an attribute.
        names: The dialect that the target took: pointer of an attribute without its first slash, ``*`` for members of
            an array → the alias that the attribute is written under, or the form of its value.
        contents: What is drawn from where the contract names no value.
        refused: Pointers of what the target refuses, and may.
    """

    def __init__(
        self,
        contract: Contract,
        resource: Resource,
        overrides: Mapping[str, Any],
        values: Mapping[str, list[Any]],
        names: Mapping[str, str],
        contents: Contents | None = None,
        *,
        refused: Collection[str] = (),
    ) -> None:
        self._refused = refused
        self._contents = contents or Contents()
        self._contract = contract
        self._resource = resource
        self._configured = Configured(resource.name, overrides, values)
        self._builder = Builder(contract, resource, self._configured, self._contents)
        self._names = names

    def minimal(self, variant: int = 0) -> dict[str, Any]:
        """Return the smallest create body: the mandatory and the usual attributes, each as small as it may be."""
        return self.consistent(self.completed(self._builder.body(Wish(variant))))

    def full(self, variant: int = 0) -> dict[str, Any]:
        """Return a create body with every attribute that a client may send; of two that exclude each other, one.

        What the target refuses, and may, is not in it. Of the states that are configured it has the first: a record may
        not be able to begin in another one.
        """
        conditions = self._builder.conditions
        wish = Wish(variant, full=True, fixed=self._fixed(name for name in conditions if name.count("/") == 1))
        body = self._builder.body(wish)
        for pointer, condition in conditions.items():
            if not holds(condition, body):
                body = pointers.without(body, pointer)
        for pointer in self._refused:
            body = pointers.without(body, pointer)
        for name in filter(is_state, body):
            if (begun := self._configured.value(f"/{name}", 0)) is not pointers.ABSENT:
                body = {**body, name: begun}
        return self.completed(body)

    def completed(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return a create body that was made elsewhere, with what the vendor configured for every create."""
        return self.translated(self._configured.completed(body))

    def translated(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return a body with its attributes, at any depth, under the names that the target takes."""
        return {self._called(name): self.translated_at(f"/{name}", value) for name, value in body.items()}

    def translated_at(self, pointer: str, value: Any) -> Any:
        """Return a value that is to stand at *pointer* with its attributes under the names that the target takes."""
        if not self._names:
            return value
        if isinstance(value, list):
            return [self.translated_at(f"{pointer}/*", member) for member in value]
        if isinstance(value, dict):
            value = {
                self._called(f"{pointer[1:]}/{name}"): self.translated_at(f"{pointer}/{name}", member)
                for name, member in value.items()
            }
        return in_form(self._names.get(pointer[1:], ""), value)

    def _called(self, key: str) -> str:
        """Return the name under which the target takes an attribute."""
        name, spoken = key.rpartition("/")[2], self._names.get(key, "")
        return spoken if spoken and not is_form(spoken) else name

    def literal(self, pointer: str, value: Any) -> Any:
        """Return a value that a row names, with what the vendor configured in its place, as the target takes it."""
        return self.translated_at(pointer, self._configured.literal(pointer, value))

    def with_attribute(self, pointer: str, variant: int = 0) -> dict[str, Any]:
        """Return the smallest create body in which *pointer* stands, under the condition of its row.

        Raises:
            OverrideInTheWay: The configuration takes it out of every body.
        """
        body = self._smallest(variant, pointer)
        if variant:
            body |= self._first_level(body, pointer, variant)
        return self.consistent(self.ensured(body, pointer, variant))

    def patching(self, pointer: str, variant: int = 1) -> dict[str, Any]:
        """Return a partial object in which *pointer* stands, in a first-level attribute as small as a patch allows."""
        name = f"/{pointers.parts(pointer)[0]}"
        wish = Wish(variant, toward=pointer, is_patch=True)
        return self._ensured({self.spoken(name)[1:]: self._made(name, wish)}, pointer, wish)

    def telling(self, pointer: str) -> dict[str, Any]:
        """Return the smallest create body in which *pointer* stands with its second value.

        The first is what a mock server answers that knows the contract and keeps nothing. What the vendor configured
        for every create stays.
        """
        body = self._smallest(0, pointer)
        body |= self._first_level(body, pointer, 1)
        return self.consistent(self.ensured(body, pointer, 1))

    def without_attribute(self, pointer: str) -> dict[str, Any]:
        """Return the smallest create body in which *pointer* does not stand, and what it would stand in does.

        Raises:
            OverrideInTheWay: The configuration puts it into every body.
        """
        self._configured.check_removable(pointer)
        above = pointer.rpartition("/")[0].removesuffix("/*")
        body = self.consistent(self._smallest(0, pointer, lacking=pointer))
        if above:
            body = self._ensured(body, above, Wish(lacking=pointer, toward=above))
        return pointers.without(body, self.spoken(pointer))

    def beside(self, pointer: str) -> dict[str, Any]:
        """Return the control of a body with *pointer*: the smallest that differs from it in that attribute alone.

        Where the attribute is one of the smallest body, it has its first value there.
        """
        if pointers.select(self.minimal(), self.spoken(pointer)):
            return self.minimal()
        above, _, name = pointer.rpartition("/")
        is_needed = name == "*" or (above and name in self._contract.required(self._at(above)))
        return self.beside(above) if is_needed else self.without_attribute(pointer)

    def ensured(self, body: dict[str, Any], pointer: str, variant: int = 0) -> dict[str, Any]:
        """Return *body* in which *pointer* stands; what is missing on the way is made."""
        return self._ensured(body, pointer, Wish(variant, toward=pointer))

    def value(self, pointer: str, variant: int = 0) -> Any:
        """Return a value for the attribute that *pointer* names, as small as it may be, as the target takes it.

        Raises:
            ContractError: The resource has no such attribute.
            OverrideInTheWay: The configuration takes it out of every body.
        """
        self._configured.check_sendable(pointer)
        return self._made(pointer, Wish(variant))

    def another(self, pointer: str, shown: Mapping[str, Any] | None = None) -> Any:
        """Return another value for the attribute that *pointer* names than a record has, for a patch.

        Args:
            pointer: The attribute.
            shown: The record as the target showed it; None for one that has the first value.

        Raises:
            OverrideInTheWay: No value is known or configured that would change the record.
        """
        self._configured.check_sendable(pointer)
        where = self.spoken(pointer)
        first, second = (self._made(pointer, Wish(variant, is_patch=True)) for variant in (0, 1))
        before = first if shown is None else pointers.get(shown, where)
        known = (second, first, self._told_apart(pointer, second))
        new = next((value for value in known if is_change(before, value)), pointers.ABSENT)
        if new is pointers.ABSENT:
            raise self._configured.one_value(pointer, values_needed(self._contract, self._resource.name, pointer))
        return pointers.get(self.consistent(pointers.with_value(self.minimal(), where, new)), where)

    def _told_apart(self, pointer: str, value: Any) -> Any:
        """Return an object, or a list of them, with one more member, so that it is another one."""
        inner = value[0] if isinstance(value, list) and value else value
        if not isinstance(inner, dict) or pointer in self._configured.values:
            return value
        # By the contract: a target may take one object for a list, or a list of one for an object.
        below = f"{pointer}/*" if "items" in self._at(pointer) else pointer
        made = self._made(below, Wish(1, full=True, is_patch=True))
        whole = made[0] if isinstance(made, list) else made
        more = [name for name in whole if name not in inner and isinstance(whole[name], (str, int, float))][:1]
        larger = {**inner, **{name: whole[name] for name in more}}
        return [larger, *value[1:]] if isinstance(value, list) else larger

    def demanding(self, pointer: str) -> Any:
        """Return a value for an attribute that asks more of a target than an ordinary one; ``ABSENT`` without one.

        A text for people is long and in several scripts, an integer has 31 bits, an instant an offset, a list several
        members; an object, and each of several, has everything in it, and a period its end alone. Where the
        document lists values, or the vendor configured any, there is none.
        """
        schema = self._contract.at(self._resource.schema, pointer)
        purpose = f"{self._resource.name}{pointer}"
        if self.is_configured(pointer) or schema.get("enum") or schema.get("x-tmf-values"):
            return pointers.ABSENT
        if is_prose(schema, pointer):
            return self._contents.long_text(purpose, _LONG_CHARACTERS)
        if schema.get("type") == "integer":
            return self._contents.large_integer(purpose)
        if schema.get("format") == "date-time":
            return with_offset(self.value(pointer, 1))
        if schema.get("type") == "array":
            return self._several(pointer, full=True)
        if not self._contract.attributes(schema):
            return pointers.ABSENT
        value = self._ended(pointer, with_offset) if self.is_period(pointer) else self._whole(pointer)
        return pointers.ABSENT if value == self.value(pointer, 1) else value

    def less_demanding(self, pointer: str) -> Any:
        """Return what may be taken where the demanding value is not; ``ABSENT`` where there is nothing between.

        The members of a list are as small as they may be, and the end of a period is in UTC.
        """
        if self.is_period(pointer):
            return self._ended(pointer, lambda instant: instant)
        is_list = self._contract.at(self._resource.schema, pointer).get("type") == "array"
        return self._several(pointer, full=False) if is_list else pointers.ABSENT

    def is_period(self, pointer: str) -> bool:
        """Say whether an attribute has a start and an end, neither of which it has to have."""
        schema = self._contract.at(self._resource.schema, pointer)
        there = {"startDateTime", "endDateTime"} <= set(self._contract.attributes(schema))
        return there and not self._contract.required(schema)

    def _ended(self, pointer: str, written: Callable[[str], str]) -> Any:
        """Return a period that has an end, a long time from now, and no start."""
        end = self._contents.day(f"end {self._resource.name}{pointer}", years=(2080, 2098))
        return self.translated_at(pointer, {"endDateTime": written(f"{end}T18:00:00Z")})

    def _whole(self, pointer: str) -> Any:
        """Return a value with everything in it that a body with it may have."""
        body = self.holding(pointer, self._made(pointer, Wish(1, full=True)))
        for name, condition in self._builder.conditions.items():
            if name.startswith(f"{pointer}/") and not holds(condition, body):
                body = pointers.without(body, name)
        return pointers.get(body, self.spoken(pointer))

    def longer(self, pointer: str) -> str:
        """Return a text that is longer than a demanding one by far: longer than a column of a thousand characters."""
        return self._contents.long_text(f"{self._resource.name}{pointer} longer", _LONGER_CHARACTERS)

    def _several(self, pointer: str, *, full: bool) -> Any:
        """Return a list of members that differ, each with everything if wanted; ``ABSENT`` for a single one.

        What one of two kinds of members keeps another may not: so those with everything are of one kind, where they can
        be told apart; else only the last has everything.
        """
        alike = self.doubled(pointer, self._whole(pointer)) if full else []
        if isinstance(alike, list) and len(alike) > 1:
            return alike
        first = pointers.get(self.holding(pointer, self._made(pointer, Wish(0))), self.spoken(pointer))
        last = self._whole(pointer) if full else self.holding(pointer, self._made(pointer, Wish(1)))
        members = [*first, *(last if full else pointers.get(last, self.spoken(pointer)))]
        different = [member for place, member in enumerate(members) if member not in members[:place]]
        return different if len(different) > 1 else pointers.ABSENT

    def doubled(self, pointer: str, members: Any) -> Any:
        """Return a list of one with a member before that one, of its kind, with texts or else numbers of its own.

        A list that has none to tell it by, or more than one member, is returned as it is.
        """
        if not isinstance(members, list) or len(members) != 1:
            return members
        other = self._made(pointer, Wish(0, full=True))
        if not isinstance(members[0], dict) or not isinstance(other, list) or not isinstance(other[0], dict):
            return members
        schemas = {
            name: self._contract.resolve(schema)
            for name, schema in self._contract.attributes(self._at(f"{pointer}/*")).items()
            if name in members[0] and name in other[0]
        }
        texts = [name for name, schema in schemas.items() if is_text_of_its_own(schema, name)]
        own = {name: other[0][name] for name in texts or filter(lambda name: is_measure(schemas[name]), schemas)}
        twin = {**members[0], **own}
        return members if twin == members[0] else [twin, *members]

    def two_members(self, pointer: str, variant: int = 0) -> dict[str, Any]:
        """Return an object for the attribute that *pointer* names: the smallest, which has two members all the same."""
        made: dict[str, Any] = {**self.value(pointer, variant)}
        whole = self._made(pointer, Wish(variant, full=True))
        for name in whole:
            if len(made) < 2:
                made.setdefault(name, whole[name])
        return made

    def holding(self, pointer: str, value: Any) -> dict[str, Any]:
        """Return the smallest create body in which *pointer* has *value*, with all that the value makes necessary."""
        return self.consistent(pointers.with_value(self.with_attribute(pointer), self.spoken(pointer), value))

    def under(self, condition: Mapping[str, Any], body: dict[str, Any]) -> dict[str, Any] | None:
        """Return *body* changed so that a condition holds; None when no value is known under which it does."""
        pointer = condition["pointer"]
        where = self.spoken(pointer)
        if holds({**condition, "pointer": where}, body):
            return body
        if "present" in condition:
            made = self.ensured(body, pointer) if condition["present"] else pointers.without(body, where)
        elif values := self._fitting(condition):
            made = pointers.with_value(body, where, values[0])
        else:
            return None
        return self.consistent(made)

    def consistent(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return *body* with the attributes that conditions make necessary in it: rules, and what an erratum sends."""
        for rule in self._contract.rules(self._resource.create, "x-tmf-conditional"):
            if holds({**rule["when"], "pointer": self.spoken(rule["when"]["pointer"])}, body):
                for pointer in rule["require"]:
                    body = self.ensured(body, pointer)
        for pointer, when in self._builder.needed_under:
            above = self.spoken(pointer).rpartition("/")[0]
            is_meant = holds({**when, "pointer": self.spoken(when["pointer"])}, body)
            if is_meant and any(isinstance(one, dict) for one in pointers.select(body, above)):
                body = self.ensured(body, pointer)
        return body

    def is_refused(self, pointer: str) -> bool:
        """Say whether the target refuses an attribute, or what it stands in, and may."""
        return any(f"{pointer}/".startswith(f"{one}/") for one in self._refused)

    def is_configured(self, pointer: str) -> bool:
        """Say whether the vendor configured anything for an attribute."""
        return self._configured.is_about(pointer)

    def is_in_every_body(self, pointer: str) -> bool:
        """Say whether the vendor configured an attribute for every create body."""
        return self._configured.is_in_every_body(pointer)

    def names(self, pointer: str) -> tuple[str, ...]:
        """Return every name that the document has for a first-level attribute, its own first."""
        own = pointers.parts(pointer)[0]
        return (own, *self._at(f"/{own}").get("x-tmf-aliases", ()))

    def spoken(self, pointer: str) -> str:
        """Return *pointer* with the names that the dialect uses."""
        spoken, path = "", ""
        for name in pointer.split("/")[1:]:
            spoken += "/*" if self._names.get(path[1:]) == LIST and name != "*" else ""
            path += f"/{'*' if name.isdecimal() else name}"
            spoken += f"/{name if name.isdecimal() else self._called(path[1:])}"
        return spoken

    def _smallest(self, variant: int, pointer: str, *, lacking: str = "") -> dict[str, Any]:
        """Return the smallest body under the conditions of *pointer* and of what it stands in."""
        around = [name for name in self._builder.conditions if f"{pointer}/".startswith(f"{name}/")]
        return self.completed(self._builder.body(Wish(variant, fixed=self._fixed(around), lacking=lacking)))

    def _first_level(self, body: Mapping[str, Any], pointer: str, variant: int) -> dict[str, Any]:
        """Return the first-level attribute that *pointer* is, or is in; one of the smallest body is whole as there."""
        name = f"/{pointers.parts(pointer)[0]}"
        spoken = self.spoken(name)[1:]
        return {spoken: self._made(name, Wish(variant, toward="" if spoken in body else pointer))}

    def _fixed(self, conditional: Iterable[str]) -> dict[str, Any]:
        """Return the values under which attributes may be sent that have a condition: pointer → value."""
        found: dict[str, Any] = {}
        for name in conditional:
            condition = self._builder.conditions[name]
            values = self._fitting(condition)
            if values:
                found.setdefault(condition["pointer"], values[0])
        return found

    def _fitting(self, condition: Mapping[str, Any]) -> list[Any]:
        """Return the values of its attribute under which a condition holds."""
        schema = self._at(condition["pointer"])
        known = schema.get("enum") or schema.get("x-tmf-values") or schema.get("examples") or ()
        return list(condition.get("one-of") or (one for one in known if one not in condition.get("none-of", ())))

    def _ensured(self, body: dict[str, Any], pointer: str, wish: Wish) -> dict[str, Any]:
        self._configured.check_sendable(pointer)
        here = ""
        for name in pointer.split("/")[1:]:
            here += f"/{name}"
            if not pointers.select(body, self.spoken(here).replace("/*", "/0")):
                body = pointers.with_value(body, self.spoken(here), self._made(here, wish))
        return body

    def _made(self, pointer: str, wish: Wish) -> Any:
        made = self._builder.value(pointer, wish)
        if pointer not in self._configured.values:
            made = self._configured.applied(pointer, made)
        return self.translated_at(pointer, made)

    def _at(self, pointer: str) -> Any:
        return self._contract.at(self._resource.schema, pointer)
