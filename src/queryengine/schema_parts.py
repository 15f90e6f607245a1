"""The pieces that schemas of filters and aggregates are made of, and names for components. Knows no view."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from queryengine.operators import LOGICAL
from queryengine.value_schema import JSONSchema

__all__ = [
    "NULL",
    "PREFIX",
    "choices_of",
    "identifier",
    "joined",
    "nullable_schema",
    "object_schema",
    "one_of",
    "order_schema",
    "reference",
    "titled",
]

PREFIX = "#/components/schemas/"
"""Where references point: the place of components in an OpenAPI document."""
NULL: JSONSchema = {"type": "null"}


def reference(name: str) -> JSONSchema:
    """Return the schema that refers to a component."""
    return {"$ref": PREFIX + name}


def joined(tests: JSONSchema, own: JSONSchema, description: str) -> JSONSchema:
    """Return an object of tests, all of which must hold, and of such objects joined by logical words."""
    properties = dict(tests)
    for word, text in LOGICAL.items():
        many: JSONSchema = {"type": "array", "items": own, "minItems": 1}
        properties[word] = {**(own if word == "not" else many), "description": f"True where {text}."}
    return object_schema(properties, description)


def one_of(values: Sequence[object]) -> JSONSchema:
    """Return the schema of one of some texts, or booleans."""
    kind = "boolean" if isinstance(values[0], bool) else "string"
    return {"type": kind, "enum": list(values)}


def object_schema(properties: JSONSchema, description: str, least: int = 1) -> JSONSchema:
    """Return the schema of an object with some of these properties, at least so many of them."""
    bound: JSONSchema = {"minProperties": least} if least else {}
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        **bound,
        "additionalProperties": False,
    }


def nullable_schema(schema: JSONSchema) -> JSONSchema:
    """Return the schema of a value or null."""
    return {"anyOf": [schema, NULL]} if schema else schema


def order_schema(names: list[str], most: int) -> JSONSchema:
    """Return the schema of an order: a text of keys, or a list of single keys."""
    name = f"({'|'.join(names).replace('.', '[.]')})"
    nulls = " +[Nn][Uu][Ll][Ll][Ss] +([Ff][Ii][Rr][Ss][Tt]|[Ll][Aa][Ss][Tt])"
    key = f"(-?{name}|{name} +([Aa][Ss][Cc]|[Dd][Ee][Ss][Cc]))({nulls})?"
    one: JSONSchema = {"type": "string", "pattern": f"^{key}$"}
    text: JSONSchema = {"type": "string", "pattern": f"^{key}( *, *{key}){{0,{most - 1}}}$"}
    keys: JSONSchema = {"type": "array", "items": one, "minItems": 1, "maxItems": most, "uniqueItems": True}
    return {"description": f"Keys, - for descending: {', '.join(names)}.", "anyOf": [text, keys]}


def choices_of(*names: str) -> Iterator[str]:
    """Yield the names in order, then the last one with numbers from 2."""
    yield from names
    number = 2
    while True:
        yield f"{names[-1]}{number}"
        number += 1


def identifier(name: str) -> str:
    """Return a name as OpenAPI takes it for a component."""
    return re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_") or "Model"


def titled(name: str) -> str:
    """Return a name in the style of classes.

    >>> titled("dep_delay")
    'DepDelay'
    """
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", name))
