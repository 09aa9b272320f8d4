"""Options that are settings: each one can be given as a flag, in the environment, or in a file."""

from __future__ import annotations

import json
import math
import textwrap
import tomllib
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from tmfkit_server.errors import SettingsError
from tmfkit_server.storage.stores import kind_of

__all__ = ["FiniteRange", "Setting", "SettingsCommand", "TolerantCommand", "config_option", "file_line"]

_PREFIX = "TMFKIT_"
_PROBLEMS = "tmfkit_server.problems"
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
        # What a file or the environment turned on can be turned off.
        super().__init__([f"{flag}/--no-{self.key}" if how.get("is_flag") else flag], **how)
        self.group, self.is_rare, self.is_secret = group, is_rare, is_secret

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        """Return what a value is read as; None for a bad one where problems are gathered."""
        try:
            return super().process_value(ctx, value)
        except click.BadParameter as exc:
            if (problems := ctx.meta.get(_PROBLEMS)) is None:
                raise
            problems[self.key] = exc.message
            return None


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


class TolerantCommand(SettingsCommand):
    """A command that runs whatever its settings are, and says what is wrong with them.

    Its callback takes ``problems``: name of a setting → problem.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the settings, and gather what is wrong with them."""
        problems: dict[str, str] = {}
        ctx.meta[_PROBLEMS] = problems
        rest = super().parse_args(ctx, args)
        ctx.params["problems"] = problems
        return rest


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


def file_line(ctx: click.Context, option: Setting, value: Any, problem: str = "") -> str:
    """Return a line that a file of settings may have, with where the value comes from.

    It is a comment where there is no value, where that is not to be told, and where there is a problem with it.

    Args:
        ctx: Context of the command.
        option: The setting.
        value: Its value.
        problem: What is wrong with it.
    """
    origin = _origin_of(ctx, option)
    if problem:
        return f"# {option.key}: {problem}  # {origin}"
    if value is None or value in ("", ()):
        return f"# {option.key} = (none)  # {origin}"
    if option.is_secret:
        return f"# {option.key} = (secret)  # {origin}"
    if option.key == "store" and (shown := kind_of(value).shown(value)) != value:
        return f"# {option.key} = {shown}  # {origin}"
    return f"{option.key} = {_as_toml(value)}  # {origin}"


def _as_toml(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_as_toml, value))}]"
    return json.dumps(value if isinstance(value, _PLAIN) else str(value), ensure_ascii=False)


def _origin_of(ctx: click.Context, option: click.Option) -> str:
    match ctx.get_parameter_source(str(option.name)):
        case ParameterSource.COMMANDLINE:
            return "flag"
        case ParameterSource.ENVIRONMENT:
            return str(option.envvar)
        case ParameterSource.DEFAULT_MAP:
            return str(ctx.meta.get(_PREFIX))
        case _:
            return "default"


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
    ctx.default_map = {}
    for key, value in found.items():
        try:
            _check(path, key, value, settings.get(key))
        except SettingsError as exc:
            if (problems := ctx.meta.get(_PROBLEMS)) is None:
                raise
            problems[key] = str(exc)
        else:
            ctx.default_map[str(settings[key].name)] = value


def _check(path: Path, key: str, value: Any, setting: Setting | None) -> None:
    """Raise SettingsError when a file has what is no setting, or a value of a type that it cannot have."""
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
