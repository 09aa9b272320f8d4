"""The register, the errata and the samples of one document: their forms, and the names they use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import jsonschema_rs

from tmfkit_codegen import statements
from tmfkit_codegen.contracts import operations
from tmfkit_codegen.errors import Problem
from tmfkit_codegen.forms import objections
from tmfkit_codegen.inputs import Api, Inputs
from tmfkit_codegen.load import SourceFile, joined, names

__all__ = ["form_problems", "name_problems"]

_SIMPLE_TYPES = frozenset({"string", "integer", "number", "boolean", "datetime", "uri", "any", "object"})


def form_problems(api: Api, inputs: Inputs) -> Iterator[Problem]:
    """Yield what the files may not say."""
    files = [(api.register, "requirements"), (api.errata, "errata"), *((sample, "sample") for sample in api.samples)]
    for file, kind in files:
        validator = jsonschema_rs.Draft202012Validator(inputs.schemas[kind].data)
        for error in validator.iter_errors(file.data):
            for place, what in objections(joined("", *error.instance_path), error.message):
                remedy = f"specs/{kind}.schema.json says what may stand here"
                yield file.problem(place, f"{_called(file, place)}: {what}", remedy)


def name_problems(api: Api, inputs: Inputs) -> Iterator[Problem]:
    """Yield names that are used twice or lead to nothing; the forms have to be right."""
    for file in (api.register, api.errata):
        if file.data["api"] != api.id:
            yield file.problem("/api", f"the file is of {file.data['api']}", f"Write {api.id}")
    yield from _repeated(api.register, "requirements")
    yield from _repeated(api.errata, "errata")
    yield from _types(api.register)
    yield from _rows(api, inputs)
    yield from statements.problems(api)
    errata = {row["id"] for row in api.errata.data["errata"]}
    for sample in api.samples:
        named = [
            *sample.data.get("errata", ()),
            *([sample.data["refused"]["errata"]] if "refused" in sample.data else []),
        ]
        for erratum in set(named) - errata:
            yield sample.problem(
                "/refused", f"there is no erratum {erratum}", f"Mend the id, or add it to {api.errata.file}"
            )


def _called(file: SourceFile, pointer: str) -> str:
    """Return how a message calls the place *pointer*: within a row of a register by the row's id and kind."""
    match names(pointer):
        case ("requirements", number, *rest) if isinstance(row := file.data["requirements"][int(number)], dict):
            kind = " ".join(str(row[key]) for key in ("kind", "scenario") if key in row)
            within = f", {joined('', *rest)}" if rest else ""
            return f"{row.get('id', 'a row without id')} ({kind or 'no kind'}){within}"
    return pointer or "the file"


def _repeated(file: SourceFile, key: str) -> Iterator[Problem]:
    counts = Counter(row["id"] for row in file.data[key])
    for index, row in enumerate(file.data[key]):
        if counts[row["id"]] > 1:
            yield file.problem(
                f"/{key}/{index}/id",
                f"{row['id']} is there {counts[row['id']]} times",
                "Give each row an id of its own",
            )


def _types(register: SourceFile) -> Iterator[Problem]:
    model = register.data["model"]
    for name, rows in model.items():
        for index, row in enumerate(rows):
            if row["type"] not in _SIMPLE_TYPES and row["type"] not in model:
                place = joined("/model", name, index, "type")
                yield register.problem(
                    place,
                    f"{name}.{row['name']} has the unknown type {row['type']}",
                    "Mend the name, or add the type to model",
                )


def _rows(api: Api, inputs: Inputs) -> Iterator[Problem]:
    errata = {row["id"] for row in api.errata.data["errata"]}
    yield from _operations(api, inputs.schemas["requirements"].data["$defs"])
    for index, row in enumerate(api.register.data["requirements"]):
        place = f"/requirements/{index}"
        if "scenario" in row and row["scenario"] not in inputs.scenarios.data:
            message = f"{row['id']}: there is no scenario {row['scenario']}"
            yield api.register.problem(f"{place}/scenario", message, f"{inputs.scenarios.file} lists them")
        for erratum in set(row.get("errata", ())) - errata:
            yield api.register.problem(
                f"{place}/errata",
                f"{row['id']}: there is no erratum {erratum}",
                f"Mend the id, or add it to {api.errata.file}",
            )


def _operations(api: Api, forms: dict[str, Any]) -> Iterator[Problem]:
    """Yield rows whose operation is none, or none that a row of their kind can be about (``x-operation``)."""
    openapi = api.contract.data
    actions = {"*": "*", **dict.fromkeys(openapi.get("webhooks", ()), "event")}
    for _, _, operation in operations(openapi):
        actions[operation["operationId"]] = operation["x-tmf-operation"]["action"]
    for index, row in enumerate(api.register.data["requirements"]):
        place, action = f"/requirements/{index}/operation", actions.get(row["operation"])
        fitting = forms[f"kind-{row['kind']}"]["x-operation"]
        if action is None:
            message = f"{row['id']}: the contract has no operation or event {row['operation']}"
            yield api.register.problem(place, message, "Mend the name, or add it to the contract")
        elif action not in fitting and not ("any" in fitting and action not in ("*", "event")):
            message = f"{row['id']}: a row of kind {row['kind']} is about {' or '.join(fitting)}, not about {action}"
            yield api.register.problem(place, message, "Mend the kind or the operation; specs/README.md has the kinds")
