"""``tmfkit-codegen``: parses the command line, calls one function, prints, returns a status."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

from tmfkit_codegen import __version__, tree
from tmfkit_codegen.check import check as check_tree
from tmfkit_codegen.errors import CodegenError
from tmfkit_codegen.generate import generate
from tmfkit_codegen.inputs import Inputs
from tmfkit_codegen.verified import verified

__all__ = ["main"]

SPECS = click.option(
    "--specs",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default="specs",
    show_default=True,
    help="Folder of the contracts.",
)
OUTPUT = click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default="generated",
    show_default=True,
    help="Folder of the generated tree.",
)


@click.group()
@click.version_option(__version__, prog_name="tmfkit-codegen")
def main() -> None:
    """Make models, SDK and bundled contracts from the folders under specs/.

    Exit status: 0 all is well, 1 problems were found, 2 wrong usage, 4 defect of the generator.
    """


@main.command()
@SPECS
@OUTPUT
def write(specs: Path, output: Path) -> None:
    """Clear and rewrite the generated tree."""

    def step() -> str:
        changed = sorted(tree.write(generate(verified(specs)), output))
        for name in changed:
            click.echo(output / name)
        return f"{len(changed)} files written or removed below {output}"

    _report(step)


@main.command()
@SPECS
@OUTPUT
def check(specs: Path, output: Path) -> None:
    """Compare the generated tree with what the contracts give; change nothing."""

    def step() -> str:
        check_tree(specs, output)
        return f"{output} is what {specs} gives"

    _report(step)


@main.command()
@SPECS
def lint(specs: Path) -> None:
    """Look for problems in contracts and registers, and for disagreements between them."""
    _report(lambda: _counted(verified(specs)))


def _counted(inputs: Inputs) -> str:
    rows = sum(len(api.register.data["requirements"]) for api in inputs.apis)
    return f"{len(inputs.apis)} contracts and {rows} requirements, no problem"


def _report(step: Callable[[], str]) -> None:
    """Run *step* and end with its status; the last line says what came of it."""
    try:
        done = step()
    except CodegenError as exc:
        click.echo(str(exc), err=True)
        sys.exit(exc.exit_status)
    click.echo(done)


if __name__ == "__main__":
    main()
