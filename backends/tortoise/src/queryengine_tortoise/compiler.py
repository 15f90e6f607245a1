"""Bound conditions to SQL that is true exactly where a filter is. Knows models, and no connection.

Conditions are compiled with `not` at the leaves. A leaf may be NULL where it is not true, which changes
nothing among AND and OR; a negated leaf is true for null, as the contract says. EXISTS meets related rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import cast

from tortoise.fields.relational import (
    BackwardFKRelation,
    ForeignKeyFieldInstance,
    ManyToManyFieldInstance,
)
from tortoise.models import Model

from queryengine.ast import Comparison, Op, Path, Quantified, Quantifier, Step, Where
from queryengine.compiler import Compiler, handles
from queryengine.documents import DocumentSource, MemberSource
from queryengine.errors import ConfigurationError
from queryengine.schema import TypeKind
from queryengine_tortoise.dialects import Column, Dialect
from queryengine_tortoise.meta import (
    columns_of,
    fields_of,
    is_connected,
    key_attribute,
    pk_field,
    referred_attribute,
    table_of,
)
from queryengine_tortoise.schema import ColumnSource, relation_attribute
from queryengine_tortoise.sql import SQL, joined, name, sql

__all__ = ["ConditionCompiler", "Place"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where rows come from: the alias (or the name) of a table in the statement, and its model."""

    alias: str
    model: type[Model]

    def column(self, attribute: str) -> SQL:
        """Return the column of an attribute; of a key that is a foreign key itself, that one's column."""
        columns = columns_of(self.model)
        return name(self.alias, columns.get(attribute) or columns[key_attribute(attribute)])

    def key(self) -> SQL:
        """Return the column of the primary key."""
        return self.column(pk_field(self.model).model_field_name)

    def table(self) -> SQL:
        """Return the table that the rows come from."""
        table = table_of(self.model)
        return name(table.schema, table.name)


@dataclass(frozen=True, slots=True)
class Link:
    """The way to related rows: their place, what to select from, and which rows of it are meant."""

    place: Place
    source: SQL
    condition: SQL


