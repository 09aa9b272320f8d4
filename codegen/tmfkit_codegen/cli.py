"""``tmfkit-codegen``: parses the command line, calls one function, prints, returns a status."""
from __future__ import annotations
from pathlib import Path
import click
from tmfkit_codegen import contracts, tree
from tmfkit_codegen.inputs import read_inputs

@click.group()
def main() -> None:
    """x"""

@main.command()
@click.option("--specs", default="specs", type=click.Path(path_type=Path))
@click.option("--output", default="generated", type=click.Path(path_type=Path))
@click.option("--unfinished", is_flag=True)
def write(specs: Path, output: Path, unfinished: bool) -> None:
    from tmfkit_codegen.errors import InputProblems
    try:
        inputs = read_inputs(specs, unfinished=unfinished)
    except InputProblems as exc:
        raise SystemExit(str(exc))
    from tmfkit_codegen.generate import generate
    made = generate(inputs)
    for n in tree.write(made, output):
        print(n)

if __name__ == "__main__":
    main()
