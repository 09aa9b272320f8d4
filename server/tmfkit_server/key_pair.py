"""The certificate that the server shows, and its key."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import NamedTuple

__all__ = ["KeyPair"]


class KeyPair(NamedTuple):
    """Two files in PEM.

    Attributes:
        certificate: Certificate, and those between it and its authority.
        key: Key of the certificate.
    """

    certificate: Path
    key: Path

    def check(self) -> None:
        """See that both can be used, together; OSError, which ``ssl.SSLError`` is as well, when they cannot."""
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.certificate, self.key)
