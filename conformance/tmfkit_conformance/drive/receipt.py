"""The receipt of a run: what it made at the target, and what became of it; written down as the run goes."""

from __future__ import annotations

import hashlib
import shlex
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Literal

__all__ = ["Entry", "Receipt", "State"]

State = Literal["made", "deleted", "gone", "left", "foreign"]

_ESCAPED: Final = "backslashreplace"
"""What becomes of halves of surrogate pairs, which a target's addresses may have and no file can hold."""


@dataclass(eq=False, slots=True)
class Entry:
    """One thing that the run made.

    Attributes:
        address: Where it is; for a listener whose id is not known, its callback.
        state: What became of it: ``deleted`` is what the target said, ``gone`` is what was seen; ``foreign`` is not the
            run's own.
        why: Why it was left; empty otherwise.
        method: How it is taken away; empty when nothing takes it away.
        is_admin: Whether that takes the role admin.
    """

    address: str
    state: State = "made"
    why: str = ""
    method: str = "DELETE"
    is_admin: bool = False


class Receipt:
    """Everything that a run made, in the order of making.

    Args:
        path: File that a line is written to as soon as something is made or changes, and that is made with its first
            line; None for no file.
        headers_of: Gives the headers of a request, secrets blotted out; told whether it is one of the role admin.
    """

    def __init__(
        self, path: Path | None = None, headers_of: Callable[[bool], Mapping[str, str]] = lambda _: {}
    ) -> None:
        self._headers_of = headers_of
        self._lock = threading.Lock()
        self._entries: list[Entry] = []
        self._path = path
        self._file: IO[str] | None = None
        if path:
            path.unlink(missing_ok=True)  # that of an earlier run
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Digest of what has been written down so far, hexadecimal."""
        return self._digest.hexdigest()

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()

    def made(self, address: str, *, method: str = "DELETE", is_admin: bool = False) -> Entry:
        """Write down what was made."""
        entry = Entry(address, method=method, is_admin=is_admin)
        with self._lock:
            self._entries.append(entry)
            self._write(entry)
        return entry

    def standing(self, callback: str, hub: str) -> None:
        """Write down a registration that was accepted without telling its id: nothing can take it back."""
        entry = Entry(callback, method="")
        with self._lock:
            self._entries.append(entry)
        self.became(entry, "left", f"a listener at {hub}, which told no id that it could be taken back by")

    def became(self, entry: Entry, state: State, why: str = "") -> None:
        """Write down what became of an entry."""
        with self._lock:
            entry.state, entry.why = state, why
            self._write(entry)

    def deleted(self) -> list[Entry]:
        """Return what the target said it deleted, and nobody has looked for since."""
        return [entry for entry in self._entries if entry.state == "deleted"]

    def left(self) -> list[Entry]:
        """Return what is there still, or may be, the latest first."""
        return [entry for entry in reversed(self._entries) if entry.state in ("made", "left")]

    def to_json(self) -> dict[str, Any]:
        """Return the counts, and what is left with the command that takes it away."""
        states = [entry.state for entry in self._entries]
        return {
            "made": len(states) - states.count("foreign"),
            "deleted": states.count("deleted") + states.count("gone"),
            "confirmed_gone": states.count("gone"),
            "left": [
                {"address": entry.address, "why": entry.why, "curl": self._command(entry)} for entry in self.left()
            ],
        }

    def _write(self, entry: Entry) -> None:
        rest = f"  {self._command(entry)}  # {entry.why}" if entry.state == "left" else ""
        line = f"{entry.state:<8}{entry.address}{rest}\n"
        self._digest.update(line.encode(errors=_ESCAPED))
        if self._path and not self._file:
            self._file = self._path.open("w", encoding="utf-8", errors=_ESCAPED, newline="\n")
        if self._file:
            self._file.write(line)
            self._file.flush()

    def _command(self, entry: Entry) -> str:
        """Return the command line that takes an entry away; empty when none does."""
        if not entry.method:
            return ""
        headers = [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in self._headers_of(entry.is_admin).items()]
        return " ".join(["curl -X", entry.method, *headers, shlex.quote(entry.address)])
