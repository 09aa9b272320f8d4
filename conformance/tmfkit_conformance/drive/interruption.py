"""What a run does when it is told to end: it cleans up first, for a while."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import Any, Final, Self

__all__ = ["ENDING", "REPEATED", "Interrupted", "Interruption"]

_TERMINATION_SECONDS: Final = 8.0
"""Those who send SIGTERM mostly send SIGKILL ten seconds later."""

ENDING: Final = "Ending the run; what it made is deleted first."
REPEATED: Final = "Still deleting what the run made. Ctrl-C once more ends it at once and leaves the rest behind."


class Interrupted(KeyboardInterrupt):
    """The run was told to end."""


class Interruption:
    """Takes SIGINT and SIGTERM while a run goes on: the first ends it, the second SIGINT is ignored, a third ends all.

    Signals are taken in the main thread only; elsewhere a run cannot be interrupted.

    Args:
        announce: Told what is going on when a signal comes.

    Attributes:
        cause: Name of the signal that ended the run; empty while none did.
        is_cleaning: Whether what the run made is being taken away; a third signal ends that, and so does the time that
            SIGTERM leaves.
    """

    def __init__(self, announce: Callable[[str], None] = lambda _: None) -> None:
        self._announce = announce
        self._before: dict[signal.Signals, Any] = {}
        self._repeated = 0
        self._holds = 0
        self._deadline = float("inf")
        self.cause = ""
        self.is_cleaning = False

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._take)
            self._before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._run_out)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @property
    def is_over(self) -> bool:
        """Whether there is no time left for cleaning up."""
        return time.monotonic() > self._deadline

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Let what is being done come to its end first: what a request made would not be known otherwise."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1
        if not self._holds:
            self.check()

    def check(self) -> None:
        """Raise Interrupted when the run has been told to end, and is not being cleaned up after."""
        if self.cause and not self.is_cleaning:
            raise Interrupted(self.cause)

    def _take(self, number: int, _frame: FrameType | None) -> None:
        if not self.cause:
            self.cause = signal.Signals(number).name
            self._announce(ENDING)
            if number == signal.SIGTERM:
                self._deadline = time.monotonic() + _TERMINATION_SECONDS
                signal.setitimer(signal.ITIMER_REAL, _TERMINATION_SECONDS)
            if not self._holds:
                self.check()
        elif number == signal.SIGINT:
            self._repeated += 1
            if self._repeated > 1:
                self._deadline = 0.0
                raise KeyboardInterrupt
            self._announce(REPEATED)

    def _run_out(self, _number: int, _frame: FrameType | None) -> None:
        """End cleaning up, also in the middle of a request that is not answered."""
        raise Interrupted(self.cause)
