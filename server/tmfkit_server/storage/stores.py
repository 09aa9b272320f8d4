"""The stores, by the scheme of their address: what each can do, and how it is checked, opened and read.

Whoever needs a store asks here and knows none by name. What a store is built on is imported when one is made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, Protocol, TypeAlias
from urllib.parse import urlsplit

from tmfkit_server.errors import SettingsError
from tmfkit_server.search_limits import SearchLimits
from tmfkit_server.storage.base import IndexPlan, Store
from tmfkit_server.storage.export_format import Source

__all__ = ["KINDS", "STORES", "Place", "Plans", "Snapshot", "StoreKind", "kind_of", "written_forms"]

Place: TypeAlias = Literal["process", "file", "database"]
"""Place of the content: the process, with which it ends, one file, or a database that a URL leads to."""

Plans: TypeAlias = Mapping[str, IndexPlan]
"""Collection → the indexes that it has from the start."""

_SEARCHES = SearchLimits()
# The lock of a file is free when this is waited for, or as good as free.
_LOCK_SECONDS = 5


class Snapshot(Source, Protocol):
    """Content of a store at one moment, read beside the server that has the store open."""

    def backup(self, target: Path, progress: Callable[[int, int], None]) -> None:
        """Copy it to a file.

        Args:
            target: File to make.
            progress: Called with how much is copied and how much there is.

        Raises:
            ExchangeError: The copy cannot be made.
        """


class NewStore(Protocol):
    """Maker of the stores of one kind."""

    def __call__(
        self, address: str, plans: Plans, *, searches: SearchLimits = _SEARCHES, for_serving: bool = False
    ) -> Store:
        """Return the store at an address, not yet open.

        Args:
            address: Address.
            plans: Indexes; a store that has no such indexes passes them over.
            searches: How many searches there are at a time.
            for_serving: Whether ``open`` waits for another process that is about to let go of the store, and does
                without a database that does not answer; otherwise it fails at once.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreKind:
    """Kind of stores: what is known before one of them is opened.

    Attributes:
        schemes: What their addresses begin with, the usual one first.
        form: Form of an address, for operators.
        title: What operators call it.
        pattern: Form of an address, for us.
        place: Where the content is.
        takes_processes: Whether several processes may have one open at a time.
        may_be_late: Whether a server answers requests before its store can be opened.
        driver: Package that only an extra brings; empty when none is needed.
        extra: That extra.
        backup_tool: What copies one that is no file; empty for none.
        preflight: Sees that the store at an address can be opened; raises StoreUnusable.
        inspect: Does so without changing anything, and says what is there.
        new: Makes a store.
        snapshot: Makes the snapshot of a store; None for one that has no file.
    """

    schemes: tuple[str, ...]
    form: str
    title: str
    pattern: re.Pattern[str]
    place: Place
    takes_processes: bool = False
    may_be_late: bool = False
    driver: str = ""
    extra: str = ""
    backup_tool: str = ""
    preflight: Callable[[str], None]
    inspect: Callable[[str], str]
    new: NewStore
    snapshot: Callable[[str], Snapshot] | None = None

    @property
    def is_lasting(self) -> bool:
        """Return whether the content outlives the process."""
        return self.place != "process"

    def check(self, address: str, *, workers: int = 1) -> None:
        """See that a server with so many workers can have such a store; SettingsError when not."""
        if workers != 1 and not self.takes_processes:
            titles = " or ".join(kind.title for kind in KINDS if kind.takes_processes)
            problem = f"the store {address!r} belongs to one process"
            raise SettingsError(f"--workers {workers}", problem, f"Use --workers 1, or a store on {titles}")
        if self.driver and find_spec(self.driver) is None:
            problem, remedy = f"{self.driver} is not installed", f"Install tmfkit[{self.extra}]"
            raise SettingsError(f"--store {self.schemes[0]}:", problem, remedy)

    def at(self, where: str) -> str:
        """Return an address: the usual scheme, and *where* the store is, such as the path of its file."""
        return f"{self.schemes[0]}:{where}"

    def file_of(self, address: str) -> str:
        """Return the path of a store's file; empty when it has none."""
        return _path(address) if self.place == "file" else ""

    def shown(self, address: str) -> str:
        """Return an address without anything secret: that of a database may hold a password."""
        if self.place != "database":
            return address
        parts = urlsplit(address)
        return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"

    def snapshot_of(self, address: str) -> Snapshot:
        """Return the snapshot of a store, not yet open; SettingsError when the store has no file."""
        if self.snapshot is None:
            remedy = f"Use {self.backup_tool or _listed(kind.form for kind in KINDS if kind.snapshot)}"
            raise SettingsError(f"--store {self.shown(address)}", "it has no file", remedy)
        return self.snapshot(address)

    def source_of(self, address: str) -> Source:
        """Return what an export reads, not yet open, while a server may be running on the store."""
        return self.new(address, {}) if self.takes_processes else self.snapshot_of(address)


