"""Hypothesis strategies for row scopes: random predicates over all fields and relations of a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from queryengine.ast import Op, Scalar
from queryengine.predicate import AllOf, AnyOf, Compare, Negated, Predicate, Related
from queryengine.schema import ArrayType, FieldType, JSONType, ModelSchema
from queryengine.testing.samples import Sample, samples
from queryengine.testing.strategies import Ground

__all__ = ["predicates"]

OPS = (Op.EQ, Op.GT, Op.GTE, Op.LT, Op.LTE, Op.IN, Op.CONTAINS, Op.STARTS_WITH, Op.IS_NULL)
"""what `field()` can ask of a field with one value"""
DEPTH = 2
LONGEST_WAY = 2


def predicates(
    ground: Ground, schema: ModelSchema[object], *, related: bool = True
) -> SearchStrategy[Predicate]:
    """Draw predicates for the rows of a model that `ground` leads to; if `related`, they follow relations."""
    drawer = _Drawer(ground, related)

    @st.composite
    def predicate(draw: DrawFn) -> Predicate:
        return drawer.predicate(draw, schema, DEPTH)

    return predicate()


@dataclass(frozen=True, slots=True)
class _Drawer:
    ground: Ground
    related: bool

    def predicate(self, draw: DrawFn, schema: ModelSchema[object], depth: int) -> Predicate:
        many = [name for name, relation in schema.relations.items() if relation.many and self.related]
        words = ["compare"] * 3
        if depth > 0:
            words += ["and", "or", "not"]
            words += ["related"] if many and self.ground.capabilities.quantifiers else []
        match draw(st.sampled_from(words)):
            case "and":
                return AllOf(self._several(draw, schema, depth - 1))
            case "or":
                return AnyOf(self._several(draw, schema, depth - 1))
            case "not":
                return Negated(self.predicate(draw, schema, depth - 1))
            case "related":
                name = draw(st.sampled_from(many))
                quantifier = draw(st.sampled_from(sorted(self.ground.capabilities.quantifiers)))
                where = self.predicate(draw, schema.relations[name].target, depth - 1)
                return Related(name, quantifier, where)
            case _:
                return self._compare(draw, schema)

    def _several(self, draw: DrawFn, schema: ModelSchema[object], depth: int) -> tuple[Predicate, ...]:
        return tuple([self.predicate(draw, schema, depth) for _ in range(draw(st.integers(0, 2)))])

    def _compare(self, draw: DrawFn, schema: ModelSchema[object]) -> Predicate:
        names: list[str] = []
        while self.related and len(names) < LONGEST_WAY and draw(st.sampled_from([False, False, True])):
            single = [
                name
                for name, relation in schema.relations.items()
                if not relation.many and relation.gap is None
            ]
            if not single:
                break
            names.append(draw(st.sampled_from(single)))
            schema = schema.relations[names[-1]].target
        able = self.ground.capabilities
        fields = [
            each
            for each in schema.fields.values()
            if each.gap is None
            and able.can("isNull", each.type.kind)  # of some kinds it is all that is asked
        ]
        field = draw(st.sampled_from(fields))
        asked = [op for op in OPS if able.can(op.value, field.type.kind)]
        if isinstance(field.type, ArrayType | JSONType):
            asked = [Op.IS_NULL]
        op = draw(st.sampled_from(asked))
        value = draw(_values(op, field.type, self.ground.seen.get(field, ())))
        return Compare(".".join([*names, field.name]), op, value)


def _values(
    op: Op, type_: FieldType, seen: Sequence[Sample]
) -> SearchStrategy[Scalar | tuple[Scalar, ...] | None]:
    if op is Op.IS_NULL:
        return st.none()
    present = [value for value in seen if value is not None]
    value = st.sampled_from(cast("Sequence[Scalar]", [*present, *samples(type_)]))
    return st.lists(value, max_size=3).map(tuple) if op is Op.IN else value
