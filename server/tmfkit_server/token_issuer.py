"""The issuer whose bearer tokens are taken (OpenID Connect), as an operator describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tmfkit_server.api_keys import ROLES
from tmfkit_server.json_pointer import unescaped

if TYPE_CHECKING:
    from tmfkit_server.signing_keys import SigningKey

__all__ = ["TokenIssuer"]


@dataclass(frozen=True, slots=True)
class TokenIssuer:
    """One issuer.

    Attributes:
        url: Its name, which its tokens have as ``iss``.
        audience: What its tokens for this server have in ``aud``.
        jwks_url: Where its keys are; empty asks its discovery document.
        keys: Its keys, from a file; None when they are fetched.
        role_claim: JSON pointer of the claim that has the role, or roles.
    """

    url: str
    audience: str
    jwks_url: str = ""
    keys: tuple[SigningKey, ...] | None = None
    role_claim: str = "/roles"

    def role_in(self, claims: Mapping[str, Any]) -> str:
        """Return the role that may do most among those that *claims* have; empty when they have none of ours."""
        found: Any = claims
        for token in self.role_claim.split("/")[1:]:
            found = found.get(unescaped(token)) if isinstance(found, Mapping) else None
        names = found if isinstance(found, list) else [found]
        return next((role for role in reversed(ROLES) if role in names), "")
