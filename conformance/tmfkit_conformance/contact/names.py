"""Finds out how the target takes what the document says in two ways: names of attributes, forms of values, and paths.

The kit writes the contract's name. A target that refuses it (or keeps nothing under it, where the erratum tolerates
that), and takes an alias, is spoken to with the alias for the rest of the run; two readings are never mixed, and every
row on such an attribute is remarked. Several names are tried together, since a target that says one thing in its own
way as a rule says others so too.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from tmfkit_conformance import pointer as pointers
from tmfkit_conformance.contact.complaints import complaint
from tmfkit_conformance.contact.no_api import REDIRECTS
from tmfkit_conformance.drive.session import Session
from tmfkit_conformance.payloads.configured import OverrideInTheWay
from tmfkit_conformance.payloads.forms import is_form, other_forms
from tmfkit_conformance.record.exchange import Exchange
from tmfkit_conformance.rules.contact import Dialect
from tmfkit_models.contracts import Contract, Resource, Schema

__all__ = ["configured_names", "find_names", "find_names_beside", "find_path"]

_MOST_TRIES: Final = 12
"""Combinations of names that are tried for one body."""

Names = Mapping[str, str]
Body = Callable[[], dict[str, Any]]


def find_path(session: Session, resource: Resource) -> None:
    """Keep to the first path of the collection that is not answered 404, nor redirected."""
    before = session.dialect[resource.name]
    for path in (resource.collection, *resource.path_aliases) if resource.path_aliases else ():
        other = {resource.collection: path} if path != resource.collection else {}
        session.dialect[resource.name] = {**before, **other}
        status = session.call("list", Dialect.LIST.of(path), resource=resource.name).status
        if status != 404 and status not in REDIRECTS:
            return
    session.dialect[resource.name] = before


def configured_names(session: Session, resource: Resource) -> None:
    """Keep to the aliases that the configured members of a body use."""
    configured = session.settings.payloads.get(resource.name, {})
    for key, (attribute, _) in _others(session.contract, resource.create):
        around, _, _ = session.payloads_of(resource.name).spoken(f"/{key}").rpartition("/")
        used = [
            alias for alias in attribute.get("x-tmf-aliases", ()) if pointers.select(configured, f"{around}/{alias}")
        ]
        if used:
            session.dialect[resource.name] = {**session.dialect[resource.name], key: used[0]}


def find_names(session: Session, resource: Resource, made: Exchange) -> Exchange:
    """Find the names of a resource's attributes: those of the smallest body first, then all others.

    Args:
        session: The session.
        resource: The resource.
        made: How the smallest body was answered.

    Returns:
        How the smallest body was answered last.
    """
    finder = _Finder(session, resource)
    if made.is_refusal:
        made = finder.together(lambda: session.payloads_of(resource.name).minimal()) or made
    if made.is_success:
        finder.each()
    return made


def find_names_beside(session: Session, resource: Resource, refused: Exchange) -> bool:
    """Find names for the attributes of the smallest body where the target demands more attributes as well.

    Args:
        session: The session; it keeps the names.
        resource: The resource.
        refused: The create with the smallest body.

    Returns:
        Whether a body with further attributes is taken in these names.
    """
    finder, said = _Finder(session, resource), complaint(refused)
    named = (*said.places, *said.named)

    def with_named() -> dict[str, Any]:
        payloads = session.payloads_of(resource.name)
        full = payloads.full()
        return {**{name: full[name] for name in named if name in full}, **payloads.minimal()}

    def smallest() -> dict[str, Any]:
        return session.payloads_of(resource.name).minimal()

    bodies: list[Body] = [with_named] if with_named() != smallest() else []
    bodies.append(lambda: session.payloads_of(resource.name).full())
    return any(finder.together(body, of=smallest(), named=named) for body in bodies)


class _Finder:
    """Tries names for one resource.

    Args:
        session: The session.
        resource: The resource.
    """

    def __init__(self, session: Session, resource: Resource) -> None:
        self._session = session
        self._resource = resource
        self._others = dict(_others(session.contract, resource.create))
        self._attributes = {key: attribute for key, (attribute, _) in self._others.items()}
        self._settled = set(session.dialect[resource.name])

    def each(self) -> None:
        """Find the names of what a body with everything has, at once where it is taken, else one by one."""
        if not set(self._attributes) - self._settled:
            return
        body = self._session.payloads_of(self._resource.name).full()
        made = self._made(body, f"{self._resource.name} with every attribute")
        read = self._read(made) if made.is_success else None
        for key in self._attributes:
            if key in self._settled or (read is not None and self._is_settled(key, body, read)):
                continue
            with contextlib.suppress(OverrideInTheWay):  # an attribute that is never sent needs no name
                self._one(key)

    def _is_settled(self, key: str, body: dict[str, Any], read: Exchange) -> bool:
        """Say whether a body that was taken needs no other name for an attribute that it has."""
        if not pointers.select(body, self._spoken(key)):
            return False
        return not self._attributes[key].get("x-tmf-alias-when-lost") or self._comes_back(key, body, read)

    def _one(self, key: str) -> None:
        def body() -> dict[str, Any]:
            return self._session.payloads_of(self._resource.name).with_attribute(f"/{key}")

        own = body()
        made = self._made(own, f"{key} as {_last(key)}")
        if made.is_success:
            lossy = self._attributes[key].get("x-tmf-alias-when-lost")
            if not lossy or self._comes_back(key, own, self._read(made)):
                return
            self._tried(body, [{key: other} for other in self._others[key][1]])
        elif made.is_refusal:
            self.together(body, wanted=key)

    def together(
        self, body: Body, *, wanted: str = "", of: dict[str, Any] | None = None, named: Sequence[str] = ()
    ) -> Exchange | None:
        """Try every combination of names of what stands in a body, all aliases at once first.

        Args:
            body: Makes the body, in the names that the session speaks.
            wanted: An attribute that has to be among those with another name; any when empty.
            of: The body whose attributes may have other names; the whole one when None.
            named: First-level attributes whose names are tried first.

        Returns:
            The create that was taken; None when none was.
        """
        own = body() if of is None else of
        keys = [key for key in self._attributes if key not in self._settled and pointers.select(own, self._spoken(key))]
        keys.sort(key=lambda key: key.partition("/")[0] not in named)
        combined = (names for names in self._candidates(keys) if not wanted or wanted in names)
        return self._tried(body, list(itertools.islice(combined, _MOST_TRIES)))

    def _candidates(self, keys: Sequence[str]) -> Iterator[dict[str, str]]:
        """Yield the ways to say some attributes, names alone at first: a target has more of them than forms."""
        every = {key: self._others[key][1] for key in keys}
        names = {key: [one for one in others if not is_form(one)] for key, others in every.items()}
        first = list(_combinations(names, [key for key in keys if names[key]]))
        yield from first
        yield from (way for way in _combinations(every, keys) if way not in first)

    def _tried(self, body: Body, candidates: Sequence[Names]) -> Exchange | None:
        before = self._session.dialect[self._resource.name]
        for names in candidates:
            self._speak({**before, **names})
            made = self._made(sent := body(), ", ".join(f"{key} as {alias}" for key, alias in names.items()))
            if made.is_success and all(self._comes_back(key, sent, self._read(made)) for key in names):
                needed = self._without_the_idle(body, before, names)
                self._speak({**before, **needed})
                self._settled |= set(needed)
                return made
        self._speak(before)
        return None

    def _without_the_idle(self, body: Body, before: Names, names: Names) -> Names:
        """Return the aliases without those whose attribute is taken under its own name as well."""
        needed = dict(names)
        for key in names if len(names) > 1 else ():
            fewer = {one: alias for one, alias in needed.items() if one != key}
            self._speak({**before, **fewer})
            sent = body()
            made = self._made(sent, f"{key} as {_last(key)}, the others as before")
            if fewer and made.is_success and self._comes_back(key, sent, self._read(made)):
                needed = fewer
        return needed

    def _comes_back(self, key: str, sent: dict[str, Any], read: Exchange) -> bool:
        """Say whether an attribute comes back as it was sent; what cannot be read says nothing."""
        if not isinstance(read.answer, dict) or not read.is_success:
            return True
        wanted = pointers.select(sent, self._spoken(key))
        if not wanted:
            return True
        found = pointers.select(read.answer, self._spoken(key))
        return len(found) >= len(wanted) and all(map(_resembles, wanted, found))

    def _spoken(self, key: str) -> str:
        """Return where an attribute stands in a body, in the names that the session speaks now."""
        return self._session.payloads_of(self._resource.name).spoken(f"/{key}")

    def _made(self, body: dict[str, Any], name: str) -> Exchange:
        return self._session.call("create", Dialect.CREATE.of(name), body=body, resource=self._resource.name)

    def _read(self, made: Exchange) -> Exchange:
        step = Dialect.READ.of(made.step)
        return self._session.call("retrieve", step, identifier=made.identifier, resource=self._resource.name)

    def _speak(self, names: Names) -> None:
        self._session.dialect[self._resource.name] = dict(names)


def _combinations(others: Mapping[str, Sequence[str]], keys: Sequence[str]) -> Iterator[dict[str, str]]:
    """Yield ways to say some attributes: all in another way, then each alone, then more and more of them."""
    sizes = [len(keys), *range(1, len(keys))]
    for size in sizes:
        for chosen in itertools.combinations(keys, size):
            for aliases in itertools.product(*(others[key] for key in chosen)):
                if chosen:
                    yield dict(zip(chosen, aliases, strict=True))


def _resembles(sent: Any, got: Any) -> bool:
    """Say whether a value is the one that was sent; dates may have another form, numbers and flags that of a text."""
    if isinstance(sent, list) and len(sent) == 1 and isinstance(got, dict):
        got = [got]
    if isinstance(sent, dict):
        return isinstance(got, dict) and all(name in got and _resembles(sent[name], got[name]) for name in sent)
    if isinstance(sent, list):
        return isinstance(got, list) and len(got) >= len(sent) and all(map(_resembles, sent, got))
    if isinstance(sent, str) and isinstance(got, str) and sent[:4].isdecimal() and sent[4:5] == "-":
        return got[:4].isdecimal()
    if isinstance(got, str) and isinstance(sent, (bool, int, float)):
        return str(sent).lower() == got.strip().lower()
    return bool(sent == got)


def _last(key: str) -> str:
    return key.rpartition("/")[2]


def _others(
    contract: Contract, schema: Schema | str, path: str = "", above: tuple[str, ...] = ()
) -> Iterator[tuple[str, tuple[Schema, tuple[str, ...]]]]:
    """Yield the attributes that have other names or forms, those around them first.

    Each comes with its key in a dialect, its schema, and these names and forms.
    """
    for name, attribute in contract.attributes(schema).items():
        full = contract.resolve(attribute)
        if others := (*full.get("x-tmf-aliases", ()), *other_forms(contract, full)):
            yield f"{path}{name}", (full, others)
        inner = attribute.get("items", attribute)
        reference = inner.get("$ref", "")
        if reference not in above or not reference:
            below = f"{path}{name}/*/" if "items" in full else f"{path}{name}/"
            yield from _others(contract, inner, below, (*above, reference))
