"""Names of the contract as names in Python."""

from __future__ import annotations

from keyword import iskeyword

from openapi_python_client import strings
from openapi_python_client.schema.untrusted_string import UntrustedString

__all__ = ["attribute", "class_name"]

# What every object has beside its attributes, and the types that stand beside them in its class.
_OF_OBJECTS = frozenset(
    {"check", "extra", "is_null", "raw", "response", "self", "str", "int", "float", "bool", "tuple"}
)
# Keywords of the calls that attributes are given to as well.
_OF_CALLS = frozenset({"idempotency_key", "if_match", "options"})


def attribute(name: str, *, of_resource: bool) -> str:
    """Return the attribute *name* in Python: ``at_type`` for ``@type``, ``class_`` for ``class``.

    Args:
        name: The name in the contract.
        of_resource: Whether it is one of a resource, so that it is given to calls too.
    """
    spelt = strings.snake_case("at_" + name[1:] if name.startswith("@") else name)
    if not spelt.isidentifier() and not iskeyword(spelt):
        spelt = f"attribute_{spelt}"
    taken = _OF_OBJECTS | _OF_CALLS if of_resource else _OF_OBJECTS
    return f"{spelt}_" if iskeyword(spelt) or spelt in taken else spelt


def class_name(component: str) -> str:
    """Return the class of a component: ``CustomerCreate`` for ``Customer_Create``."""
    return str(strings.ClassName(UntrustedString(component), "Class"))
