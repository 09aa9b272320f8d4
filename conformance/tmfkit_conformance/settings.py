"""What a run needs to know of the implementation under test: addresses, credentials, values, limits.

A configuration file (YAML or JSON) holds the same names; options of the command line win over it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tmfkit_conformance.blotting import BLOTTED
from tmfkit_conformance.errors import UsageError
from tmfkit_conformance.rules.phases import PHASES
from tmfkit_conformance.yaml_file import read_yaml

__all__ = ["CONFIG_SCHEMA", "MOST_PARALLEL", "OAUTH_SECRET", "Settings", "is_credential", "read_config"]

_TEXT = {"type": "string"}
_TEXTS = {"type": "object", "additionalProperties": _TEXT}
_MOST_SECONDS = 3600.0
MOST_PARALLEL = 64
"""Probes that may run at a time."""

_SECONDS = {"type": "number", "exclusiveMinimum": 0, "maximum": _MOST_SECONDS}

_CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization", "set-cookie", "x-api-key"})
_KEY = re.compile(r"(?:^|[-_])(?:api)?(?:key|token|secret|password)$")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_HARMLESS = frozenset({"accept", "accept-language", "content-type", "user-agent"})
_SCHEMES = frozenset({"basic", "bearer", "digest", "negotiate", "token"})
_SHORTEST_SECRET = 6
"""Characters of a text that is looked for in answers; blotting out a shorter one would spoil the evidence."""

OAUTH_SECRET: Final = "TMFKIT_OAUTH_CLIENT_SECRET"  # noqa: S105 - the name of a variable
"""Environment variable with the secret of the OAuth client."""

_WRITTEN_BY_INIT: Final = "Give a YAML or JSON file, `init` writes one"

_HEADERS: Final = ("headers", "admin_headers")
_SECRET_SETTINGS: Final = ("bearer", "bearer_command", "oauth_client_secret_file", "client_certificate", "client_key")

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_EVERY_ADDRESS = frozenset({"0.0.0.0", "::", "[::]"})  # noqa: S104 - refused, not listened at

CONFIG_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "base_url": _TEXT,
        "subject": _TEXT,
        "operator": _TEXT,
        "hub_urls": _TEXTS,
        "headers": _TEXTS,
        "bearer": _TEXT,
        "bearer_command": _TEXT,
        "oauth_token_url": _TEXT,
        "oauth_client_id": _TEXT,
        "oauth_client_secret_file": _TEXT,
        "oauth_scope": _TEXT,
        "admin_headers": _TEXTS,
        "listener_bind": _TEXT,
        "listener_url": _TEXT,
        "listener": {"type": "boolean"},
        "payloads": {"type": "object", "additionalProperties": {"type": "object"}},
        "values": {
            "type": "object",
            "additionalProperties": {"type": "object", "additionalProperties": {"type": "array", "minItems": 1}},
        },
        "receivers": _TEXTS,
        "allow_send": {"type": "boolean"},
        "allow_destructive": {"type": "boolean"},
        "timeout_seconds": _SECONDS,
        "event_seconds": _SECONDS,
        "settle_seconds": {"type": "number", "minimum": 0, "maximum": _MOST_SECONDS},
        "hold_seconds": {"type": "number", "minimum": 0, "maximum": _MOST_SECONDS},
        "seed": _TEXT,
        "announce": {"type": "boolean"},
        "rate": {"type": "number", "minimum": 0, "maximum": _MOST_SECONDS},
        "verify_tls": {"type": "boolean"},
        "ca_file": _TEXT,
        "client_certificate": _TEXT,
        "client_key": _TEXT,
        "max_examples": {"type": "integer", "minimum": 1},
        "parallel": {"type": "integer", "minimum": 1, "maximum": MOST_PARALLEL},
        "list_pages": {"type": "integer", "minimum": 1},
        "phases": {"type": "array", "minItems": 1, "items": {"enum": list(PHASES)}},
    },
}


@dataclass(frozen=True)
class Settings:
    """Everything that a run can be told.

    Attributes:
        api: Id of the API.
        base_url: Base URL of the API under test, no slash at the end.
        subject: Product and version under test, ``PRODUCT/VERSION``; empty when nobody says so.
        operator: Who makes the run; empty when nobody says so.
        hub_urls: Resource name (or empty for all) → URL of its hub, where that is not under the base URL.
        headers: Headers of every request, credentials of an ordinary user among them.
        bearer: Token sent as ``Authorization: Bearer``.
        bearer_command: Command that prints such a token; run again when the token is refused.
        oauth_token_url: Token endpoint for OAuth 2.0 client credentials.
        oauth_client_id: Id of the client there.
        oauth_client_secret_file: File with its secret; the secret comes from the environment when empty.
        oauth_scope: Scope that is asked for; none when empty.
        admin_headers: Headers of requests made in the role admin; empty when there is no such credential.
        listener: Whether the kit may open a listener for notifications.
        listener_bind: Where it listens, ``HOST:PORT``; port 0 takes a free one.
        listener_url: The address under which the target reaches the listener; derived from the bind address when empty.
        payloads: Resource name → members merged into every create body (ids of existing parties, for example).
        values: Resource name → JSON pointer → values to be sent for this attribute; a row that changes it needs two,
            one that filters by either of two needs three.
        receivers: Message type → address that messages may be sent to.
        allow_send: Whether messages may be sent to addresses other than reserved ones.
        allow_destructive: Whether operations on whole collections may be called.
        timeout_seconds: Longest wait for an answer.
        event_seconds: Longest wait for a notification.
        settle_seconds: Longest wait until a write can be seen.
        hold_seconds: For how long a record of each resource has to be kept at least, from its creation.
        seed: What the contents of requests are drawn from; drawn itself when empty.
        announce: Whether requests say that they are from the kit.
        rate: Requests a second at most; 0 for as many as the target answers.
        verify_tls: Whether the target's certificate is verified.
        ca_file: PEM file of the authority that signed it.
        client_certificate: PEM file of the kit's own certificate.
        client_key: PEM file of its key.
        max_examples: Generated requests for each operation in a generated phase.
        parallel: How many probes run at a time.
        list_pages: Pages of one list that are looked at.
        phases: Which phases are run.
    """

    api: str
    base_url: str = ""
    subject: str = ""
    operator: str = ""
    hub_urls: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    bearer: str = ""
    bearer_command: str = ""
    oauth_token_url: str = ""
    oauth_client_id: str = ""
    oauth_client_secret_file: str = ""
    oauth_scope: str = ""
    admin_headers: Mapping[str, str] = field(default_factory=dict)
    listener: bool = True
    listener_bind: str = "127.0.0.1:0"
    listener_url: str = ""
    payloads: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, list[Any]]] = field(default_factory=dict)
    receivers: Mapping[str, str] = field(default_factory=dict)
    allow_send: bool = False
    allow_destructive: bool = False
    timeout_seconds: float = 10.0
    event_seconds: float = 5.0
    settle_seconds: float = 2.0
    hold_seconds: float = 3.0
    seed: str = ""
    announce: bool = False
    rate: float = 0.0
    verify_tls: bool = True
    ca_file: str = ""
    client_certificate: str = ""
    client_key: str = ""
    max_examples: int = 20
    parallel: int = 1
    list_pages: int = 20
    phases: tuple[str, ...] = PHASES

    def __post_init__(self) -> None:
        """Refuse what no run could be made with."""
        _check_url("base_url", self.base_url)
        self._check_names()
        for name, url in self.hub_urls.items():
            _check_url(f"hub_urls.{name}" if name else "hub_urls", url)
        if self.listener_url:
            _check_url("listener_url", self.listener_url, takes_port_0=True)
        self._check_tokens()
        self._check_listener()
        self._check_headers()
        for name in ("timeout_seconds", "event_seconds"):
            if not 0 < getattr(self, name) <= _MOST_SECONDS:
                problem = f"{getattr(self, name)} is no wait between 0 and {_MOST_SECONDS:g} seconds"
                raise UsageError(name, problem, "Give a number of seconds such as 10")
        for name in ("settle_seconds", "hold_seconds", "rate"):
            if not 0 <= getattr(self, name) <= _MOST_SECONDS:
                problem = f"{getattr(self, name)} is no number between 0 and {_MOST_SECONDS:g}"
                raise UsageError(name, problem, "Give a number such as 2")
        if self.client_key and not self.client_certificate:
            raise UsageError("client_key", "there is no certificate that it is the key of", "Give client_certificate")
        for name in ("ca_file", "client_certificate", "client_key"):
            path = getattr(self, name)
            if path and not Path(path).is_file():
                raise UsageError(name, f"there is no file {path!r}", "Give the path of a PEM file")

    def _check_names(self) -> None:
        for name in ("subject", "operator"):
            if not getattr(self, name).isprintable():
                raise UsageError(name, "there are characters in it that cannot be printed", "Give one line of text")
        product, slash, version = self.subject.rpartition("/")
        if self.subject and not (slash and product.strip() and version.strip()):
            problem = f"{self.subject!r} does not name a product and its version"
            raise UsageError("subject", problem, "Write it as PRODUCT/VERSION, for example 'Acme CRM/4.2'")

    def _check_tokens(self) -> None:
        given = [name for name in ("bearer", "bearer_command", "oauth_token_url") if getattr(self, name)]
        if len(given) > 1:
            raise UsageError(" and ".join(given), "a token comes from one place only", "Give one of them")
        if not self.oauth_token_url:
            if self.oauth_client_id or self.oauth_client_secret_file or self.oauth_scope:
                raise UsageError("oauth_token_url", "the token endpoint is missing", "Give its URL")
            return
        _check_url("oauth_token_url", self.oauth_token_url, takes_query=True)
        if not self.oauth_client_id:
            raise UsageError("oauth_client_id", "the id of the client is missing", "Give it beside the token endpoint")
        if not (self.oauth_client_secret_file or os.environ.get(OAUTH_SECRET)):
            remedy = f"Set {OAUTH_SECRET} in the environment, or give oauth_client_secret_file"
            raise UsageError("oauth_client_secret_file", "the secret of the client is missing", remedy)

    def _check_listener(self) -> None:
        host, _, port = self.listener_bind.rpartition(":")
        if not host or not port.isdecimal() or int(port) > 65535:
            raise UsageError(
                "listener_bind", f"{self.listener_bind!r} is not HOST:PORT", "Write for example 127.0.0.1:8099"
            )
        if host in _EVERY_ADDRESS and not self.listener_url:
            problem = f"{host} is every address of this machine, and the target needs one that it can call"
            raise UsageError("listener_bind", problem, "Give --listener-url as well, or one address")

    def _check_headers(self) -> None:
        """Refuse what cannot go into a header; no value is repeated in a message, for it may be a credential."""
        for setting, pairs in (
            ("headers", self.headers),
            ("admin_headers", self.admin_headers),
            ("bearer", {"Authorization": self.bearer}),
        ):
            for name, value in pairs.items():
                if not _HEADER_NAME.fullmatch(name):
                    raise UsageError(setting, f"{name!r} is not the name of a header", "Write it as 'Name: value'")
                if not (value.isascii() and value.isprintable()):
                    raise UsageError(
                        f"{setting}, {name}",
                        "the value has characters that no header can carry",
                        "Use printable ASCII characters",
                    )

    def merged(self, given: Mapping[str, Any]) -> Settings:
        """Return these settings with the values of *given*; headers and the like are merged, not replaced."""
        changes: dict[str, Any] = {}
        for name, value in given.items():
            before = getattr(self, name)
            changes[name] = (
                {**before, **value}
                if isinstance(before, Mapping)
                else tuple(value)
                if isinstance(before, tuple)
                else value
            )
        return replace(self, **changes)

    def to_json(self) -> dict[str, Any]:
        """Return every setting as a bundle records it: credentials, and all headers, by their names only."""
        plain = {item.name: getattr(self, item.name) for item in fields(self)}
        named = [f"{name} {header}" for name in _HEADERS for header in sorted(plain.pop(name))]
        given = [name for name in _SECRET_SETTINGS if plain.pop(name)]
        texts = {name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()}
        address, query, _ = self.oauth_token_url.partition("?")  # a query may hold a secret
        hidden = {
            "oauth_token_url": f"{address}?{BLOTTED}" if query else address,
            "payloads": self.shown_payloads,
            "values": self.shown_values,
        }
        return {**texts, **hidden, "credentials": [*given, *named]}

    @property
    def shown_payloads(self) -> Mapping[str, Any]:
        """The configured payloads as a bundle and a report show them: credentials by their names only."""
        return {name: _without_credentials(own) for name, own in self.payloads.items()}

    @property
    def shown_values(self) -> Mapping[str, Any]:
        """The configured values as a bundle and a report show them: credentials by their names only."""
        return {name: _without_credentials(own) for name, own in self.values.items()}

    @property
    def secret_headers(self) -> frozenset[str]:
        """Names, in lower case, of headers whose values never go into a bundle or a report."""
        configured = {name.lower() for name in (*self.headers, *self.admin_headers)}
        return frozenset(configured - _HARMLESS | _CREDENTIALS)

    @property
    def secrets(self) -> frozenset[str]:
        """Texts that never go into a bundle or a report, wherever they stand."""
        values = [self.bearer]
        for name, value in (*self.headers.items(), *self.admin_headers.items()):
            if name.lower() not in _HARMLESS:
                scheme, _, rest = value.strip().partition(" ")
                values.append(rest.strip() if scheme.lower() in _SCHEMES else value.strip())
        return frozenset(value for value in values if len(value) >= _SHORTEST_SECRET)


def read_config(path: Path) -> dict[str, Any]:
    """Read a configuration file.

    Raises:
        UsageError: It cannot be read, is no YAML or JSON, or has a name or value that the kit does not know.
    """
    remedy = f"Names that can stand there: {', '.join(_names())}"
    return {**read_yaml(path, CONFIG_SCHEMA, empty={}, file_remedy=_WRITTEN_BY_INIT, value_remedy=remedy)}


def _names() -> list[str]:
    return [item.name for item in fields(Settings) if item.name != "api"]


def is_credential(name: str) -> bool:
    """Say whether a header or a member says who asks: Authorization, Cookie, and those with a key or a token."""
    return name.lower() in _CREDENTIALS or bool(_KEY.search(_CAMEL.sub("-", name).lower()))


def _without_credentials(value: Any) -> Any:
    """Return a value with every member blotted out whose name, or whose pointer's end, is that of a credential."""
    if isinstance(value, list):
        return [_without_credentials(member) for member in value]
    if not isinstance(value, Mapping):
        return value
    return {
        name: BLOTTED if is_credential(name.rpartition("/")[2]) else _without_credentials(member)
        for name, member in value.items()
    }


def _check_url(name: str, url: str, *, takes_port_0: bool = False, takes_query: bool = False) -> None:
    if "@" in url:
        raise UsageError(name, "there are credentials in the URL", "Give them as headers: --header, or `headers`")
    plain, _, rest = url.partition("?")
    try:
        split = urlsplit(plain)
        usable = split.scheme in ("http", "https") and bool(split.hostname) and (takes_port_0 or split.port != 0)
    except ValueError:  # brackets that do not match, a port that is no number
        usable = False
    if not usable or (rest and not takes_query) or split.fragment or not plain.isprintable() or " " in plain:
        # What stands behind a question mark may be a secret as well.
        raise UsageError(name, f"{plain!r} is not a base URL", "Give http://HOST:PORT/PATH with no query")