def kind_of(address: str) -> StoreKind:
    """Return the kind of the store at *address*; SettingsError when there is none."""
    scheme = address.partition(":")[0]
    kind = STORES.get(scheme)
    if kind is None or not kind.pattern.fullmatch(address):
        # Nothing but the scheme is repeated: an address that was mistyped may hold a password.
        where = f"--store {scheme}:" if kind or (scheme.isalpha() and scheme != address) else "--store"
        raise SettingsError(where, "there is no such store", f"Use {written_forms()}")
    return kind


def written_forms(*, are_lasting: bool = False) -> str:
    """Return the forms of addresses, for operators; of those stores only whose content lasts, if wanted."""
    return _listed(kind.form for kind in KINDS if kind.is_lasting or not are_lasting)


def _listed(words: Iterable[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def _path(address: str) -> str:
    return address.partition(":")[2]


def _see_nothing(_address: str) -> None:
    """See to a store that can always be opened."""


def _inspect_nothing(_address: str) -> str:
    return "in memory, and gone with the server"


def _inspect_file(address: str) -> str:
    from tmfkit_server.storage.embedded.opening import preflight

    preflight(_path(address), reads_all=True)
    return "it is sound" if Path(_path(address)).exists() else "there is none yet, and one can be made"


def _see_to_file(address: str) -> None:
    from tmfkit_server.storage.embedded.opening import preflight

    preflight(_path(address))


def _new_embedded(
    address: str, plans: Plans, *, searches: SearchLimits = _SEARCHES, for_serving: bool = False
) -> Store:
    from tmfkit_server.storage.embedded.store import EmbeddedStore

    wait_seconds = _LOCK_SECONDS if for_serving else 0
    return EmbeddedStore(_path(address), plans, searches=searches, lock_wait_seconds=wait_seconds)


def _snapshot_of_file(address: str) -> Snapshot:
    from tmfkit_server.storage.embedded.snapshot import Snapshot as FileSnapshot

    return FileSnapshot(_path(address))


def _see_to_schema(address: str) -> None:
    from tmfkit_server.storage.postgres.migrate import migrate

    migrate(address)


def _inspect_database(address: str) -> str:
    from tmfkit_server.storage.postgres.migrate import inspect

    return inspect(address)


def _new_postgres(
    address: str, plans: Plans, *, searches: SearchLimits = _SEARCHES, for_serving: bool = False
) -> Store:
    from tmfkit_server.storage.postgres.store import PostgresStore

    return PostgresStore(address, plans, searches=searches, is_patient=for_serving)


KINDS = (
    StoreKind(
        schemes=("memory",),
        form="memory:",
        title="memory",
        pattern=re.compile("memory:"),
        place="process",
        preflight=_see_nothing,
        inspect=_inspect_nothing,
        new=_new_embedded,
    ),
    StoreKind(
        schemes=("tinydb",),
        form="tinydb:PATH",
        title="TinyDB",
        pattern=re.compile("tinydb:.+", re.DOTALL),
        place="file",
        preflight=_see_to_file,
        inspect=_inspect_file,
        new=_new_embedded,
        snapshot=_snapshot_of_file,
    ),
    StoreKind(
        schemes=("postgresql", "postgres"),
        form="postgresql://USER@HOST/DATABASE",
        title="PostgreSQL",
        pattern=re.compile("postgres(ql)?://.*", re.DOTALL),
        place="database",
        takes_processes=True,
        may_be_late=True,
        driver="psycopg",
        extra="postgres",
        backup_tool="pg_dump",
        preflight=_see_to_schema,
        inspect=_inspect_database,
        new=_new_postgres,
    ),
)

STORES: Mapping[str, StoreKind] = {scheme: kind for kind in KINDS for scheme in kind.schemes}
"""Scheme → kind."""
