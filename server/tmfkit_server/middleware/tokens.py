"""Bearer tokens of an issuer (OpenID Connect): whose they are, and which role they give."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections import OrderedDict
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import BadSignatureError, InvalidKeyCurveError, InvalidKeyTypeError, JoseError

from tmfkit_server.api_keys import digest_of
from tmfkit_server.middleware.callers import Caller
from tmfkit_server.middleware.issuer_keys import IssuerKeys
from tmfkit_server.quotes import shortened
from tmfkit_server.token_issuer import TokenIssuer

__all__ = ["Tokens"]

# Signatures only: neither "none" nor a shared secret.
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]
_LEEWAY_SECONDS = 30
_MOST_REMEMBERED = 4096
# A token whose key was withdrawn is taken no longer than this.
_REMEMBERED_SECONDS = 60.0


class Tokens:
    """Reads the tokens of one issuer, and remembers those that it has read."""

    def __init__(self, issuer: TokenIssuer) -> None:
        self._issuer = issuer
        self._keys = IssuerKeys(issuer)
        self._known: OrderedDict[bytes, tuple[Caller, float, int]] = OrderedDict()

    async def start(self) -> None:
        """Begin to fetch keys."""
        await self._keys.start()

    async def stop(self) -> None:
        """End that."""
        await self._keys.stop()

    async def caller(self, token: str) -> Caller | None:
        """Return whose *token* it is; None when it is none of the issuer's for this server, or no longer."""
        digest, now = digest_of(token), time.time()
        known = self._known.get(digest)
        if known is not None and now < known[1] and known[2] == self._keys.edition:
            return known[0]
        try:
            claims = await self._claims(token)
        # The last is what too many brackets give.
        except (JoseError, ValueError, TypeError, RecursionError):
            return None
        if claims is None:
            return None
        caller = self._caller_in(claims)
        self._known[digest] = caller, min(claims["exp"], now + _REMEMBERED_SECONDS), self._keys.edition
        if len(self._known) > _MOST_REMEMBERED:
            self._known.popitem(last=False)
        return caller

    async def _claims(self, token: str) -> dict[str, Any] | None:
        header = jws.extract_compact(token.encode("ascii")).headers()
        name = str(header["kid"]) if header.get("kid") is not None else None
        claims = self._signed(token, name, str(header.get("alg")))
        if claims is None and await self._keys.renewed_for(name):
            claims = self._signed(token, name, str(header.get("alg")))
        if claims is not None:
            jwt.JWTClaimsRegistry(
                now=int(time.time()),
                leeway=_LEEWAY_SECONDS,
                iss={"essential": True, "value": self._issuer.url},
                aud={"essential": True, "value": self._issuer.audience},
                exp={"essential": True},
                sub={"essential": True},
            ).validate(claims)
        return claims

    def _signed(self, token: str, name: str | None, algorithm: str) -> dict[str, Any] | None:
        """Return the claims of a token that one of the keys has signed."""
        for key in self._keys.fitting(name, algorithm):
            # Another kind of key than that of the algorithm is no error of the token.
            with contextlib.suppress(BadSignatureError, InvalidKeyTypeError, InvalidKeyCurveError):
                return jwt.decode(token, key, algorithms=_ALGORITHMS).claims
        return None

    def _caller_in(self, claims: dict[str, Any]) -> Caller:
        subject = str(claims["sub"])
        # Of an issuer, so that no API key and no token has the same.
        whose = hashlib.sha256(f"{self._issuer.url}\n{subject}".encode("utf-8", "surrogatepass")).hexdigest()
        # A name that no API key can have.
        return Caller(whose, f"oidc:{shortened(subject)}", self._issuer.role_in(claims))
