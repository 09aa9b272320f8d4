"""Notifications that a server posts to a listener; ``parse`` of each API's ``events`` reads them."""

from tmfkit_sdk._runtime.notifications import UnknownEvent
from tmfkit_sdk._runtime.receiver import Receiver

__all__ = ["Receiver", "UnknownEvent"]
