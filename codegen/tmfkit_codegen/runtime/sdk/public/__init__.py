"""Typed clients of the APIs, one package each: ``from tmfkit_sdk.customer_v4 import CustomerManagement``."""

from tmfkit_sdk._runtime.calls import Options
from tmfkit_sdk._runtime.patches import JsonPatch, QueryPatch
from tmfkit_sdk._runtime.retries import Retries
from tmfkit_sdk._runtime.unset import UNSET, Unset

__all__ = ["UNSET", "JsonPatch", "Options", "QueryPatch", "Retries", "Unset"]
