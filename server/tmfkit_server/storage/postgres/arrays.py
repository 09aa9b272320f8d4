"""Arrays that go to PostgreSQL in its binary form, made at once: psycopg takes three times as long for each member."""

from __future__ import annotations

import struct
from itertools import chain, repeat

from psycopg import adapters
from psycopg.adapt import Dumper
from psycopg.pq import Format

__all__ = ["Integers", "Texts"]

_INTEGER_OID, _TEXT_OID = 23, 25
_INTEGER_ARRAY_OID, _TEXT_ARRAY_OID = 1007, 1009
# Dimensions, whether there are NULLs, type of the members; then of the one dimension its length and its lower bound.
_EMPTY = struct.Struct("!iiI")
_HEAD = struct.Struct("!iiIii")
_LENGTH = struct.Struct("!i").pack
_INTEGER_BYTES = 4


class Texts(list[str]):
    """Members of a ``text[]``."""


class Integers(list[int]):
    """Members of an ``integer[]``."""


class _TextsDumper(Dumper):
    format = Format.BINARY
    oid = _TEXT_ARRAY_OID

    def dump(self, obj: Texts) -> bytes:
        members = [text.encode() for text in obj]
        sized = chain.from_iterable(zip(map(_LENGTH, map(len, members)), members, strict=True))
        return b"".join((_head(len(members), _TEXT_OID), *sized))


class _IntegersDumper(Dumper):
    format = Format.BINARY
    oid = _INTEGER_ARRAY_OID

    def dump(self, obj: Integers) -> bytes:
        sized = chain.from_iterable(zip(repeat(_INTEGER_BYTES), obj))
        return _head(len(obj), _INTEGER_OID) + struct.pack(f"!{2 * len(obj)}i", *sized)


def _head(length: int, oid: int) -> bytes:
    return _HEAD.pack(1, 0, oid, length, 1) if length else _EMPTY.pack(0, 0, oid)


adapters.register_dumper(Texts, _TextsDumper)
adapters.register_dumper(Integers, _IntegersDumper)
