"""Requests byte by byte, and what a server says to them."""

from __future__ import annotations

import contextlib
import json
import socket
from urllib.parse import urlsplit

from server_bodies import customer

from patience import PATIENCE_SECONDS

CUSTOMER = "/tmf-api/customerManagement/v4/customer"
BODY = json.dumps(customer()).encode()
HOST = b"Host: localhost\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(BODY)


def connected(url: str, *, receive_bytes: int = 0) -> socket.socket:
    """Connect; *receive_bytes* is the size of the buffer of a client that reads slowly, 0 that of the system."""
    parts = urlsplit(url)
    connection = socket.socket()
    try:
        connection.settimeout(PATIENCE_SECONDS)
        if receive_bytes:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        connection.connect((parts.hostname, parts.port))
    except OSError:
        connection.close()
        raise
    return connection


def told(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of what a server says until it closes the connection; 0 when it says nothing."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            received += piece
    if not received:
        return 0, {}, b""
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(first.split(" ")[1]), headers, body


def exchanged(url: str, request: bytes, *, ends: bool = False) -> tuple[int, dict[str, str], bytes]:
    with connected(url) as connection:
        connection.sendall(request)
        if ends:
            connection.shutdown(socket.SHUT_WR)
        return told(connection)


def post(headers: bytes, body: bytes = BODY, *, target: str = CUSTOMER, version: str = "1.1") -> bytes:
    line = f"POST {target} HTTP/{version}\r\n".encode("latin-1")
    return line + headers + b"Content-Type: application/json\r\nConnection: close\r\n\r\n" + body
