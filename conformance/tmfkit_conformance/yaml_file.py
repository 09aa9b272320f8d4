"""Reads the files that a person writes for the kit: YAML, or JSON, of a form that a schema says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

from tmfkit_conformance.errors import UsageError

__all__ = ["read_yaml"]


def read_yaml(path: Path, schema: Mapping[str, Any], *, empty: Any, file_remedy: str, value_remedy: str) -> Any:
    """Read a file.

    Args:
        path: The file.
        schema: JSON schema of what may stand in it.
        empty: What an empty file stands for.
        file_remedy: What to do about a file that cannot be read.
        value_remedy: What to do about a name or value that the schema does not allow.

    Raises:
        UsageError: It cannot be read, is no YAML or JSON, or does not fit the schema.
    """
    try:
        # The loader is a safe one; S506 knows only the name of the original.
        value = yaml.load(path.read_text(encoding="utf-8"), Loader=_TextDates)  # noqa: S506
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(str(path), f"cannot be read ({exc})", file_remedy) from exc
    except (yaml.YAMLError, RecursionError) as exc:
        raise UsageError(str(path), f"is no YAML ({_without_text(exc)})", file_remedy) from None  # it quotes the file
    value = value or empty
    if not _is_json(value):
        raise UsageError(str(path), "has names that are no texts, or a part that holds itself", file_remedy)
    validator = jsonschema_rs.validator_for(dict(schema), mask="a value")  # values may be secrets
    for error in validator.iter_errors(value):
        where = "/".join(str(name) for name in error.instance_path) or "the whole file"
        raise UsageError(f"{path}, {where}", error.message, value_remedy)
    return value


class _TextDates(yaml.SafeLoader):
    """Reads a date as the text that it is in a request, quoted or not."""


_TextDates.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _without_text(exc: Exception) -> str:
    """Return what is wrong with a YAML file and where, and nothing of what stands there: it may be a secret."""
    if isinstance(exc, yaml.MarkedYAMLError) and exc.problem_mark:
        return f"line {exc.problem_mark.line + 1}, column {exc.problem_mark.column + 1}"
    return type(exc).__name__


def _is_json(value: Any) -> bool:
    try:
        return bool(json.loads(json.dumps(value, allow_nan=False)) == value)
    except (TypeError, ValueError, RecursionError):
        return False