class ConditionCompiler(Compiler[Place, Column, SQL], gaps=frozenset()):
    """Compiles the conditions of one statement; every table in it has an alias of its own."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self._aliases = (f"qe{number}" for number in count(1))

    def alias(self, model: type[Model]) -> Place:
        """Return a place for rows of a model that nothing else in the statement has."""
        return Place(next(self._aliases), model)

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

        return self._exists(_related(comparisons[0].path), place, meets, negated=negated)

    def comparison(self, node: Comparison, place: Place, negated: bool) -> SQL:
        """Return a leaf that is exact: true or not true as the contract says, whatever is null on the way."""
        related = _related(node.path)
        if not related:
            return self._leaf(node, place, negated)
        if node.op is Op.IS_NULL:
            # Null unless there is a related row in which it is not.
            return self._exists(related, place, lambda end: self._is_there(node, end), negated=not negated)
        return self._exists(related, place, lambda end: self._leaf(node, end, False), negated=negated)

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
            return self.dialect.is_object(document, keys, negated=not negated)
        column = self.column(node.path, place)
        holds = self.predicate(column, node)
        if not negated:
            return holds
        nullable = column.field.nullable and node.op is not Op.IS_NULL
        return (
            sql("({} IS NULL OR NOT ({}))", column.expression, holds) if nullable else sql("NOT ({})", holds)
        )

    def _is_there(self, node: Comparison, place: Place) -> SQL | None:
        """Return what is true where a path is not null; None where the row itself is all that is asked."""
        is_row = node.path.field is None and not node.path.steps[-1].relation.embedded
        return None if is_row else self._leaf(node, place, negated=True)

    # -- paths

    def column(self, path: Path, place: Place) -> Column:
        """Return what stands at the end of a path, `place` being where its relations to other models lead."""
        field = path.field
        if field is None:
            raise TypeError(f"{path} is a relation, which knows isNull only")
        if any(step.relation.embedded for step in path.steps):
            document, keys = self._place_in_document(path, place)
            return self.dialect.member(document, keys, field)
        source = field.source
        if not isinstance(source, ColumnSource):
            raise TypeError(f"{path} is no field of a model")
        return Column(place.column(source.attribute), self.dialect.form(field.type, source.array), field)

    def _place_in_document(self, path: Path, place: Place) -> tuple[SQL, Sequence[str]]:
        """The column whose documents the path goes into, and the keys of the rest of the path."""
        root, *inner = [step.relation.source for step in path.steps if step.relation.embedded]
        if not isinstance(root, DocumentSource):
            raise TypeError(f"{path} does not go into a document")
        sources = inner if path.field is None else [*inner, path.field.source]
        keys = [source.key for source in sources if isinstance(source, MemberSource)]
        return place.column(root.key), keys

    def ordered(self, path: Path, place: Place) -> SQL:
        """Return what rows are sorted by: a column of theirs, or that of a related row by a subquery."""
        return self._at(_related(path), place, lambda end: self.dialect.ordered(self.column(path, end)))

    def compared(self, path: Path, place: Place) -> SQL:
        """Return what stands at the end of a path, in the form that has the equality of its type."""
        return self._at(_related(path), place, lambda end: self.column(path, end).compared)

    def value(self, path: Path, place: Place) -> SQL:
        """Return what stands at the end of a path, as the database stores it; null behind a missing row."""
        return self._at(_related(path), place, lambda end: self.column(path, end).expression)

    def _at(self, steps: Sequence[Step], place: Place, read: Callable[[Place], SQL]) -> SQL:
        """Return what is read of a place's row, or of the row that to-one steps lead to."""
        if not steps:
            return read(place)
        link = self.link(place, steps[0])
        value = self._at(steps[1:], link.place, read)
        return sql("(SELECT {} FROM {} WHERE {})", value, link.source, self.meant(link, steps[0], None))

    def _exists(
        self, steps: Sequence[Step], place: Place, meets: Callable[[Place], SQL | None], *, negated: bool
    ) -> SQL:
        """EXISTS: along the steps there is a row, in scope, that meets a condition (None: any row does)."""
        step, *rest = steps
        link = self.link(place, step)
        found = self._exists(rest, link.place, meets, negated=False) if rest else meets(link.place)
        where = self.meant(link, step, found)
        if negated:
            return sql("NOT EXISTS (SELECT 1 FROM {} WHERE {})", link.source, where)
        return sql("EXISTS (SELECT 1 FROM {} WHERE {})", link.source, where)

    def meant(self, link: Link, step: Step, condition: SQL | None) -> SQL:
        """Return what is true of the related rows that exist, and meet a condition."""
        scope = None if step.scope is None else self.compile(step.scope, link.place)
        parts = [part for part in (link.condition, scope, condition) if part is not None]
        return joined(" AND ", parts)

    def link(self, place: Place, step: Step) -> Link:
        """Return the way that a relation goes from a place; always to an alias, as it may lead back there."""
        attribute = relation_attribute(step)
        if not is_connected(place.model):
            raise ConfigurationError(
                f"{place.model.__name__}.{attribute}: Tortoise does not know its table yet: "
                "call Tortoise.init or Tortoise.init_models first"
            )
        target = self.alias(cast("type[Model]", step.relation.target.model))
        match fields_of(place.model)[attribute]:
            case ManyToManyFieldInstance() as field:
                between = next(self._aliases)
                tables = sql(
                    "{} AS {} JOIN {} AS {} ON {} = {}",
                    name(field.through_schema, field.through),
                    name(between),
                    target.table(),
                    name(target.alias),
                    target.key(),
                    name(between, field.forward_key),
                )
                return Link(target, tables, sql("{} = {}", name(between, field.backward_key), place.key()))
            case BackwardFKRelation() as field:
                own = place.column(referred_attribute(field))
                return self._to(target, sql("{} = {}", target.column(field.relation_field), own))
            case ForeignKeyFieldInstance() as field:
                key = place.column(key_attribute(attribute))
                return self._to(target, sql("{} = {}", target.column(field.to_field), key))
            case _:
                raise TypeError(f"{attribute} is no relation")

    def _to(self, target: Place, condition: SQL) -> Link:
        return Link(target, sql("{} AS {}", target.table(), name(target.alias)), condition)

    # -- one handler for each operator

    @handles(Op.EQ, Op.GT, Op.GTE, Op.LT, Op.LTE)
    def _compare(self, column: Column, node: Comparison) -> SQL:
        return self.dialect.compare(column, node.op, node.value)

    @handles(Op.IN)
    def _in(self, column: Column, node: Comparison) -> SQL:
        return self.dialect.among(column, node.value)

    @handles(Op.LIKE, Op.CONTAINS, Op.STARTS_WITH, Op.ENDS_WITH)
    def _match(self, column: Column, node: Comparison) -> SQL:
        return self.dialect.match(column, node.op, node.value)

    @handles(Op.ILIKE, Op.ICONTAINS, Op.ISTARTS_WITH, Op.IENDS_WITH)
    def _match_ignoring_case(self, column: Column, node: Comparison) -> SQL:
        return self.dialect.match_ignoring_case(column, node.op, node.value)

    @handles(Op.REGEX)
    def _regex(self, column: Column, node: Comparison) -> SQL:
        return self.dialect.regex(column, node.value)

    @handles(Op.IS_NULL)
    def _is_null(self, column: Column, node: Comparison) -> SQL:
        del node
        if column.field.type.kind is TypeKind.JSON:
            return self.dialect.json_is_null(column.expression)
        return sql("{} IS NULL", column.expression)

    @handles(Op.HAS, Op.HAS_ANY, Op.HAS_ALL, Op.SIZE, Op.IS_EMPTY)
    def _array(self, column: Column, node: Comparison) -> SQL:
        return self.dialect.array(column, node.op, node.value)


def _related(path: Path) -> tuple[Step, ...]:
    """The steps of a path that lead to other models: those into documents come after them."""
    return tuple(step for step in path.steps if not step.relation.embedded)


def _way(node: Where) -> tuple[Step, ...]:
    """The way to the related row that a condition compares something in; empty for all other conditions."""
    return _related(node.path) if isinstance(node, Comparison) and node.op is not Op.IS_NULL else ()
