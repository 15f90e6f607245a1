"""What a filter asks of a back-end, read from its text: operators on kinds of fields, ways, features."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeAlias, assert_never

from queryengine.errors import FilterError
from queryengine.lexer import lex
from queryengine.limits import Limits
from queryengine.operators import QUANTIFIERS, SORTABLE, Operator, by_name
from queryengine.parsed import (
    Condition,
    Group,
    Literal,
    LiteralKind,
    Logical,
    Negation,
    Node,
    OperatorTest,
    ParsedFilter,
    ParsedInclude,
    ParsedOrder,
    QuantifierTest,
)
from queryengine.parser import parse
from queryengine.predicate import AllOf, AnyOf, Compare, Negated, Predicate, Related
from queryengine.schema import Field, ModelSchema, Relation, TypeKind

__all__ = ["FEATURES", "NAME", "ORDER", "WAY", "Need", "needs_of", "scope_needs", "way_of"]

ORDER: Final = "order"
WAY: Final = "way"
NAME: Final = "name"
FEATURES: Final = (
    "order_by_relation",
    "order_by_missing",
    "nulls_order",
    "projection",
    "include",
    "include_window",
    "include_missing",
)
"""the capabilities that are not about single operators"""
LIMITS: Final = Limits(max_depth=100, max_conditions=1_000)


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that a filter asks for, on which member of which entity.

    `what` is the name of an operator or of a quantifier, `order`, `way` (a condition or an order goes on
    behind a relation), one of `FEATURES`, or `name`: the member is named, where nothing can be asked of it.
    """

    what: str
    kind: TypeKind
    entity: str
    member: str

    def __str__(self) -> str:
        """What documents call it: `integer:gt`, `relation:some`, `include`."""
        return self.what if self.what in FEATURES else f"{self.kind}:{self.what}"


Member: TypeAlias = Field | Relation


@dataclass(frozen=True, slots=True)
class _Place:
    """A member of a schema."""

    schema: ModelSchema[object]
    member: Member

    @property
    def kind(self) -> TypeKind:
        return self.member.type.kind if isinstance(self.member, Field) else TypeKind.RELATION

    def need(self, what: str) -> Need:
        return Need(what, self.kind, self.schema.name, self.member.name)


class _UnknownNameError(Exception):
    """A name that the schema does not have: the filter is wrong, and asks for no more than was found."""


def needs_of(
    text: str, schema: ModelSchema[object], scoped: Collection[str] = frozenset()
) -> frozenset[Need]:
    """Return what a filter over the schema's model asks for; of a wrong one, what in it has a meaning.

    Rows of the entities in `scoped` may be missing, because they have a row scope.

    >>> from queryengine.testing.reference import reference_schema
    >>> from queryengine.testing.world import Phrase
    >>> [need.what for need in needs_of('{"where": {"text": {"like": "a%"}}}', reference_schema(Phrase))]
    ['like']
    """
    found = _Reader(scoped)
    with suppress(FilterError, _UnknownNameError):
        found.filter(parse(lex(text), LIMITS), schema)
    return frozenset(found.needs)


def way_of(name: str, schema: ModelSchema[object]) -> tuple[Need, ...]:
    """Return what a dotted name asks for: each member on its way; nothing for a name that is wrong."""
    with suppress(_UnknownNameError):
        return tuple([place.need(WAY) for place in _follow(name, schema)])
    return ()


