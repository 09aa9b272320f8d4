"""Settings at the start, and again on HUP, when files that they name may have changed."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tmfkit_server.app import check_extensions
from tmfkit_server.errors import SettingsError
from tmfkit_server.setting_values import is_private, remaining_keys
from tmfkit_server.settings import Settings, api_key_texts

__all__ = ["initial_settings", "later_settings"]

_LOG = logging.getLogger(__name__)


def initial_settings(values: Mapping[str, Any]) -> Settings:
    """Return the settings that the values of ``run_options`` stand for; SettingsError when no server can have them."""
    settings = _checked(values)
    if not settings.api_keys and settings.asks_for_credentials and settings.token_issuer is None:
        where, remedy = f"--api-key-file {values['api_key_file']}", "Write one [NAME=]ROLE:KEY a line"
        raise SettingsError(where, "there is no key in it", remedy)
    return settings


def later_settings(values: Mapping[str, Any], known: Settings) -> Settings:
    """Return what a running server goes on with.

    A file of keys may be empty by now. When something cannot be, everything stays as it was, but for keys that were
    taken out.

    Args:
        values: Values of ``run_options``, as they were at the start.
        known: Settings of the server.

    Raises:
        SettingsError: Something cannot be, and no key was taken out.
    """
    try:
        return _checked(values)
    except SettingsError as exc:
        kept = remaining_keys(known.api_keys or (), _key_texts(values, exc))
        gone = [key.name for key in known.api_keys or () if key not in kept]
        if not gone:
            raise
        _LOG.error("keys taken back: %s; everything else stays as it was: %s", ", ".join(gone), exc)
        return replace(known, api_keys=kept)


def _key_texts(values: Mapping[str, Any], problem: SettingsError) -> list[str]:
    try:
        return api_key_texts(values["api_key"], values["api_key_file"])
    except SettingsError:
        raise problem from None


def _checked(values: Mapping[str, Any]) -> Settings:
    settings = Settings.from_options(values)
    file = values["api_key_file"]
    if file is not None and not is_private(file):
        _LOG.warning("--api-key-file %s: others can get at it. Set its mode to 600.", file)
    check_extensions(settings)
    return settings
