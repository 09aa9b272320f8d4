"""Settings of a server: every option of ``tmfkit-server run``, checked once before anything starts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any, Self

import click

from tmfkit_server import setting_values
from tmfkit_server.api_keys import ApiKey
from tmfkit_server.connection_limits import ConnectionLimits
from tmfkit_server.errors import SettingsError, SeveralSettingsError
from tmfkit_server.key_pair import KeyPair
from tmfkit_server.listener_limits import ListenerLimits
from tmfkit_server.logs import LogFormat
from tmfkit_server.message_limits import MessageLimits
from tmfkit_server.network import LOOPBACK, Network, Place, is_loopback
from tmfkit_server.retry_limits import RetryLimits
from tmfkit_server.search_limits import SearchLimits
from tmfkit_server.setting_options import FiniteRange, Setting
from tmfkit_server.storage.stores import StoreKind, kind_of, written_forms
from tmfkit_server.token_issuer import TokenIssuer

__all__ = ["Settings", "api_key_texts", "run_options"]

_OPTIONS, _READ = "options", "read"
_LIMITS = RetryLimits()
_MESSAGES = MessageLimits()
_CONNECTIONS = ConnectionLimits()
_LISTENERS = ListenerLimits()
_SEARCHES = SearchLimits()


def _plain(default: Any, flag: str, **how: Any) -> Any:
    """Declare a setting that is the value of one option.

    Args:
        default: What it is when nobody says anything.
        flag: Name of the option.
        how: What ``click.Option`` takes.
    """
    option = Setting(flag, default=default, show_default=default not in ("", False), **how)
    return field(default=default, metadata={_OPTIONS: (option,), _READ: lambda value: value})


def _flag(name: str, **how: Any) -> Any:
    """Declare a setting that is off until an option without a value turns it on."""
    return _plain(False, name, is_flag=True, **how)  # noqa: FBT003 - the default


def _read_from(read: Callable[..., Any], *options: Setting, **how: Any) -> Any:
    """Declare a setting that is read from the values of some options.

    Args:
        read: Makes it of the values, in the order of the options.
        options: The options.
        how: What ``dataclasses.field`` takes.
    """
    return field(metadata={_OPTIONS: options, _READ: read}, **how)


def _limit(flag: str, default: float, kind: click.ParamType[Any], *, group: str, help: str) -> Setting:  # noqa: A002 - as click
    """Return the option of a limit, which hardly anybody changes."""
    return Setting(flag, group=group, is_rare=True, default=default, show_default=True, type=kind, help=help)


def api_key_texts(texts: Iterable[str], file: Path | None) -> list[str]:
    """Return the texts of API keys, those of a file included; SettingsError when that cannot be read."""
    return [*texts, *(setting_values.api_key_lines(file) if file is not None else [])]


def _read_api_keys(texts: Iterable[str], file: Path | None) -> tuple[ApiKey, ...] | None:
    found = setting_values.api_keys(api_key_texts(texts, file))
    return None if file is None and not found else found


def _read_store(address: str) -> str:
    kind_of(address)
    return address


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one server; what each means, its option says.

    Attributes:
        api_keys: Keys; None makes every caller an admin, unless there is an issuer.
        base_paths: API → base path, where it is not the contract's own.
        channels: Type of message → Apprise URL, a template that may hold credentials.
        outbox: Folder for messages of the types without a channel; empty lets ``outbox_folder`` choose.
    """

    host: str = _plain(
        "127.0.0.1", "--host", group="Listening", help="Address to listen on; others than loopback need an API key."
    )
    port: int = _plain(
        8080, "--port", group="Listening", type=click.IntRange(0, 65535), help="Port to listen on; 0 picks a free one."
    )
    tls: KeyPair | None = _read_from(  # noqa: RUF009 - it gives a field
        setting_values.key_pair,
        Setting(
            "--tls-cert",
            group="Listening",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Certificate, with those between it and its authority, in PEM; read again on HUP. Without one, HTTP."
            " It is that of --management too.",
        ),
        Setting(
            "--tls-key",
            group="Listening",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Key of the certificate, in PEM.",
        ),
        default=None,
    )
    store: str = _read_from(
        _read_store,
        Setting(
            "--store",
            default="memory:",
            show_default=True,
            group="Store",
            envvar="TMFKIT_STORE",
            help=f"Where to keep everything: {written_forms()}; also from TMFKIT_STORE.",
        ),
        default="memory:",
    )
    workers: int = _plain(
        1,
        "--workers",
        group="Listening",
        type=click.IntRange(1),
        help="Worker processes; more than one with PostgreSQL only.",
    )
    api_keys: Sequence[ApiKey] | None = _read_from(
        _read_api_keys,
        Setting(
            "--api-key",
            group="Who may",
            is_secret=True,
            multiple=True,
            envvar="TMFKIT_API_KEYS",
            metavar="[NAME=]ROLE:KEY",
            help="Credential with its role: reader, user or admin; at least 16 characters, or sha256:HEX; repeatable."
            " TMFKIT_API_KEYS holds several, separated by blanks.",
        ),
        Setting(
            "--api-key-file",
            group="Who may",
            type=click.Path(path_type=Path),
            envvar="TMFKIT_API_KEY_FILE",
            metavar="FILE",
            help="File with more credentials, one [NAME=]ROLE:KEY a line, read again on HUP; also from"
            " TMFKIT_API_KEY_FILE.",
        ),
        default=None,
    )
    token_issuer: TokenIssuer | None = _read_from(  # noqa: RUF009 - it gives a field
        setting_values.token_issuer,
        Setting(
            "--oidc-issuer",
            group="Who may",
            default="",
            metavar="URL",
            help="Issuer of OpenID Connect whose bearer tokens are taken, besides API keys.",
        ),
        Setting(
            "--oidc-audience",
            group="Who may",
            default="",
            metavar="NAME",
            help="What tokens for this server have as audience.",
        ),
        Setting(
            "--oidc-jwks",
            group="Who may",
            is_rare=True,
            default="",
            metavar="URL",
            help="Where the keys of the issuer are, or file:PATH; else its discovery document is asked.",
        ),
        Setting(
            "--oidc-role-claim",
            group="Who may",
            is_rare=True,
            default="/roles",
            show_default=True,
            metavar="POINTER",
            help="JSON pointer of the claim that has reader, user or admin, or a list with one of them.",
        ),
        default=None,
    )
    caller_rate: float = _plain(
        0.0,
        "--rate-limit",
        group="Requests",
        type=FiniteRange(0),
        help="Requests a second of one credential, in each worker process; others are answered 429. 0 is no limit.",
    )
    address_rate: float = _plain(
        0.0,
        "--address-rate-limit",
        group="Requests",
        type=FiniteRange(0),
        help="Requests a second of one address, in each worker process. 0 is no limit.",
    )
    allowed_origins: Sequence[str] = _read_from(
        setting_values.origins,
        Setting(
            "--allow-origin",
            group="Who may",
            multiple=True,
            envvar="TMFKIT_ALLOW_ORIGINS",
            metavar="ORIGIN",
            help="Origin such as https://app.example whose pages may call the server; * for all; repeatable.",
        ),
        default=(),
    )
    public_url: str = _plain(
        "",
        "--public-url",
        group="Listening",
        metavar="URL",
        help="Address that hrefs begin with: scheme, host, and the path of a proxy; else that of the request.",
    )
    trusted_proxies: Sequence[Network] = _read_from(
        setting_values.proxy_networks,
        Setting(
            "--trusted-proxy",
            group="Listening",
            multiple=True,
            envvar="TMFKIT_TRUSTED_PROXIES",
            metavar="CIDR",
            help="Network of proxies whose Forwarded, or X-Forwarded-For, -Host and -Proto, is believed; repeatable."
            " TMFKIT_TRUSTED_PROXIES holds several, separated by blanks.",
        ),
        default=(),
    )
    trusted_prefixes: Sequence[str] = _read_from(
        setting_values.proxy_prefixes,
        Setting(
            "--trusted-prefix",
            group="Listening",
            multiple=True,
            is_rare=True,
            envvar="TMFKIT_TRUSTED_PREFIXES",
            metavar="PATH",
            help="Path that a trusted proxy may name in X-Forwarded-Prefix, any when none is given; others are refused."
            " Repeatable.",
        ),
        default=(),
    )
    base_paths: Mapping[str, str] = _read_from(
        setting_values.base_paths,
        Setting(
            "--base-path",
            group="Listening",
            multiple=True,
            metavar="API=PATH",
            help="Other base path of an API; repeatable.",
        ),
        default_factory=dict,
    )
    max_body_bytes: int = _plain(
        1024 * 1024, "--max-body-bytes", group="Requests", type=click.IntRange(1), help="Largest request body."
    )
    page_limit: int = _plain(
        1000,
        "--page-limit",
        group="Requests",
        type=click.IntRange(1),
        help="Resources in one answer; a longer list is answered 206 with the addresses of its other pages.",
    )
    max_page_bytes: int = _plain(
        16 * 1024 * 1024,
        "--max-page-bytes",
        group="Requests",
        type=click.IntRange(1),
        help="Bytes after which a list ends, with the resource that it is at; answered as beyond --page-limit.",
    )
    max_unread_bytes: int = _plain(
        256 * 1024 * 1024,
        "--max-unread-bytes",
        group="Requests",
        is_rare=True,
        type=click.IntRange(1),
        help="Bytes of long answers that one process holds until clients have taken them, half of them for one"
        " credential; then 503.",
    )
    search_limits: SearchLimits = _read_from(  # noqa: RUF009 - it gives a field
        SearchLimits,
        _limit(
            "--max-search-steps",
            _SEARCHES.steps,
            click.IntRange(1),
            group="Requests",
            help="Work of one search: steps of JSONPath, comparing, matching and sorting; a million take about half a"
            " second.",
        ),
        _limit(
            "--max-sort-keys",
            _SEARCHES.sort_keys,
            click.IntRange(1),
            group="Requests",
            help="Names in the order of one search.",
        ),
        _limit(
            "--max-scans",
            _SEARCHES.scans,
            click.IntRange(1),
            group="Requests",
            help="Searches of one process at a time that look at resources one by one, half of them of one credential.",
        ),
        _limit(
            "--max-lookups",
            _SEARCHES.lookups,
            click.IntRange(1),
            group="Requests",
            help="Searches of one process at a time that indexes of PostgreSQL answer.",
        ),
        _limit(
            "--search-wait-seconds",
            _SEARCHES.wait_seconds,
            FiniteRange(0),
            group="Requests",
            help="How long a search waits for its turn; then 503.",
        ),
        default=_SEARCHES,
    )
    connection_limits: ConnectionLimits = _read_from(  # noqa: RUF009 - it gives a field
        ConnectionLimits,
        _limit(
            "--header-timeout-seconds",
            _CONNECTIONS.header_seconds,
            FiniteRange(0, min_open=True),
            group="Connections",
            help="How long the headers of a request may take; then 408.",
        ),
        _limit(
            "--body-timeout-seconds",
            _CONNECTIONS.body_seconds,
            FiniteRange(0, min_open=True),
            group="Connections",
            help="How long a body may take after its headers; then 408.",
        ),
        _limit(
            "--write-timeout-seconds",
            _CONNECTIONS.write_seconds,
            FiniteRange(0, min_open=True),
            group="Connections",
            help="How long a client may take next to nothing of an answer; then it is cut off.",
        ),
        _limit(
            "--keep-alive-seconds",
            _CONNECTIONS.keep_alive_seconds,
            FiniteRange(0),
            group="Connections",
            help="How long a connection stays open between two requests.",
        ),
        _limit(
            "--max-connections",
            _CONNECTIONS.connections,
            click.IntRange(1),
            group="Connections",
            help="Connections of one process, no more than it may open files; others take the place of idle ones.",
        ),
        default=_CONNECTIONS,
    )
    channels: Mapping[str, str] = _read_from(
        setting_values.channels,
        Setting(
            "--channel",
            group="Messages",
            is_secret=True,
            multiple=True,
            envvar="TMFKIT_CHANNELS",
            metavar="TYPE=URL",
            help="Where messages of type SMS, Email or MobileApp go: an Apprise URL with {receiver} in it; repeatable."
            " TMFKIT_CHANNELS holds several, separated by blanks.",
        ),
        Setting(
            "--channel-file",
            group="Messages",
            type=click.Path(path_type=Path, exists=True, dir_okay=False),
            help="File with further channels, one to a line.",
        ),
        default_factory=dict,
        repr=False,
    )
    outbox: str = _plain(
        "",
        "--outbox",
        group="Messages",
        envvar="TMFKIT_OUTBOX",
        metavar="FOLDER",
        help="Where messages go for which there is no channel: else STORE.outbox, or tmfkit-outbox here.",
    )
    send_timeout_seconds: float = _plain(
        5.0,
        "--send-timeout-seconds",
        group="Messages",
        is_rare=True,
        type=FiniteRange(0, 60),
        help="How long a client waits for the first attempt to send a message.",
    )
    send_stop_seconds: float = _plain(
        2.0,
        "--send-stop-seconds",
        group="Messages",
        is_rare=True,
        type=FiniteRange(0, 60),
        help="How long a stop waits for attempts to send a message that are under way; what a channel has not answered"
        " by then is sent again after the next start.",
    )
    send_retry_seconds: float = _plain(
        60.0,
        "--send-retry-seconds",
        group="Messages",
        is_rare=True,
        type=FiniteRange(0, 3600, min_open=True),
        help="How long a message rests after the first attempt that failed; twice as long after each further one.",
    )
    message_limits: MessageLimits = _read_from(  # noqa: RUF009 - it gives a field
        MessageLimits,
        _limit(
            "--max-receivers",
            _MESSAGES.receivers,
            click.IntRange(1),
            group="Messages",
            help="Receivers of one message.",
        ),
        _limit(
            "--max-message-text-bytes",
            _MESSAGES.text_bytes,
            click.IntRange(1),
            group="Messages",
            help="Longest title and text of a message together, with the values of its parameters.",
        ),
        _limit(
            "--max-message-bytes",
            _MESSAGES.total_bytes,
            click.IntRange(1),
            group="Messages",
            help="Titles, texts and attachments of one message for all its receivers together.",
        ),
        _limit(
            "--max-message-parameters",
            _MESSAGES.parameters,
            click.IntRange(0),
            group="Messages",
            help="Parameters of one message.",
        ),
        _limit(
            "--max-message-crashes",
            _MESSAGES.crashes,
            click.IntRange(1),
            group="Messages",
            help="Server processes that may end while they send one message; then it has failed.",
        ),
        default=_MESSAGES,
    )
    keep_card_numbers: bool = _flag(
        "--keep-card-numbers",
        group="Store",
        help="Store the numbers of payment cards whole, not with their last four digits only. PCI DSS then applies to"
        " the store, its backups and whatever gets notifications.",
    )
    allowed_callbacks: Sequence[Network] = _read_from(
        setting_values.callback_networks,
        Setting(
            "--allow-callbacks",
            group="Notifications",
            multiple=True,
            envvar="TMFKIT_ALLOW_CALLBACKS",
            metavar="CIDR",
            help="Network that listeners may be in although it is not public; repeatable. TMFKIT_ALLOW_CALLBACKS holds"
            " several, separated by blanks. A server on loopback calls loopback, as long as it has neither credentials"
            " nor --public-url nor --trusted-proxy.",
        ),
        default=(),
    )
    allowed_callback_ports: Sequence[int] = _plain(
        (),
        "--allow-callback-port",
        group="Notifications",
        is_rare=True,
        multiple=True,
        type=click.IntRange(1, 1023),
        metavar="PORT",
        help="Port below 1024 that listeners may have, besides 80 and 443; repeatable. A server that calls"
        " loopback unasked calls all.",
    )
    callback_secrets: Sequence[bytes] = _read_from(
        setting_values.callback_secrets,
        Setting(
            "--callback-secret",
            group="Notifications",
            is_secret=True,
            multiple=True,
            envvar="TMFKIT_CALLBACK_SECRET",
            metavar="SECRET",
            help="Sign notifications with whsec_BASE64, or with what stands in file:PATH; repeatable while secrets"
            " change. Better from TMFKIT_CALLBACK_SECRET, or as a file.",
        ),
        default=(),
        repr=False,
    )
    listener_limits: ListenerLimits = _read_from(  # noqa: RUF009 - it gives a field
        ListenerLimits,
        _limit(
            "--max-listeners-per-host",
            _LISTENERS.for_host,
            click.IntRange(1),
            group="Notifications",
            help="Listeners at one host; a further one is answered 429.",
        ),
        _limit(
            "--max-listeners-per-hub",
            _LISTENERS.for_hub,
            click.IntRange(1),
            group="Notifications",
            help="Listeners of one hub.",
        ),
        _limit(
            "--max-listeners",
            _LISTENERS.altogether,
            click.IntRange(1),
            group="Notifications",
            help="Listeners of all hubs.",
        ),
        _limit(
            "--max-listener-connections",
            _LISTENERS.connections,
            click.IntRange(1),
            group="Notifications",
            help="Connections of one process to listeners, a fifth of them to one address.",
        ),
        default=_LISTENERS,
    )
    retry_limits: RetryLimits = _read_from(  # noqa: RUF009 - it gives a field
        RetryLimits,
        _limit(
            "--delivery-attempts",
            _LIMITS.attempts,
            click.IntRange(1),
            group="Notifications",
            help="Failed attempts after which a notification becomes a dead letter, while its listener takes others.",
        ),
        _limit(
            "--delivery-hours",
            _LIMITS.hours,
            FiniteRange(0),
            group="Notifications",
            help="Hours after which it becomes one in any case.",
        ),
        default=_LIMITS,
    )

    management: Place | None = _read_from(  # noqa: RUF009 - it gives a field
        setting_values.management_place,
        Setting(
            "--management",
            group="Logs and health",
            default="",
            metavar="HOST:PORT",
            help="Second address, with /metrics and /health. It asks for no credential: keep it where only those who"
            " watch the server are.",
        ),
        default=None,
    )
    log_format: LogFormat = _plain(  # noqa: RUF009 - it gives a field
        "text",
        "--log-format",
        group="Logs and health",
        type=click.Choice(["text", "json"]),
        help="Form of the log, one event a line on stderr.",
    )
    access_log: bool = _flag("--access-log", group="Logs and health", help="Log a line for every request.")
    audit_log: bool = _flag(
        "--audit-log", group="Logs and health", help="Log a line for every write, and for every refused credential."
    )

    def __post_init__(self) -> None:
        """Refuse what cannot be, with SettingsError."""
        checks = (
            self._check_callers,
            lambda: self.store_kind.check(self.store, workers=self.workers),
            lambda: setting_values.check_public_url(self.public_url),
            lambda: setting_values.check_base_paths(self.base_paths),
            self._check_management,
        )
        _gathered(checks)

    def _check_callers(self) -> None:
        if not self.asks_for_credentials and not is_loopback(self.host):
            raise SettingsError(
                f"--host {self.host}",
                "without an API key only this machine may connect",
                "Give at least one --api-key [NAME=]ROLE:KEY, or listen on 127.0.0.1",
            )

    def _check_management(self) -> None:
        if self.management is not None and self.management[1] == self.port:
            raise SettingsError(f"--management {self.port}", "it is the port of --port", "Choose another port")

    @classmethod
    def from_options(cls, values: Mapping[str, Any]) -> Self:
        """Return the settings that the values of ``run_options``, each under its option's name, stand for.

        Raises:
            SettingsError: They cannot be.
        """

        def read(setting: Field[Any]) -> Any:
            return setting.metadata[_READ](*(values[str(option.name)] for option in setting.metadata[_OPTIONS]))

        names = (each.name for each in fields(cls))
        return cls(**dict(zip(names, _gathered(partial(read, each) for each in fields(cls)), strict=True)))

    @classmethod
    def problems_in(cls, values: Mapping[str, Any]) -> dict[str, str]:
        """Return option → what is wrong with its value, for those of the values that are read by themselves.

        Args:
            values: See ``from_options``; those that are missing are no problem.
        """
        found: dict[str, str] = {}
        for each in fields(cls):
            options = each.metadata[_OPTIONS]
            if all(option.name in values for option in options):
                try:
                    each.metadata[_READ](*(values[option.name] for option in options))
                except SettingsError as exc:
                    blamed = [option for option in options if option.opts[0] in exc.where.split()]
                    found[(blamed or options)[0].key] = str(exc)
        return found

    @property
    def asks_for_credentials(self) -> bool:
        """Return whether callers have to say who they are; else everybody may do everything."""
        return self.api_keys is not None or self.token_issuer is not None

    @property
    def is_for_this_machine(self) -> bool:
        """Return whether whoever can reach the server is on this machine.

        It listens on loopback only, and neither credentials nor an address nor a proxy speak of others.
        """
        return is_loopback(self.host) and not (self.asks_for_credentials or self.public_url or self.trusted_proxies)

    @property
    def called_networks(self) -> Sequence[Network]:
        """Networks that are called besides the public one; who is on this machine needs no server to reach it."""
        return (*self.allowed_callbacks, *(LOOPBACK if self.is_for_this_machine else ()))

    @property
    def called_ports(self) -> Sequence[int] | None:
        """Ports below 1024 that are called besides those of the web; None for all of them, as with networks."""
        return None if self.is_for_this_machine else self.allowed_callback_ports

    @property
    def store_kind(self) -> StoreKind:
        """Kind of the store."""
        return kind_of(self.store)

    @property
    def outbox_folder(self) -> str:
        """Where messages go for which there is no channel: beside the file of the store when it has one."""
        file = self.store_kind.file_of(self.store)
        return self.outbox or (f"{file}.outbox" if file else "tmfkit-outbox")


def _gathered(work: Iterable[Callable[[], Any]]) -> list[Any]:
    """Return what all of *work* gives; SettingsError with everything that is wrong."""
    results: list[Any] = []
    found: list[SettingsError] = []
    for each in work:
        try:
            results.append(each())
        except SettingsError as exc:
            found.append(exc)
    if len(found) > 1:
        raise SeveralSettingsError(found)
    if found:
        raise found[0]
    return results


def run_options() -> list[Setting]:
    """Return the options of ``tmfkit-server run``, in the order in which they are declared."""
    return [option for each in fields(Settings) for option in each.metadata[_OPTIONS]]
