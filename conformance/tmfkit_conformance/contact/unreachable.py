"""Why a target does not answer, in words that help."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from tmfkit_conformance.contact.tls_hints import speaks_plain_http, speaks_tls
from tmfkit_conformance.errors import TargetUnreachable
from tmfkit_conformance.record.exchange import Exchange

__all__ = ["unreachable"]

_START: Final = "Start the server, or correct --base-url and the TLS options"
_WORDS: Final = (
    ("CERTIFICATE_VERIFY_FAILED", "Give its authority with --ca-file, or correct the TLS options"),
    ("CERTIFICATE_REQUIRED", "The target asks for a client certificate: give --client-certificate and --client-key"),
    ("HANDSHAKE_FAILURE", "The target may ask for a client certificate: give --client-certificate and --client-key"),
    ("UNKNOWN_CA", "The target does not trust the client certificate: give the right --client-certificate"),
    ("Name or service not known", "Correct the name of the host in --base-url"),
    ("name resolution", "Correct the name of the host in --base-url, or the name service of this machine"),
    ("Connection refused", _START),
    ("not complete after", "Nothing useful comes in time: check what --base-url leads to, or raise --timeout"),
    ("timed out", "Check that the server works and what --base-url leads to, or raise --timeout"),
    ("has more than", "No implementation answers that much: check what --base-url leads to"),
    ("DecodingError", "Its Content-Encoding is not what it says: correct the server or the proxy before it"),
    ("RemoteProtocolError", "What listens there does not speak HTTP as it should: correct --base-url or the server"),
)  # fmt: skip
"""What an error says → what to do."""


def unreachable(url: str, exchange: Exchange) -> TargetUnreachable:
    """Say why a request got no answer.

    Args:
        url: The base URL.
        exchange: The request.
    """
    problem = f"no answer ({exchange.error})"
    if other := _other_scheme(url, exchange.error):
        return TargetUnreachable(url, f"{problem}: {other[0]}", f"Use --base-url {other[1]}")
    return TargetUnreachable(url, problem, next((what for word, what in _WORDS if word in exchange.error), _START))


def _other_scheme(url: str, error: str) -> tuple[str, str] | None:
    """Return that the port speaks the other of HTTP and HTTPS, and the URL with which it may be reached."""
    split = urlsplit(url)
    host, is_secure = split.hostname or "", split.scheme == "https"
    if "Connection refused" in error or "Name or service" in error or "CERTIFICATE" in error.upper():
        return None
    port = split.port or (443 if is_secure else 80)
    if is_secure and speaks_plain_http(host, port):
        return "the port speaks plain HTTP", split._replace(scheme="http").geturl()
    if not is_secure and speaks_tls(host, port):
        return "the port speaks TLS", split._replace(scheme="https").geturl()
    return None
