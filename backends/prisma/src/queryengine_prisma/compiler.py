"""Bound conditions to the `where` of `find_many`, true exactly where a filter is. Knows no client.

`not` is pushed to the comparisons, and a condition is written without Prisma's own negation of related rows:
that is SQL's, inside of the query engine, and loses the rows in which something is null.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from queryengine.ast import Comparison, Op, Quantified, Quantifier, Slot, Step, Where
from queryengine.compiler import Compiler, handles
from queryengine.schema import Field, TypeKind
from queryengine_prisma.field_types import Database
from queryengine_prisma.structure import (
    FALSE,
    TRUE,
    Condition,
    Pending,
    all_of,
    any_of,
    no_row,
    of_related,
)
from queryengine_prisma.values import (
    Convert,
    converter,
    escaped,
    first_of,
    if_empty,
    last_of,
    others,
    starts_with,
    unless_empty,
)

__all__ = ["ConditionCompiler"]

COMPARISONS = {Op.GT: "gt", Op.GTE: "gte", Op.LT: "lt", Op.LTE: "lte"}
OPPOSITES = {Op.GT: "lte", Op.GTE: "lt", Op.LT: "gte", Op.LTE: "gt"}
PATTERNS = {
    Op.CONTAINS: "contains",
    Op.STARTS_WITH: "startswith",
    Op.ENDS_WITH: "endswith",
    Op.ICONTAINS: "contains",
    Op.ISTARTS_WITH: "startswith",
    Op.IENDS_WITH: "endswith",
}
EITHER = (first_of, last_of)
LISTS = {Op.HAS: "has", Op.HAS_ANY: "has_some"}


@dataclass(frozen=True, slots=True)
class Test:
    """A field that is asked something, and whether the answer shall be no."""

    field: Field
    negated: bool


class ConditionCompiler(
    Compiler[None, Test, Condition], gaps=frozenset({Op.LIKE, Op.ILIKE, Op.REGEX, Op.SIZE})
):
    """Compiles conditions for one database. The values of slots stay `Pending`; all others are written."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def value(self, value: object, convert: Convert | None) -> object:
        """Return a value as the client takes it, or the place where a slot's value will stand."""
        if isinstance(value, Slot):
            return Pending(value.index, convert)
        return value if convert is None else convert(value)

    def all_of(self, operands: Sequence[Condition]) -> Condition:
        """Return the conjunction."""
        return all_of(operands)

    def any_of(self, operands: Sequence[Condition]) -> Condition:
        """Return the disjunction."""
        return any_of(operands)

    # -- paths

    def comparison(self, node: Comparison, place: None, negated: bool) -> Condition:
        """Return a comparison at the end of a path over to-one relations."""
        del place  # a path is written as a dictionary in a dictionary: there are no aliases
        steps, field = node.path.steps, node.path.field
        if node.op is Op.IS_NULL:
            if field is None:
                return self._there(steps, TRUE) if negated else self._absent_or(steps, FALSE)
            test = self.predicate(Test(field, negated), node)
            return self._there(steps, test) if negated else self._absent_or(steps, test)
        if field is None:
            raise TypeError(f"{node.path} is a relation, which knows isNull only")
        if not negated:
            return self._there(steps, self.predicate(Test(field, False), node))
        differs = self.predicate(Test(field, True), node)
        is_null: Condition = {field.name: None} if field.nullable else FALSE
        return self._absent_or(steps, any_of([is_null, differs]))

    def quantified(self, node: Quantified, place: None, negated: bool) -> Condition:
        """Return the condition on related rows: every is that there is none of the opposite."""
        del place
        *steps, many = node.path.steps
        every = node.quantifier is Quantifier.EVERY
        inner = TRUE if node.where is None else self.compile(node.where, None)
        if every:
            inner = FALSE if node.where is None else self.compile(node.where, None, negated=True)
        condition = all_of([self._scope(many), inner])
        exists = (node.quantifier is Quantifier.SOME) is not negated
        found = of_related(many.relation.name, "some" if exists else "none", condition)
        return self._there(steps, found) if exists else self._absent_or(steps, found)

    def _there(self, steps: Sequence[Step], condition: Condition) -> Condition:
        """Along the steps there is a row, in scope, that meets a condition."""
        for step in reversed(steps):
            condition = of_related(step.relation.name, "is", all_of([self._scope(step), condition]))
        return condition

    def _absent_or(self, steps: Sequence[Step], condition: Condition) -> Condition:
        """Along the steps there is no row, none in scope, or one that meets a condition."""
        for step in reversed(steps):
            name = step.relation.name
            ways = [no_row(name)] if step.relation.nullable else []
            if step.scope is not None:
                ways.append(of_related(name, "is", self.compile(step.scope, None, negated=True)))
            condition = any_of([*ways, of_related(name, "is", condition)])
        return condition

    def _scope(self, step: Step) -> Condition:
        return TRUE if step.scope is None else self.compile(step.scope, None)

    def where(self, *conditions: Where | None) -> Condition:
        """Return what is true where all of the conditions are."""
        return all_of([self.compile(where, None) for where in conditions if where is not None])

    # -- one handler for each operator: what is true, or if negated what is true of values that are not null

    @handles(Op.IS_NULL)
    def _is_null(self, test: Test, node: Comparison) -> Condition:
        del node
        field = test.field
        if not field.nullable:
            return TRUE if test.negated else FALSE
        return {field.name: {"not": None}} if test.negated else {field.name: None}

    @handles(Op.EQ)
    def _equal(self, test: Test, node: Comparison) -> Condition:
        field = test.field
        value = self.value(node.value, converter(field.type, node.op))
        if field.type.kind is TypeKind.ARRAY:
            return self._whole_list(test, node, "equals")
        if test.negated:
            return {field.name: {"not": value}}
        return {field.name: {"equals": value} if field.type.kind is TypeKind.JSON else value}

    @handles(Op.GT, Op.GTE, Op.LT, Op.LTE)
    def _ordered(self, test: Test, node: Comparison) -> Condition:
        word = OPPOSITES[node.op] if test.negated else COMPARISONS[node.op]
        return {test.field.name: {word: self.value(node.value, converter(test.field.type, node.op))}}

    @handles(Op.IN)
    def _among(self, test: Test, node: Comparison) -> Condition:
        field = test.field
        if field.type.kind in (TypeKind.ARRAY, TypeKind.JSON):
            # They have no `in`: this is the `in []` of a row scope that denies all rows.
            return TRUE if test.negated else FALSE
        if field.type.kind is TypeKind.BOOLEAN:
            tests = [others(each) for each in EITHER] if test.negated else EITHER
            return {"OR": [{field.name: self.value(node.value, either)} for either in tests]}
        value = self.value(node.value, converter(field.type, node.op))
        return {field.name: {"not_in" if test.negated else "in": value}}

    @handles(Op.STARTS_WITH)
    def _starts_with(self, test: Test, node: Comparison) -> Condition:
        if self._database == "postgresql":
            return self._match(test, node)
        value = self.value(node.value, starts_with)
        return _maybe_not(test, {test.field.name: value})

    @handles(Op.CONTAINS, Op.ENDS_WITH)
    def _match(self, test: Test, node: Comparison) -> Condition:
        value = self.value(node.value, escaped)
        return _maybe_not(test, {test.field.name: {PATTERNS[node.op]: value}})

    @handles(Op.ICONTAINS, Op.ISTARTS_WITH, Op.IENDS_WITH)
    def _match_ignoring_case(self, test: Test, node: Comparison) -> Condition:
        word, name = PATTERNS[node.op], test.field.name
        if self._database == "sqlite":
            # Its LIKE folds A-Z and nothing else, which is the language's own rule; no value has wildcards.
            return _maybe_not(test, {name: {word: self.value(node.value, None)}})
        return _maybe_not(test, {name: {word: self.value(node.value, escaped), "mode": "insensitive"}})

    # Lists: none is null for Prisma, which reads the null of a column as an empty list. So do conditions.

    @handles(Op.HAS, Op.HAS_ANY)
    def _has(self, test: Test, node: Comparison) -> Condition:
        name = test.field.name
        value = self.value(node.value, converter(test.field.type, node.op))
        found: Condition = {name: {LISTS[node.op]: value}}
        return {"OR": [{name: {"equals": None}}, {"NOT": [found]}]} if test.negated else found

    @handles(Op.HAS_ALL)
    def _has_all(self, test: Test, node: Comparison) -> Condition:
        return self._whole_list(test, node, "has_every")

    def _whole_list(self, test: Test, node: Comparison, word: str) -> Condition:
        """Return a condition that an empty list meets if the value is empty; so does the null of a column."""
        name = test.field.name
        found: Condition = {name: {word: self.value(node.value, converter(test.field.type, node.op))}}
        no_list = {name: self.value(node.value, unless_empty if test.negated else if_empty)}
        return {"OR": [no_list, {"NOT": [found]} if test.negated else found]}

    @handles(Op.IS_EMPTY)
    def _is_empty(self, test: Test, node: Comparison) -> Condition:
        del node
        name = test.field.name
        if test.negated:
            return {name: {"is_empty": False}}
        return {"OR": [{name: {"equals": None}}, {name: {"is_empty": True}}]}


def _maybe_not(test: Test, condition: dict[str, object]) -> Condition:
    return {"NOT": [condition]} if test.negated else condition
