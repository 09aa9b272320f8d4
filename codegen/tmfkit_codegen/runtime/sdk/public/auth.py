"""Credentials, for ``auth=`` of a client."""

from tmfkit_sdk._runtime.auth import ApiKey, Auth, Basic, Bearer, ClientCredentials

__all__ = ["ApiKey", "Auth", "Basic", "Bearer", "ClientCredentials"]
