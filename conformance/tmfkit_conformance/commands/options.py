"""What the command line and the configuration file say, made into the settings of a run."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tmfkit_conformance.errors import UsageError
from tmfkit_conformance.settings import Settings, read_config
from tmfkit_models.contracts import Contract

__all__ = ["given_settings", "settings_for"]

_BY_RESOURCE = ("hub_urls", "payloads", "values")


def settings_for(contract: Contract, *, config: Path | None, given: Mapping[str, Any]) -> Settings:
    """Return the settings of a run; options win over the configuration file.

    Args:
        contract: The API.
        config: Configuration file, or None.
        given: Settings that the command line names; nothing for an option that was not used.

    Raises:
        UsageError: A setting cannot be used, or no base URL is there.
    """
    read = read_config(config) if config else {}
    base_url = given.get("base_url") or read.get("base_url")
    if not base_url:
        raise UsageError(
            "--base-url",
            "the address of the API under test is missing",
            "Give --base-url URL, or base_url in the configuration",
        )
    settings = Settings(contract.id, base_url=base_url.rstrip("/"))
    for source in (read, given):
        settings = settings.merged({name: value for name, value in source.items() if name != "base_url"})
    _check_resources(contract, settings)
    _check_way_back(settings)
    return settings


def given_settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that options name: those that were used, in the form that settings have.

    Raises:
        UsageError: A ``Name: value`` option has no colon.
    """
    used = {name: value for name, value in given.items() if value is not None and value != ()}
    for name, option in (("headers", "--header"), ("admin_headers", "--admin-header")):
        if name in used:
            used[name] = _headers(option, used[name])
    if "hub_urls" in used:
        used["hub_urls"] = _hub_urls(used["hub_urls"])
    return used


def _headers(option: str, lines: Iterable[str]) -> dict[str, str]:
    found = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise UsageError(option, "there is no colon in it", "Write it as 'Name: value'")
        found[name] = value.strip()
    return found


def _hub_urls(options: Iterable[str]) -> dict[str, str]:
    """Read ``[RESOURCE=]URL`` options into resource → URL; the empty name is the hub of all resources."""
    found = {}
    for option in options:
        name, equals, url = option.partition("=")
        named = bool(equals) and "/" not in name
        found[name if named else ""] = url if named else option
    return found


def _check_way_back(settings: Settings) -> None:
    """Refuse a listener that only this machine can reach for a target on another one.

    Raises:
        UsageError: No notification could arrive.
    """
    target = urlsplit(settings.base_url).hostname or ""
    host = settings.listener_bind.rpartition(":")[0]
    if not settings.listener or settings.listener_url or not _is_loopback(host) or _is_here(target):
        return
    raise UsageError(
        "--listener-url",
        f"the target is on another host ({target}), and the listener at {host} can be reached from this one only",
        "Give --listener-url, and --listener-bind with an address that the target reaches; or --no-listener",
    )


def _is_here(host: str) -> bool:
    return _is_loopback(host) or host.lower() in {socket.gethostname().lower(), socket.getfqdn().lower()}


def _is_loopback(host: str) -> bool:
    name = host.strip("[]").lower()
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def _check_resources(contract: Contract, settings: Settings) -> None:
    known = {resource.name for resource in contract.resources}
    for setting in _BY_RESOURCE:
        for name in getattr(settings, setting):
            allowed = known | {""} if setting == "hub_urls" else known
            if name not in allowed:
                problem = f"{contract.id} has no resource {name!r}"
                raise UsageError(setting, problem, f"Names that can stand there: {', '.join(sorted(known))}")
