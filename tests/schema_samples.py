"""Draws JSON values that a JSON Schema accepts, as far as this project's schemas go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

Schema = Mapping[str, Any]  # Any: JSON
DEPTH = 5

# Strings whose pattern says less than their type: these are inside of the type's domain.
INSIDE: dict[str, SearchStrategy[str]] = {
    "date": st.dates().map(lambda day: day.isoformat()),
    "date-time": st.datetimes().map(lambda at: at.isoformat() + "Z"),
    "date-time-local": st.datetimes().map(lambda at: at.isoformat()),
    "uuid": st.uuids().map(str),
}
CHARACTERS = st.characters(codec="utf-8", exclude_characters="\0")
TEXTS = st.text(CHARACTERS, max_size=6)


@st.composite
def instances(
    draw: DrawFn, schema: Schema, components: Mapping[str, Schema], depth: int = DEPTH
) -> Any:  # Any: JSON
    """Draw what the schema accepts; below `depth` only what leads no deeper."""
    if "$ref" in schema:
        schema = components[schema["$ref"].rsplit("/", 1)[-1]]
    if "anyOf" in schema:
        forms: list[Schema] = schema["anyOf"]
        shallow = [form for form in forms if "$ref" not in form] if depth <= 0 else forms
        own = {word: part for word, part in schema.items() if word != "anyOf"}
        return draw(instances({**own, **draw(st.sampled_from(shallow or forms))}, components, depth))
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return draw(st.sampled_from(schema["enum"]))
    match schema.get("type"):
        case "object":
            return draw(_objects(schema, components, depth))
        case "array":
            low, high = schema.get("minItems", 0), min(schema.get("maxItems", 3), 3)
            items = instances(schema["items"], components, depth - 1) if schema["items"] else st.just(1)
            unique = repr if schema.get("uniqueItems") else None
            return draw(st.lists(items, min_size=low, max_size=max(low, high), unique_by=unique))
        case _:
            return draw(_scalars(schema))


@st.composite
def _objects(draw: DrawFn, schema: Schema, components: Mapping[str, Schema], depth: int) -> dict[str, Any]:
    names = sorted(schema["properties"])
    if depth <= 0:
        names = [name for name in names if "$ref" not in schema["properties"][name]] or names
        names = [name for name in names if name not in ("and", "or", "nor", "include")] or names
    least = max(schema.get("minProperties", 0), len(schema.get("required", ())))
    most = min(schema.get("maxProperties", 2), max(2, least))
    chosen = draw(st.lists(st.sampled_from(names), min_size=least, max_size=most, unique=True))
    chosen = list(dict.fromkeys([*schema.get("required", ()), *chosen]))
    return {name: draw(instances(schema["properties"][name], components, depth - 1)) for name in chosen}


def _scalars(schema: Schema) -> SearchStrategy[Any]:
    match schema.get("type"):
        case None:
            return st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.just([1, {"a": None}]))
        case "integer":
            return st.integers(schema.get("minimum", -(2**63)), schema.get("maximum", 2**63 - 1))
        case "number":
            return st.one_of(st.integers(-999, 999), st.sampled_from([0.5, -2.25, 1e3]))
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case "string":
            return _strings(schema)
        case other:
            raise AssertionError(f"no samples of {other}")


def _strings(schema: Schema) -> SearchStrategy[str]:
    if schema.get("format") in INSIDE:
        return INSIDE[schema["format"]]
    if "pattern" not in schema:
        return TEXTS
    if schema["pattern"].startswith("^[0-9]{4}-"):
        return INSIDE["date-time-local"]  # a zone that may be left out has no format of its own
    drawn = st.from_regex(schema["pattern"], fullmatch=True, alphabet=CHARACTERS)
    return drawn.filter(lambda text: len(text) <= schema.get("maxLength", 200))
