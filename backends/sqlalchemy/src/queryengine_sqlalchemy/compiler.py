"""Bound conditions to SQL expressions that are true exactly where a filter is. Knows nothing of a connection.

Conditions are compiled with `not` at the leaves. A leaf may be NULL where it is not true, which changes
nothing among AND and OR; a negated leaf is true for null, as the contract says. EXISTS meets related rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypeGuard

from sqlalchemy import (
    BigInteger,
    BinaryExpression,
    Boolean,
    ColumnElement,
    Integer,
    Numeric,
    String,
    and_,
    cast,
    false,
    func,
    inspect,
    literal_column,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB, array
from sqlalchemy.orm import Mapper, aliased
from sqlalchemy.sql import operators
from sqlalchemy.types import ARRAY

from queryengine.ast import Comparison, Op, Path, Quantified, Quantifier, Slot, Step, Value, Where
from queryengine.compiler import Compiler, handles
from queryengine.documents import DocumentSource, MemberSource
from queryengine.kinds import Kind
from queryengine.schema import BooleanType, Field, FieldType, FloatType, IntegerType, TextType, TypeKind
from queryengine_sqlalchemy.constructs import (
    CodePointOrder,
    Folded,
    JSONBoolean,
    JSONKind,
    JSONNumber,
    JSONText,
    Operand,
    RegexMatch,
    TextMatch,
)
from queryengine_sqlalchemy.operands import (
    DoubleAsNumeric,
    PathOperand,
    PatternOperand,
    RegexOperand,
    SQLType,
)
from queryengine_sqlalchemy.schema import AttributeSource, RelationshipSource, expression_of

__all__ = ["Column", "ConditionCompiler", "Entity", "TextRules"]

# Any: attributes and expressions of all types, and aliases, which look like the classes that they stand for.
Expression: TypeAlias = ColumnElement[Any]
Entity: TypeAlias = Any

Condition: TypeAlias = ColumnElement[bool]

COMPARISONS = {
    Op.EQ: (operators.eq, operators.ne),
    Op.GT: (operators.gt, operators.le),
    Op.GTE: (operators.ge, operators.lt),
    Op.LT: (operators.lt, operators.ge),
    Op.LTE: (operators.le, operators.gt),
}
"""SQL's operators, each with its opposite"""


@dataclass(frozen=True, slots=True)
class TextRules:
    """How text is ordered and folded: exactly, or as the service's own indexes and database have it."""

    order: Literal["codepoint", "database", "database_is_codepoint"] = "codepoint"
    fold: Literal["ascii", "unicode"] = "ascii"


@dataclass(frozen=True, slots=True)
class Column:
    """What stands at the end of a path: an expression, the type of its operands, and the field."""

    expression: Expression
    operand: SQLType
    field: Field


