"""A run against the made-up library, whose folder tests may copy; and the keys that such a folder is signed with."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from library_server import ADMIN, serving

from patience import PATIENCE_SECONDS
from tmfkit_conformance.cli import main

__all__ = ["filed_run", "keys"]


def filed_run(folder: Path, *more: str, demands_title: bool = True) -> int:
    """Run the register phase against a server that is right, or one that is broken; return the exit status."""
    with serving(demands_title=demands_title) as url:
        arguments = ["run", "--api", "library-v1", "--base-url", url, "--report", str(folder), "--phase", "register"]
        arguments += ["--admin-header", f"Authorization: {ADMIN}", "--subject", "Shelf/2.1", "--operator", "Ada"]
        arguments += ["--event-timeout", str(PATIENCE_SECONDS), "--timeout", str(PATIENCE_SECONDS)]
        return main([*arguments, *more])


def keys(folder: Path, name: str = "key") -> tuple[str, str]:
    """Write a pair of keys beside a folder; return the paths of the private and of the public one."""
    key = Ed25519PrivateKey.generate()
    private, public = folder.parent / f"{name}.pem", folder.parent / f"{name}.pub"
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private.write_bytes(key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain))
    public.write_bytes(key.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo))
    return str(private), str(public)
