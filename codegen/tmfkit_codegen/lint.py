"""Everything that must hold of the inputs before contract and register are compared."""

from __future__ import annotations

from collections.abc import Iterator

from openapi_spec_validator import OpenAPIV31SpecValidator

from tmfkit_codegen import examples, facade, register, vocabulary
from tmfkit_codegen.errors import Problem
from tmfkit_codegen.forms import meant, objections
from tmfkit_codegen.inputs import Api, Inputs
from tmfkit_codegen.load import joined
from tmfkit_codegen.schemas import COMPONENTS, attributes, schemas

__all__ = ["problems"]

# JSON Schema 2020-12 (core, applicators, validation, annotations) and the keywords of OpenAPI 3.1.
_VOCABULARIES = """
    $schema $id $ref $anchor $dynamicRef $dynamicAnchor $vocabulary $comment $defs
    allOf anyOf oneOf not if then else dependentSchemas prefixItems items contains properties patternProperties
    additionalProperties propertyNames unevaluatedItems unevaluatedProperties
    type enum const multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern
    maxItems minItems uniqueItems maxContains minContains maxProperties minProperties required dependentRequired
    title description default deprecated readOnly writeOnly examples format contentEncoding contentMediaType
    contentSchema discriminator xml externalDocs example
"""
KEYWORDS = frozenset(_VOCABULARIES.split())


def problems(api: Api, inputs: Inputs) -> Iterator[Problem]:
    """Yield everything wrong with *api*; what needs sound forms is looked at only where they are."""
    spelling = [*_structure(api), *_keywords(api)]
    # Below a key that is misspelt nothing stands where it should.
    forms = spelling or list(vocabulary.form_problems(api, inputs))
    forms += register.form_problems(api, inputs)
    yield from forms
    if not forms:
        names = [*vocabulary.name_problems(api), *_undeclared(api)]
        yield from names
        yield from register.name_problems(api, inputs)
        yield from examples.problems(api)
        # The SDK goes by these names.
        yield from () if names else facade.problems(api)


def _structure(api: Api) -> Iterator[Problem]:
    for error in OpenAPIV31SpecValidator(api.contract.data).iter_errors():
        for pointer, what in objections(joined("", *error.absolute_path), error.message):
            yield api.contract.problem(pointer, f"not OpenAPI 3.1: {what}", "Mend it; OpenAPI 3.1.0 has the rule")


def _keywords(api: Api) -> Iterator[Problem]:
    for pointer, schema in schemas(api.contract.data):
        for key in schema:
            if key not in KEYWORDS and not key.startswith("x-"):
                yield api.contract.problem(
                    joined(pointer, key), f"JSON Schema has no keyword {key!r}", meant(key, KEYWORDS)
                )


def _undeclared(api: Api) -> Iterator[Problem]:
    openapi = api.contract.data
    for pointer, schema in schemas(openapi):
        # `required` often stands on one member of an allOf whose attributes are declared by another one.
        whole = "/".join(pointer.split("/")[:4]) if pointer.startswith(COMPONENTS) else pointer
        known = attributes(openapi, whole).keys() | attributes(openapi, pointer).keys()
        for index, name in enumerate(schema.get("required", ())):
            if name not in known:
                yield api.contract.problem(
                    joined(pointer, "required", index),
                    f"required names {name!r}, which is no attribute",
                    "Declare it, or mend the name",
                )
