"""Bodies of any size, of every kind that work could grow with, for every operation that takes one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from server_bodies import full

from tmfkit_models import contracts
from tmfkit_models.contracts import Contract, Operation
from tmfkit_server.resources.endpoint import accepted_types
from tmfkit_server.services.patches.patch_query import JSON_PATCH_QUERY

__all__ = ["KINDS", "PATCHES", "QUERY_PATCHES", "VALUE", "Call", "calls"]

VALUE = "@@@"
_ADD = f'{{"op":"add","path":"/zzz","value":{VALUE}}}'
PATCHES = [
    f"[{_ADD}]",
    f'[{{"op":"add","path":"/zzz","value":0}},{{"op":"replace","path":"/zzz","value":{VALUE}}}]',
    f'[{_ADD},{{"op":"remove","path":"/zzz"}}]',
    f'[{{"op":"test","path":"/zzz","value":{VALUE}}}]',
    f'[{_ADD},{{"op":"move","from":"/zzz","path":"/zzy"}},{{"op":"move","from":"/zzy","path":"/zzz"}}]',
]
QUERY_PATCHES = [
    f'[{_ADD},{{"op":"add","path":"/zzy?{"&".join(f"zzz.a{number}.ne=1" for number in range(9))}","value":1}}]',
    f'[{_ADD},{{"op":"add","path":"$.zzz[?@.a==0]","value":1}}]',
]


@dataclass(frozen=True)
class Call:
    """An operation with a body, on a server's path; ``{id}`` in it stands for a resource that is there.

    Attributes:
        media_type: Type of the body.
        body: A small body that is accepted, or a patch of one step.
    """

    contract: Contract
    operation: Operation
    media_type: str
    body: Any

    @property
    def path(self) -> str:
        return f"{self.contract.base_path}{self.operation.path}"

    def __str__(self) -> str:
        return f"{self.contract.id} {self.operation.id} {self.media_type.removeprefix('application/')}"

    @property
    def forms(self) -> list[str]:
        """Texts of bodies in which ``VALUE`` stands for the large part: a patch in each form, or each attribute."""
        if self.media_type == JSON_PATCH_QUERY:
            return [*PATCHES, *QUERY_PATCHES]
        if isinstance(self.body, list):
            return PATCHES
        own = [{**self.body, name: VALUE} for name in self.body]
        return [json.dumps(body).replace(f'"{VALUE}"', VALUE) for body in ({**self.body, "zzz": VALUE}, *own)]


def calls() -> Iterator[Call]:
    """Yield every operation that takes a body, a patch in each of its types."""
    for contract in map(contracts.load, contracts.apis()):
        for operation in contract.operations:
            if operation.action in ("create", "replace"):
                schema = contract.resource(operation.resource).create
                yield Call(contract, operation, operation.consumes[0], full(contract, schema))
            elif operation.action == "patch":
                for media_type in dict.fromkeys(accepted_types(operation)):
                    is_merge = "patch" not in media_type or "merge" in media_type
                    yield Call(contract, operation, media_type, {"description": "x"} if is_merge else [])
            elif operation.action == "register":
                yield Call(contract, operation, operation.consumes[0], {"callback": "http://127.0.0.1:9/x"})
            elif operation.action == "send":
                receiver = [{"phoneNumber": "+12025550123"}]
                yield Call(
                    contract, operation, operation.consumes[0], {"type": "SMS", "content": "x", "receiver": receiver}
                )


def _repeated(member: str) -> Callable[[int], str]:
    return lambda size: f"[{','.join([member] * (size // (len(member) + 1)))}]"


def _names(form: str) -> Callable[[int], str]:
    def text(size: int) -> str:
        count = size // (len(form.format(0)) + 13)
        return "{" + ",".join(f'"{form.format(number)}":{number}' for number in range(count)) + "}"

    return text


KINDS: dict[str, Callable[[int], str]] = {
    "text": lambda size: f'"{"x" * size}"',
    "escapes": lambda size: f'"{chr(92)}u0041{(chr(92) + "n") * (size // 2)}"',
    "numbers": _repeated("0"),
    "long numbers": _repeated("123456789012345678"),
    "too long numbers": lambda size: f"[{','.join(['12345678901234567890123'] * (size // 24))}]",
    "fractions": _repeated("0.1"),
    "objects": _repeated("{}"),
    "arrays": _repeated("[]"),
    "nested": _repeated("[" * 20 + "]" * 20),
    "small objects": _repeated('{"a":"b"}'),
    "dates": _repeated('"2026-01-15T08:00:00Z"'),
    "card numbers": _repeated('"4111 1111 1111 1111"'),
    "wrong card numbers": _repeated('"x4111 1111 1111 1112"'),
    "letters beyond ASCII": lambda size: _repeated('"é"')(size * 4 // 5),
    "digits": lambda size: f'"{"4" * size}"',
    "blanks and digits": lambda size: f'"{"4 " * (size // 2)}"',
    "names": _names("n{}"),
    "escaped names": _names("\\u0041{}"),
    "a name twice": lambda size: _names("n{}")(size)[:-1] + ',"n0":1}',
    "long name": lambda size: f'{{"{"n" * (size // 2)}":{_repeated("0")(size // 2)}}}',
    "long name around objects": lambda size: f'{{"{"n" * (size // 2)}":{_names("m{}")(size // 2)}}}',
}
"""Kind → JSON text of about so many bytes."""
