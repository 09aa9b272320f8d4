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

import io
import sys
import traceback
from collections.abc import Sequence
from typing import Final

import click

from tmfkit_conformance.commands.catalogue import catalogue_command
from tmfkit_conformance.commands.evidence import compare_command, verify_command
from tmfkit_conformance.commands.filing import sign_command, statement_command
from tmfkit_conformance.commands.init import init_command
from tmfkit_conformance.commands.register import explain_command, list_command, plan_command
from tmfkit_conformance.commands.run import run_command
from tmfkit_conformance.commands.selftest import selftest_command
from tmfkit_conformance.errors import KitDefect, KitError, UsageError
from tmfkit_conformance.report.legible import one_line

__all__ = ["cli", "main"]

_INTERRUPTED: Final = 3


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


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="tmfkit", prog_name="tmfkit-conformance")
def cli() -> None:
    """Check an implementation of a TM Forum API against the document that specifies it.

    Every verdict cites a line of the document and can be computed again from the recorded exchanges.
    """


for _command in (
    run_command,
    plan_command,
    list_command,
    explain_command,
    verify_command,
    statement_command,
    sign_command,
    compare_command,
    init_command,
    selftest_command,
    catalogue_command,
):
    cli.add_command(_command)


if __name__ == "__main__":
    sys.exit(main())