class _Reader:
    """Walks through a parsed filter, and notes what it asks for."""

    def __init__(self, scoped: Collection[str]) -> None:
        self.needs: list[Need] = []
        self._scoped = scoped

    def _is_scoped(self, place: _Place) -> bool:
        return isinstance(place.member, Relation) and place.member.target.name in self._scoped

    def _leave_out(self, place: _Place) -> None:
        """A related row may be left out of what is loaded; where it is required, that is a need."""
        member = place.member
        if isinstance(member, Relation) and not member.many and not member.nullable:
            self.needs.append(place.need("include_missing"))

    def filter(self, parsed: ParsedFilter, schema: ModelSchema[object]) -> None:
        """Read all clauses."""
        if parsed.where is not None:
            self._group(parsed.where, schema)
        for key in parsed.order:
            self._order(key, schema)
        for name, _ in parsed.fields.names if parsed.fields is not None else ():
            *way, last = _follow(name, schema)
            self.needs += [last.need("projection")]
            for place in filter(self._is_scoped, (*way, last)):
                self._leave_out(place)
        for include in parsed.include:
            self._include(include, schema)

    def _include(self, include: ParsedInclude, schema: ModelSchema[object]) -> None:
        (place,) = _follow(include.name, schema)
        if not isinstance(place.member, Relation) or place.member.embedded:
            self.needs.append(place.need(NAME))
            return
        self.needs.append(place.need("include"))
        inner = include.filter
        if self._is_scoped(place) or (inner is not None and inner.where is not None):
            self._leave_out(place)
        if inner is not None:
            if inner.order or inner.window:
                self.needs.append(place.need("include_window"))
            if inner.where is not None:
                self.needs.append(place.need(WAY))
            self.filter(inner, place.member.target)

    def _order(self, key: ParsedOrder, schema: ModelSchema[object]) -> None:
        *way, last = _follow(key.name, schema)
        if last.kind not in SORTABLE:
            self.needs.append(last.need(NAME))
            return
        self.needs += [last.need(ORDER), *(place.need(WAY) for place in way)]
        if way:
            self.needs.append(last.need("order_by_relation"))
        missing = any(place.member.nullable for place in way) and not last.member.nullable
        if missing or any(map(self._is_scoped, way)):
            self.needs.append(last.need("order_by_missing"))
        if any(place.member.nullable for place in (*way, last)):
            self.needs.append(last.need("nulls_order"))

    # -- conditions

    def _group(self, group: Group, at: ModelSchema[object] | _Place) -> None:
        for item in group.items:
            match item:
                case Logical():
                    for operand in item.operands:
                        self._group(operand, at)
                case Negation():
                    self._group(item.operand, at)
                case Condition():
                    self._condition(item, self._inside(at))
                case OperatorTest():
                    self._test(item.operator, item.operand, at)
                case QuantifierTest():
                    self._quantified(item, at)
                case _:
                    assert_never(item)

    def _condition(self, item: Condition, schema: ModelSchema[object]) -> None:
        *way, last = _follow(item.name, schema)
        self.needs += [place.need(WAY) for place in way]
        if isinstance(item.test, Group):
            self._group(item.test, last)
        else:
            self._test(by_name["eq"], item.test, last)

    def _inside(self, at: ModelSchema[object] | _Place) -> ModelSchema[object]:
        if isinstance(at, ModelSchema):
            return at
        if not isinstance(at.member, Relation):
            raise _UnknownNameError
        self.needs.append(at.need(WAY))
        return at.member.target

    def _test(self, operator: Operator, operand: Node, at: ModelSchema[object] | _Place) -> None:
        if isinstance(at, _Place):
            word = by_name[_word(operator, operand, at)]
            self.needs.append(at.need(word.name if at.kind in word.kinds else NAME))

    def _quantified(self, item: QuantifierTest, at: ModelSchema[object] | _Place) -> None:
        if isinstance(at, _Place) and isinstance(at.member, Relation):
            word = QUANTIFIERS[item.word.removeprefix("$")].value
            self.needs += [at.need(word), at.need(WAY)]
            self._group(item.where, at.member.target)


def scope_needs(predicate: Predicate, schema: ModelSchema[object]) -> frozenset[Need]:
    """Return what the predicate of a row scope asks for.

    >>> from queryengine.predicate import field
    >>> from queryengine.testing.reference import reference_schema
    >>> from queryengine.testing.world import Thing
    >>> sorted(need.what for need in scope_needs(field("owner.name") == "a", reference_schema(Thing)))
    ['eq', 'way']
    """
    return frozenset(_of_predicate(predicate, schema))


def _of_predicate(predicate: Predicate, schema: ModelSchema[object]) -> Iterator[Need]:
    match predicate:
        case AllOf() | AnyOf():
            for operand in predicate.operands:
                yield from _of_predicate(operand, schema)
        case Negated():
            yield from _of_predicate(predicate.operand, schema)
        case Compare():
            *way, last = _follow(predicate.name, schema)
            yield from (place.need(WAY) for place in way)
            yield last.need(predicate.op.value)
        case Related():
            *way, last = _follow(predicate.name, schema)
            yield from (place.need(WAY) for place in (*way, last))
            yield last.need(predicate.quantifier.value)
            if isinstance(last.member, Relation):
                yield from _of_predicate(predicate.where, last.member.target)
        case _:
            raise TypeError(f"{predicate!r} is no predicate made with field()")


def _word(operator: Operator, operand: Node, at: _Place) -> str:
    """The operator that is asked: null is a question of its own, and so is whether a row is missing."""
    if not isinstance(operand, Literal):
        return operator.name
    if operator.name in ("eq", "ne") and operand.kind is LiteralKind.NULL:
        return "exists" if operator.negated else "isNull"
    if isinstance(at.member, Relation):
        wanted = (operand.kind is LiteralKind.TRUE) is not operator.negated
        return "isNull" if wanted else "exists"
    return operator.name


def _follow(name: str, schema: ModelSchema[object]) -> Sequence[_Place]:
    """Return the members on a dotted way."""
    return list(_steps(name, schema))


def _steps(name: str, schema: ModelSchema[object]) -> Iterator[_Place]:
    here: ModelSchema[object] | None = schema
    for part in name.split("."):
        member = None if here is None else here.fields.get(part) or here.relations.get(part)
        if here is None or member is None:
            raise _UnknownNameError
        yield _Place(here, member)
        here = member.target if isinstance(member, Relation) else None