class ConditionCompiler(Compiler[Entity, Column, Condition], gaps=frozenset()):
    """Compiles the conditions of one query. `slots` has the parameters that stand for a shape's values."""

    def __init__(self, text: TextRules) -> None:
        self._text = text
        self.slots: list[tuple[Operand, int]] = []

    # -- values

    def operand(self, value: Value, type_: SQLType, name: str, *, among: bool = False) -> Operand:
        """Return a bound parameter for a value, or for the slot that stands for it."""
        if not isinstance(value, Slot):
            return Operand(name, value, type_, among=among)
        bound = Operand(name, None, type_, among=among)
        self.slots.append((bound, value.index))
        return bound

    # -- leaves

    def all_of(self, operands: Sequence[Condition]) -> Condition:
        """Return the conjunction."""
        return and_(*operands)

    def any_of(self, operands: Sequence[Condition]) -> Condition:
        """Return the disjunction."""
        return or_(*operands)

    def joined(self, nodes: Sequence[Where], place: Entity, negated: bool, *, conjunction: bool) -> Condition:
        """Return the conjunction or disjunction; comparisons in the same related row share an EXISTS."""
        groups: dict[object, list[Where]] = {}
        for node in nodes:
            groups.setdefault(_way(node) or id(node), []).append(node)
        operands = [
            self._together(group, place, negated, conjunction)
            if len(group) > 1
            else self.compile(group[0], place, negated=negated)
            for group in groups.values()
        ]
        return self.all_of(operands) if conjunction else self.any_of(operands)

    def _together(self, nodes: Sequence[Where], place: Entity, negated: bool, conjunction: bool) -> Condition:
        """Return comparisons in one related row: that both do not hold of it is that not one of them does."""
        comparisons = [node for node in nodes if isinstance(node, Comparison)]

        def meets(end: Entity) -> Condition:
            leaves = [self._leaf(node, end, False) for node in comparisons]
            return and_(*leaves) if conjunction is not negated else or_(*leaves)

        found = self._exists(_related(comparisons[0].path), place, meets)
        return not_(found) if negated else found

    def comparison(self, node: Comparison, place: Entity, negated: bool) -> Condition:
        """Return a leaf that is exact: true or not true as the contract says, whatever is null on the way."""
        related = _related(node.path)
        if not related:
            return self._leaf(node, place, negated)
        if node.op is Op.IS_NULL:
            # Null unless there is a related row in which it is not.
            there = self._exists(related, place, lambda end: self._is_there(node, end))
            return there if negated else not_(there)
        found = self._exists(related, place, lambda end: self._leaf(node, end, False))
        return not_(found) if negated else found

    def quantified(self, node: Quantified, place: Entity, negated: bool) -> Condition:
        """Return the condition on related rows: some is EXISTS, none its opposite, every has no exception."""
        where = node.where
        every = node.quantifier is Quantifier.EVERY

        def meets(end: Entity) -> Condition | None:
            return None if where is None else self.compile(where, end, negated=every)

        if every and where is None:
            return false() if negated else true()
        absent = node.quantifier is not Quantifier.SOME
        found = self._exists(node.path.steps, place, meets)
        return not_(found) if absent is not negated else found

    def _leaf(self, node: Comparison, place: Entity, negated: bool) -> Condition:
        """Return a comparison of an attribute of `place`, or of a member of one of its documents."""
        if node.path.field is None:
            return self._is_document(node.path, place, not negated)
        column = self.column(node.path, place)
        holds = self.predicate(column, node)
        if not negated:
            return holds
        nullable = column.field.nullable and node.op is not Op.IS_NULL
        return or_(column.expression.is_(None), not_(holds)) if nullable else not_(holds)

    def _is_there(self, node: Comparison, place: Entity) -> Condition | None:
        """Return what is true where a path is not null; None where the row itself is all that is asked."""
        is_row = node.path.field is None and not node.path.steps[-1].relation.embedded
        return None if is_row else self._leaf(node, place, negated=True)

    def _is_document(self, path: Path, place: Entity, negated: bool) -> Condition:
        kind = func.coalesce(JSONKind(*self._place_in_document(path, place)), NULL)
        return kind != OBJECT if negated else kind == OBJECT

    # -- paths

    def column(self, path: Path, place: Entity) -> Column:
        """Return what stands at the end of a path, `place` being where its relations to other models lead."""
        field = path.field
        if field is None:
            raise TypeError(f"{path} is a relation, which knows isNull only")
        if any(step.relation.embedded for step in path.steps):
            document, keys = self._place_in_document(path, place)
            member, operand = _member_type(field.type)
            return Column(member(document, keys), operand, field)
        source = field.source
        if not isinstance(source, AttributeSource):
            raise TypeError(f"{path} is no field of a mapped class")
        return Column(expression_of(place, source.key), source.operand, field)

    def _place_in_document(self, path: Path, place: Entity) -> tuple[Expression, Operand]:
        """The column whose documents the path goes into, and the keys of the rest of the path."""
        root, *inner = [step.relation.source for step in path.steps if step.relation.embedded]
        if not isinstance(root, DocumentSource):
            raise TypeError(f"{path} does not go into a document")
        sources = inner if path.field is None else [*inner, path.field.source]
        keys = tuple(source.key for source in sources if isinstance(source, MemberSource))
        return expression_of(place, root.key), self._keys(keys)

    def _keys(self, keys: tuple[str, ...]) -> Operand:
        return Operand("path", keys, PathOperand())

    def related(self, place: Entity, step: Step) -> tuple[Entity, Entity]:
        """Return an alias of the model that a step leads to, and what leads there from `place`."""
        source = step.relation.source
        # Always an alias: the way may lead back to the same table. Flat: a join stays one, no subquery.
        target = aliased(step.relation.target.model, flat=True)
        if isinstance(source, Kind):  # by the primary key, which both have
            mapper: Mapper[Any] = inspect(place).mapper
            keys = [mapper.get_property_by_column(column).key for column in mapper.primary_key]
            return target, and_(*(expression_of(target, key) == expression_of(place, key) for key in keys))
        if not isinstance(source, RelationshipSource):
            raise TypeError(f"{step.relation.name} is no relationship of a mapped class")
        return target, getattr(place, source.key).of_type(target)

    def _exists(
        self, steps: Sequence[Step], place: Entity, meets: Callable[[Entity], Condition | None]
    ) -> Condition:
        """EXISTS: along the steps there is a row, in scope, that meets a condition (None: any row does)."""
        step, *rest = steps
        target, link = self.related(place, step)
        scope = None if step.scope is None else self.compile(step.scope, target)
        found = self._exists(rest, target, meets) if rest else meets(target)
        conditions = [condition for condition in (link, scope, found) if condition is not None]
        return select(ONE).select_from(target).where(*conditions).exists()

    # -- one handler for each operator

    @handles(Op.EQ, Op.GT, Op.GTE, Op.LT, Op.LTE)
    def _compare(self, column: Column, node: Comparison) -> Condition:
        left = column.expression
        right: Expression = self.operand(node.value, column.operand, column.field.name)
        kind = column.field.type.kind
        if kind is TypeKind.TEXT and node.op is not Op.EQ:
            left = self.ordered(column)
        elif kind is TypeKind.JSON:
            left, right = (left if isinstance(left.type, JSONB) else cast(left, JSONB)), cast(right, JSONB)
        operator, opposite = COMPARISONS[node.op]
        return BinaryExpression(left, right, operator, type_=Boolean(), negate=opposite)

    def ordered(self, column: Column) -> Expression:
        """Return a column in the form that has its order."""
        is_text = column.field.type.kind is TypeKind.TEXT
        return (
            CodePointOrder(column.expression)
            if is_text and self._text.order == "codepoint"
            else column.expression
        )

    @handles(Op.IN)
    def _in(self, column: Column, node: Comparison) -> Condition:
        among = self.operand(node.value, column.operand, column.field.name, among=True)
        return BinaryExpression(column.expression, among, operators.in_op, type_=Boolean())

    @handles(Op.LIKE, Op.CONTAINS, Op.STARTS_WITH, Op.ENDS_WITH)
    def _match(self, column: Column, node: Comparison) -> Condition:
        pattern = self.operand(node.value, PatternOperand(node.op), column.field.name)
        return TextMatch(column.expression, pattern)

    @handles(Op.ILIKE, Op.ICONTAINS, Op.ISTARTS_WITH, Op.IENDS_WITH)
    def _match_ignoring_case(self, column: Column, node: Comparison) -> Condition:
        unicode = self._text.fold == "unicode"
        pattern = self.operand(node.value, PatternOperand(node.op, unicode), column.field.name)
        if unicode:
            return TextMatch(func.lower(column.expression), func.lower(pattern))
        return TextMatch(Folded(column.expression), pattern)

    @handles(Op.REGEX)
    def _regex(self, column: Column, node: Comparison) -> Condition:
        return RegexMatch(column.expression, self.operand(node.value, RegexOperand(), column.field.name))

    @handles(Op.IS_NULL)
    def _is_null(self, column: Column, node: Comparison) -> Condition:
        del node
        if column.field.type.kind is TypeKind.JSON:
            return func.coalesce(JSONKind(column.expression, self._keys(())), NULL) == NULL
        return column.expression.is_(None)

    @handles(Op.HAS)
    def _has(self, column: Column, node: Comparison) -> Condition:
        element = self.operand(node.value, _element_type(column), column.field.name)
        # PostgreSQL takes the one text for VARCHAR, and knows no TEXT[] @> VARCHAR[].
        elements = cast(array([element]), column.operand)
        return BinaryExpression(column.expression, elements, CONTAINS, type_=Boolean())

    @handles(Op.HAS_ANY, Op.HAS_ALL)
    def _has_several(self, column: Column, node: Comparison) -> Condition:
        elements = self.operand(node.value, column.operand, column.field.name)
        operator = CONTAINS if node.op is Op.HAS_ALL else OVERLAPS
        return BinaryExpression(column.expression, elements, operator, type_=Boolean())

    @handles(Op.SIZE)
    def _size(self, column: Column, node: Comparison) -> Condition:
        return func.cardinality(column.expression) == self.operand(
            node.value, BigInteger(), column.field.name
        )

    @handles(Op.IS_EMPTY)
    def _is_empty(self, column: Column, node: Comparison) -> Condition:
        del node
        return func.cardinality(column.expression) == literal_column("0", Integer())


