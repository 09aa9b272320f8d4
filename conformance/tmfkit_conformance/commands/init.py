"""``init``: files to start from, a configuration and a draft of claims."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console

from tmfkit_conformance.commands.api import api_option
from tmfkit_conformance.commands.options import given_settings, settings_for
from tmfkit_conformance.commands.starter import starter_config
from tmfkit_conformance.declarations.claims import written_claims
from tmfkit_conformance.errors import UsageError
from tmfkit_conformance.proof.reporting import concluded
from tmfkit_conformance.report.console import RunProgress
from tmfkit_conformance.report.declared import offered
from tmfkit_conformance.rules.phases import REGISTER
from tmfkit_conformance.run import drive
from tmfkit_models.contracts import Contract

__all__ = ["init_command"]

_FILE = click.Path(path_type=Path, dir_okay=False)
_CLAIMS: Final = "claims.yaml"
_HEAD: Final = """\
# What the target offers, as a run of the register's checks against {url} has found it.
# Take away what you do not claim; `run --claims {file}` says which claim is not met.
"""


@click.command("init")
@api_option()
@click.option("--output", type=_FILE, help="Where to write the configuration.  [default: <ID>.yaml in this folder]")
@click.option("--probe", "base_url", metavar="URL", help="Check the target there, and draft claims of what it offers.")
@click.option("--claims", type=_FILE, default=_CLAIMS, show_default=True, help="Where to write the claims.")
@click.option("--config", type=_FILE, help="Configuration for --probe that is there already; no other one is written.")
@click.option("--bearer", metavar="TOKEN", envvar="TMFKIT_BEARER", show_envvar=True, help="Token for --probe.")
@click.option("--force", is_flag=True, help="Overwrite the files.")
def init_command(
    contract: Contract, output: Path | None, claims: Path, config: Path | None, *, force: bool, **given: Any
) -> int:
    """Write a configuration to start from.

    Every setting is in it, explained; a file that is there already is kept. With --probe the register's checks are run
    against a target, and what it offers of the document's options is written down as claims.

    Exit status: 0 written, 2 wrong usage, 3 no API there, or not reachable.
    """
    written = []
    if config is None:
        path = output or Path(f"{contract.id}.yaml")
        _write(path, starter_config(contract, str(path), base_url=given["base_url"] or ""), "--output", force=force)
        written.append(path)
    if given["base_url"]:
        _check_free(claims, force=force)
        _write(claims, _drafted(contract, config, given, claims), "--claims", force=force)
        written.append(claims)
    click.echo(f"Written: {', '.join(map(str, written))}")
    return 0


def _drafted(contract: Contract, config: Path | None, given: dict[str, Any], file: Path) -> str:
    """Run the register's checks, and return the claims that hold."""
    settings = settings_for(contract, config=config, given=given_settings({**given, "phases": (REGISTER,)}))
    with RunProgress(Console(stderr=True)) as progress:
        report = concluded(drive(contract, settings, progress), contract)
    outcomes = {line.requirement.id: line.outcome for line in report.lines}
    head = _HEAD.format(url=settings.base_url, file=file)
    return head + written_claims(offered(contract, outcomes))


def _check_free(path: Path, *, force: bool) -> None:
    if path.exists() and not force:
        raise UsageError(str(path), "the file is there already", "Give another --claims, or --force")


def _write(path: Path, text: str, option: str, *, force: bool) -> None:
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as exc:
        raise UsageError(str(path), "the file is there already", f"Give another {option}, or --force") from exc
    except OSError as exc:
        raise UsageError(str(path), f"cannot be written ({exc.strerror})", f"Give another {option}") from exc
