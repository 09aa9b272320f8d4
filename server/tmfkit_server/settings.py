"""What an operator can decide, checked once before anything starts."""

from __future__ import annotations

import ipaddress
import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from tmfkit_models import contracts
from tmfkit_server.errors import SettingsError
from tmfkit_server.retry_limits import RetryLimits
from tmfkit_server.services.notifications.callbacks import LOOPBACK, Network
from tmfkit_server.services.notifications.signatures import secret_of

__all__ = [
    "DEFAULT_MAX_BODY_BYTES",
    "MESSAGE_TYPES",
    "ROLES",
    "Settings",
    "api_key_lines",
    "api_keys",
    "base_paths",
    "callback_networks",
    "callback_secrets",
    "channels",
    "is_private",
]

ROLES = ("reader", "user", "admin")
MESSAGE_TYPES = ("SMS", "Email", "MobileApp")
_SHARED_STORES = ("postgresql://", "postgres://")
DEFAULT_MAX_BODY_BYTES = 1024 * 1024
_BASE_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*")
_OWN_PATHS = ("/health", "/admin")
_FILE = "file:"


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one server.

    Attributes:
        host: Address to listen on.
        port: Port to listen on; 0 picks a free one.
        store: ``memory:``, ``tinydb:PATH`` or ``postgresql://…``.
        workers: Number of worker processes.
        api_keys: Key → role; empty makes every caller an admin.
        public_url: Scheme and host that hrefs begin with; empty takes them from each request.
        base_paths: API → base path, where it is not the contract's own.
        max_body_bytes: Largest request body.
        channels: Type of message → Apprise URL, a template that may hold credentials.
        outbox: Folder for messages of the types without a channel; empty lets ``outbox_folder`` choose.
        send_timeout_seconds: How long a client waits for the first attempt to send a message.
        send_retry_seconds: How long a message rests after the first attempt that failed.
        keep_card_numbers: Whether card numbers are stored whole, not with their last four digits only.
        allowed_callbacks: Networks that listeners may be in although they are not public.
        callback_secrets: What notifications are signed with; empty leaves them unsigned.
        retry_limits: When a notification is given up.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    store: str = "memory:"
    workers: int = 1
    api_keys: Mapping[str, str] = field(default_factory=dict)
    public_url: str = ""
    base_paths: Mapping[str, str] = field(default_factory=dict)
    max_body_bytes: int = DEFAULT_MAX_BODY_BYTES
    channels: Mapping[str, str] = field(default_factory=dict, repr=False)
    outbox: str = ""
    send_timeout_seconds: float = 5.0
    send_retry_seconds: float = 60.0
    keep_card_numbers: bool = False
    allowed_callbacks: Sequence[Network] = ()
    callback_secrets: Sequence[bytes] = field(default=(), repr=False)
    retry_limits: RetryLimits = field(default_factory=RetryLimits)

    def __post_init__(self) -> None:
        """Refuse what cannot be, with SettingsError."""
        if not self.api_keys and not _is_loopback(self.host):
            raise SettingsError(
                f"--host {self.host}",
                "without an API key only this machine may connect",
                "Give at least one --api-key ROLE:KEY, or listen on 127.0.0.1",
            )
        self._check_store()
        if self.public_url and urlsplit(self.public_url).scheme not in ("http", "https"):
            raise SettingsError(f"--public-url {self.public_url}", "it is no HTTP address", "Give it as https://HOST")
        _check_base_paths(self.base_paths)

    @property
    def called_networks(self) -> Sequence[Network]:
        """Networks that are called besides the public one.

        Who can reach a server that listens on loopback only is on this machine already, and needs no server to reach
        other ports of it.
        """
        return (*self.allowed_callbacks, *(LOOPBACK if _is_loopback(self.host) else ()))

    @property
    def is_shared(self) -> bool:
        """Whether the store takes several processes."""
        return self.store.startswith(_SHARED_STORES)

    @property
    def is_lasting(self) -> bool:
        """Whether what is in the store outlives the process."""
        return self.is_shared or bool(self.store_path)

    @property
    def store_path(self) -> str:
        """File of the store; empty when it has none."""
        return "" if self.is_shared else self.store.partition(":")[2]

    @property
    def store_name(self) -> str:
        """The store without anything secret: the address of a database may hold a password."""
        if not self.is_shared:
            return self.store
        address = urlsplit(self.store)
        return f"{address.scheme}://{address.hostname or ''}{address.path}"

    @property
    def outbox_folder(self) -> str:
        """Where messages go for which there is no channel: beside the file of the store when it has one."""
        return self.outbox or (f"{self.store_path}.outbox" if self.store_path else "tmfkit-outbox")

    def _check_store(self) -> None:
        scheme, _, path = self.store.partition(":")
        if not self.is_shared and (scheme not in ("memory", "tinydb") or (scheme == "tinydb") != bool(path)):
            # Nothing but the scheme is repeated: an address that was mistyped may hold a password.
            remedy = "Use memory:, tinydb:PATH or postgresql://USER@HOST/DATABASE"
            raise SettingsError(f"--store {scheme}:", "there is no such store", remedy)
        if self.workers != 1 and not self.is_shared:
            raise SettingsError(
                f"--workers {self.workers}",
                f"the store {self.store!r} belongs to one process",
                "Use --workers 1, or a store on PostgreSQL",
            )
        if self.is_shared and find_spec("psycopg") is None:
            raise SettingsError("--store postgresql:", "psycopg is not installed", "Install tmfkit[postgres]")


