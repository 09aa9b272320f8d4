"""The keys of a JSON Web Key Set that can have signed a token; importing it brings a library of 16 MB."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

__all__ = ["SigningKey", "fitting_keys", "signing_keys"]

SigningKey: TypeAlias = RSAKey | ECKey | OKPKey

# Never a symmetric key: whoever knows a public key could sign with it as such.
_KINDS: Mapping[str, type[SigningKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
# RFC 8037, section 3.1; the other curves of its kind are those of key agreement.
_SIGNING_CURVES = ("Ed25519", "Ed448")


def signing_keys(found: object) -> tuple[SigningKey, ...]:
    """Return the public keys for signatures in a key set; a member that cannot be one is passed over.

    Args:
        found: What was read from JSON.

    Raises:
        ValueError: It is no key set, or there is no such key in it.

    Source:
        RFC 7517, section 5.
    """
    members = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(members, list):
        raise ValueError("it has no list of keys")  # noqa: TRY004 - of what came, not of a caller's value
    keys = tuple(key for member in members if isinstance(member, dict) for key in _read(member))
    if not keys:
        raise ValueError("there is no key for signatures in it")
    return keys


def fitting_keys(keys: tuple[SigningKey, ...], name: str | None, algorithm: str) -> list[SigningKey]:
    """Return the keys that a token may be signed with.

    Args:
        keys: All that there are.
        name: Key that the token names (``kid``): decides wherever keys have names too; None when it names none.
        algorithm: Algorithm that it names.
    """
    named = [key for key in keys if key.kid == name] if name is not None else []
    possible = named or [key for key in keys if name is None or key.kid is None]
    return [key for key in possible if key.alg in (None, algorithm)]


def _read(member: Mapping[str, Any]) -> Iterator[SigningKey]:
    kind = _KINDS.get(str(member.get("kty")))
    if kind is None or member.get("use", "sig") != "sig" or not isinstance(member.get("kid", ""), str):
        return
    if kind is OKPKey and member.get("crv") not in _SIGNING_CURVES:
        return
    try:
        yield kind.import_key(dict(member))
    # One that the library does not know is none that could have signed a token for us.
    except (JoseError, ValueError, TypeError, KeyError):
        return
