"""Whether a port speaks TLS or plain HTTP, asked of the port itself where a request got no answer."""

from __future__ import annotations

import socket
import ssl
from typing import Final

__all__ = ["speaks_plain_http", "speaks_tls"]

_SECONDS: Final = 1.0
_REQUEST: Final = b"GET / HTTP/1.0\r\n\r\n"


def speaks_tls(host: str, port: int) -> bool:
    """Return whether a TLS handshake is taken up at a port, whoever the certificate is for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection((host, port), _SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=host) as secure,
        ):
            return bool(secure.version())
    except ssl.SSLError as exc:
        return "ALERT" in str(exc).upper()  # a refusal in the words of TLS
    except (OSError, ValueError):
        return False


def speaks_plain_http(host: str, port: int) -> bool:
    """Return whether a port answers a plain request with a status line."""
    try:
        with socket.create_connection((host, port), _SECONDS) as plain:
            plain.settimeout(_SECONDS)
            plain.sendall(_REQUEST)
            return plain.recv(5) == b"HTTP/"
    except OSError:
        return False