def api_keys(texts: Iterable[str]) -> dict[str, str]:
    """Read ``ROLE:KEY`` texts.

    Returns:
        Key → role.

    Raises:
        SettingsError: A text has another form or an unknown role, or a key has two roles.
    """
    found: dict[str, str] = {}
    for text in texts:
        role, _, key = text.partition(":")
        if role not in ROLES or not key:
            # The key itself must not reach a log.
            where = f"API key with role {role!r}" if key else "API key"
            raise SettingsError(where, "it is not of the form ROLE:KEY", f"Use a role of {', '.join(ROLES)}")
        if found.setdefault(key, role) != role:
            remedy = "Give each role a key of its own"
            raise SettingsError(f"API keys with roles {found[key]} and {role}", "they are the same key", remedy)
    return found


def api_key_lines(path: Path) -> list[str]:
    """Return the ``ROLE:KEY`` lines of a file, without empty lines and those that begin with ``#``.

    Raises:
        SettingsError: The file cannot be read, or holds no key.
    """
    where = f"--api-key-file {path}"
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError(where, f"it cannot be read ({exc.__class__.__name__})", "Name a text file") from exc
    found = [line for line in lines if line and not line.startswith("#")]
    if not found:
        raise SettingsError(where, "there is no key in it", "Write one ROLE:KEY a line")
    return found


def is_private(path: Path) -> bool:
    """Tell whether nobody but the owner of a file may read or write it."""
    return not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)


def base_paths(texts: Iterable[str]) -> dict[str, str]:
    """Read ``API=PATH`` texts.

    Returns:
        API → path, without a slash at the end.

    Raises:
        SettingsError: A text has another form or names no API.
    """
    found: dict[str, str] = {}
    for text in texts:
        api, _, path = text.partition("=")
        if api not in contracts.apis() or not path.startswith("/"):
            known = ", ".join(contracts.apis())
            raise SettingsError(f"--base-path {text}", "it is not of the form API=/PATH", f"The APIs are {known}")
        found[api] = path.rstrip("/")
    return found


def channels(texts: Iterable[str], file: Path | None = None) -> dict[str, str]:
    """Read ``TYPE=URL`` texts, and the lines of *file* that are not blank and do not begin with ``#``.

    Returns:
        Type of message → Apprise URL.

    Raises:
        SettingsError: A text has another form, or a type comes twice, or the file cannot be read.
    """
    given = [("--channel", text) for text in texts]
    if file is not None:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as exc:
            raise SettingsError(f"--channel-file {file}", "it cannot be read as text", "Name a file of text") from exc
        numbered = [(f"{file}, line {number}", line.strip()) for number, line in enumerate(lines, 1)]
        given += [(where, line) for where, line in numbered if line and not line.startswith("#")]
    found: dict[str, str] = {}
    for where, text in given:
        kind, _, url = text.partition("=")
        # The text itself must not reach a log: it may hold a password, wherever that was put.
        if kind not in MESSAGE_TYPES or not url:
            remedy = f"The types are {', '.join(MESSAGE_TYPES)}"
            raise SettingsError(where, "it is not of the form TYPE=APPRISE_URL", remedy)
        if kind in found:
            raise SettingsError(where, f"{kind} has a channel already", "Give each type one channel")
        found[kind] = url
    return found


def callback_networks(texts: Iterable[str]) -> list[Network]:
    """Read networks in CIDR notation; SettingsError when one is none."""
    try:
        return [ipaddress.ip_network(text) for text in texts]
    except ValueError as exc:
        remedy = "Give a network such as 10.1.0.0/16, or an address"
        raise SettingsError("--allow-callbacks", str(exc), remedy) from exc


def callback_secrets(texts: Iterable[str]) -> list[bytes]:
    """Read secrets of the form ``whsec_BASE64``, each as such or as ``file:PATH``.

    Raises:
        SettingsError: A text has another form, or a file cannot be read.
    """
    try:
        return [secret_of(_content(text)) for text in texts]
    except (ValueError, OSError) as exc:
        # The secret itself must not reach a log.
        remedy = "Use whsec_ and base64 of 24 to 64 random bytes, or file:PATH of a file with that"
        raise SettingsError("--callback-secret", str(exc), remedy) from exc


def _content(text: str) -> str:
    if text.startswith(_FILE):
        return Path(text.removeprefix(_FILE)).read_text(encoding="utf-8").strip()
    return text


def _check_base_paths(chosen: Mapping[str, str]) -> None:
    """Raise SettingsError when the APIs could not be told apart by their paths, or hide what the server itself has."""
    owners: dict[str, str] = {}
    for api in contracts.apis():
        path = chosen.get(api, contracts.load(api).base_path)
        where = f"--base-path {api}={path or '/'}"
        if not _BASE_PATH.fullmatch(path):
            raise SettingsError(where, "it is no plain path", "Use letters, digits and . _ ~ - between the slashes")
        for own in _OWN_PATHS:
            if f"{path}/".startswith(f"{own}/"):
                raise SettingsError(where, f"{own} is the server's own", "Choose another path")
        if path in owners:
            raise SettingsError(where, f"{owners[path]} has the same path", "Give each API a path of its own")
        owners[path] = api


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
