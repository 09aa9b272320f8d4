"""The command ``tmfkit-client``: every API of the SDK from a shell."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence

from tmfkit_sdk._runtime.errors import NoAnswer, TmfError, Unreadable
from tmfkit_sdk.cli.actions import ACTIONS, CHANGING
from tmfkit_sdk.cli.arguments import parsed
from tmfkit_sdk.cli.completion import candidates, script
from tmfkit_sdk.cli.streams import NotShown, flush, prepare, remark, write

__all__ = ["main"]

_DONE, _REFUSED, _USAGE, _UNREACHABLE, _NOT_SHOWN, _INTERRUPTED = 0, 1, 2, 3, 4, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status; `SystemExit` for help and wrong usage."""
    prepare()
    try:
        _run([_text(word) for word in (sys.argv[1:] if arguments is None else arguments)])
        flush()
    except NoAnswer as error:
        return _failed(error, _UNREACHABLE)
    except TmfError as error:
        return _failed(error, _REFUSED)
    except BrokenPipeError:  # who reads has seen enough
        return _DONE
    except NotShown as error:
        return _failed(f"done, but the result cannot be shown: {error}", _NOT_SHOWN)
    except (ValueError, OSError) as error:
        return _failed(error, _USAGE)
    except KeyboardInterrupt:
        return _INTERRUPTED
    return _DONE


def _run(words: list[str]) -> None:
    if words[:1] == ["__complete"]:
        write("\n".join(candidates(words[1:])))
        return
    wanted = parsed(words)
    if wanted.api == "completion":
        write(script(wanted.shell))
        return
    try:
        ACTIONS[wanted.action](wanted)
    except Unreadable as error:
        if wanted.action in CHANGING:  # there was an answer, of success
            raise NotShown(str(error)) from error
        raise


def _text(word: str) -> str:
    """Return an argument as it was meant: what the locale could not read is UTF-8.

    Raises:
        ValueError: It is not.
    """
    try:
        return os.fsencode(word).decode() if re.search("[\ud800-\udfff]", word) else word
    except UnicodeDecodeError:
        raise ValueError(f"{word!r} is neither in the encoding of the locale nor UTF-8") from None


def _failed(error: object, status: int) -> int:
    remark(f"tmfkit-client: {error}")
    return status
