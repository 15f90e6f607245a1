"""Conditions, scalars and orders to SQL that is true exactly where they are. Knows mappers, no connection.

Conditions are compiled with `not` at the leaves. A leaf may be NULL where it is not true, which changes
nothing among AND and OR; a negated leaf is true for null, as the contract says. EXISTS meets related rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Final, LiteralString, assert_never

from queryengine.ast import And, Comparison, Not, Op, Or, Path, Quantified, Quantifier, Step, Where
from queryengine.compiler import Compiler, handles
from queryengine.documents import DocumentSource, MemberSource
from queryengine.schema import TypeKind
from queryengine_orm.conditions import (
    Arithmetic,
    Call,
    ColumnRef,
    Compared,
    Condition,
    Constant,
    Joined,
    Opposite,
    ScalarNode,
)
from queryengine_orm.dialects import COMPARISONS, Operand, Words
from queryengine_orm.driver import Dialect
from queryengine_orm.errors import ConfigurationError
from queryengine_orm.mapping import Column, Mapper, Relationship, RelationSource
from queryengine_orm.sql import SQL, Bind, joined, name, sql
from queryengine_orm.storage import domain_of, storage_of

__all__ = ["ConditionCompiler", "Link", "Place", "is_whole", "relationship_of"]

OPERATORS: Final[dict[str, LiteralString]] = {"+": "({} + {})", "-": "({} - {})", "*": "({} * {})"}
WHOLE: Final[dict[Dialect, dict[str, LiteralString]]] = {
    # All whole numbers are of 64 bits, as constants are: what a column has fewer of is no bound of a sum.
    "postgresql": {
        "+": "(CAST({} AS BIGINT) + CAST({} AS BIGINT))",
        "-": "(CAST({} AS BIGINT) - CAST({} AS BIGINT))",
        "*": "(CAST({} AS BIGINT) * CAST({} AS BIGINT))",
    },
    # Where SQLite's own operators would go on with floats, these functions of the driver raise.
    "sqlite": {
        "+": "integer_add({}, {})",
        "-": "integer_subtract({}, {})",
        "*": "integer_multiply({}, {})",
    },
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where rows come from: the alias (or the name) of a table in the statement, and its mapper."""

    alias: str
    mapper: Mapper[Any]

    def column(self, column: Column) -> SQL:
        """Return a column of it."""
        return name(self.alias, column.name)


@dataclass(frozen=True, slots=True)
class Link:
    """The way to related rows: their place, what to select from, and which rows of it are meant."""

    place: Place
    source: SQL
    condition: SQL
    own: tuple[SQL, ...]
    """the columns, beside the related rows, whose values say whose they are"""


