"""Under every mix of rights, the names in the JSON Schema are those that bind, and the examples bind too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from queryengine import (
    Access,
    Capabilities,
    ConfigurationError,
    FilterError,
    Limits,
    QEDependency,
    SecurityPolicy,
    create_qe_dependency,
)
from queryengine.ast import FilterAST, Op
from queryengine.engine import QueryResult
from queryengine.json_schema import FilterSchema
from queryengine.operators import LOGICAL, OPERATORS, Arity, Operator
from queryengine.request import encode
from queryengine.schema import ModelSchema, TypeKind
from queryengine.schema_parts import PREFIX
from queryengine.value_schema import JSONSchema
from tests.shop import OPEN, ProductOut, ShopEngine

Tests: TypeAlias = set[tuple[str, str]]
"""Paths, each with an operator; the fields of many related rows stand behind `relation.some`."""

LAWS = settings(deadline=None, max_examples=20)
Dependency: TypeAlias = QEDependency[QueryResult[FilterAST] | None]

SHOP = ShopEngine().schema
ALIASES = [("name", "title"), ("stock", "inStock")]
VALUES: dict[TypeKind, object] = {
    TypeKind.INTEGER: 1,
    TypeKind.DECIMAL: 1,
    TypeKind.BOOLEAN: True,
    TypeKind.TEXT: "a",
    TypeKind.ENUM: "red",
    TypeKind.DATETIME: "2000-01-01T00:00:00Z",
    TypeKind.UUID: "00000000-0000-0000-0000-000000000001",
    TypeKind.JSON: 1,
    TypeKind.ARRAY: ["a"],
}


# -- what may be named at all: every name, hidden or not, and the fields of related models


def names(schema: ModelSchema[object]) -> Iterator[str]:
    yield from schema.fields
    for name, relation in schema.relations.items():
        yield from (name, *(f"{name}.{field}" for field in relation.target.fields))


NAMES = [*names(SHOP), *(alias for _, alias in ALIASES)]


def conditions(
    schema: ModelSchema[object], way: str = "", *, far: bool = True
) -> Iterator[tuple[str, str, object]]:
    """Yield paths, each with an operator and an operand for it."""
    fields = [*schema.fields.items(), *((alias, schema.fields[name]) for name, alias in ALIASES if not way)]
    for name, field in fields:
        yield from ((way + name, each.name, operand(each, field.type.kind)) for each in OPERATORS)
    for name, relation in schema.relations.items():
        if far and not relation.many:
            yield from ((name, word, True) for word in ("isNull", "exists"))
        if far:
            yield from conditions(
                relation.target, f"{name}.some." if relation.many else f"{name}.", far=False
            )


def operand(operator: Operator, kind: TypeKind) -> object:
    value = VALUES[kind]
    element = "a" if kind is TypeKind.ARRAY else value
    match operator.arity:
        case Arity.FLAG:
            return True
        case Arity.PAIR:
            return [value, value]
        case Arity.MANY:
            return [element]
        case Arity.ONE if operator.op is Op.SIZE:
            return 1
        case Arity.ONE:
            return element if operator.op is Op.HAS else value


# -- what the schema offers


class Offer:
    """The names in the schema of a filter."""

    def __init__(self, schema: FilterSchema) -> None:
        self._components = schema.components
        self.clauses: JSONSchema = schema.components[schema.root]["properties"]

    def forms(self, clause: str) -> list[JSONSchema]:
        return self.clauses[clause]["anyOf"] if clause in self.clauses else []

    def names(self, clause: str, form: int) -> set[str]:
        """The names that one form of a clause enumerates, or has as keys."""
        if len(self.forms(clause)) <= form:
            return set()
        schema = self.forms(clause)[form]
        listed = schema.get("items", schema)
        return set(listed["enum"] if "enum" in listed else listed["properties"])

    def order(self) -> set[str]:
        """The names that an order may have, one by one and as its description lists them."""
        if "order" not in self.clauses:
            return set()
        description: str = self.clauses["order"]["description"]
        pattern: str = self.forms("order")[0]["pattern"]
        listed = set(description.rstrip(".").partition(": ")[2].split(", "))
        assert {name for name in listed.union(NAMES) if re.search(pattern, name)} == listed
        return listed

    def tests(self, *, dotted: bool) -> Tests:
        """The conditions that `where` has, those on one related row by a path or within an object."""
        return set(self._tests(self._target(self.clauses["where"]), "", dotted=dotted))

    def _tests(self, where: JSONSchema, way: str, *, dotted: bool) -> Iterator[tuple[str, str]]:
        for name, schema in where.items():
            if name in LOGICAL or name in WORDS or ("." in name and (way or not dotted)):
                continue
            for form in schema.get("anyOf", [schema]):
                below = self._target(form) if "$ref" in form else {}
                if form.get("$ref", "").endswith("Operators"):
                    yield from ((way + name, word) for word in below.keys() & WORDS)
                elif not way and "." not in name:
                    yield from ((name, word) for word in below.keys() & WORDS)
                    if "some" in below:
                        yield from self._tests(self._target(below["some"]), f"{name}.some.", dotted=dotted)
                    elif not dotted:
                        yield from self._tests(below, f"{name}.", dotted=dotted)

    def _target(self, reference: JSONSchema) -> JSONSchema:
        properties: JSONSchema = self._components[reference["$ref"].removeprefix(PREFIX)]["properties"]
        return properties


WORDS = {operator.name for operator in OPERATORS}


# -- what binds


def where(path: str, test: dict[str, object]) -> dict[str, object]:
    head, some, rest = path.partition(".some.")
    return {"where": {head: {"some": {rest: test}}} if some else {path: test}}


ACCESS = st.builds(
    Access,
    filter=st.booleans() | st.frozensets(st.sampled_from(["eq", "in", "gt", "like", "isNull", "size"])),
    sort=st.booleans(),
    select=st.booleans(),
    include=st.booleans(),
)
GAPS = st.builds(
    Capabilities,
    backend=st.just("shop"),
    order_by_relation=st.booleans(),
    order_by_missing=st.booleans(),
    nulls_order=st.booleans(),
    include=st.booleans(),
    include_missing=st.booleans(),
)
LIMITS = st.builds(Limits, max_include_depth=st.integers(0, 2), max_relation_depth=st.integers(0, 2))


@st.composite
def dependencies(draw: st.DrawFn) -> Dependency:
    """Draw rights, limits and a back-end's gaps."""
    exposed = draw(st.booleans())
    visible = SecurityPolicy(expose=ProductOut) if exposed else OPEN
    view = create_qe_dependency(ShopEngine(), policy=visible).processor.view
    listed = [
        *view.known,
        *(f"{name}.{each}" for name, relation in view.relations.items() for each in relation.target.known),
    ]
    policy = SecurityPolicy(
        expose=ProductOut if exposed else None,
        paths=draw(st.dictionaries(st.sampled_from(sorted(listed)), ACCESS | st.none(), max_size=8)),
        others=draw(st.just(Access()) | ACCESS | st.none()),
        relations=draw(st.booleans()),
        limits=draw(LIMITS),
        regex=draw(st.booleans()),
    )
    dependency = create_qe_dependency(ShopEngine(draw(GAPS)), policy=policy)
    try:
        dependency.processor.view  # noqa: B018  # it is made when it is asked for
    except ConfigurationError:  # a path below one that is hidden
        reject()
    return dependency


@pytest.mark.long
@LAWS
@given(dependencies())
def test_every_name_that_the_schema_offers_binds_and_every_name_that_binds_is_offered(
    dependency: Dependency,
) -> None:
    offer = Offer(dependency.document.schema)

    def takes(document: dict[str, object]) -> bool:
        try:
            dependency.processor.process(encode(document))
        except FilterError:
            return False
        return True

    tests = {(path, word) for path, word, value in conditions(SHOP) if takes(where(path, {word: value}))}
    assert offer.tests(dotted=True) == offer.tests(dotted=False) == tests
    assert offer.order() == {name for name in NAMES if takes({"order": name})}
    shown = {name for name in NAMES if takes({"fields": [name]})}
    assert offer.names("fields", 0) == offer.names("fields", 1) == shown
    assert offer.names("fields", 2) <= {name for name in NAMES if takes({"fields": {name: False}})}
    assert offer.names("include", 0) == {name for name in NAMES if takes({"include": [name]})}


@LAWS
@given(dependencies())
def test_the_examples_bind(dependency: Dependency) -> None:
    for example in dependency.document.examples.values():
        dependency.processor.process(encode(example.filter))
