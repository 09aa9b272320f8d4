"""Double entry: contract and register were written independently from one document, and have to say the same.

``specs/README.md`` has the table of what is compared with what; each of its lines is one function here. A disagreement
is reported at the side that says something, with the place of the other side where there is one.
"""

from __future__ import annotations

from collections.abc import Iterator

from tmfkit_codegen.agreement import bodies, exchanges, model
from tmfkit_codegen.agreement.sides import Sides
from tmfkit_codegen.errors import Problem
from tmfkit_codegen.inputs import Api

__all__ = ["problems"]

COMPARISONS = (
    model.types_and_attributes,
    bodies.mandatory,
    bodies.conditional,
    bodies.any_of,
    bodies.patchable,
    bodies.made_by_server,
    bodies.client_id,
    bodies.values,
    bodies.subjects,
    exchanges.operations,
    exchanges.statuses,
    exchanges.headers,
    exchanges.media_types,
    exchanges.parameters,
    exchanges.events,
    exchanges.roles,
    exchanges.tolerated,
)


def problems(api: Api) -> Iterator[Problem]:
    """Yield every disagreement between contract and register of *api*; both have to be free of other problems."""
    sides = Sides.of(api)
    for comparison in COMPARISONS:
        yield from comparison(sides)
