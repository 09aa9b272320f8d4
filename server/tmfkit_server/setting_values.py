"""Values of settings, read from what an operator writes on the command line."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tmfkit_models import contracts
from tmfkit_server.api_keys import ROLES, ApiKey, KeyFormError
from tmfkit_server.errors import SettingsError
from tmfkit_server.key_pair import KeyPair
from tmfkit_server.network import Network, Place, is_host, is_loopback, is_path
from tmfkit_server.signing_secret import secret_of
from tmfkit_server.token_issuer import TokenIssuer

if TYPE_CHECKING:
    from tmfkit_server.signing_keys import SigningKey

__all__ = [
    "MESSAGE_TYPES",
    "api_key_lines",
    "api_keys",
    "base_paths",
    "callback_networks",
    "callback_secrets",
    "channels",
    "check_base_paths",
    "check_public_url",
    "is_private",
    "key_pair",
    "management_place",
    "origins",
    "proxy_networks",
    "proxy_prefixes",
    "remaining_keys",
    "token_issuer",
]

MESSAGE_TYPES = ("SMS", "Email", "MobileApp")
_OWN_PATHS = ("/health", "/admin", "/docs", "/openapi")
_FILE = "file:"
_COMMENT = re.compile(r"(?:^|\s)#.*")
_USUAL_PORTS = {"http": ":80", "https": ":443"}


def api_keys(texts: Iterable[str]) -> tuple[ApiKey, ...]:
    """Read ``[NAME=]ROLE:KEY`` and ``[NAME=]ROLE:sha256:HEX`` texts.

    Raises:
        SettingsError: A text has another form, or a key is too short or has two roles.
    """
    found: dict[bytes, ApiKey] = {}
    for number, text in enumerate(texts, 1):
        try:
            key = ApiKey.parse(text)
        except KeyFormError as exc:
            # The key itself must not reach a log.
            remedy = f"Use a role of {', '.join(ROLES)}, and a key that tmfkit-server key has made"
            raise SettingsError(f"API key {number}", str(exc), remedy) from exc
        known = found.setdefault(key.digest, key)
        if known.role != key.role:
            remedy = "Give each role a key of its own"
            raise SettingsError(f"API keys with roles {known.role} and {key.role}", "they are the same key", remedy)
    return tuple(found.values())


def api_key_lines(path: Path) -> list[str]:
    """Return the ``[NAME=]ROLE:KEY`` lines of a file, without empty ones and without comments.

    A comment begins with ``#`` at the beginning of a line or behind a blank.

    Raises:
        SettingsError: The file cannot be read.
    """
    where = f"--api-key-file {path}"
    try:
        lines = [_COMMENT.sub("", line).strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError(where, f"it cannot be read ({exc.__class__.__name__})", "Name a text file") from exc
    return [line for line in lines if line]


def remaining_keys(known: Iterable[ApiKey], texts: Iterable[str]) -> tuple[ApiKey, ...]:
    """Return those of *known* that still stand among *texts* with their role, whatever else does."""
    standing = set()
    for text in texts:
        with contextlib.suppress(KeyFormError):
            key = ApiKey.parse(text)
            standing.add((key.digest, key.role))
    return tuple(key for key in known if (key.digest, key.role) in standing)


def is_private(path: Path) -> bool:
    """Tell whether nobody but the owner of a file may read or write it."""
    return not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)


def base_paths(texts: Iterable[str]) -> dict[str, str]:
    """Read ``API=PATH`` texts.

    Returns:
        API → path, without a slash at the end.

    Raises:
        SettingsError: A text has another form or names no API.
    """
    found: dict[str, str] = {}
    for text in texts:
        api, _, path = text.partition("=")
        if api not in contracts.apis() or not path.startswith("/"):
            known = ", ".join(contracts.apis())
            raise SettingsError(f"--base-path {text}", "it is not of the form API=/PATH", f"The APIs are {known}")
        found[api] = path.rstrip("/")
    return found


def channels(texts: Iterable[str], file: Path | None = None) -> dict[str, str]:
    """Read ``TYPE=URL`` texts, and the lines of *file* that are not blank and do not begin with ``#``.

    Returns:
        Type of message → Apprise URL.

    Raises:
        SettingsError: A text has another form, or a type comes twice, or the file cannot be read.
    """
    given = [("--channel", text) for text in texts]
    if file is not None:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as exc:
            raise SettingsError(f"--channel-file {file}", "it cannot be read as text", "Name a file of text") from exc
        numbered = [(f"{file}, line {number}", line.strip()) for number, line in enumerate(lines, 1)]
        given += [(where, line) for where, line in numbered if line and not line.startswith("#")]
    found: dict[str, str] = {}
    for where, text in given:
        kind, _, url = text.partition("=")
        # The text itself must not reach a log: it may hold a password, wherever that was put.
        if kind not in MESSAGE_TYPES or not url:
            remedy = f"The types are {', '.join(MESSAGE_TYPES)}"
            raise SettingsError(where, "it is not of the form TYPE=APPRISE_URL", remedy)
        if kind in found:
            raise SettingsError(where, f"{kind} has a channel already", "Give each type one channel")
        found[kind] = url
    return found


def callback_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Read networks in CIDR notation; SettingsError when one is none."""
    return _networks("--allow-callbacks", texts)


