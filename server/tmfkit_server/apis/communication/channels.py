"""What brings messages to their receivers: one channel for each type of message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from tmfkit_server.apis.communication.messages import Dispatch
from tmfkit_server.apis.communication.outbox import OutboxFolder
from tmfkit_server.errors import SettingsError
from tmfkit_server.setting_values import MESSAGE_TYPES
from tmfkit_server.settings import Settings

__all__ = ["Channel", "channels_of"]


class Channel(Protocol):
    """What messages of one type are handed over to."""

    @property
    def name(self) -> str:
        """What to call it in a log; says nothing secret."""

    def check(self, dispatch: Dispatch) -> None:
        """Raise Misread when an address of *dispatch* would be taken for another one; called in a thread."""

    def hand_over(self, dispatch: Dispatch) -> None:
        """Have *dispatch* taken; called in a thread, and by several at a time.

        Raises:
            NotTaken: It was not taken, and may be another time.
            Refused: It will never be taken.
        """


def channels_of(settings: Settings) -> Mapping[str, Channel]:
    """Return the channel of each type: the one that is configured, or else a folder.

    Raises:
        SettingsError: A channel cannot be what the settings say.
    """
    folder = OutboxFolder(settings.outbox_folder)
    return {kind: _configured(kind, settings) if kind in settings.channels else folder for kind in MESSAGE_TYPES}


def _configured(kind: str, settings: Settings) -> Channel:
    try:
        # Imported only when used: it takes about half a second and 20 MB.
        from tmfkit_server.apis.communication.gateway import Gateway
    except ImportError as exc:
        raise SettingsError(f"--channel {kind}", f"{exc.name} is not installed", "Install tmfkit[server]") from exc
    return Gateway(kind, settings.channels[kind])
