"""What the TLS settings ask for."""

from __future__ import annotations

import functools
import ssl

import httpx

from tmfkit_conformance.errors import UsageError
from tmfkit_conformance.settings import Settings

__all__ = ["tls_context"]


def tls_context(settings: Settings) -> ssl.SSLContext:
    """Return the TLS context of a run.

    Raises:
        UsageError: A file cannot be used.
    """
    if not (settings.ca_file or settings.client_certificate):
        return _usual(verify=settings.verify_tls)
    try:
        context = ssl.create_default_context(cafile=settings.ca_file or None)
        if settings.client_certificate:
            # The empty password makes a key that needs one an error; OpenSSL would ask for it at the terminal.
            context.load_cert_chain(settings.client_certificate, settings.client_key or None, password="")
    except (OSError, ssl.SSLError) as exc:
        problem = f"cannot be used ({exc})"
        raise UsageError("the TLS files", problem, "Give PEM files that belong together, the key unencrypted") from exc
    if not settings.verify_tls:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@functools.cache
def _usual(*, verify: bool) -> ssl.SSLContext:
    """Return the context of runs without files of their own; reading all known authorities takes 20 ms."""
    return httpx.create_ssl_context(verify=verify, trust_env=False)
