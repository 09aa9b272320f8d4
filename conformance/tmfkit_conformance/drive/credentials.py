"""Who asks: the headers that a request is made with, and tokens that run out and are fetched anew."""

from __future__ import annotations

import os
import shlex
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote

import httpx

from tmfkit_conformance.drive.bounds import BoundedTransport, allowing, taken
from tmfkit_conformance.drive.tls import tls_context
from tmfkit_conformance.errors import NoCredential, UsageError
from tmfkit_conformance.record.wire import parsed
from tmfkit_conformance.settings import OAUTH_SECRET, Settings, is_credential

__all__ = ["Credentials", "over"]

_COMMAND_SECONDS: Final = 30.0
_LEEWAY_SECONDS: Final = 30.0
"""A token that is valid no longer than this, or for less than a tenth of its life, is not used any more."""


@dataclass(frozen=True, slots=True)
class _Token:
    """A token.

    Attributes:
        text: What is sent.
        until: When it has to be fetched anew, on the monotonic clock; None when that is not known.
    """

    text: str
    until: float | None = None


class _Source(Protocol):
    def fetch(self) -> _Token:
        """Fetch a token; NoCredential when there is none."""


class Credentials:
    """The credentials of a run.

    Args:
        settings: Headers, and where a token comes from.
        hide: Told every token that is fetched, so that it is written down nowhere.
    """

    def __init__(self, settings: Settings, hide: Callable[[str], None]) -> None:
        self._settings = settings
        self._hide = hide
        self._source = _source(settings)
        if settings.oauth_token_url:
            hide(_client_secret(settings))
        self._token: _Token | None = None
        self._past: set[str] = set()
        self._has_worked = False
        self._lock = threading.Lock()

    def headers(self, *, admin: bool) -> dict[str, str]:
        """Return the configured headers of a request; an administrator's credentials replace the user's.

        Raises:
            NoCredential: A token cannot be fetched.
        """
        settings = self._settings
        if not (admin and settings.admin_headers):
            return over(self._bearer(), settings.headers)
        others = settings.headers
        if any(is_credential(name) for name in settings.admin_headers):
            others = {name: value for name, value in others.items() if not is_credential(name)}
            return over(others, settings.admin_headers)
        return over(self._bearer(), others, settings.admin_headers)

    def worked(self) -> None:
        """Remember that an answer came that did not refuse the token."""
        self._has_worked = True

    def renewed(self, refused: str) -> bool:
        """Fetch another token after a 401, where this one was good before; return whether there is another one.

        Args:
            refused: The ``Authorization`` that was sent.
        """
        with self._lock:
            text = refused.removeprefix("Bearer ")
            if self._token is not None and text != self._token.text:
                return text in self._past  # another thread has fetched one meanwhile
            if self._source is None or self._token is None or not self._has_worked:
                return False
            try:
                fresh = self._fetched(self._source)
            except NoCredential:  # the answer of the target says what is wrong
                return False
            is_other = fresh.text != self._token.text
            self._token = fresh
            return is_other

    def _bearer(self) -> dict[str, str]:
        if self._source is None:
            return {"Authorization": f"Bearer {self._settings.bearer}"} if self._settings.bearer else {}
        with self._lock:
            if self._token is None or (self._token.until is not None and time.monotonic() >= self._token.until):
                self._token = self._fetched(self._source)
            return {"Authorization": f"Bearer {self._token.text}"}

    def _fetched(self, source: _Source) -> _Token:
        token = source.fetch()
        self._hide(token.text)
        self._past.add(token.text)
        self._has_worked = False
        return token


@dataclass(frozen=True, slots=True)
class _Command:
    """A command whose first line of output is the token."""

    line: str

    def fetch(self) -> _Token:
        """Run the command; nothing that it prints is repeated in a message."""
        remedy = "Give a command that prints the token and ends with status 0"
        try:
            done = subprocess.run(  # noqa: S603 - whoever runs the kit names the command
                shlex.split(self.line), capture_output=True, text=True, check=True, timeout=_COMMAND_SECONDS
            )
        except subprocess.CalledProcessError as exc:
            raise NoCredential("--bearer-command", f"ended with status {exc.returncode}", remedy) from None
        except subprocess.TimeoutExpired:
            raise NoCredential("--bearer-command", f"was not done after {_COMMAND_SECONDS:g} s", remedy) from None
        except (OSError, ValueError) as exc:  # no such command, a quote that does not end, output that is no text
            raise NoCredential("--bearer-command", f"cannot be run ({type(exc).__name__})", remedy) from None
        return _Token(_usable(next(iter(done.stdout.splitlines()), "").strip(), "--bearer-command"))


@dataclass(frozen=True, slots=True)
class _ClientCredentials:
    """OAuth 2.0 client credentials.

    Source: RFC 6749 §4.4 (grant), §2.3.1 (how a client says who it is), §5.1 (answer).
    """

    settings: Settings

    def fetch(self) -> _Token:
        """Ask the token endpoint; of its answer nothing but the status is repeated in a message."""
        settings = self.settings
        form = {"grant_type": "client_credentials", **({"scope": settings.oauth_scope} if settings.oauth_scope else {})}
        pair = (quote(settings.oauth_client_id, safe=""), quote(_client_secret(settings), safe=""))
        remedy = "Check oauth_token_url, oauth_client_id, the secret and oauth_scope"
        try:
            with (
                httpx.Client(
                    transport=BoundedTransport(tls_context(settings)), timeout=settings.timeout_seconds
                ) as http,
                allowing(settings.timeout_seconds),
                http.stream("POST", settings.oauth_token_url, data=form, auth=pair) as answer,
            ):
                status, said = answer.status_code, parsed(taken(answer))[0]
        except httpx.HTTPError as exc:
            raise NoCredential(settings.oauth_token_url, f"gave no token ({type(exc).__name__})", remedy) from None
        if status != httpx.codes.OK or not isinstance(said, dict):
            raise NoCredential(settings.oauth_token_url, f"gave no token (it answered {status})", remedy)
        return _Token(_usable(said.get("access_token"), settings.oauth_token_url), _until(said))


def over(*parts: Mapping[str, str]) -> dict[str, str]:
    """Join headers; of two that differ in letter case at most, the later one is sent."""
    joined: dict[str, tuple[str, str]] = {}
    for part in parts:
        joined.update({name.lower(): (name, value) for name, value in part.items()})
    return dict(joined.values())


def _source(settings: Settings) -> _Source | None:
    if settings.oauth_token_url:
        return _ClientCredentials(settings)
    return _Command(settings.bearer_command) if settings.bearer_command else None


def _client_secret(settings: Settings) -> str:
    if not settings.oauth_client_secret_file:
        return os.environ.get(OAUTH_SECRET, "")
    try:
        return Path(settings.oauth_client_secret_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        problem = f"cannot be read ({type(exc).__name__})"
        raise UsageError("oauth_client_secret_file", problem, "Give a file that has the secret") from None


def _usable(text: Any, where: str) -> str:
    if not (isinstance(text, str) and text and text.isascii() and text.isprintable() and " " not in text):
        raise NoCredential(where, "gave nothing that can be sent as a token", "Look at what it gives")
    return text


def _until(said: Mapping[str, Any]) -> float | None:
    """Return when a token has to be fetched anew."""
    life = said.get("expires_in")
    if isinstance(life, bool) or not isinstance(life, (int, float)) or life <= 0:
        return None
    return time.monotonic() + life - min(_LEEWAY_SECONDS, life / 10)
