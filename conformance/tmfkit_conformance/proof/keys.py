"""Keys that attestations are signed with and checked by: Ed25519, in PEM files as OpenSSL writes them."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from securesystemslib.signer import CryptoSigner, SSlibKey

from tmfkit_conformance.errors import UsageError

__all__ = ["PublicKeys", "public_key", "signer", "trusted_keys"]

_PASSPHRASE: Final = "TMFKIT_KEY_PASSPHRASE"  # noqa: S105 - the name of a variable
"""Environment variable with the passphrase of an encrypted key."""

PublicKeys = Sequence[SSlibKey]

_PUBLIC: Final = re.compile(rb"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", re.DOTALL)
_MAKE_ONE: Final = "Make one with `openssl genpkey -algorithm ed25519 -out key.pem`"
_PUBLISH_IT: Final = "Write it with `openssl pkey -in key.pem -pubout -out key.pub`"


def signer(path: Path) -> CryptoSigner:
    """Return what signs with the private key of a file.

    Raises:
        UsageError: The file cannot be read, or holds no Ed25519 private key.
    """
    passphrase = os.environ.get(_PASSPHRASE, "").encode() or None
    try:
        key = load_pem_private_key(_read(path), passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
        hint = f" Is it encrypted? Then set {_PASSPHRASE}" if isinstance(exc, TypeError) else ""
        raise UsageError(str(path), "is no private key in PEM that can be read", f"{_MAKE_ONE}.{hint}") from exc
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(str(path), "is no Ed25519 key", _MAKE_ONE)
    return CryptoSigner(key)


def public_key(path: Path) -> SSlibKey:
    """Return the public key of a file that holds a private or a public one.

    Raises:
        UsageError: The file cannot be read, or holds no Ed25519 key.
    """
    return trusted_keys(path)[0] if _PUBLIC.search(_read(path)) else signer(path).public_key


def trusted_keys(path: Path) -> PublicKeys:
    """Return the public keys of a file, one after the other.

    Raises:
        UsageError: The file cannot be read, holds none, or holds one that is not Ed25519.
    """
    found = []
    for block in _PUBLIC.findall(_read(path)):
        try:
            key = load_pem_public_key(block)
        except (ValueError, UnsupportedAlgorithm) as exc:
            raise UsageError(str(path), "holds a public key that cannot be read", _PUBLISH_IT) from exc
        if not isinstance(key, Ed25519PublicKey):
            raise UsageError(str(path), "holds a key that is not Ed25519", _PUBLISH_IT)
        found.append(SSlibKey.from_crypto(key))
    if not found:
        raise UsageError(str(path), "holds no public key in PEM", _PUBLISH_IT)
    return found


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise UsageError(str(path), f"cannot be read ({exc.strerror or exc})", "Give a PEM file") from exc