def proxy_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Read networks in CIDR notation; SettingsError when one is none."""
    return _networks("--trusted-proxy", texts)


def proxy_prefixes(paths: Iterable[str]) -> tuple[str, ...]:
    """Read paths, without a slash at the end; SettingsError when one is none that could be a prefix."""
    for path in paths:
        if not path.startswith("/") or not is_path(path.rstrip("/")):
            raise SettingsError(f"--trusted-prefix {path}", "it is no path", "Give one such as /tmf")
    return tuple(path.rstrip("/") for path in paths)


def _networks(option: str, texts: Iterable[str]) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(text) for text in texts)
    except ValueError as exc:
        remedy = "Give a network such as 10.1.0.0/16, or an address"
        raise SettingsError(option, str(exc), remedy) from exc


def check_public_url(url: str) -> None:
    """Raise SettingsError when an address is none that paths can be put behind; none at all is as good."""
    if not url:
        return
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    if scheme not in ("http", "https") or not is_host(host) or not is_path(f"{slash}{path}".rstrip("/")):
        raise SettingsError(f"--public-url {url}", "it is no HTTP address", "Give it as https://HOST")


def callback_secrets(texts: Iterable[str]) -> tuple[bytes, ...]:
    """Read secrets of the form ``whsec_BASE64``, each as such or as ``file:PATH``.

    Raises:
        SettingsError: A text has another form, or a file cannot be read.
    """
    try:
        return tuple(secret_of(_content(text)) for text in texts)
    except (ValueError, OSError) as exc:
        # The secret itself must not reach a log.
        remedy = "Use whsec_ and base64 of 24 to 64 random bytes, or file:PATH of a file with that"
        raise SettingsError("--callback-secret", str(exc), remedy) from exc


def _content(text: str) -> str:
    if text.startswith(_FILE):
        return Path(text.removeprefix(_FILE)).read_text(encoding="utf-8").strip()
    return text


def management_place(text: str) -> Place | None:
    """Read ``HOST:PORT``; None for no text, SettingsError for another form."""
    host, _, port = text.rpartition(":")
    if not text:
        return None
    if not host or not port.isascii() or not port.isdecimal() or not 0 < int(port) < 65536:
        raise SettingsError(f"--management {text}", "it is not of the form HOST:PORT", "Give it as 127.0.0.1:9100")
    return host.strip("[]"), int(port)


def token_issuer(url: str, audience: str, jwks: str, role_claim: str) -> TokenIssuer | None:
    """Read the settings of an issuer; None without one.

    Raises:
        SettingsError: An address is not safe, a part is missing, or a file cannot be read.
    """
    if not url:
        return None
    for option, address in (("--oidc-issuer", url), ("--oidc-jwks", jwks)):
        if address and not (option == "--oidc-jwks" and address.startswith(_FILE)):
            _check_issuer_address(option, address)
    if not audience:
        remedy = "Give the audience that tokens for this server have"
        raise SettingsError("--oidc-audience", "without one, tokens for other services would be taken", remedy)
    if not role_claim.startswith("/"):
        raise SettingsError(
            f"--oidc-role-claim {role_claim}", "it is no JSON pointer", "Give it as /realm_access/roles"
        )
    if not jwks.startswith(_FILE):
        return TokenIssuer(url, audience, jwks, None, role_claim)
    return TokenIssuer(url, audience, "", _keys_in(jwks), role_claim)


def _check_issuer_address(option: str, address: str) -> None:
    scheme, separator, rest = address.partition("://")
    host = re.split("[/?#]", rest, maxsplit=1)[0]
    if not separator or not is_host(host):
        raise SettingsError(f"{option} {address}", "it is no address", "Give it as https://HOST/PATH")
    if scheme != "https" and not (scheme == "http" and is_loopback(urlsplit(address).hostname or "")):
        raise SettingsError(f"{option} {address}", "who is in between could change keys", "Give an https address")


def _keys_in(place: str) -> tuple[SigningKey, ...]:
    # 16 MB of libraries that only those need who have an issuer.
    from tmfkit_server.signing_keys import signing_keys

    where, remedy = f"--oidc-jwks {place}", "Name a file that holds a JSON Web Key Set"
    try:
        found = json.loads(Path(place.removeprefix(_FILE)).read_bytes())
    except (OSError, ValueError, RecursionError) as exc:
        raise SettingsError(where, f"it cannot be read ({type(exc).__name__})", remedy) from exc
    try:
        return signing_keys(found)
    except ValueError as exc:
        raise SettingsError(where, str(exc), remedy) from exc


def origins(texts: Iterable[str]) -> tuple[str, ...]:
    """Read origins of pages, as browsers send them; SettingsError when one is none.

    Source:
        RFC 6454, section 6.1: in small letters, without the port that the scheme has anyway.
    """
    found = []
    for text in texts:
        scheme, _, host = text.lower().partition("://")
        if text != "*" and (scheme not in _USUAL_PORTS or not is_host(host)):
            raise SettingsError(f"--allow-origin {text}", "it is no origin", "Give it as https://HOST, without a path")
        found.append(text if text == "*" else f"{scheme}://{host.removesuffix(_USUAL_PORTS[scheme])}")
    return tuple(found)


def key_pair(certificate: Path | None, key: Path | None) -> KeyPair | None:
    """Read the names of a certificate and its key; None for neither, SettingsError when they cannot be used."""
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise SettingsError("--tls-cert and --tls-key", "only one of them is given", "Give both, or neither")
    try:
        return KeyPair.read(certificate, key)
    except OSError as exc:
        where = f"--tls-cert {certificate} --tls-key {key}"
        remedy = "Name a certificate and its key, both in PEM and the key without a password"
        raise SettingsError(where, f"they cannot be used ({exc.strerror or exc})", remedy) from exc


def check_base_paths(chosen: Mapping[str, str]) -> None:
    """Raise SettingsError when the APIs could not be told apart by their paths, or hide what the server itself has."""
    owners: dict[str, str] = {}
    for api in contracts.apis():
        path = chosen.get(api, contracts.load(api).base_path)
        where = f"--base-path {api}={path or '/'}"
        if not is_path(path):
            raise SettingsError(where, "it is no plain path", "Use letters, digits and . _ ~ - between the slashes")
        for own in _OWN_PATHS:
            if f"{path}/".startswith(f"{own}/"):
                raise SettingsError(where, f"{own} is the server's own", "Choose another path")
        if path in owners:
            raise SettingsError(where, f"{owners[path]} has the same path", "Give each API a path of its own")
        owners[path] = api
