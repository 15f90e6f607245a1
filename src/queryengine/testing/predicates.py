"""Hypothesis strategies for row scopes: random predicates over all fields and relations of a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import cast

from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from queryengine.ast import Op, Scalar
from queryengine.engine import Capabilities
from queryengine.predicate import AllOf, AnyOf, Compare, Negated, Predicate, Related
from queryengine.schema import ArrayType, Field, FieldType, JSONType, ModelSchema
from queryengine.testing.samples import Sample, samples

__all__ = ["predicates"]

OPS = (Op.EQ, Op.GT, Op.GTE, Op.LT, Op.LTE, Op.IN, Op.CONTAINS, Op.STARTS_WITH, Op.IS_NULL)
"""what `field()` can ask of a field that is no array"""


@st.composite
def predicates(
    draw: st.DrawFn,
    schema: ModelSchema[object],
    capabilities: Capabilities,
    seen: Mapping[Field, Sequence[Sample]] = MappingProxyType({}),
    *,
    related: bool = True,
    depth: int = 2,
) -> Predicate:
    """Draw a predicate for the rows of a model. With `related`, it may look at related rows too."""

    def below(target: ModelSchema[object]) -> SearchStrategy[Predicate]:
        return predicates(target, capabilities, seen, related=related, depth=depth - 1)

    words = ["compare"] * 3
    if depth > 0:
        words += ["and", "or", "not"]
        words += ["related"] if related and capabilities.quantifiers else []
    match draw(st.sampled_from(words)):
        case "and":
            return AllOf(tuple(draw(st.lists(below(schema), max_size=2))))
        case "or":
            return AnyOf(tuple(draw(st.lists(below(schema), max_size=2))))
        case "not":
            return Negated(draw(below(schema)))
        case "related":
            many = [name for name, relation in schema.relations.items() if relation.many]
            if not many:
                reject()
            name = draw(st.sampled_from(many))
            where = draw(below(schema.relations[name].target))
            return Related(name, draw(st.sampled_from(sorted(capabilities.quantifiers))), where)
        case _:
            return draw(_compare(schema, capabilities, seen, longest=2 if related else 0))


@st.composite
def _compare(
    draw: st.DrawFn,
    schema: ModelSchema[object],
    capabilities: Capabilities,
    seen: Mapping[Field, Sequence[Sample]],
    longest: int,
) -> Predicate:
    names: list[str] = []
    while len(names) < longest and draw(st.sampled_from([False, False, True])):
        single = [name for name, relation in schema.relations.items() if not relation.many]
        if not single:
            break
        names.append(draw(st.sampled_from(single)))
        schema = schema.relations[names[-1]].target
    fields = [field for field in schema.fields.values() if field.gap is None]
    if not fields:
        reject()
    field = draw(st.sampled_from(fields))
    asked = [op for op in OPS if capabilities.can(op.value, field.type.kind)]
    if isinstance(field.type, ArrayType | JSONType):
        asked = [Op.IS_NULL]
    op = draw(st.sampled_from(asked))
    return Compare(".".join([*names, field.name]), op, draw(_values(op, field.type, seen.get(field, ()))))


def _values(
    op: Op, type_: FieldType, seen: Sequence[Sample]
) -> SearchStrategy[Scalar | tuple[Scalar, ...] | None]:
    if op is Op.IS_NULL:
        return st.none()
    present = [value for value in seen if value is not None]
    value = st.sampled_from(cast("Sequence[Scalar]", [*present, *samples(type_)]))
    return st.lists(value, max_size=3).map(tuple) if op is Op.IN else value
