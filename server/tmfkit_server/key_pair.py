"""The certificate that the server shows, and its key."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

__all__ = ["KeyPair"]


@dataclass(frozen=True)
class KeyPair:
    """Two files in PEM, and what was in them: a worker that starts later is to have the same.

    Attributes:
        certificate: Certificate, and those between it and its authority.
        key: Key of the certificate.
        context: What connections are secured with.
    """

    certificate: Path
    key: Path
    context: ssl.SSLContext

    @classmethod
    def read(cls, certificate: Path, key: Path) -> KeyPair:
        """Read both files; OSError, which ``ssl.SSLError`` is as well, when they cannot be used together."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
        return cls(certificate, key, context)
