"""The command line: ``tmfkit-conformance``.

Commands parse, call one function, print, and return the exit status:

    0  conformant; done
    1  not conformant, or incomplete
    2  wrong usage or configuration
    3  could not run: the target does not answer, or the run was interrupted
    4  defect of the kit
    5  ``verify``: the files do not belong together
"""

from __future__ import annotations

import importlib
import io
import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import Final

import click

from tmfkit_conformance.errors import KitDefect, KitError, UsageError
from tmfkit_conformance.report.legible import one_line

__all__ = ["COMMANDS", "cli", "main"]

_INTERRUPTED: Final = 3

COMMANDS: Final[Mapping[str, str]] = {
    "run": "run",
    "plan": "register",
    "list": "register",
    "explain": "register",
    "verify": "evidence",
    "statement": "filing",
    "sign": "filing",
    "compare": "evidence",
    "init": "init",
    "selftest": "selftest",
    "catalogue": "catalogue",
}
"""Command → the module below ``commands`` that has it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    Args:
        arguments: The arguments; those of the process when None.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without UTF-8 is no reason to lose a verdict
    try:
        status = cli.main(arguments, prog_name="tmfkit-conformance", standalone_mode=False)
    except click.ClickException as exc:
        exc.show()
        return UsageError.exit_status
    except click.Abort:
        click.echo("Interrupted: no report was written.", err=True)
        return _INTERRUPTED
    except KitError as exc:
        click.echo(f"Error: {one_line(str(exc))}", err=True)
        return exc.exit_status
    except Exception as exc:  # noqa: BLE001 - the last frame: status 4 says that the kit is at fault, not the target
        traceback.print_exc()
        remedy = "Report it with the lines above, the command and `--version`"
        click.echo(f"Error: {KitDefect('tmfkit-conformance', f'failed with {type(exc).__name__}', remedy)}", err=True)
        return KitDefect.exit_status
    return int(status or 0)


class _Commands(click.Group):
    """The commands, each loaded when it is asked for: loading them all takes longer than many a run of one does."""

    def list_commands(self, _context: click.Context) -> list[str]:
        """Return the names, sorted."""
        return sorted(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Return the command of a name; None when there is none."""
        if name not in COMMANDS:
            for known in COMMANDS:  # the library says which of them was meant
                self.get_command(context, known)
        elif name not in self.commands:
            module = importlib.import_module(f"tmfkit_conformance.commands.{COMMANDS[name]}")
            self.add_command(getattr(module, f"{name}_command"))
        return self.commands.get(name)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="tmfkit", prog_name="tmfkit-conformance")
def cli() -> None:
    """Check an implementation of a TM Forum API against the document that specifies it.

    Every verdict cites a line of the document and can be computed again from the recorded exchanges.
    """


if __name__ == "__main__":
    sys.exit(main())
