"""The command ``tmfkit-client``: every API of the SDK from a shell.

Exit status: 0 done · 1 refused by the server, or its answer cannot be read · 2 wrong usage · 3 not reachable.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from tmfkit_sdk._runtime.errors import NoAnswer, TmfError
from tmfkit_sdk.cli.actions import ACTIONS
from tmfkit_sdk.cli.arguments import parsed
from tmfkit_sdk.cli.completion import candidates, script

__all__ = ["main"]

_DONE, _REFUSED, _USAGE, _UNREACHABLE, _INTERRUPTED = 0, 1, 2, 3, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status; `SystemExit` for help and wrong usage."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["__complete"]:
        print(*candidates(words[1:]), sep="\n")  # noqa: T201 - the result of a command
        return _DONE
    try:
        wanted = parsed(words)
        if wanted.api == "completion":
            print(script(wanted.shell))  # noqa: T201 - the result of a command
        else:
            ACTIONS[wanted.action](wanted)
            sys.stdout.flush()
    except NoAnswer as error:
        return _failed(error, _UNREACHABLE)
    except TmfError as error:
        return _failed(error, _REFUSED)
    except (ValueError, OSError) as error:
        if isinstance(error, BrokenPipeError):  # who reads has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return _DONE
        return _failed(error, _USAGE)
    except KeyboardInterrupt:
        return _INTERRUPTED
    return _DONE


def _failed(error: Exception, status: int) -> int:
    print(f"tmfkit-client: {error}", file=sys.stderr)  # noqa: T201 - a remark
    return status