class ConditionCompiler(Compiler[Place, Operand, SQL], gaps=frozenset()):
    """Compiles the conditions of one statement; every table in it has an alias of its own."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self._aliases = (f"qe{number}" for number in count(1))

    def alias(self, mapper: Mapper[Any]) -> Place:
        """Return a place for rows of a model that nothing else in the statement has."""
        return Place(next(self._aliases), mapper)

    def condition(self, condition: Condition, place: Place, *, negated: bool = False) -> SQL:
        """Return a condition of either union."""
        match condition:
            case Joined():
                operands = [self.condition(operand, place, negated=negated) for operand in condition.operands]
                conjunction = condition.conjunction is not negated
                return self.all_of(operands) if conjunction else self.any_of(operands)
            case Opposite():
                return self.condition(condition.operand, place, negated=not negated)
            case Compared():
                pair = self.scalar(condition.left, place), self.scalar(condition.right, place)
                holds = sql(COMPARISONS[condition.op], *pair)
                return sql("({}) IS NOT TRUE", holds) if negated else holds
            case And() | Or() | Not() | Comparison() | Quantified():
                return self.compile(condition, place, negated=negated)
            case _:
                assert_never(condition)

    # -- scalars

    def scalar(self, node: ScalarNode, place: Place) -> SQL:
        """Return a scalar."""
        match node:
            case ColumnRef():
                return self.ordered(node.path, place)
            case Constant():
                return self._constant(node)
            case Arithmetic():
                self._check_exact(node)
                pair = self.scalar(node.left, place), self.scalar(node.right, place)
                operators = WHOLE[self.words.dialect] if is_whole(node) else OPERATORS
                return sql(operators[node.operator], *pair)
            case Call():
                arguments = joined(", ", [self.scalar(argument, place) for argument in node.arguments])
                return sql("{}({})", SQL([node.function]), arguments)
            case _:
                assert_never(node)

    def _constant(self, node: Constant) -> SQL:
        if node.value is None:
            return sql("NULL")
        storage = storage_of(node.type, self.words.dialect)
        return sql(storage.operand, Bind(node.value, storage.encode))

    def _check_exact(self, node: ScalarNode) -> None:
        if self.words.dialect == "sqlite" and TypeKind.DECIMAL in _kinds(node):
            raise ConfigurationError("SQLite calculates with decimals as doubles, which is not exact")

    # -- leaves

    def all_of(self, operands: Sequence[SQL]) -> SQL:
        """Return the conjunction."""
        return operands[0] if len(operands) == 1 else sql("({})", joined(" AND ", operands))

    def any_of(self, operands: Sequence[SQL]) -> SQL:
        """Return the disjunction."""
        return operands[0] if len(operands) == 1 else sql("({})", joined(" OR ", operands))

    def joined(self, nodes: Sequence[Where], place: Place, negated: bool, *, conjunction: bool) -> SQL:
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

    def _together(self, nodes: Sequence[Where], place: Place, negated: bool, conjunction: bool) -> SQL:
        """Return comparisons in one related row: that both do not hold of it is that not one of them does."""
        comparisons = [node for node in nodes if isinstance(node, Comparison)]
        join = self.all_of if conjunction is not negated else self.any_of

        def meets(end: Place) -> SQL:
            return join([self._leaf(node, end, False) for node in comparisons])

        return self._exists(related(comparisons[0].path), place, meets, negated=negated)

    def comparison(self, node: Comparison, place: Place, negated: bool) -> SQL:
        """Return a leaf that is exact: true or not true as the contract says, whatever is null on the way."""
        steps = related(node.path)
        if not steps:
            return self._leaf(node, place, negated)
        if node.op is Op.IS_NULL:
            # Null unless there is a related row in which it is not.
            return self._exists(steps, place, lambda end: self._is_there(node, end), negated=not negated)
        return self._exists(steps, place, lambda end: self._leaf(node, end, False), negated=negated)

    def quantified(self, node: Quantified, place: Place, negated: bool) -> SQL:
        """Return the condition on related rows: some is EXISTS, none its opposite, every has no exception."""
        where = node.where
        every = node.quantifier is Quantifier.EVERY

        def meets(end: Place) -> SQL | None:
            return None if where is None else self.compile(where, end, negated=every)

        if every and where is None:
            return sql("1 = 0") if negated else sql("1 = 1")
        absent = node.quantifier is not Quantifier.SOME
        return self._exists(node.path.steps, place, meets, negated=absent is not negated)

    def _leaf(self, node: Comparison, place: Place, negated: bool) -> SQL:
        """Return a comparison of a column of `place`, or of a member of one of its documents."""
        if node.path.field is None:
            document, keys = self._place_in_document(node.path, place)
            return self.words.is_object(document, keys, negated=not negated)
        operand = self.operand(node.path, place)
        holds = self.predicate(operand, node)
        if not negated:
            return holds
        if operand.nullable and node.op is not Op.IS_NULL:
            return sql("({} IS NULL OR NOT ({}))", operand.expression, holds)
        return sql("NOT ({})", holds)

    def _is_there(self, node: Comparison, place: Place) -> SQL | None:
        """Return what is true where a path is not null; None where the row itself is all that is asked."""
        is_row = node.path.field is None and not node.path.steps[-1].relation.embedded
        return None if is_row else self._leaf(node, place, negated=True)

    # -- paths

    def operand(self, path: Path, place: Place) -> Operand:
        """Return what stands at the end of a path, `place` being where its relations to other models lead."""
        field = path.field
        if field is None:
            raise TypeError(f"{path} is a relation, which knows isNull only")
        if any(step.relation.embedded for step in path.steps):
            document, keys = self._place_in_document(path, place)
            return self.words.member(document, keys, field.type)
        column = field.source
        if not isinstance(column, Column):
            raise TypeError(f"{path} is no field of a model")
        storage = column.storage(self.words.dialect)
        return Operand(place.column(column), field.type, field.nullable, storage)

    def _place_in_document(self, path: Path, place: Place) -> tuple[SQL, Sequence[str]]:
        """The column whose documents the path goes into, and the keys of the rest of the path."""
        root, *inner = [step.relation.source for step in path.steps if step.relation.embedded]
        if not isinstance(root, DocumentSource):
            raise TypeError(f"{path} does not go into a document")
        sources = inner if path.field is None else [*inner, path.field.source]
        keys = [source.key for source in sources if isinstance(source, MemberSource)]
        return place.column(place.mapper.columns[root.key]), keys

    def ordered(self, path: Path, place: Place) -> SQL:
        """Return what rows are sorted by: a column of theirs, or that of a related row by a subquery."""
        return self._at(related(path), place, lambda end: self.words.ordered(self._exact(path, end)))

    def value(self, path: Path, place: Place) -> SQL:
        """Return what stands at the end of a path, as the database stores it; null behind a missing row."""
        return self._at(related(path), place, lambda end: self.operand(path, end).expression)

    def _exact(self, path: Path, place: Place) -> Operand:
        """Return an operand that is compared; not one whose comparison the database only comes close to."""
        operand = self.operand(path, place)
        _, gap = domain_of(operand.type, self.words.dialect)
        if gap is not None:
            raise ConfigurationError(f"{path}: {gap}")
        return operand

    def predicate(self, operand: Operand, comparison: Comparison) -> SQL:
        """Return a comparison, unless the database only comes close to it."""
        _, gap = domain_of(operand.type, self.words.dialect)
        if gap is not None and comparison.op is not Op.IS_NULL:
            raise ConfigurationError(f"{comparison.path}: {gap}")
        return super().predicate(operand, comparison)

    def _at(self, steps: Sequence[Step], place: Place, read: Callable[[Place], SQL]) -> SQL:
        """Return what is read of a place's row, or of the row that to-one steps lead to."""
        if not steps:
            return read(place)
        link = self.link(place, steps[0])
        value = self._at(steps[1:], link.place, read)
        return sql("(SELECT {} FROM {} WHERE {})", value, link.source, self.meant(link, steps[0], None))

    def _exists(
        self,
        steps: Sequence[Step],
        place: Place,
        meets: Callable[[Place], SQL | None],
        *,
        negated: bool = False,
    ) -> SQL:
        """Return what is true where steps lead to a row, in its scopes, that meets a condition."""
        link = self.link(place, steps[0])
        condition = meets(link.place) if len(steps) == 1 else self._exists(steps[1:], link.place, meets)
        found = sql("EXISTS (SELECT 1 FROM {} WHERE {})", link.source, self.meant(link, steps[0], condition))
        return sql("NOT {}", found) if negated else found

    def meant(self, link: Link, step: Step, condition: SQL | None) -> SQL:
        """Return what is true of the related rows that exist, and meet a condition."""
        scope = None if step.scope is None else self.compile(step.scope, link.place)
        parts = [part for part in (link.condition, scope, condition) if part is not None]
        return joined(" AND ", parts)

    def link(self, place: Place, step: Step) -> Link:
        """Return the way that a relation goes from a place; always to an alias, as it may lead back there."""
        relation = relationship_of(step)
        target = self.alias(relation.target)
        own = [place.column(column) for column in relation.own]
        other = [target.column(column) for column in relation.other]
        table = sql("{} AS {}", name(relation.target.table), name(target.alias))
        if relation.secondary is None:
            return Link(target, table, _equal(other, own), tuple(other))
        between = next(self._aliases)
        local, remote = ([name(between, column) for column in columns] for columns in relation.links)
        joining = sql("{} AS {} JOIN {}", name(relation.secondary.table), name(between), table)
        tables = sql("{} ON {}", joining, _equal(other, remote))
        return Link(target, tables, _equal(local, own), tuple(local))

    # -- one handler for each operator

    @handles(Op.EQ, Op.GT, Op.GTE, Op.LT, Op.LTE)
    def _compare(self, operand: Operand, node: Comparison) -> SQL:
        return self.words.compare(operand, node.op, node.value)

    @handles(Op.IN)
    def _in(self, operand: Operand, node: Comparison) -> SQL:
        return self.words.among(operand, node.value)

    @handles(Op.LIKE, Op.CONTAINS, Op.STARTS_WITH, Op.ENDS_WITH)
    def _match(self, operand: Operand, node: Comparison) -> SQL:
        return self.words.match(operand, node.op, node.value)

    @handles(Op.ILIKE, Op.ICONTAINS, Op.ISTARTS_WITH, Op.IENDS_WITH)
    def _match_ignoring_case(self, operand: Operand, node: Comparison) -> SQL:
        return self.words.match_ignoring_case(operand, node.op, node.value)

    @handles(Op.REGEX)
    def _regex(self, operand: Operand, node: Comparison) -> SQL:
        return self.words.regex(operand, node.value)

    @handles(Op.IS_NULL)
    def _is_null(self, operand: Operand, node: Comparison) -> SQL:
        del node
        if operand.type.kind is TypeKind.JSON:
            return self.words.json_is_null(operand.expression)
        return sql("{} IS NULL", operand.expression)

    @handles(Op.HAS, Op.HAS_ANY, Op.HAS_ALL, Op.SIZE, Op.IS_EMPTY)
    def _array(self, operand: Operand, node: Comparison) -> SQL:
        return self.words.array(operand, node.op, node.value)


