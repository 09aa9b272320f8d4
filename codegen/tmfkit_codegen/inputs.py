"""Everything that one run is made from: the folder ``specs/``, read once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tmfkit_codegen.errors import InputProblems, Problem
from tmfkit_codegen.load import Bundle, SourceFile, bundle, read

__all__ = ["Api", "Inputs", "read_inputs"]

SCHEMAS = ("requirements", "errata", "sample", "x-tmf")
_T = TypeVar("_T")


@dataclass(frozen=True)
class Api:
    """The folder of one API.

    Attributes:
        id: Name of the folder.
        contract: ``openapi.yaml``, bundled.
        register: ``requirements.yaml``.
        errata: ``errata.yaml``.
        samples: ``samples/*.json``, by name.
    """

    id: str
    contract: Bundle
    register: SourceFile
    errata: SourceFile
    samples: tuple[SourceFile, ...]

    @property
    def package(self) -> str:
        """Name of the API's package among the models and in the SDK."""
        return str(self.contract.data["x-tmf-api"]["package"])


@dataclass(frozen=True)
class Inputs:
    """All folders, and what holds for each of them.

    Attributes:
        apis: The APIs, by id.
        schemas: What the files may say: ``requirements``, ``errata``, ``sample``, ``x-tmf``.
        scenarios: Names that rows of kind ``scenario`` may use.
        sha256: Digest over every file read.
    """

    apis: tuple[Api, ...]
    schemas: Mapping[str, SourceFile]
    scenarios: SourceFile
    sha256: str


def read_inputs(specs: Path) -> Inputs:
    """Read the folder *specs*.

    Raises:
        InputProblems: Files are missing or not well-formed, or a reference leads nowhere.
    """
    reader = _Folder(specs)
    common = reader.file("common/common.yaml")
    scenarios = reader.file("scenarios.yaml")
    schemas = {name: reader.file(f"{name}.schema.json") for name in SCHEMAS}
    folders = sorted(path.parent for path in specs.glob("*/openapi.yaml"))
    apis = [reader.api(folder, common) for folder in folders]
    if not folders:
        reader.problems.append(
            Problem(specs.name, 0, "no folder has an openapi.yaml", "Name the folder of the contracts with --specs")
        )
    if reader.problems:
        raise InputProblems(reader.problems)
    return Inputs(tuple(apis), schemas, scenarios, reader.sha256())


class _Folder:
    """Reads files below one folder, collecting what is wrong instead of stopping at it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._read: dict[str, str] = {}
        self.problems: list[Problem] = []

    def file(self, name: str) -> SourceFile:
        """Read the file *name*; an empty stand-in for a bad one."""
        shown = f"{self._root.name}/{name}"
        if not (self._root / name).is_file():
            self.problems.append(
                Problem(shown, 0, "the file is missing", "Write it; specs/README.md says what stands in it")
            )
            return SourceFile(shown, {}, {}, "")
        found = self._tried(lambda: read(self._root / name, shown), SourceFile(shown, {}, {}, ""))
        self._read[name] = found.sha256
        return found

    def api(self, folder: Path, common: SourceFile) -> Api:
        """Read the folder of one API."""
        contract = self.file(f"{folder.name}/openapi.yaml")
        samples = sorted(path.name for path in folder.glob("samples/*.json"))
        return Api(
            id=folder.name,
            contract=self._tried(lambda: bundle(contract, common), Bundle({}, contract, common)),
            register=self.file(f"{folder.name}/requirements.yaml"),
            errata=self.file(f"{folder.name}/errata.yaml"),
            samples=tuple(self.file(f"{folder.name}/samples/{name}") for name in samples),
        )

    def sha256(self) -> str:
        """Return one digest over the names and contents of all files read."""
        return hashlib.sha256(
            "".join(f"{name} {digest}\n" for name, digest in sorted(self._read.items())).encode()
        ).hexdigest()

    def _tried(self, step: Callable[[], _T], otherwise: _T) -> _T:
        try:
            return step()
        except InputProblems as exc:
            self.problems.extend(exc.problems)
            return otherwise
