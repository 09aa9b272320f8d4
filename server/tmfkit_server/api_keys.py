"""API keys: a name, a role, and a digest of the key itself, which nobody needs to keep."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Self

__all__ = ["ROLES", "SHORTEST_KEY", "ApiKey", "KeyFormError", "digest_of", "new_key"]

ROLES = ("reader", "user", "admin")
SHORTEST_KEY = 16
"""Characters of the shortest key that is taken."""

_NAME = re.compile(r"[A-Za-z0-9._@-]{1,64}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_DIGEST_PREFIX = "sha256:"
_SHOWN_DIGITS = 8


class KeyFormError(ValueError):
    """A text is no API key; it says why, and quotes nothing of the text."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key.

    Attributes:
        role: What who has it may do.
        digest: SHA-256 of it.
        name: What logs call it.
    """

    role: str
    digest: bytes
    name: str

    @classmethod
    def of(cls, role: str, key: str, name: str = "") -> Self:
        """Return the key that clients send as *key*."""
        return cls._named(role, digest_of(key), name)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``[NAME=]ROLE:KEY`` or ``[NAME=]ROLE:sha256:HEX``; KeyFormError when *text* is neither."""
        head, _, key = text.partition(":")
        name, equals, role = head.rpartition("=")
        if role not in ROLES or not key or (equals and not _NAME.fullmatch(name)):
            raise KeyFormError("it is not of the form [NAME=]ROLE:KEY")
        if key.startswith(_DIGEST_PREFIX):
            digits = key.removeprefix(_DIGEST_PREFIX).lower()
            if not _DIGEST.fullmatch(digits):
                raise KeyFormError("what follows sha256: is not 64 hexadecimal digits")
            return cls._named(role, bytes.fromhex(digits), name)
        if not (key.isascii() and key.isprintable()) or " " in key:
            # A header cannot have it, or not everywhere.
            raise KeyFormError("the key has blanks, or other characters than those of printable ASCII")
        if len(key) < SHORTEST_KEY:
            raise KeyFormError(f"the key has fewer than {SHORTEST_KEY} characters")
        return cls.of(role, key, name)

    @classmethod
    def _named(cls, role: str, digest: bytes, name: str) -> Self:
        return cls(role, digest, name or f"{role}-{digest.hex()[:_SHOWN_DIGITS]}")

    @property
    def line(self) -> str:
        """Line for a file of keys, from which nobody learns the key."""
        return f"{self.name}={self.role}:{_DIGEST_PREFIX}{self.digest.hex()}"


def new_key() -> str:
    """Return a key that nobody can guess."""
    return secrets.token_urlsafe(32)


def digest_of(key: str) -> bytes:
    """Return the digest that a key is known by."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
