"""Bound conditions to documents of MongoDB's query language that are true exactly where a filter is.

Conditions are compiled with `not` at the leaves. MongoDB's comparisons are true or false, and false of null
and of what is missing: the opposite of each is its negation. Each value stands behind an operator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from queryengine.ast import Comparison, Op, Path, Quantified, Quantifier, Step, Where
from queryengine.compiler import Compiler, handles
from queryengine.errors import ConfigurationError
from queryengine.kinds import Kind
from queryengine.schema import ArrayType, FieldType, JSONType
from queryengine_beanie.encodings import as_it_is
from queryengine_beanie.lookups import Condition, Joins, Lookup, Place, children_of, target_of
from queryengine_beanie.object_ids import bounded_by
from queryengine_beanie.patterns import PATTERNS
from queryengine_beanie.schema import EmbeddedSource, FieldSource
from queryengine_beanie.template import sent

__all__ = ["NOTHING", "ConditionCompiler", "Stored"]

OPPOSITES: Final = MappingProxyType({"$eq": "$ne", "$in": "$nin"})
"""the operators that have an opposite of their own"""
ORDERS: Final[Mapping[Op, str]] = MappingProxyType(
    {Op.GT: "$gt", Op.GTE: "$gte", Op.LT: "$lt", Op.LTE: "$lte"}
)
ID_ONLY: Final = ({"$limit": 1}, {"$project": {"_id": 1}})
"""what is left of related documents where it is asked whether there are any"""

NOTHING: Final[Condition] = {"_id": {"$in": []}}
"""what is true of no document"""


@dataclass(frozen=True, slots=True)
class Stored:
    """What stands at the end of a path: the path, what is stored there, and whether the opposite is asked."""

    path: str
    source: FieldSource
    type: FieldType
    negated: bool

    def test(self, operator: str, value: object) -> Condition:
        """Return that the value meets an operator, or that it does not."""
        if not self.negated:
            return {self.path: {operator: value}}
        if operator in OPPOSITES:
            return {self.path: {OPPOSITES[operator]: value}}
        return {self.path: {"$not": {operator: value}}}

    def meets(self, test: object) -> Condition:
        """Return that the value meets a document of operators, or that it does not."""
        return {self.path: {"$not": test} if self.negated else test}


class ConditionCompiler(Compiler[Place, Stored, Condition], gaps=frozenset({Op.REGEX})):
    """Compiles conditions. What they ask of related documents is left in the joins of their place."""

    # -- leaves

    def all_of(self, operands: Sequence[Condition]) -> Condition:
        """Return the conjunction."""
        return {"$and": list(operands)} if len(operands) > 1 else operands[0]

    def any_of(self, operands: Sequence[Condition]) -> Condition:
        """Return the disjunction."""
        return {"$or": list(operands)} if len(operands) > 1 else operands[0]

    def comparison(self, node: Comparison, place: Place, negated: bool) -> Condition:
        """Return a leaf: of the document itself, or of a related one that a lookup has put into it."""
        path = node.path
        if path.field is None:
            *steps, last = path.steps
            inner = self.follow(steps, place)
            name = self._step_into(last, inner)
            return {name: {"$ne" if negated else "$eq": None}}
        return self.predicate(self.stored(path, place, negated), node)

    def quantified(self, node: Quantified, place: Place, negated: bool) -> Condition:
        """Return the condition on related documents: some is found, none is not, every has no exception."""
        every = node.quantifier is Quantifier.EVERY
        absent = (node.quantifier is not Quantifier.SOME) is not negated
        if every and node.where is None:
            return {} if absent else NOTHING
        *to_one, many = node.path.steps
        if isinstance(many.relation.source, Kind):
            return self._of_kind(many, place, node.where, every, absent)
        if many.relation.embedded:
            inner = self.follow(to_one, place)
            return self._element(f"{inner.prefix}{_key(many)}", many, node.where, every, absent)
        return self._related(node.path.steps, place, node.where, every, absent)

    def _element(self, path: str, step: Step, where: Where | None, every: bool, absent: bool) -> Condition:
        """Return that an array has, or has not, an element that meets a condition."""
        _refuse_scope(step)
        if where is None:
            return {f"{path}.0": {"$exists": not absent}}
        # The schema has no links within arrays, so that nothing is joined here.
        found = {"$elemMatch": self.compile(where, Place(Joins()), negated=every)}
        return {path: {"$not": found} if absent else found}

    def _of_kind(self, step: Step, place: Place, where: Where | None, every: bool, absent: bool) -> Condition:
        """Return that the document is, or is not, of an inheriting class and meets a condition.

        It is of the row scopes, which begin at a document itself.
        """
        if place.prefix:
            raise TypeError(f"{step.relation.name} is asked for at the end of a path")
        # A class that Beanie does not know has no documents in this collection.
        parts = [children_of(target_of(step)) or NOTHING]
        if where is not None:
            parts.append(self.compile(where, place, negated=every))
        return {"$nor": [self.all_of(parts)]} if absent else self.all_of(parts)

    def _related(
        self, steps: Sequence[Step], place: Place, where: Where | None, every: bool, absent: bool
    ) -> Condition:
        """Return that along the steps there is, or is not, a document that meets a condition.

        The rest of the way is looked up within the first lookup: it begins at a document that is there.
        """
        embedded = [step for step in steps if step.relation.embedded]
        if embedded:
            raise TypeError(f"{embedded[0].relation.name} is an embedded document, which has no links")
        step, *rest = steps
        lookup = place.joins.to_many(step)
        self._within_scope(lookup)
        inside = Place(lookup.joins)
        met: Condition | None = None
        if rest:
            met = self._related(rest, inside, where, every, absent=False)
        elif where is not None:
            met = self.compile(where, inside, negated=every)
        lookup.last += [*([] if met is None else [{"$match": met}]), *ID_ONLY]
        return {f"{place.prefix}{lookup.name}": {"$size": 0 if absent else 1}}

    # -- paths

    def follow(self, steps: Sequence[Step], place: Place) -> Place:
        """Return the place at the end of to-one steps: joined, or within the same document."""
        for step in steps:
            place = self._stepped(step, place)
        return place

    def stored(self, path: Path, place: Place, negated: bool) -> Stored:
        """Return what stands at the end of a path."""
        field = path.field
        if field is None or not isinstance(field.source, FieldSource):
            raise TypeError(f"{path} is no field of a document")
        end = self.follow(path.steps, place)
        return Stored(f"{end.prefix}{field.source.key}", field.source, field.type, negated)

    def _stepped(self, step: Step, place: Place) -> Place:
        name = self._step_into(step, place)
        if step.relation.embedded:
            return Place(place.joins, f"{name}.")
        lookup, _ = place.joins.to_one(step)
        return Place(lookup.joins, f"{name}.")

    def _step_into(self, step: Step, place: Place) -> str:
        """Return the path of a to-one relation's document."""
        if step.relation.embedded:
            _refuse_scope(step)
            return f"{place.prefix}{_key(step)}"
        lookup, is_new = place.joins.to_one(step)
        if is_new:
            self._within_scope(lookup)
        return f"{place.prefix}{lookup.name}"

    def _within_scope(self, lookup: Lookup) -> None:
        """Leave out the related documents that do not exist for the caller."""
        scope = lookup.step.scope
        if scope is None:
            return
        condition = self.compile(scope, Place(lookup.joins))
        stages = lookup.last if lookup.joins.uses else lookup.first
        stages.append({"$match": condition})

    # -- one handler for each operator

    @handles(Op.EQ)
    def _equal(self, stored: Stored, node: Comparison) -> Condition:
        is_array = isinstance(stored.type, ArrayType)
        encode = stored.source.encode_all if is_array else stored.source.encode
        return stored.test("$eq", sent(node.value, encode))

    @handles(Op.GT, Op.GTE, Op.LT, Op.LTE)
    def _order(self, stored: Stored, node: Comparison) -> Condition:
        if stored.source.object_id:
            return stored.meets(sent(node.value, bounded_by(node.op)))
        return stored.test(ORDERS[node.op], sent(node.value, stored.source.encode))

    @handles(Op.IN, Op.HAS_ANY)
    def _among(self, stored: Stored, node: Comparison) -> Condition:
        return stored.test("$in", sent(node.value, stored.source.encode_all))

    @handles(
        Op.LIKE,
        Op.ILIKE,
        Op.CONTAINS,
        Op.ICONTAINS,
        Op.STARTS_WITH,
        Op.ISTARTS_WITH,
        Op.ENDS_WITH,
        Op.IENDS_WITH,
    )
    def _match(self, stored: Stored, node: Comparison) -> Condition:
        pattern = sent(node.value, PATTERNS[node.op])
        if not stored.source.object_id:
            return stored.test("$regex", pattern)
        text = {"$toString": f"${stored.path}"}
        found: object = {"$regexMatch": {"input": text, "regex": {"$literal": pattern}}}
        return {"$expr": {"$not": [found]} if stored.negated else found}

    @handles(Op.IS_NULL)
    def _is_null(self, stored: Stored, node: Comparison) -> Condition:
        del node
        path = stored.path
        match stored.type:
            case ArrayType():
                # `$eq: null` would also find an array that holds a null.
                is_array = {"$type": "array"}
                return {path: is_array if stored.negated else {"$not": is_array}}
            case JSONType() if stored.negated:
                return {"$or": [{path: {"$ne": None}}, {path: {"$type": "array"}}]}
            case JSONType():
                return {path: {"$eq": None, "$not": {"$type": "array"}}}
            case _:
                return stored.test("$eq", None)

    @handles(Op.HAS)
    def _has(self, stored: Stored, node: Comparison) -> Condition:
        return stored.test("$eq", sent(node.value, stored.source.encode))

    @handles(Op.HAS_ALL)
    def _has_all(self, stored: Stored, node: Comparison) -> Condition:
        encode = stored.source.encode_all
        return stored.meets(sent(node.value, lambda values: _all(encode(values))))

    @handles(Op.SIZE)
    def _size(self, stored: Stored, node: Comparison) -> Condition:
        return stored.test("$size", sent(node.value, as_it_is))

    @handles(Op.IS_EMPTY)
    def _is_empty(self, stored: Stored, node: Comparison) -> Condition:
        del node
        return stored.test("$size", 0)


def _key(step: Step) -> str:
    source = step.relation.source
    if not isinstance(source, EmbeddedSource):
        raise TypeError(f"{step.relation.name} is no embedded document")
    return source.key


def _refuse_scope(step: Step) -> None:
    if step.scope is not None:
        name = step.relation.target.name
        raise ConfigurationError(f"scope: {name} is embedded: say it of the document that it is part of")


def _all(elements: object) -> Condition:
    # `$all: []` finds nothing, but every array has all of no elements.
    return {"$all": elements} if elements else {"$type": "array"}
