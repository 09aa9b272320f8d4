"""YAML and JSON files as plain data that remembers its lines, and the bundling of a contract into one document."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import yaml

from tmfkit_codegen.errors import InputProblems, Problem

__all__ = ["Bundle", "Place", "SourceFile", "bundle", "joined", "names", "read", "walk"]

COMMON = "../common/common.yaml"


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """A line of a file."""

    file: str
    line: int


@dataclass(frozen=True)
class SourceFile:
    """One file as read.

    Attributes:
        file: Path as shown in messages.
        data: What the file says.
        lines: JSON pointer → line of everything in it.
        sha256: Digest of its bytes.
    """

    file: str
    data: Any
    lines: Mapping[str, int]
    sha256: str

    def place(self, pointer: str = "") -> Place:
        """Return where *pointer* stands, or the nearest thing around it that exists."""
        while pointer not in self.lines and pointer:
            pointer = pointer.rpartition("/")[0]
        return Place(self.file, self.lines.get(pointer, 0))

    def problem(self, pointer: str, message: str, remedy: str) -> Problem:
        """Return a problem with the thing at *pointer*."""
        place = self.place(pointer)
        return Problem(place.file, place.line, message, remedy)


@dataclass(frozen=True)
class Bundle:
    """A contract in one piece.

    Attributes:
        data: The OpenAPI document, shared components included and every reference inside it.
        contract: The file it was written in.
        common: The file of shared components.
        borrowed: Pointers of the components taken from *common*.
    """

    data: dict[str, Any]
    contract: SourceFile
    common: SourceFile
    borrowed: frozenset[str] = field(default=frozenset())

    def place(self, pointer: str = "") -> Place:
        """Return where *pointer* of the bundled document was written."""
        return self._file_of(pointer).place(pointer)

    def problem(self, pointer: str, message: str, remedy: str) -> Problem:
        """Return a problem with the thing at *pointer* of the bundled document."""
        return self._file_of(pointer).problem(pointer, message, remedy)

    def _file_of(self, pointer: str) -> SourceFile:
        component = "/".join(pointer.split("/")[:4])
        return self.common if component in self.borrowed else self.contract


def joined(pointer: str, *more: str | int) -> str:
    """Return *pointer* lengthened by names or indices, escaped as RFC 6901 has it."""
    return pointer + "".join("/" + str(name).replace("~", "~0").replace("/", "~1") for name in more)


def names(pointer: str) -> tuple[str, ...]:
    """Return the unescaped names that *pointer* is made of."""
    return tuple(name.replace("~1", "/").replace("~0", "~") for name in pointer.split("/")[1:])


def walk(data: object, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value in *data*, itself first, with its pointer."""
    yield pointer, data
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from walk(value, joined(pointer, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from walk(value, joined(pointer, index))


def read(path: Path, shown: str) -> SourceFile:
    """Read one YAML or JSON file.

    YAML is read by the core schema of YAML 1.2: ``on`` is a word and a date is a string.

    Args:
        path: The file.
        shown: How messages call it.

    Raises:
        InputProblems: It is not well-formed, or says a key twice.
    """
    raw = path.read_bytes()
    lines: dict[str, int] = {}
    problems: list[Problem] = []
    loader = _CoreLoader(raw)
    try:
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as exc:
        line = exc.problem_mark.line + 1 if exc.problem_mark else 0
        raise InputProblems([Problem(shown, line, f"not well-formed: {exc.problem}", "Mend the syntax")]) from exc
    finally:
        loader.dispose()
    if node is None:
        raise InputProblems([Problem(shown, 0, "the file is empty", "Write it, or take it away")])
    data = _Reader(shown, lines, problems).value(node, "")
    if path.suffix == ".json":
        data = _strict_json(raw, shown)
    if problems:
        raise InputProblems(problems)
    return SourceFile(shown, data, lines, hashlib.sha256(raw).hexdigest())


def bundle(contract: SourceFile, common: SourceFile) -> Bundle:
    """Put the shared components that *contract* refers to into one document with it.

    Raises:
        InputProblems: A reference leads to another file or to nothing, or a component has the name of a shared one.
    """
    problems: list[Problem] = []
    data = _localized(contract.data)
    borrowed: set[str] = set()
    queue = list(_references(contract, problems))
    while queue:
        pointer, where = queue.pop()
        if pointer in borrowed:
            continue
        component = _at(common.data, pointer)
        if component is None:
            problems.append(
                contract.problem(
                    where, f"{COMMON}#{pointer} does not exist", f"Add it to {common.file}, or mend the name"
                )
            )
            continue
        if _at(contract.data, pointer) is not None:
            problems.append(
                contract.problem(pointer, f"{pointer} is a shared component too", "Rename it, or use the shared one")
            )
            continue
        borrowed.add(pointer)
        _, section, name = names(pointer)
        data.setdefault("components", {}).setdefault(section, {})[name] = _localized(component)
        queue.extend((ref[1:], where) for _, ref in _all_references(component))
    problems.extend(_dangling(data, contract))
    if problems:
        raise InputProblems(problems)
    return Bundle(data, contract, common, frozenset(borrowed))


class _CoreLoader(yaml.CSafeLoader):
    """The words of YAML 1.2's core schema: YAML 1.1 reads ``on`` as true and ``2026-01-15`` as a date."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}  # type: ignore[misc] # PyYAML sets it on the class, too


for _tag, _form, _starts in (
    ("bool", r"^(?:true|false)$", "tf"),
    ("null", r"^(?:null|~|)$", ["n", "~", ""]),
    ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789"),
):
    _CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_form), list(_starts))


class _Reader:
    """Turns the nodes of one file into data, noting lines and problems."""

    def __init__(self, file: str, lines: dict[str, int], problems: list[Problem]) -> None:
        self._file, self._lines, self._problems = file, lines, problems

    def value(self, node: yaml.Node, pointer: str) -> Any:
        """Return what *node* says."""
        self._lines.setdefault(pointer, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, pointer)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, joined(pointer, index)) for index, item in enumerate(node.value)]
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, pointer: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key, line = _scalar(key_node), key_node.start_mark.line + 1
            if not isinstance(key, str):
                self._problems.append(
                    Problem(self._file, line, f"the key {key_node.value} is not text", "Put it in quotes")
                )
            elif key in found:
                self._problems.append(Problem(self._file, line, f"the key {key!r} is there twice", "Keep one of them"))
            self._lines[joined(pointer, str(key))] = line
            found[str(key)] = self.value(value_node, joined(pointer, str(key)))
        return found


def _scalar(node: yaml.Node) -> str | int | float | bool | None:
    text = str(node.value)
    match node.tag.rpartition(":")[2]:
        case "bool":
            return text == "true"
        case "null":
            return None
        case "int":
            return int(text)
        case "float":
            return float(text)
    return text


def _strict_json(raw: bytes, shown: str) -> Any:
    try:
        return json.loads(raw)
    except json.JSONDecodeError as exc:
        raise InputProblems([Problem(shown, exc.lineno, f"not JSON: {exc.msg}", "Mend the syntax")]) from exc


def _localized(data: object) -> Any:
    """Return a copy of *data* whose references into the shared file lead inside the document."""
    if isinstance(data, dict):
        return {
            key: value.removeprefix(COMMON) if _is_reference(key, value) else _localized(value)
            for key, value in data.items()
        }
    return [_localized(item) for item in data] if isinstance(data, list) else data


def _is_reference(key: str, value: object) -> bool:
    return key == "$ref" and isinstance(value, str)


def _all_references(data: object) -> Iterator[tuple[str, str]]:
    """Yield the pointer and the target of each reference in *data*."""
    for pointer, value in walk(data):
        if isinstance(value, str) and pointer.endswith("/$ref"):
            yield pointer, value


def _references(contract: SourceFile, problems: list[Problem]) -> Iterator[tuple[str, str]]:
    """Yield the shared components that *contract* refers to, and from where."""
    for where, target in _all_references(contract.data):
        if target.startswith(COMMON + "#/components/"):
            yield target.removeprefix(COMMON + "#"), where
        elif not target.startswith("#/"):
            problems.append(
                contract.problem(
                    where, f"the reference {target} leaves the contract", f"Refer to #/… or {COMMON}#/components/…"
                )
            )


def _dangling(data: dict[str, Any], contract: SourceFile) -> Iterator[Problem]:
    for where, target in _all_references(contract.data):
        if target.startswith("#/") and _at(data, target[1:]) is None:
            yield contract.problem(
                where, f"the reference {target} leads to nothing", "Mend the name, or write the component"
            )


def _at(data: object, pointer: str) -> Any:
    for name in names(pointer):
        if not isinstance(data, Mapping):
            return None
        data = data.get(name)
    return data
