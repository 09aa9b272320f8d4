"""What an erratum says of the kit: the names in it have to lead somewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tmfkit_codegen.contracts import operations
from tmfkit_codegen.errors import Problem
from tmfkit_codegen.inputs import Api
from tmfkit_codegen.load import joined, names
from tmfkit_codegen.schemas import at, attributes, component, followed

__all__ = ["problems"]

_ANY_DEPTH = "**"


def problems(api: Api) -> Iterator[Problem]:
    """Yield names in ``kit`` that lead to nothing; the forms have to be right."""
    for index, row in enumerate(api.errata.data["errata"]):
        for number, statement in enumerate(row.get("kit", ())):
            for key, what, remedy in _lost(api, statement):
                place = f"/errata/{index}/kit/{number}/{key}"
                yield api.errata.problem(place, f"{row['id']}: {what}", remedy)


def _lost(api: Api, statement: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield the key, what is wrong there and what to do."""
    known = {operation["operationId"] for _, _, operation in operations(api.contract.data)}
    for name in statement.get("operations", ()):
        if name not in known:
            yield "operations", f"the contract has no operation {name}", "Mend the name, or add it to the contract"
    rules = {row.get("scenario", row["kind"]) for row in api.register.data["requirements"]}
    rows = {row["id"] for row in api.register.data["requirements"]}
    for name in statement.get("except", ()):
        if name not in rules | rows:
            yield "except", f"no row has the id, the kind or the scenario {name}", "Mend the name"
    if statement["says"] in ("sends", "tries") and not _leads_somewhere(api, statement["at"]):
        yield "at", f"there is no attribute {statement['at']}", "Mend the pointer"
    for name in statement.get("names", ())[1:]:
        if not _leads_somewhere(api, f"{statement['at'].rpartition('/')[0]}/{name}"):
            yield "names", f"{name} is no other name of {statement['at']}", "Mend the name, or add it to x-tmf-aliases"


def _leads_somewhere(api: Api, pointer: str) -> bool:
    """Say whether a pointer, which may begin at any depth, leads to an attribute of a resource, by any of its names."""
    openapi = api.contract.data
    first, *rest = names(pointer)
    schemas = openapi["components"]["schemas"]
    starts = (
        schemas if first == _ANY_DEPTH else [name for name, schema in schemas.items() if "x-tmf-resource" in schema]
    )
    below = rest if first == _ANY_DEPTH else [first, *rest]
    return any(_leads(openapi, component(name), below) for name in starts)


def _leads(openapi: Any, here: str, below: list[str]) -> bool:
    for name in below:
        here = followed(openapi, here)
        found = joined(here, "items") if name == "*" and "items" in at(openapi, here) else _named(openapi, here, name)
        if not found:
            return False
        here = found
    return True


def _named(openapi: Any, here: str, name: str) -> str:
    for own, where in attributes(openapi, here).items():
        described = at(openapi, where)
        if name == own or name in {**at(openapi, followed(openapi, where)), **described}.get("x-tmf-aliases", ()):
            return where
    return ""
