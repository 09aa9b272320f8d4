"""Addresses and header values as they stand in an e-mail: ASCII, and nothing that could be read in another way."""

from __future__ import annotations

import functools
import re
from email.header import Header, decode_header, make_header
from email.message import Message

import idna

__all__ = ["has_text", "header_text", "header_value", "mail_address"]

# RFC 5322, section 3.2.3, without the slash, which parts the path of an address.
_ATOM = r"[A-Za-z0-9!#$%&'*+=?^_`{|}~-]+"
_LOCAL_PART = re.compile(rf"{_ATOM}(\.{_ATOM})*", re.ASCII)
_LABEL = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)", re.ASCII)
# RFC 5321, section 4.5.3.1.
_LONGEST_LOCAL_PART, _LONGEST_DOMAIN, _LONGEST_ADDRESS = 64, 253, 254
# A line of a header has at most 78 characters (RFC 5322, section 2.1.1), an encoded word 75 (RFC 2047, section 2).
_LINE, _ENCODED_LINE = 78, 75
_ENCODED_WORD = "=?"
# Texts of header fields that are kept, so that those that many receivers have are encoded once (2 ms for 1 kB).
_MOST_TEXTS = 32


def mail_address(given: str) -> str:
    """Return an address in ASCII, its domain by IDNA (RFC 5891); empty when it cannot be one.

    A local part beyond ASCII needs mail servers that few have (RFC 6531), and quotes are read in many ways: neither is
    taken.
    """
    local, _, domain = given.rpartition("@")
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode()
        except (idna.IDNAError, UnicodeError):
            return ""
    # What looks like an encoded word is read as the text that it stands for.
    is_local = _LOCAL_PART.fullmatch(local) and _ENCODED_WORD not in local and len(local) <= _LONGEST_LOCAL_PART
    is_domain = len(domain) <= _LONGEST_DOMAIN and all(map(_LABEL.fullmatch, domain.split(".")))
    # Whose letters may be of either size (RFC 5321 section 2.4): one mailbox is one receiver.
    address = f"{local}@{domain.lower()}"
    return address if is_local and is_domain and len(address) <= _LONGEST_ADDRESS else ""


@functools.lru_cache(maxsize=_MOST_TEXTS)
def header_text(text: str, *, name: str) -> str:
    """Return a text as the value of the header *name*, folded with LF.

    What is short and plain stays as it is. Anything else is encoded (RFC 2047), also what looks like encoded already.
    """
    if text.isascii() and _ENCODED_WORD not in text and len(name) + 2 + len(text) <= _LINE:
        return text
    return Header(text, "utf-8", maxlinelen=_ENCODED_LINE, header_name=name).encode(linesep="\n")


def header_value(field: str) -> str:
    """Return the text that a reader finds in a header field, folded or not.

    In time that grows as the field does, which the parser of ``email.policy`` does not: 1.5 s for 96 kB.

    Raises:
        MessageError, ValueError: It is none.
    """
    return str(make_header(decode_header(field)))


def has_text(email: Message, text: str) -> bool:
    """Tell whether a reader finds *text* at the beginning of an e-mail, however lines end; an empty one is a line."""
    first = next(part for part in email.walk() if not part.is_multipart())
    content = first.get_payload(decode=True)
    return isinstance(content, bytes) and (content or b"\n").splitlines() == (text.encode() or b"\n").splitlines()
