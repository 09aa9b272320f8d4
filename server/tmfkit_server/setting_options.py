"""Options that are settings: each one can be given as a flag, in the environment, or in a file."""

from __future__ import annotations

import math
import textwrap
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from tmfkit_server.errors import SettingsError
from tmfkit_server.storage.stores import kind_of

__all__ = ["FiniteRange", "Setting", "SettingsCommand", "config_option", "origin_of", "shown_value"]

_PREFIX = "TMFKIT_"
_PLAIN = (str, int, float, bool)


class FiniteRange(click.FloatRange):
    """A number with bounds, which "nan" and "inf" slip through otherwise."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is no finite number.", param, ctx)
        return number


class Setting(click.Option):
    """One setting.

    Attributes:
        group: Heading that it stands under.
        is_rare: Whether help leaves it out.
        is_secret: Whether its value is never shown.
        key: Its name in a file.
    """

    def __init__(
        self, flag: str, *, group: str = "Others", is_rare: bool = False, is_secret: bool = False, **how: Any
    ) -> None:
        """Declare it.

        Args:
            flag: Name as a flag; without its dashes the name in a file, in capitals that in the environment.
            group: Heading that it stands under.
            is_rare: Whether help leaves it out.
            is_secret: Whether its value is never shown.
            how: What ``click.Option`` takes.
        """
        self.key = flag.lstrip("-")
        how.setdefault("envvar", _PREFIX + self.key.replace("-", "_").upper())
        super().__init__([flag], **how)
        self.group, self.is_rare, self.is_secret = group, is_rare, is_secret


class SettingsCommand(click.Command):
    """A command whose help shows settings under their headings."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write every option, the rare ones by name only."""
        groups: dict[str, list[tuple[str, str]]] = {}
        rare = []
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if isinstance(parameter, Setting) and parameter.is_rare:
                rare.append(parameter.opts[0])
            elif record is not None:
                heading = parameter.group if isinstance(parameter, Setting) else "Options"
                groups.setdefault(heading, []).append(record)
        for heading, records in groups.items():
            with formatter.section(heading):
                formatter.write_dl(records)
        if rare:
            with formatter.section("Rarely needed, and best kept in a file; tmfkit-server settings shows their values"):
                indent = " " * formatter.current_indent
                lines = textwrap.wrap(
                    ", ".join(rare),
                    formatter.width,
                    break_on_hyphens=False,
                    initial_indent=indent,
                    subsequent_indent=indent,
                )
                formatter.write("\n".join([*lines, ""]))


def config_option() -> click.Option:
    """Return the option that names a file of settings."""
    return click.Option(
        ["--config"],
        type=click.Path(path_type=Path, dir_okay=False),
        envvar="TMFKIT_CONFIG",
        metavar="FILE",
        is_eager=True,
        expose_value=False,
        callback=_read_config,
        help="TOML file of settings, each under the name of its flag without the dashes; flags and the environment"
        " overrule it. Also from TMFKIT_CONFIG; every other setting has such a variable as well.",
    )


def origin_of(ctx: click.Context, option: click.Option) -> str:
    """Return where the value of *option* comes from, for people."""
    match ctx.get_parameter_source(str(option.name)):
        case ParameterSource.COMMANDLINE:
            return "flag"
        case ParameterSource.ENVIRONMENT:
            return str(option.envvar)
        case ParameterSource.DEFAULT_MAP:
            return str(ctx.meta.get(_PREFIX))
        case _:
            return "default"


def shown_value(option: Setting, value: Any) -> str:
    """Return the value of *option* as a file has it; of a secret only whether there is one."""
    if value is None or value in ("", ()):
        return "(none)"
    if option.is_secret:
        return "(secret)"
    if option.key == "store":
        return kind_of(value).shown(value)
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _read_config(ctx: click.Context, _option: click.Parameter, path: Path | None) -> None:
    if path is None:
        return
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise SettingsError(f"--config {path}", f"it cannot be read ({exc.strerror})", "Name a text file") from exc
    except ValueError as exc:
        raise SettingsError(f"--config {path}", f"it is no TOML: {exc}", "See https://toml.io") from exc
    settings = {each.key: each for each in ctx.command.params if isinstance(each, Setting)}
    ctx.meta[_PREFIX] = path
    ctx.default_map = {str(settings[key].name): value for key, value in _checked(path, found, settings)}


def _checked(
    path: Path, found: Mapping[str, Any], settings: Mapping[str, Setting]
) -> Iterable[tuple[str, str | Sequence[str]]]:
    for key, value in found.items():
        setting = settings.get(key)
        where = f"{path}: {key}"
        if setting is None:
            raise SettingsError(where, "there is no such setting", "tmfkit-server settings lists them all")
        if setting.multiple:
            # Numbers are texts in the other two places, and are read alike.
            fits = isinstance(value, list) and all(isinstance(each, _PLAIN) for each in value)
            wanted = "a list of texts or numbers"
        elif setting.is_flag:
            wanted, fits = "true or false", isinstance(value, bool)
        else:
            wanted, fits = "one text or number", isinstance(value, _PLAIN) and not isinstance(value, bool)
        if not fits:
            raise SettingsError(where, "its value is of the wrong type", f"Give it {wanted}")
        yield key, value
