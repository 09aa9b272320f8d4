"""The standard streams of the command, in any encoding, closed or full, and without signs that steer a terminal."""

from __future__ import annotations

import codecs
import io
import json
import os
import sys
from contextlib import suppress

__all__ = ["NotShown", "flush", "harmless", "prepare", "received", "remark", "write"]

_ESCAPE = "tmfkit-escape"


class NotShown(Exception):  # noqa: N818 - the name says it
    """The result of what is done cannot be written."""


def prepare() -> None:
    """Escape what the encoding of stdout lacks, and let no connection get the number of a closed stream."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # it gets the lowest number that is free
    codecs.register_error(_ESCAPE, _escaped)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors=_ESCAPE)
    if sys.stderr is None:
        sys.stderr = io.StringIO()


def received(name: str) -> bytes:
    """Return what a file holds, or stdin for ``-``.

    Raises:
        OSError: It cannot be read.
        ValueError: Stdin is closed.
    """
    if name != "-":
        with open(_path(name), "rb") as file:  # noqa: PTH123 - a path of bytes
            return file.read()
    if sys.stdin is None:
        raise ValueError("stdin is closed")
    return sys.stdin.buffer.read()


def write(text: str) -> None:
    """Write a line to stdout.

    Raises:
        BrokenPipeError: Who reads has gone.
        NotShown: It cannot be written.
    """
    if sys.stdout is None:
        raise NotShown("stdout is closed")
    try:
        sys.stdout.write(f"{text}\n")
    except OSError as error:
        raise _failure(error) from None


def flush() -> None:
    """Let nothing wait in stdout; errors as in `write`."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        raise _failure(error) from None


def remark(text: str) -> None:
    """Write a line to stderr, if anybody is there to read it."""
    with suppress(OSError):
        print(harmless(text), file=sys.stderr, flush=True)  # noqa: T201 - a remark


def harmless(text: str) -> str:
    """Escape, as JSON does, what cannot be printed: signs that steer a terminal are among it."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] for sign in text)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


def _failure(error: OSError) -> Exception:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # where what still waits goes in the end
    return error if isinstance(error, BrokenPipeError) else NotShown(str(error))


def _path(name: str) -> bytes:
    try:
        return os.fsencode(name)
    except UnicodeEncodeError:  # the locale lacks a sign, so that the name came as UTF-8
        return name.encode()
