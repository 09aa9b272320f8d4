"""The proof that the log is on the disk before an answer leaves: the system calls, as strace saw them.

A kill cannot show it, because what the operating system has taken survives the process. Every write carries a marker
that no other has, in its request, in what is stored and in the answer. So in the order of the calls there must be a
write of the marker to a file, then a sync of that file begun and ended, and only then a send of the marker to a socket
(be it the answer to the client or the notification of a listener).
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from faultlab.history import marker
from harness.errors import HarnessError

__all__ = ["TRACED", "Evidence", "check_strace", "judge", "tracer"]

TRACED = "write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,sendmmsg,fsync,fdatasync,sync_file_range"
_LONGEST_DATA = 262_144
_MARKER = re.compile(r"<life-\d{7}\.\d{4}>")
# PID, then a call that is complete or the first or second half of one.
_CALL = re.compile(r"^(?P<process>\d+) +(?P<call>\w+)\((?P<rest>.*)$")
_RESUMED = re.compile(r"^(?P<process>\d+) +<\.\.\. (?P<call>\w+) resumed>(?P<rest>.*)$")
_DESCRIPTOR = re.compile(r"^\d+<(?P<what>[^>]*)")
_FAILED = re.compile(r"\) += -1 [A-Z]\w* \([^()]*\)$")
_SYNCS = ("fsync", "fdatasync")


@dataclass(slots=True)
class Evidence:
    """What a trace shows.

    Attributes:
        written: Markers that were written to some file.
        synced: Markers whose file was synced afterwards.
        told: Markers that were sent to somebody, the server's answers and notifications.
        early: Those that were told before they were synced.
        syncs: How many syncs there were.
    """

    written: set[str] = field(default_factory=set)
    synced: set[str] = field(default_factory=set)
    told: set[str] = field(default_factory=set)
    early: set[str] = field(default_factory=set)
    syncs: int = 0

    def losses(self, acknowledged: Iterable[tuple[str, int]]) -> list[str]:
        """Return what was told too early, and what was acknowledged but not seen to be told at all."""
        unseen = {marker(token, version) for token, version in acknowledged} - self.told
        early = [f"{each} was told before a sync of the log had ended" for each in sorted(self.early)]
        return early + [f"{each} was acknowledged, but the trace does not show it" for each in sorted(unseen)]


def check_strace() -> None:
    """See that strace is there and may trace; HarnessError when not."""
    if shutil.which("strace") is None:
        raise HarnessError("strace", "it is not installed, so nothing is proven", "Run: apt-get install strace")
    done = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, text=True, check=False)
    if done.returncode:
        problem = f"it may not trace here, so nothing is proven: {done.stderr.strip()}"
        raise HarnessError("strace", problem, "Allow ptrace: CAP_SYS_PTRACE, or --security-opt seccomp=unconfined")


def tracer(trace: Path, *, attach: Iterable[int] = ()) -> list[str]:
    """Return the command that a server is started with.

    Args:
        trace: File for the trace.
        attach: Processes to trace besides; their children too.
    """
    command = ["strace", "-f", "-qq", "-y", "-yy", "-s", str(_LONGEST_DATA), "-e", f"trace={TRACED}", "-o", str(trace)]
    command += ["-e", "signal=none"]
    return [*command, *(part for process in attach for part in ("-p", str(process)))]


def judge(trace: Iterable[str]) -> Evidence:
    """Read a trace; its lines are in the order in which the calls were seen to begin and to end."""
    evidence = Evidence()
    files: dict[str, set[str]] = defaultdict(set)  # file → markers that are in it
    under_way: dict[str, tuple[str, str, set[str]]] = {}  # process → call, file, markers
    for line in trace:
        if found := _RESUMED.match(line):
            call, file, markers = under_way.pop(found["process"], ("", "", set()))
            if not _FAILED.search(line.rstrip()):
                _end(evidence, files, call, file, markers)
            continue
        found = _CALL.match(line)
        descriptor = found and _DESCRIPTOR.match(found["rest"])
        if not found or not descriptor:
            continue
        call, what = found["call"], descriptor["what"]
        if call in _SYNCS:
            # Only what was written before the sync began is covered by it.
            markers = set(files[what])
        else:
            markers = set(_MARKER.findall(found["rest"]))
            if what.startswith(("TCP:", "TCPv6:")):
                evidence.told |= markers
                evidence.early |= markers - evidence.synced
                continue
        if line.rstrip().endswith("<unfinished ...>"):
            under_way[found["process"]] = (call, what, markers)
        elif not _FAILED.search(line.rstrip()):
            _end(evidence, files, call, what, markers)
    return evidence


def _end(evidence: Evidence, files: dict[str, set[str]], call: str, file: str, markers: set[str]) -> None:
    if call in _SYNCS:
        evidence.syncs += 1
        evidence.synced |= markers
    elif file.startswith("/"):
        evidence.written |= markers
        files[file] |= markers
