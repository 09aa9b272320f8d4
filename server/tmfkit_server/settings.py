"""Settings of a server: every option of ``tmfkit-server run``, checked once before anything starts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self

import click

from tmfkit_server import setting_values
from tmfkit_server.connection_limits import ConnectionLimits
from tmfkit_server.errors import SettingsError
from tmfkit_server.listener_limits import ListenerLimits
from tmfkit_server.message_limits import MessageLimits
from tmfkit_server.network import LOOPBACK, Network, is_loopback
from tmfkit_server.retry_limits import RetryLimits
from tmfkit_server.storage.stores import StoreKind, kind_of, written_forms

__all__ = ["Settings", "run_options"]

_OPTIONS, _READ = "options", "read"
_LIMITS = RetryLimits()
_MESSAGES = MessageLimits()
_CONNECTIONS = ConnectionLimits()
_LISTENERS = ListenerLimits()


def _plain(default: Any, flag: str, **how: Any) -> Any:
    """Declare a setting that is the value of one option.

    Args:
        default: What it is when nobody says anything.
        flag: Name of the option.
        how: What ``click.Option`` takes.
    """
    option = click.Option([flag], default=default, show_default=default not in ("", False), **how)
    return field(default=default, metadata={_OPTIONS: (option,), _READ: lambda value: value})


def _flag(name: str, *, help: str) -> Any:  # noqa: A002 - as ``click.Option`` calls it
    """Declare a setting that is off until an option without a value turns it on."""
    return _plain(False, name, is_flag=True, help=help)  # noqa: FBT003 - the default


def _read_from(read: Callable[..., Any], *options: click.Option, **how: Any) -> Any:
    """Declare a setting that is read from the values of some options.

    Args:
        read: Makes it of the values, in the order of the options.
        options: The options.
        how: What ``dataclasses.field`` takes.
    """
    return field(metadata={_OPTIONS: options, _READ: read}, **how)


def _read_api_keys(texts: Iterable[str], file: Path | None) -> dict[str, str]:
    lines = setting_values.api_key_lines(file) if file is not None else []
    return setting_values.api_keys([*texts, *lines])


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one server; what each means, its option says.

    Attributes:
        api_keys: Key → role; empty makes every caller an admin.
        base_paths: API → base path, where it is not the contract's own.
        channels: Type of message → Apprise URL, a template that may hold credentials.
        outbox: Folder for messages of the types without a channel; empty lets ``outbox_folder`` choose.
    """

    host: str = _plain("127.0.0.1", "--host", help="Address to listen on; others than loopback need an API key.")
    port: int = _plain(8080, "--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 picks a free one.")
    store: str = _plain(
        "memory:",
        "--store",
        envvar="TMFKIT_STORE",
        help=f"Where to keep everything: {written_forms()}; also from TMFKIT_STORE.",
    )
    workers: int = _plain(
        1, "--workers", type=click.IntRange(1), help="Worker processes; more than one with PostgreSQL only."
    )
    api_keys: Mapping[str, str] = _read_from(
        _read_api_keys,
        click.Option(
            ["--api-key"],
            multiple=True,
            envvar="TMFKIT_API_KEYS",
            metavar="ROLE:KEY",
            help="Credential with its role: reader, user or admin; repeatable. TMFKIT_API_KEYS holds several, separated"
            " by blanks.",
        ),
        click.Option(
            ["--api-key-file"],
            type=click.Path(path_type=Path),
            envvar="TMFKIT_API_KEY_FILE",
            metavar="FILE",
            help="File with more credentials, one ROLE:KEY a line; also from TMFKIT_API_KEY_FILE.",
        ),
        default_factory=dict,
    )
    public_url: str = _plain(
        "",
        "--public-url",
        metavar="URL",
        help="Address that hrefs begin with: scheme, host, and the path of a proxy; else that of the request.",
    )
    trusted_proxies: Sequence[Network] = _read_from(
        setting_values.proxy_networks,
        click.Option(
            ["--trusted-proxy"],
            multiple=True,
            envvar="TMFKIT_TRUSTED_PROXIES",
            metavar="CIDR",
            help="Network of proxies whose Forwarded and X-Forwarded-Host, -Proto and -Prefix are believed; repeatable."
            " TMFKIT_TRUSTED_PROXIES holds several, separated by blanks.",
        ),
        default=(),
    )
    base_paths: Mapping[str, str] = _read_from(
        setting_values.base_paths,
        click.Option(["--base-path"], multiple=True, metavar="API=PATH", help="Other base path of an API; repeatable."),
        default_factory=dict,
    )
    max_body_bytes: int = _plain(1024 * 1024, "--max-body-bytes", type=click.IntRange(1), help="Largest request body.")
    page_limit: int = _plain(
        1000,
        "--page-limit",
        type=click.IntRange(1),
        help="Resources in one answer; a longer list is answered 206 with the addresses of its other pages.",
    )
    connection_limits: ConnectionLimits = _read_from(  # noqa: RUF009 - it gives a field
        ConnectionLimits,
        click.Option(
            ["--header-timeout-seconds"],
            default=_CONNECTIONS.header_seconds,
            show_default=True,
            type=click.FloatRange(0, min_open=True),
            help="How long the headers of a request may take; then 408.",
        ),
        click.Option(
            ["--body-timeout-seconds"],
            default=_CONNECTIONS.body_seconds,
            show_default=True,
            type=click.FloatRange(0, min_open=True),
            help="How long a body may take after its headers; then 408.",
        ),
        click.Option(
            ["--write-timeout-seconds"],
            default=_CONNECTIONS.write_seconds,
            show_default=True,
            type=click.FloatRange(0, min_open=True),
            help="How long a client may take nothing of an answer; then it is cut off.",
        ),
        click.Option(
            ["--keep-alive-seconds"],
            default=_CONNECTIONS.keep_alive_seconds,
            show_default=True,
            type=click.FloatRange(0),
            help="How long a connection stays open between two requests.",
        ),
        click.Option(
            ["--max-connections"],
            default=_CONNECTIONS.connections,
            show_default=True,
            type=click.IntRange(1),
            help="Connections of one process, no more than it may open files; others take the place of idle ones.",
        ),
        default=_CONNECTIONS,
    )
    channels: Mapping[str, str] = _read_from(
        setting_values.channels,
        click.Option(
            ["--channel"],
            multiple=True,
            envvar="TMFKIT_CHANNELS",
            metavar="TYPE=URL",
            help="Where messages of type SMS, Email or MobileApp go: an Apprise URL with {receiver} in it; repeatable."
            " TMFKIT_CHANNELS holds several, separated by blanks.",
        ),
        click.Option(
            ["--channel-file"],
            type=click.Path(path_type=Path, exists=True, dir_okay=False),
            help="File with further channels, one to a line.",
        ),
        default_factory=dict,
        repr=False,
    )
    outbox: str = _plain(
        "",
        "--outbox",
        envvar="TMFKIT_OUTBOX",
        metavar="FOLDER",
        help="Where messages go for which there is no channel: else STORE.outbox, or tmfkit-outbox here.",
    )
    send_timeout_seconds: float = _plain(
        5.0,
        "--send-timeout-seconds",
        type=click.FloatRange(0, 60),
        help="How long a client waits for the first attempt to send a message.",
    )
    send_retry_seconds: float = _plain(
        60.0,
        "--send-retry-seconds",
        type=click.FloatRange(0, 3600, min_open=True),
        help="How long a message rests after the first attempt that failed; twice as long after each further one.",
    )
    message_limits: MessageLimits = _read_from(  # noqa: RUF009 - it gives a field
        MessageLimits,
        click.Option(
            ["--max-receivers"],
            default=_MESSAGES.receivers,
            show_default=True,
            type=click.IntRange(1),
            help="Receivers of one message.",
        ),
        click.Option(
            ["--max-message-text-bytes"],
            default=_MESSAGES.text_bytes,
            show_default=True,
            type=click.IntRange(1),
            help="Longest text of a message, with the values of its parameters.",
        ),
        click.Option(
            ["--max-message-bytes"],
            default=_MESSAGES.total_bytes,
            show_default=True,
            type=click.IntRange(1),
            help="Texts and attachments of one message for all its receivers together.",
        ),
        default=_MESSAGES,
    )
    keep_card_numbers: bool = _flag(
        "--keep-card-numbers",
        help="Store the numbers of payment cards whole, not with their last four digits only. PCI DSS then applies to"
        " the store, its backups and whatever gets notifications.",
    )
    allowed_callbacks: Sequence[Network] = _read_from(
        setting_values.callback_networks,
        click.Option(
            ["--allow-callbacks"],
            multiple=True,
            envvar="TMFKIT_ALLOW_CALLBACKS",
            metavar="CIDR",
            help="Network that listeners may be in although it is not public; repeatable. TMFKIT_ALLOW_CALLBACKS holds"
            " several, separated by blanks. A server on loopback calls loopback.",
        ),
        default=(),
    )
    callback_secrets: Sequence[bytes] = _read_from(
        setting_values.callback_secrets,
        click.Option(
            ["--callback-secret"],
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
        click.Option(
            ["--max-listeners-per-host"],
            default=_LISTENERS.for_host,
            show_default=True,
            type=click.IntRange(1),
            help="Listeners at one host; a further one is answered 429.",
        ),
        click.Option(
            ["--max-listeners-per-hub"],
            default=_LISTENERS.for_hub,
            show_default=True,
            type=click.IntRange(1),
            help="Listeners of one hub.",
        ),
        click.Option(
            ["--max-listeners"],
            default=_LISTENERS.altogether,
            show_default=True,
            type=click.IntRange(1),
            help="Listeners of all hubs.",
        ),
        click.Option(
            ["--max-listener-connections"],
            default=_LISTENERS.connections,
            show_default=True,
            type=click.IntRange(1),
            help="Connections of one process to listeners, a fifth of them to one host and port.",
        ),
        default=_LISTENERS,
    )
    retry_limits: RetryLimits = _read_from(  # noqa: RUF009 - it gives a field
        RetryLimits,
        click.Option(
            ["--delivery-attempts"],
            default=_LIMITS.attempts,
            show_default=True,
            type=click.IntRange(1),
            help="Failed attempts after which a notification becomes a dead letter, while its listener takes others.",
        ),
        click.Option(
            ["--delivery-hours"],
            default=_LIMITS.hours,
            show_default=True,
            type=click.FloatRange(0),
            help="Hours after which it becomes one in any case.",
        ),
        default=_LIMITS,
    )

    def __post_init__(self) -> None:
        """Refuse what cannot be, with SettingsError."""
        if not self.api_keys and not is_loopback(self.host):
            raise SettingsError(
                f"--host {self.host}",
                "without an API key only this machine may connect",
                "Give at least one --api-key ROLE:KEY, or listen on 127.0.0.1",
            )
        self.store_kind.check(self.store, workers=self.workers)
        if self.public_url:
            setting_values.check_public_url(self.public_url)
        setting_values.check_base_paths(self.base_paths)

    @classmethod
    def from_options(cls, values: Mapping[str, Any]) -> Self:
        """Return the settings that the values of ``run_options``, each under its option's name, stand for.

        Raises:
            SettingsError: They cannot be.
        """
        read = (
            (each.name, each.metadata[_READ](*(values[str(option.name)] for option in each.metadata[_OPTIONS])))
            for each in fields(cls)
        )
        return cls(**dict(read))

    @property
    def called_networks(self) -> Sequence[Network]:
        """Networks that are called besides the public one.

        Who can reach a server that listens on loopback only is on this machine already, and needs no server to reach
        other ports of it.
        """
        return (*self.allowed_callbacks, *(LOOPBACK if is_loopback(self.host) else ()))

    @property
    def store_kind(self) -> StoreKind:
        """Kind of the store."""
        return kind_of(self.store)

    @property
    def outbox_folder(self) -> str:
        """Where messages go for which there is no channel: beside the file of the store when it has one."""
        file = self.store_kind.file_of(self.store)
        return self.outbox or (f"{file}.outbox" if file else "tmfkit-outbox")


def run_options() -> list[click.Option]:
    """Return the options of ``tmfkit-server run``, in the order in which its help lists them."""
    return [option for each in fields(Settings) for option in each.metadata[_OPTIONS]]
