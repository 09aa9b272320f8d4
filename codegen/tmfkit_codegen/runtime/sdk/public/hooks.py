"""What is told of every attempt, for ``hooks=`` of a client."""

from tmfkit_sdk._runtime.hooks import Attempt, Hook, LogHook, TraceHook

__all__ = ["Attempt", "Hook", "LogHook", "TraceHook"]