CONTAINS = operators.custom_op[Any]("@>", precedence=5, is_comparison=True)
OVERLAPS = operators.custom_op[Any]("&&", precedence=5, is_comparison=True)

OBJECT = literal_column("'object'", String())
NULL = literal_column("'null'", String())
ONE = literal_column("1", Integer())


def _related(path: Path) -> tuple[Step, ...]:
    """The steps of a path that lead to other models: those into documents come after them."""
    return tuple(step for step in path.steps if not step.relation.embedded)


def _way(node: Where) -> tuple[Step, ...]:
    """The way to the related row that a condition compares something in; empty for all other conditions."""
    return _related(node.path) if isinstance(node, Comparison) and node.op is not Op.IS_NULL else ()


def _element_type(column: Column) -> SQLType:
    type_ = column.operand
    if not _is_array(type_):
        raise TypeError(f"{column.field.name} is no array")
    return type_.item_type


def _is_array(type_: SQLType) -> TypeGuard[ARRAY[Any]]:  # Any: see SQLType
    return isinstance(type_, ARRAY)


def _member_type(type_: FieldType) -> tuple[Callable[[Expression, Operand], Expression], SQLType]:
    match type_:
        case TextType():
            return JSONText, String()
        case IntegerType():
            return JSONNumber, Numeric()
        case FloatType():
            return JSONNumber, DoubleAsNumeric()
        case BooleanType():
            return JSONBoolean, Boolean()
        case _:
            raise TypeError(f"a member of a document is no {type_.kind}")