def relationship_of(step: Step) -> Relationship:
    """Return the relation that a step goes along, as tables have it."""
    source = step.relation.source
    if not isinstance(source, RelationSource):
        raise TypeError(f"{step.relation.name} is no relation of a model")
    return source.relationship


def _equal(columns: Sequence[SQL], others: Sequence[SQL]) -> SQL:
    return joined(" AND ", [sql("{} = {}", *pair) for pair in zip(columns, others, strict=True)])


def related(path: Path) -> tuple[Step, ...]:
    """Return the steps of a path that lead to other models: those into documents come after them."""
    return tuple(step for step in path.steps if not step.relation.embedded)


def _way(node: Where) -> tuple[Step, ...]:
    """The way to the related row that a condition compares something in; empty for all other conditions."""
    return related(node.path) if isinstance(node, Comparison) and node.op is not Op.IS_NULL else ()


def is_whole(node: ScalarNode) -> bool:
    """Tell whether a scalar is a whole number wherever it is not null."""
    return all(kind is TypeKind.INTEGER for kind in _kinds(node))


def _kinds(node: ScalarNode) -> Iterator[TypeKind]:
    """Yield the kinds of the values that a scalar is made of; a length is a whole number, of any text."""
    match node:
        case ColumnRef():
            yield node.path.kind
        case Constant():
            yield node.type.kind
        case Arithmetic():
            yield from _kinds(node.left)
            yield from _kinds(node.right)
        case Call(function="length"):
            yield TypeKind.INTEGER
        case Call():
            for argument in node.arguments:
                yield from _kinds(argument)
        case _:
            assert_never(node)
